import assert from 'node:assert/strict';
import { type Payload, readObject } from '../../src/ocpp/payload.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite, type VirtualSiteOptions } from '../../src/sim/virtual-site.ts';
import { StrictWire, strictCharger } from './strict-wire.ts';
import { garage } from './virtual-garage.ts';

export const STATION = 'SITE-1';

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
  const wire = new StrictWire(site.csms);
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
