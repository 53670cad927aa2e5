import { NOTHING_CARRIED } from '../../src/core/carried.ts';
import { foldCharger, newCharger, withOnline } from '../../src/core/chargers/charger-fold.ts';
import type { ChargerState } from '../../src/core/chargers/charger-state.ts';
import { accepted, NO_ENFORCEMENT, sent } from '../../src/core/chargers/enforcement.ts';
import { circuitTree } from '../../src/core/circuit-tree.ts';
import { decide } from '../../src/core/decide.ts';
import type { Reading } from '../../src/core/meters/reading.ts';
import type { PolicyState } from '../../src/core/rules/policy-tick.ts';
import type { Policy } from '../../src/core/sharing/policy.ts';
import type { ChargerSpec, Site } from '../../src/core/site.ts';
import { DEFAULT_SETTINGS, type Decision, type TickInput } from '../../src/core/tick.ts';
import { sameAmps } from '../../src/core/units.ts';

/** A case of what a policy does; see policies/README.md. */
export interface PolicyCase {
  readonly name: string;
  readonly fuseAmps: number;
  readonly at?: string;
  readonly zone?: string;
  readonly cars: readonly PolicyCar[];
  readonly gridWatts?: number;
  readonly batteryWatts?: number;
  readonly carWatts?: number;
  readonly dimWatts?: number;
  readonly usedWh?: number;
  readonly minute?: number;
  readonly offers: readonly number[];
  readonly because?: Readonly<Record<string, string>>;
  readonly alarm?: string;
}

interface PolicyCar {
  readonly charger?: string;
  readonly idTag?: string;
  readonly phases?: string;
  readonly maxAmps?: number;
  readonly needKwh?: number;
  readonly inHours?: number;
  readonly came?: number;
  readonly wasAmps?: number;
  readonly switches?: boolean;
}

const START_MS = 1_000_000;
/** Longer than every rule waits. */
const WATCHED_SECONDS = 200;

/** Runs the tick on one fuse for as long as the rules wait, and returns the last decision. */
export const decideCase = (policy: Policy, given: PolicyCase): Decision => {
  const site = siteOf(given);
  const wallMs = given.at === undefined ? Date.UTC(2026, 0, 5, 12) : Date.parse(given.at);
  let policyState = stateOf(policy, given, wallMs);
  let decision: Decision | undefined;
  let { phaseUse } = NOTHING_CARRIED;
  const last = given.gridWatts === undefined ? 0 : WATCHED_SECONDS;
  for (let second = 0; second <= last; second += 1) {
    const nowMs = START_MS + second * 1000;
    const input = inputOf(policy, given, site, { nowMs, wallMs: wallMs + second * 1000 });
    decision = decide({ ...input, policyState, phaseUse });
    ({ policyState, phaseUse } = decision.carried);
  }
  if (decision === undefined) throw new Error('no tick');
  return decision;
};

const idOf = ({ charger }: PolicyCar, index: number): string => charger ?? `CP_${index + 1}`;

/** Its cars on one fuse. */
export const siteOf = ({ fuseAmps, zone, cars }: PolicyCase): Site => ({
  id: 'case',
  timezone: zone ?? 'Europe/Berlin',
  voltageVolts: 230,
  circuits: [
    {
      id: 'main',
      limitAmps: sameAmps(fuseAmps),
      marginAmps: 0,
      meter: 'grid',
      assumedLoadAmps: sameAmps(0),
    },
  ],
  meters: [
    {
      id: 'battery',
      device: 'eastron-sdm630',
      connect: 'tcp://127.0.0.1:502',
      role: 'battery',
      unit: 1,
      pollMs: 1_000,
      ctRatio: 1,
      invert: false,
      phaseOrder: [0, 1, 2],
    },
  ],
  chargers: cars.map(
    (car, i): ChargerSpec => ({
      id: idOf(car, i),
      circuit: 'main',
      phases: [...(car.phases ?? '123')].map((digit) => Number(digit) - 1),
      maxAmps: car.maxAmps ?? 32,
      minAmps: 6,
      fallbackAmps: 0,
      fallbackTrusted: true,
      stepAmps: 1,
      weight: 1,
      connectors: 1,
      ...(car.switches === true
        ? {
            phaseSwitching: { upAfterSeconds: 600, mostPerSession: 4, mostPerDay: 20 },
            honoursNumberPhases: true,
          }
        : {}),
    }),
  ),
  emsSources: [{ id: 'grid-operator', circuit: 'main' }],
  arrivalReserve: 0,
});

const stateOf = (policy: Policy, given: PolicyCase, wallMs: number): PolicyState => {
  const { demand } = policy;
  if (demand === undefined || given.usedWh === undefined) return {};
  const beganAtMs = Math.floor(wallMs / (demand.minutes * 60_000)) * demand.minutes * 60_000;
  return { demand: { beganAtMs, usedWh: given.usedWh, atMs: wallMs } };
};

/** One tick of a case, before anything is known of its circuit. */
export const inputOf = (
  policy: Policy,
  given: PolicyCase,
  site: Site,
  now: { readonly nowMs: number; readonly wallMs: number },
): TickInput => {
  const { nowMs, wallMs } = now;
  const { cars } = given;
  const carAmps = (given.carWatts ?? 0) / 690 / Math.max(1, cars.length);
  const watts = given.gridWatts ?? 0;
  const amps = sameAmps(watts / 690);
  const reading: Reading = { meter: 'grid', atMs: nowMs, quality: 'good', watts, amps };
  const stored: Reading = {
    meter: 'battery',
    atMs: nowMs,
    quality: 'good',
    watts: given.batteryWatts ?? 0,
  };
  const key = (car: PolicyCar, i: number) => `${idOf(car, i)}/1`;
  return {
    nowMs,
    startedAtMs: 0,
    site,
    tree: circuitTree(site),
    chargers: new Map(cars.map((car, i) => [idOf(car, i), chargerOf(car, i, carAmps, nowMs)])),
    readings: new Map([
      ['grid', { latest: reading, lastGood: reading }],
      ['battery', { latest: stored, lastGood: stored }],
    ]),
    limits: [
      ...(given.dimWatts === undefined
        ? []
        : [
            {
              source: 'grid-operator',
              circuit: 'main',
              kind: 'ems' as const,
              watts: given.dimWatts,
            },
          ]),
    ],
    enforcement: new Map(cars.map((car, i) => [key(car, i), heldOf(car, nowMs)])),
    fallbackProven: new Set(site.chargers.map(({ id }) => id)),
    ...NOTHING_CARRIED,
    settings: DEFAULT_SETTINGS,
    wallMs,
    policy,
    wishes: new Map(
      cars.flatMap((car, i) =>
        car.needKwh === undefined || car.inHours === undefined
          ? []
          : [
              [
                key(car, i),
                {
                  energyWh: car.needKwh * 1000,
                  departsAtWallMs: wallMs + car.inHours * 3_600_000,
                },
              ] as const,
            ],
      ),
    ),
    ahead: [],
    profiles: { connectors: new Map(), stations: new Map() },
    preferences: new Map(),
    seenBefore: new Set(),
    clocksAheadMs: new Map(),
  };
};

const chargerOf = (car: PolicyCar, i: number, amps: number, nowMs: number): ChargerState => {
  const cameAtMs = car.came ?? i;
  const online = withOnline(newCharger(idOf(car, i), 1, 0), true, 0, '1.6');
  const started = foldCharger(
    online,
    {
      type: 'transaction-started',
      connector: 1,
      transactionId: String(i + 1),
      ...(car.idTag === undefined ? {} : { idToken: car.idTag }),
    },
    cameAtMs,
  );
  const terminalAmps = sameAmps(amps);
  return foldCharger(
    started,
    { type: 'measured', connector: 1, atMs: nowMs, terminalAmps, transactionId: String(i + 1) },
    nowMs,
  );
};

const heldOf = ({ wasAmps }: PolicyCar, nowMs: number) => {
  if (wasAmps === undefined) return NO_ENFORCEMENT;
  const lease = { amps: wasAmps, sentAtMs: nowMs - 30_000, endsAtMs: nowMs + 90_000 };
  return accepted(sent(NO_ENFORCEMENT, lease), {
    nowMs: nowMs - 30_000,
    online: true,
    inTransaction: true,
    fallbackAmps: 0,
    maxAmps: 32,
    measuredAmps: undefined,
    measuredAtMs: undefined,
  });
};
