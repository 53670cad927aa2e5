import assert from 'node:assert/strict';
import type { Socket } from '../../src/gateway/socket.ts';
import { type Frame, parsePayload, readFrame } from '../../src/ocpp/frame.ts';
import { type Payload, readObject } from '../../src/ocpp/payload.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import type { ChargerConduct } from '../../src/sim/charger.ts';
import type { SimCsms } from '../../src/sim/csms.ts';
import { VirtualSite, type VirtualSiteOptions } from '../../src/sim/virtual-site.ts';
import { validators } from '../ocpp-schemas.ts';
import { garage } from './virtual-garage.ts';

export const STATION = 'SITE-1';

/** Checks every frame between the CSMS and the station, both ways, against the schemas of OCA. */
export class StrictWire {
  readonly violations: string[] = [];
  frames = 0;
  readonly #validate: ReturnType<typeof validators>;
  readonly #open = new Map<string, string>();

  constructor(csms: SimCsms, version: OcppVersion) {
    this.#validate = validators(version);
    const take = csms.take.bind(csms);
    csms.take = (identity, socket) => take(identity, this.#tapped(socket));
  }

  #tapped(socket: Socket): Socket {
    return {
      subprotocol: socket.subprotocol,
      get bufferedBytes() {
        return socket.bufferedBytes;
      },
      send: (message) => {
        this.#check('down', readFrame(Buffer.from(message)));
        socket.send(message);
      },
      close: (code, reason) => socket.close(code, reason),
      terminate: () => socket.terminate(),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      listen: (listener) =>
        socket.listen({
          message: (bytes) => {
            this.#check('up', readFrame(bytes));
            listener.message(bytes);
          },
          closed: (code, reason) => listener.closed(code, reason),
        }),
    };
  }

  #check(way: 'up' | 'down', frame: Frame): void {
    this.frames += 1;
    if (frame.kind === 'error') return;
    const asked = this.#open.get(`${way === 'up' ? 'down' : 'up'} ${frame.id}`);
    if (frame.kind === 'call') this.#open.set(`${way} ${frame.id}`, frame.action);
    const name = frame.kind === 'call' ? `${frame.action}.req` : `${asked}.conf`;
    if (frame.kind !== 'call' && asked === undefined) {
      this.violations.push(`${way}: ${frame.kind} to nothing: ${frame.bytes.toString()}`);
      return;
    }
    const validate = this.#validate(name);
    if (validate(parsePayload(frame))) return;
    this.violations.push(`${way} ${name}: ${JSON.stringify(validate.errors)} ${frame.bytes}`);
  }
}

export interface AggregateRun {
  readonly site: VirtualSite;
  readonly wire: StrictWire;
  readonly ask: (action: string, payload: object) => Promise<Payload>;
  /** What the CSMS got of an action so far. */
  readonly heard: (action: string) => readonly Payload[];
  readonly assertClean: () => void;
}

/** A site whose chargers CP_1.. speak these versions, behind one station. */
export const aggregateSite = async (
  upstream: OcppVersion,
  chargers: readonly OcppVersion[],
  options: Partial<VirtualSiteOptions> = {},
): Promise<AggregateRun> => {
  const versions = Object.fromEntries(chargers.map((version, i) => [`CP_${i + 1}`, version]));
  const station = {
    identity: STATION,
    version: upstream,
    vendor: 'Busbar',
    model: 'Site gateway',
    serial: 'SN-1',
    firmware: '1',
  };
  const strange: string[] = [];
  const conduct = Object.fromEntries(
    Object.entries(versions).map(([id, version]) => [
      id,
      strictCharger(version, options.conduct?.[id] ?? {}, strange),
    ]),
  );
  const site = new VirtualSite({
    site: garage(chargers.length),
    versions,
    buildingAmps: [5, 5, 5],
    aggregate: { station },
    ...options,
    conduct,
  });
  site.csms.conduct.oneCallAtATime = true;
  const wire = new StrictWire(site.csms, upstream);
  await site.run(30);
  return {
    site,
    wire,
    ask: (action, payload) => asked(site, action, payload),
    heard: (action) =>
      site.csms.received
        .filter((call) => call.action === action)
        .map(({ payload }) => readObject(payload)),
    assertClean: () => {
      assert.deepEqual(wire.violations, []);
      assert.deepEqual(strange, []);
      assert.deepEqual(site.csms.problems, []);
    },
  };
};

/** A charger that checks what it is asked against the schemas of its own version. */
const strictCharger = (
  version: OcppVersion,
  conduct: Partial<ChargerConduct>,
  strange: string[],
): Partial<ChargerConduct> => {
  const validate = validators(version);
  return {
    ...conduct,
    answers: (action, payload) => {
      const check = validate(`${action}.req`);
      if (!check(payload)) strange.push(`${action} ${JSON.stringify([payload, check.errors])}`);
      return conduct.answers?.(action, payload);
    },
  };
};

/** Asks the station; the virtual clock runs until it answered. */
const asked = async (site: VirtualSite, action: string, payload: object): Promise<Payload> => {
  let answer: Payload | undefined;
  void site.csms.ask(STATION, action, payload).then((result) => {
    answer = result.outcome === 'answered' ? readObject(result.payload) : { ...result };
  });
  for (let seconds = 0; answer === undefined && seconds < 60; seconds += 1) await site.run(1);
  assert.ok(answer !== undefined, `${action} is answered`);
  return answer;
};

export const STATION_16 = {
  identity: STATION,
  version: '1.6',
  vendor: 'Busbar',
  model: 'Site gateway',
  firmware: '1',
} as const;

export const car = (needWh = 100_000): Car => new Car({ maxAmps: 16, needWh });
