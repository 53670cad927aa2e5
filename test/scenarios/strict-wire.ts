import type { Socket } from '../../src/gateway/socket.ts';
import { type Frame, parsePayload, readFrame } from '../../src/ocpp/frame.ts';
import { type OcppVersion, versionOf } from '../../src/ocpp/version.ts';
import type { ChargerConduct } from '../../src/sim/charger/charger-conduct.ts';
import type { SimCsms } from '../../src/sim/csms.ts';
import { validators } from '../ocpp-schemas.ts';
import { tappedSocket } from '../tapped-socket.ts';

type Validate = ReturnType<typeof validators>;

/** One connection to the CSMS: actions of the calls that are open, by direction and id. */
interface Tap {
  readonly identity: string;
  readonly validate: Validate;
  readonly open: Map<string, string>;
}

/** Checks every frame between the CSMS and its stations, both ways, against the schemas of OCA. */
export class StrictWire {
  readonly violations: string[] = [];
  readonly actions = new Set<string>();
  frames = 0;
  readonly #validators = new Map<OcppVersion, Validate>();

  constructor(csms: SimCsms) {
    const take = csms.take.bind(csms);
    csms.take = (identity, socket) => take(identity, this.#tapped(identity, socket));
  }

  #tapped(identity: string, socket: Socket): Socket {
    const version = versionOf(socket.subprotocol) ?? '1.6';
    const validate = this.#validators.get(version) ?? validators(version);
    this.#validators.set(version, validate);
    const tap: Tap = { identity, validate, open: new Map() };
    return tappedSocket(socket, {
      sent: (bytes) => this.#check(tap, 'down', readFrame(bytes)),
      received: (bytes) => this.#check(tap, 'up', readFrame(bytes)),
    });
  }

  #check({ identity, validate, open }: Tap, way: 'up' | 'down', frame: Frame): void {
    this.frames += 1;
    if (frame.kind === 'error') return;
    const asked = open.get(`${way === 'up' ? 'down' : 'up'} ${frame.id}`);
    if (frame.kind === 'call') {
      open.set(`${way} ${frame.id}`, frame.action);
      this.actions.add(`${way} ${frame.action}`);
    }
    const name = frame.kind === 'call' ? `${frame.action}.req` : `${asked}.conf`;
    if (frame.kind !== 'call' && asked === undefined) {
      this.violations.push(`${identity} ${way}: ${frame.kind} to nothing: ${frame.bytes}`);
      return;
    }
    const check = validate(name);
    if (check(parsePayload(frame))) return;
    const problems = JSON.stringify(check.errors);
    this.violations.push(`${identity} ${way} ${name}: ${problems} ${frame.bytes}`);
  }
}

/** A charger that checks what it is asked against the schemas of its own version. */
export const strictCharger = (
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
