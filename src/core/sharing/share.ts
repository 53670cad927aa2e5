import { allocateRows } from '../allocation/allocate.ts';
import { entitlements } from '../allocation/entitlements.ts';
import { rowsOf } from '../allocation/rows.ts';
import { Scratch } from '../allocation/scratch.ts';
import type { AllocatedOffer, AllocationCircuit, Demand } from '../allocation-problem.ts';
import type { Reason } from '../reason.ts';
import { phaseCount } from '../site-phases.ts';
import { leftOver } from './left-over.ts';
import type { Policy } from './policy.ts';
import { steadily } from './steady.ts';
import { standingOf, type Turn } from './turns.ts';
import { needFactor } from './wish.ts';

/** A connector that takes part in the sharing. */
export interface Contender extends Omit<Demand, 'admissionScore' | 'mustKeep'> {
  /** It was seen to take nothing: it keeps its minimum where nobody else wants the amps. */
  readonly idle: boolean;
  /** Share of full power that it needs until it departs; undefined when not known. */
  readonly urgencyNow: number | undefined;
  /** Wh that are left of its wish, where known. */
  readonly leftWh?: number | undefined;
  /** Time until it departs, where known. */
  readonly stayMs?: number | undefined;
  readonly turn: Turn;
  /** It starts only after a look at the load of others; what it says meanwhile. */
  readonly look?: { readonly length: 'long' | 'short'; readonly reason: Reason } | undefined;
  /** It is not started now. */
  readonly notYet?: Reason | undefined;
  /** Once on it is not switched off for another's sake: a pause can end in an error. */
  readonly staysOn?: boolean;
  /** Site phases at the terminals of its charger. */
  readonly wiring?: readonly number[];
  /** When it came, for a policy of first come. */
  readonly cameAtMs: number;
}

export interface Shared {
  /** In the order of the contenders. */
  readonly offers: readonly AllocatedOffer[];
  /** Amps that each would have without minimums; undefined when nobody has to wait. */
  readonly entitledAmps: Float64Array | undefined;
}

/** Shares the free amps by a policy: who is on, in whose turn, and how much each gets. */
export const share = (
  policy: Policy,
  circuits: readonly AllocationCircuit[],
  contenders: readonly Contender[],
  nowMs: number,
  scratch: Scratch = new Scratch(),
): Shared => {
  if (!contenders.some(({ idle }) => idle)) {
    return sharedSteadily(policy, circuits, contenders, nowMs, scratch);
  }
  // Cars that take nothing have what nobody else wants: an offer to them is amps lost to others.
  const busy = contenders.filter(({ idle }) => !idle);
  const idle = contenders.filter((contender) => contender.idle);
  const first = sharedSteadily(policy, circuits, busy, nowMs, scratch);
  const rest = leftOver(circuits, busy, first.offers);
  const entitled = new Map(busy.map(({ id }, i) => [id, first.entitledAmps?.[i]]));
  const second = shareOut(policy, rest, idle, nowMs, scratch.other);
  const offers = new Map([...first.offers, ...second.offers].map((offer) => [offer.id, offer]));
  return {
    offers: contenders.flatMap(({ id }) => offers.get(id) ?? []),
    entitledAmps:
      first.entitledAmps === undefined
        ? undefined
        : Float64Array.from(contenders, ({ id }) => entitled.get(id) ?? 0),
  };
};

const sharedSteadily = (
  policy: Policy,
  circuits: readonly AllocationCircuit[],
  contenders: readonly Contender[],
  nowMs: number,
  scratch: Scratch,
): Shared =>
  steadily(
    (ofCircuits, all) => shareOut(policy, ofCircuits, all, nowMs, scratch),
    circuits,
    contenders,
  );

const shareOut = (
  policy: Policy,
  circuits: readonly AllocationCircuit[],
  contenders: readonly Contender[],
  nowMs: number,
  scratch: Scratch,
): Shared => {
  const demands = contenders.map((contender) => demandOf(policy, contender, nowMs));
  scratch.reset();
  const rows = rowsOf({ circuits, demands, objective: policy.objective }, scratch);
  const { offers } = allocateRows(rows);
  const waits = offers.some(({ amps }, i) => amps === 0 && (contenders[i]?.maxAmps ?? 0) > 0);
  // By throughput nobody is owed a share: who waits is decided anew each time.
  if (!waits || policy.objective === 'throughput') return { offers, entitledAmps: undefined };
  // A car that rests is owed its share all the same.
  const mostAmps = (i: number): number => contenders[i]?.maxAmps ?? 0;
  return { offers, entitledAmps: entitlements(rows, mostAmps) };
};

/** Before everybody of its class who has to go off, whatever they are owed. */
const LAST_OFF = 1e12;

const demandOf = (policy: Policy, contender: Contender, nowMs: number): Demand => {
  const { id, urgencyNow, cameAtMs, turn, notYet } = contender;
  const byNeed = policy.weight === 'need';
  const forPower = policy.objective === 'throughput';
  const standing = standingOf(turn, {
    nowMs,
    urgency: byNeed ? urgencyNow : undefined,
    // Only for those that are on: whoever waits keeps nothing.
    needMs: turn.on ? timeAtFullPower(contender) : undefined,
    stayMs: contender.stayMs,
  });
  const inTurns = policy.order === 'turns';
  const staysOn = turn.on && contender.staysOn === true;
  const waitMs = (standing.pausedUntilMs ?? nowMs) - nowMs;
  // Spelled out: objects made by spreading are slow to read, more than the allocation costs.
  return {
    id,
    circuit: contender.circuit,
    phases: contender.phases,
    lineToLine: contender.lineToLine,
    volts: contender.volts,
    wattsPhases: contender.wattsPhases,
    minAmps: contender.minAmps,
    maxAmps: waitMs > 0 || notYet !== undefined ? 0 : contender.maxAmps,
    maxReason: waitMs > 0 ? restReason(id, waitMs) : (notYet ?? contender.maxReason),
    stepAmps: contender.stepAmps,
    stepsAmps: contender.stepsAmps,
    // By throughput the need counts in the price of an amp, not in shares.
    weight: contender.weight * (byNeed && !forPower ? needFactor(urgencyNow) : 1),
    urgency: byNeed ? Math.min(1, urgencyNow ?? 1) : 1,
    priorityClass: contender.priorityClass,
    admissionScore: staysOn ? LAST_OFF : inTurns ? standing.score : -cameAtMs,
    mustKeep: staysOn || (inTurns ? standing.mustKeep : turn.on),
    previousAmps: contender.previousAmps,
  };
};

/** Undefined when its need is not known. */
const timeAtFullPower = ({ leftWh, maxAmps, volts, phases }: Contender): number | undefined =>
  leftWh === undefined
    ? undefined
    : (leftWh / Math.max(1, maxAmps * volts * Math.max(1, phaseCount(phases)))) * 3_600_000;

const restReason = (id: string, forMs: number): Reason => ({
  kind: 'policy',
  id,
  text: `started often: may start again in ${Math.max(1, Math.ceil(forMs / 60_000))} min`,
});
