import { reservedOf } from '../../src/core/budget.ts';
import { NOTHING_CARRIED } from '../../src/core/carried.ts';
import type { ConnectorStatus } from '../../src/core/chargers/charger-event.ts';
import { newCharger } from '../../src/core/chargers/charger-fold.ts';
import type {
  ChargerState,
  ConnectorState,
  TransactionState,
} from '../../src/core/chargers/charger-state.ts';
import {
  type Enforcement,
  type Lease,
  NO_ENFORCEMENT,
} from '../../src/core/chargers/enforcement.ts';
import { circuitTicks, connectorsByCircuit } from '../../src/core/circuit-ticks.ts';
import { circuitTree } from '../../src/core/circuit-tree.ts';
import { connectorTicks } from '../../src/core/connector-ticks.ts';
import { commandsFor } from '../../src/core/dispatch.ts';
import type { Background } from '../../src/core/meters/background.ts';
import type { Reading } from '../../src/core/meters/reading.ts';
import { withPlan } from '../../src/core/plan-ahead.ts';
import type { ReasonChain } from '../../src/core/reason.ts';
import { DEFAULT_POLICY } from '../../src/core/sharing/policy.ts';
import type { ChargerSpec, Circuit, Site } from '../../src/core/site.ts';
import {
  type ConnectorDecision,
  type ConnectorTick,
  connectorKey,
  DEFAULT_SETTINGS,
  type LaterAmps,
  type TickInput,
} from '../../src/core/tick.ts';
import { type PhaseAmps, sameAmps } from '../../src/core/units.ts';
import { garage } from '../scenarios/virtual-garage.ts';

export const NOW_MS = 1_000_000;

/** A main fuse with a meter and 1 A of margin. */
export const main = (amps: number): Circuit => ({
  id: 'main',
  limitAmps: sameAmps(amps),
  marginAmps: 1,
  meter: 'grid',
  assumedLoadAmps: sameAmps(10),
});

/** A charger with one car, in the middle of its charging unless told otherwise. */
export interface OneCar {
  /** The offer in force, which it got `agoMs` ago for two minutes; absent: none yet. */
  readonly heldAmps?: number;
  readonly agoMs?: number;
  readonly enforcement?: Partial<Enforcement>;
  readonly lease?: Partial<Lease>;
  /** Measured now at each terminal; absent: it never told. */
  readonly drawnAmps?: number | PhaseAmps;
  readonly drawnAgoMs?: number;
  /** What the sharing came to; absent: what it holds. */
  readonly targetAmps?: number;
  readonly later?: readonly LaterAmps[];
  readonly reasons?: ReasonChain;
  /** It is below an overload: less goes out whatever the difference is. */
  readonly atOnce?: true;
  readonly online?: boolean;
  /** Without a car: the status of the connector. */
  readonly noCar?: ConnectorStatus;
  readonly spec?: Partial<ChargerSpec>;
  readonly transaction?: Partial<TransactionState>;
  /** It is at the second connector of the charger before it. */
  readonly second?: true;
}

export interface OneTick {
  readonly mainAmps?: number;
  readonly site?: Partial<Site>;
  readonly cars: readonly OneCar[];
  /** What the meter of the main fuse shows; absent: a building that takes nothing. */
  readonly meterAmps?: number | PhaseAmps;
  readonly meterAgoMs?: number;
  readonly background?: Background;
  readonly input?: Partial<TickInput>;
}

const amps3 = (amps: number | PhaseAmps): PhaseAmps =>
  typeof amps === 'number' ? sameAmps(amps) : amps;

/** Chargers and connectors are numbered as the cars come; a second connector has no own charger. */
const placesOf = (cars: readonly OneCar[]) => {
  let count = 0;
  return cars.map((car) => {
    if (car.second !== true) count += 1;
    return { id: `CP_${count}`, connector: car.second === true ? 2 : 1, car };
  });
};

/** The snapshot of one site with one connector for each of `cars`. */
export const inputOf = (given: OneTick): TickInput => {
  const { cars, mainAmps = 63, meterAgoMs = 0, background } = given;
  const places = placesOf(cars);
  const firsts = places.filter(({ connector }) => connector === 1);
  const plain = garage(firsts.length, { mainAmps, ...given.site });
  const site: Site = {
    ...plain,
    chargers: plain.chargers.map((spec, i) => ({ ...spec, ...firsts[i]?.car.spec })),
  };
  const atMs = NOW_MS - meterAgoMs;
  const reading: Reading = {
    meter: 'grid',
    atMs,
    quality: 'good',
    amps: amps3(given.meterAmps ?? 0),
  };
  return {
    nowMs: NOW_MS,
    startedAtMs: 0,
    site,
    tree: circuitTree(site),
    chargers: new Map(
      firsts.map(({ id, car }) => [
        id,
        chargerOf(
          id,
          car.online !== false,
          places.filter((place) => place.id === id),
        ),
      ]),
    ),
    readings: new Map([['grid', { latest: reading, lastGood: reading }]]),
    limits: [],
    enforcement: new Map(
      places.map(({ id, connector, car }) => [connectorKey(id, connector), enforcementOf(car)]),
    ),
    fallbackProven: new Set(site.chargers.map(({ id }) => id)),
    ...NOTHING_CARRIED,
    background: new Map(background === undefined ? [] : [['main', background]]),
    settings: DEFAULT_SETTINGS,
    wallMs: Date.UTC(2026, 0, 5, 12),
    policy: DEFAULT_POLICY,
    wishes: new Map(),
    ahead: [],
    profiles: { connectors: new Map(), stations: new Map() },
    preferences: new Map(),
    seenBefore: new Set(),
    clocksAheadMs: new Map(),
    ...given.input,
  };
};

const chargerOf = (
  id: string,
  online: boolean,
  places: ReturnType<typeof placesOf>,
): ChargerState => {
  const connectors = places.map(({ connector, car }) => connectorOf(connector, car));
  return {
    ...newCharger(id, places.length, 0),
    online,
    connectors: new Map(connectors.map((state) => [state.connector, state])),
  };
};

const connectorOf = (
  connector: number,
  { noCar, drawnAmps, drawnAgoMs = 0, transaction }: OneCar,
): ConnectorState => ({
  connector,
  status: noCar ?? 'charging',
  statusAtMs: 0,
  ...(noCar === undefined
    ? { transaction: { id: String(connector), startedAtMs: NOW_MS - 600_000, ...transaction } }
    : {}),
  ...(drawnAmps === undefined
    ? {}
    : { terminalAmps: amps3(drawnAmps), measuredAtMs: NOW_MS - drawnAgoMs }),
});

const enforcementOf = ({ heldAmps, agoMs = 30_000, lease, enforcement }: OneCar): Enforcement => {
  const sentAtMs = NOW_MS - agoMs;
  return {
    ...NO_ENFORCEMENT,
    ...(heldAmps === undefined
      ? {}
      : {
          accepted: { amps: heldAmps, sentAtMs, endsAtMs: sentAtMs + 120_000, ...lease },
          changed: { atMs: sentAtMs, fromAmps: heldAmps, toAmps: heldAmps },
        }),
    ...enforcement,
  };
};

/** Connectors, circuits and what is reserved, as the tick sees them before it shares. */
export const seenOf = (given: OneTick) => {
  const input = inputOf(given);
  const ticks = connectorTicks(input);
  const below = connectorsByCircuit(input, ticks);
  const { circuits, background } = circuitTicks(input, below);
  return {
    input,
    ticks,
    below,
    circuits,
    background,
    reserved: reservedOf(input, below, circuits, []).amps,
  };
};

/** Every connector with what the sharing came to. */
const decisionsOf = ({ cars }: OneTick, ticks: readonly ConnectorTick[]) =>
  ticks.map((tick, i): ConnectorDecision => {
    const car = cars[i];
    return {
      tick,
      targetAmps: car?.targetAmps ?? car?.heldAmps ?? 0,
      reasons: car?.reasons ?? [],
      ...(car?.later === undefined ? {} : { later: car.later }),
      ...(car?.atOnce === undefined ? {} : { atOnce: car.atOnce }),
    };
  });

/** What the chargers are told in this tick, when the sharing came to `targetAmps`. */
export const commandsOf = (given: OneTick) => {
  const { input, ticks, circuits, reserved } = seenOf(given);
  return commandsFor(input, decisionsOf(given, ticks), circuits, reserved);
};

/** What each of them may take later, in seconds from now. */
export const plannedIn = (given: OneTick) => {
  const { input, ticks, circuits, reserved } = seenOf(given);
  return withPlan(input, decisionsOf(given, ticks), circuits, reserved).map(({ later }) =>
    later?.map(({ atMs, amps }) => [(atMs - NOW_MS) / 1000, amps]),
  );
};

/** The same in short: `CP_1 raise 16`, `CP_1 2 raise 16` at its second connector. */
export const toldIn = (given: OneTick): readonly string[] =>
  commandsOf(given).map(
    ({ charger, connector, kind, amps }) =>
      `${charger}${connector === 1 ? '' : ` ${connector}`} ${kind} ${amps}`,
  );
