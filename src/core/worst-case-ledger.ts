import { KEEP_ON_SHARE } from './budget.ts';
import { phaseVolts } from './chargers/told-limit.ts';
import { LineSum } from './line-currents.ts';
import { phaseCount, spread } from './meters/site-phases.ts';
import type {
  CircuitLoad,
  CircuitTick,
  ConnectorDecision,
  ConnectorTick,
  TickInput,
} from './tick.ts';
import {
  addAmps,
  maxAmps,
  NO_AMPS,
  type PhaseAmps,
  sameAmps,
  subtractAmps,
  sumAmps,
} from './units.ts';

/** What is left on each circuit when everybody draws the worst case: amps of L1..L3, watts. */
export interface Ledger {
  readonly left: readonly [number, number, number, number][];
  /** Where currents add as phasors: what `left` was before anything was booked, and what was. */
  readonly lines: readonly (Lines | undefined)[];
  /** The same of chargers whose connectors share a limit of the CSMS, by charger. */
  readonly stations: ReadonlyMap<string, [number, number, number]>;
  readonly noRaise: readonly boolean[];
  /** What a start has to leave free beyond what a raise has to, amps of L1..L3. */
  readonly forStarts: readonly PhaseAmps[];
  /** The same of a raise of a car that is on: for steps of the building. */
  readonly forSteps: readonly PhaseAmps[];
  /** Volts with which those two count in watts: 0 where others count with their mean. */
  readonly swingVolts: readonly number[];
  /** Amps of the margin (negative: less is kept free) within which nothing needs to be done. */
  readonly lent: readonly PhaseAmps[];
  /** The same in watts: what is to spare where a step is not to come and go. */
  readonly steadyWatts: readonly number[];
}
interface Lines {
  readonly limits: PhaseAmps;
  readonly sum: LineSum;
}
const WATTS = 3;

/** Everybody that the allocation steers is booked with its worst case. */
export const worstCaseLedger = (
  input: TickInput,
  decisions: readonly ConnectorDecision[],
  circuits: readonly CircuitTick[],
  reserved: readonly PhaseAmps[],
): Ledger => {
  const left = circuits.map((circuit, index): [number, number, number, number] => {
    const marginAmps = input.site.circuits[index]?.marginAmps ?? 0;
    const taken = addAmps(circuit.load.forRaiseAmps, reserved[index] ?? NO_AMPS);
    const free = (p: 0 | 1 | 2): number => circuit.limitAmps[p] - marginAmps - taken[p];
    const { voltageVolts } = input.site;
    const swinging = voltageVolts * sumAmps(circuit.load.forRaiseAmps);
    const takenWatts =
      (circuit.othersWatts ?? swinging) + voltageVolts * sumAmps(reserved[index] ?? NO_AMPS);
    const watts = (circuit.limitWatts ?? Number.POSITIVE_INFINITY) - takenWatts;
    return [free(0), free(1), free(2), watts];
  });
  const noRaise = circuits.map(({ load }) => load.trust === 'no-raise' || load.trust === 'hold');
  const stations = new Map(
    [...input.profiles.stations].map(([charger, { amps }]) => [
      charger,
      [amps, amps, amps] as [number, number, number],
    ]),
  );
  const forStarts = circuits.map(({ load }) => subtractAmps(load.forStartAmps, load.forRaiseAmps));
  const forSteps = circuits.map(({ load }) => stepRoom(load));
  const lines = left.map(([l1, l2, l3], index): Lines | undefined =>
    input.site.circuits[index]?.phasorSum === true
      ? { limits: [l1, l2, l3], sum: new LineSum() }
      : undefined,
  );
  const lent = input.site.circuits.map(({ marginAmps }) => sameAmps(-marginAmps * KEEP_ON_SHARE));
  const { voltageVolts } = input.site;
  const steadyWatts = lent.map(([l1, l2, l3]) => -(l1 + l2 + l3) * voltageVolts);
  const swingVolts = circuits.map((each) => (each.othersWatts === undefined ? voltageVolts : 0));
  const forRaises = { noRaise, forStarts, forSteps, swingVolts };
  const ledger = { left, lines, stations, ...forRaises, lent, steadyWatts };
  for (const { tick } of decisions) {
    const own = tick.role === 'shared' ? tick.worstAmps : 0;
    book(input, ledger, tick, own + tick.raiseWorstAmps - tick.worstAmps);
    // The circuits count the others as reserved, or as room for the next car.
    if (tick.role === 'reserved')
      takeFrom(ledger.stations.get(tick.charger.id), tick, tick.worstAmps);
  }
  return ledger;
};

/**
 * What a step from today's load would need beyond the largest load of the last seconds. A load that
 * has just gone is that room already: it is not counted twice.
 */
const stepRoom = ({ uncontrolledAmps, forRaiseAmps, stepReserveAmps }: CircuitLoad): PhaseAmps =>
  stepReserveAmps === undefined
    ? NO_AMPS
    : maxAmps(subtractAmps(addAmps(uncontrolledAmps, stepReserveAmps), forRaiseAmps), NO_AMPS);

/** Takes amps (negative: gives them back) on every circuit above a connector. */
export const book = (
  { site, tree }: TickInput,
  ledger: Ledger,
  tick: ConnectorTick,
  amps: number,
): void => {
  for (const index of tree.paths[tick.circuit] ?? []) {
    const row = ledger.left[index];
    if (row === undefined) continue;
    for (const p of [0, 1, 2] as const) if (tick.phases[p]) row[p] -= amps;
    const lineToLine = tick.charger.lineToLine === true;
    ledger.lines[index]?.sum.add(spread(tick.phases, amps), tick.phases, lineToLine);
    row[WATTS] -= amps * phaseCount(tick.phases) * phaseVolts(tick.charger, site.voltageVolts);
  }
  takeFrom(ledger.stations.get(tick.charger.id), tick, amps);
};

const takeFrom = (
  row: [number, number, number] | undefined,
  { phases }: ConnectorTick,
  amps: number,
): void => {
  if (row === undefined) return;
  for (const p of [0, 1, 2] as const) if (phases[p]) row[p] -= amps;
};

/**
 * Amps per phase that the connector may gain with `keptFree` on each circuit, and `spareWatts` of what
 * it may carry; negative where a circuit is over already.
 */
export const roomFor = (
  { site, tree }: TickInput,
  ledger: Ledger,
  tick: ConnectorTick,
  keptFree: readonly PhaseAmps[] = [],
  spareWatts: readonly number[] = [],
): number => {
  const volts = phaseVolts(tick.charger, site.voltageVolts);
  const wattsPerAmp = phaseCount(tick.phases) * volts;
  let room = Number.POSITIVE_INFINITY;
  for (const index of tree.paths[tick.circuit] ?? []) {
    const row = ledger.left[index];
    if (row === undefined) continue;
    const less = keptFree[index] ?? NO_AMPS;
    room = Math.min(room, lineRoom(ledger, index, tick, less));
    const swingWatts = sumAmps(less) * (ledger.swingVolts[index] ?? 0);
    const lessWatts = swingWatts + (spareWatts[index] ?? 0);
    room = Math.min(room, (row[WATTS] - lessWatts) / wattsPerAmp);
  }
  const station = ledger.stations.get(tick.charger.id);
  for (const p of [0, 1, 2] as const) {
    if (tick.phases[p]) room = Math.min(room, station?.[p] ?? Number.POSITIVE_INFINITY);
  }
  return room;
};

/** Amps that the lines of one circuit have left for a connector, with `less` kept free. */
const lineRoom = (ledger: Ledger, index: number, tick: ConnectorTick, less: PhaseAmps): number => {
  const lines = ledger.lines[index];
  if (lines !== undefined) {
    const limits = subtractAmps(lines.limits, less);
    return lines.sum.roomFor(limits, tick.phases, tick.charger.lineToLine === true);
  }
  let room = Number.POSITIVE_INFINITY;
  for (const p of [0, 1, 2] as const) {
    if (tick.phases[p]) room = Math.min(room, (ledger.left[index]?.[p] ?? room) - less[p]);
  }
  return room;
};

/** The meter of a circuit above it is too old for anything to be raised. */
export const raisesBlocked = ({ tree }: TickInput, ledger: Ledger, tick: ConnectorTick): boolean =>
  (tree.paths[tick.circuit] ?? []).some((index) => ledger.noRaise[index]);

/** Every power limit above it holds. */
export const wattsHold = (
  { tree }: TickInput,
  ledger: Ledger,
  { circuit }: ConnectorTick,
): boolean => (tree.paths[circuit] ?? []).every((index) => (ledger.left[index]?.[WATTS] ?? 0) >= 0);
