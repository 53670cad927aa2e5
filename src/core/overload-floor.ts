import type { AllocationCircuit } from './allocation/problem.ts';
import { stepAbove } from './allocation/steps.ts';
import type { Reason } from './reason.ts';
import type { Contender } from './sharing/share.ts';
import type { Circuit } from './site.ts';
import type { CircuitTick, ConnectorTick, TickInput } from './tick.ts';
import { AMPS_EPSILON, mapPhases, NO_AMPS, PHASES, type PhaseAmps } from './units.ts';

/** Above this share of its fuse a breaker may trip within minutes or less (IEC 60898-1: 1.45). */
export const FLOOR_SHARE = 1.45;
/** So long a circuit has to be within its fuse again before anything below it is raised. */
export const FLOOR_RELEASE_MS = 30_000;

/** A circuit far above its fuse: what draws from it is at its minimum until that has passed. */
export interface Floor {
  /** The largest current of each phase that was far above the fuse, 0 of the others. */
  readonly peakAmps: PhaseAmps;
  readonly fuseAmps: PhaseAmps;
  /** Since when all phases have been within the fuse; absent: they are not, or nobody knows. */
  readonly withinSinceMs?: number;
}

/** By circuit. */
export type Floors = ReadonlyMap<string, Floor>;

/**
 * The circuits that are at the floor after this tick. `fuses` are those of `circuits`, in their
 * order: limits of others may be exceeded without any danger. One sample is enough, for a mean
 * would come late; one that the checks of the meter reject does nothing, in either direction.
 */
export const floorsAfter = (
  before: Floors,
  circuits: readonly CircuitTick[],
  fuses: readonly Circuit[],
  nowMs: number,
): Floors =>
  new Map(
    circuits.flatMap((circuit, index) => {
      const fuseAmps = fuses[index]?.limitAmps;
      const floor = fuseAmps && floorAfter(before.get(circuit.id), circuit, fuseAmps, nowMs);
      return floor === undefined ? [] : [[circuit.id, floor] as const];
    }),
  );

const floorAfter = (
  before: Floor | undefined,
  { measuredAmps, load: { trust } }: CircuitTick,
  fuseAmps: PhaseAmps,
  nowMs: number,
): Floor | undefined => {
  // A meter that is lost has a rule of its own, which also leaves every car its minimum.
  if (trust === 'lost') return undefined;
  if (trust === 'hold') return before && { peakAmps: before.peakAmps, fuseAmps };
  if (measuredAmps === undefined || trust !== 'fresh') return before;
  const knownAmps = before?.peakAmps ?? NO_AMPS;
  const peakAmps = mapPhases((p) => {
    const far = fuseAmps[p] > 0 && measuredAmps[p] > fuseAmps[p] * FLOOR_SHARE + AMPS_EPSILON;
    return far || knownAmps[p] > 0 ? Math.max(knownAmps[p], measuredAmps[p]) : 0;
  });
  if (!peakAmps.some((amps) => amps > 0)) return undefined;
  const within = measuredAmps.every((amps, p) => amps <= (fuseAmps[p] ?? 0) + AMPS_EPSILON);
  if (!within) return { peakAmps, fuseAmps };
  const withinSinceMs = before?.withinSinceMs ?? nowMs;
  return nowMs - withinSinceMs >= FLOOR_RELEASE_MS
    ? undefined
    : { peakAmps, fuseAmps, withinSinceMs };
};

/** What a floor above a connector means to it. */
export interface Hold {
  /** It goes to its least current at once; otherwise it only keeps what it has. */
  readonly toFloor: boolean;
  readonly reason: Reason;
}

/** Undefined: no circuit above it is at the floor. */
export const holdOf = (
  { site, tree }: TickInput,
  floors: Floors,
  { circuit, phases }: ConnectorTick,
): Hold | undefined => {
  if (floors.size === 0) return undefined;
  let hold: Hold | undefined;
  for (const index of tree.paths[circuit] ?? []) {
    const id = site.circuits[index]?.id ?? '';
    const floor = floors.get(id);
    if (floor === undefined) continue;
    const p = worstPhase(floor, (each) => phases[each]);
    if (p !== undefined) {
      return { toFloor: true, reason: floorReason(id, floor, p, 'everybody at the minimum') };
    }
    const other = worstPhase(floor, () => true);
    if (other === undefined) continue;
    hold = { toFloor: false, reason: floorReason(id, floor, other, 'nothing is raised') };
  }
  return hold;
};

/** The claim of a connector below a floor: its least current, or what it has, and never a start. */
export const withHold = (
  contender: Contender,
  hold: Hold | undefined,
  tick: ConnectorTick,
): Contender => {
  if (hold === undefined) return contender;
  const { previousAmps, maxAmps } = contender;
  const leastAmps = leastOffer(contender);
  // Who is off to be woken is off: coming back would be a raise.
  const isOff = tick.wakeUp?.pilotBreak !== undefined || previousAmps <= 0;
  const isOn = !isOff || startsByItself(tick);
  const heldAmps = hold.toFloor ? leastAmps : Math.max(leastAmps, previousAmps);
  const mostAmps = isOn ? heldAmps : 0;
  return mostAmps < maxAmps
    ? { ...contender, maxAmps: mostAmps, maxReason: hold.reason }
    : contender;
};

/** It was not told anything yet, and may be on by what its charger gives until then. */
const startsByItself = ({ enforcement, raiseWorstAmps, charger }: ConnectorTick): boolean =>
  enforcement.accepted === undefined &&
  enforcement.pending === undefined &&
  raiseWorstAmps >= charger.minAmps;

/** Of the margin of a circuit at the floor nothing is lent to keep a car on. */
export const withoutLoans = (
  circuits: readonly AllocationCircuit[],
  floors: Floors,
): readonly AllocationCircuit[] =>
  floors.size === 0
    ? circuits
    : circuits.map((circuit) => (floors.has(circuit.id) ? { ...circuit, keepOnAmps: 0 } : circuit));

export const floorAlarms = (floors: Floors): readonly string[] =>
  [...floors].flatMap(([id, floor]) => {
    const p = worstPhase(floor, () => true);
    if (p === undefined) return [];
    const text = overloadText(id, floor, p);
    return [`circuit ${text}: what is below it is at the minimum until that has passed`];
  });

const leastOffer = (contender: Contender): number =>
  contender.stepsAmps === undefined ? contender.minAmps : stepAbove(contender, -1);

/** Of the phases that were far above, the one that was so by the largest share. */
const worstPhase = (
  { peakAmps, fuseAmps }: Floor,
  counts: (phase: 0 | 1 | 2) => boolean,
): 0 | 1 | 2 | undefined => {
  let worst: 0 | 1 | 2 | undefined;
  let most = 0;
  for (const p of [0, 1, 2] as const) {
    const share = counts(p) ? peakAmps[p] / fuseAmps[p] : 0;
    if (share > most) [worst, most] = [p, share];
  }
  return worst;
};

const floorReason = (id: string, floor: Floor, p: 0 | 1 | 2, what: string): Reason => ({
  kind: 'circuit',
  id,
  phase: PHASES[p],
  text: `${overloadText(id, floor, p)}: ${what}`,
});

const overloadText = (id: string, { peakAmps, fuseAmps }: Floor, p: 0 | 1 | 2): string =>
  `${id} ${PHASES[p]}: ${Math.round(peakAmps[p])} A on a fuse of ${fuseAmps[p]} A`;
