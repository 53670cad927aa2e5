import { offersOf } from '../allocation/allocate.ts';
import { entitlements } from '../allocation/entitlements.ts';
import { rowsOf } from '../allocation/make-rows.ts';
import type { AllocatedOffer, AllocationCircuit, Demand } from '../allocation/problem.ts';
import { claim, loadAll, type Rows, weigh } from '../allocation/rows.ts';
import { Scratch } from '../allocation/scratch.ts';
import { type Shares, sharesOf } from '../allocation/shares.ts';
import { phaseCount } from '../meters/site-phases.ts';
import type { Reason } from '../reason.ts';
import type { Policy } from './policy.ts';
import { steadily } from './steady.ts';
import { admissionScore, mayNotStop, pausedUntilMs, pauseText, type Turn } from './turns.ts';
import { needFactor } from './wish.ts';

/** A connector that takes part in the sharing. */
export interface Contender extends Demand {
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
  scratch.reset();
  const rows = rowsOf(circuits, contenders, scratch);
  const held: (Reason | undefined)[] = contenders.map(() => undefined);
  for (let i = 0; i < contenders.length; i += 1)
    makeClaim(rows, policy, contenders, i, nowMs, held);
  // Cars that take nothing have what nobody else wants: an offer to them is amps lost to others.
  const idleAmps = setAside(rows, contenders);
  const { shares, waits } = steadily(rows, contenders, policy.objective, held);
  if (idleAmps !== undefined) shareLeftOver(rows, contenders, policy, shares, idleAmps);
  return {
    offers: offersOf(rows, shares, held),
    // By throughput nobody is owed a share: who waits is decided anew each time.
    entitledAmps:
      waits && policy.objective !== 'throughput' ? entitledOf(rows, contenders) : undefined,
  };
};

/** Before everybody of its class who has to go off, whatever they are owed. */
const LAST_OFF = 1e12;

/** Claims what a contender may have now; who may have nothing for a time is held, with the reason. */
const makeClaim = (
  rows: Rows,
  policy: Policy,
  contenders: readonly Contender[],
  index: number,
  nowMs: number,
  held: (Reason | undefined)[],
): void => {
  const contender = contenders[index]!;
  const { id, urgencyNow, stayMs, cameAtMs, turn, notYet, weight, maxAmps } = contender;
  const byNeed = policy.weight === 'need';
  const forPower = policy.objective === 'throughput';
  const inTurns = policy.order === 'turns';
  const staysOn = turn.on && contender.staysOn === true;
  const rests = pausedUntilMs(turn) > nowMs;
  held[index] = rests ? { kind: 'policy', id, text: pauseText(turn, nowMs) } : notYet;
  const kept = turn.on && (!inTurns || mayNotStop(turn, timeAtFullPower(contender), stayMs, nowMs));
  const score = inTurns ? admissionScore(turn, byNeed ? urgencyNow : undefined, nowMs) : -cameAtMs;
  const most = rests || notYet !== undefined ? 0 : maxAmps;
  claim(rows, index, most, staysOn ? LAST_OFF : score, staysOn || kept);
  // By throughput the need counts in the price of an amp, not in shares.
  const factor = byNeed && !forPower ? needFactor(urgencyNow) : 1;
  weigh(rows, index, weight * factor, byNeed ? Math.min(1, urgencyNow ?? 1) : 1);
};

/** Undefined when its need is not known. */
const timeAtFullPower = ({ leftWh, maxAmps, volts, phases }: Contender): number | undefined =>
  leftWh === undefined
    ? undefined
    : (leftWh / Math.max(1, maxAmps * volts * phaseCount(phases))) * 3_600_000;

/** Takes the claims of idle cars away; what they may have, by index; undefined: nobody is idle. */
const setAside = (rows: Rows, contenders: readonly Contender[]): Float64Array | undefined => {
  if (!contenders.some(({ idle }) => idle)) return undefined;
  const idleAmps = rows.scratch.floats(contenders.length);
  for (let i = 0; i < contenders.length; i += 1) {
    if (!contenders[i]!.idle) continue;
    idleAmps[i] = rows.mostAmps[i]!;
    rows.mostAmps[i] = 0;
  }
  return idleAmps;
};

/** Adds to `shares` what idle cars get of that which the others leave. */
const shareLeftOver = (
  rows: Rows,
  contenders: readonly Contender[],
  { objective }: Policy,
  shares: Shares,
  idleAmps: Float64Array,
): void => {
  loadAll(rows, rows.taken, shares.amps);
  rows.mostAmps.set(idleAmps);
  const rest = sharesOf(rows, objective);
  rows.taken.fill(0);
  for (let i = 0; i < idleAmps.length; i += 1) {
    if (!contenders[i]!.idle) continue;
    shares.amps[i] = rest.amps[i]!;
    shares.verdicts[i] = rest.verdicts[i]!;
    shares.bottleneck[i] = rest.bottleneck[i]!;
  }
};

/** A car that rests is owed its share all the same; one that takes nothing is owed nothing. */
const entitledOf = (rows: Rows, contenders: readonly Contender[]): Float64Array =>
  entitlements(rows, (i) => (contenders[i]!.idle ? 0 : contenders[i]!.maxAmps));
