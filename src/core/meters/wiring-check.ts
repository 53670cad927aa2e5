import type { ConnectorKey, ConnectorTick, TickInput } from '../tick.ts';
import { NO_AMPS, type PhaseAmps, subtractAmps } from '../units.ts';
import {
  meterAbove,
  OTHERS_STILL_AMPS,
  SEEN_SHARE,
  STEP_AMPS,
  UNSEEN_SHARE,
} from './meter-steps.ts';
import { UNKNOWN_PHASE } from './site-phases.ts';

/**
 * On which phases of the site a charger's terminals are: when a car on one phase starts or stops, the
 * meter shows it; of a car on two, it shows the third. What nobody configured is used once it is
 * established. What was configured otherwise is told, and counts on all phases until that is settled:
 * a wrong phase hides a load.
 */
export interface WiringEvidence {
  readonly measuredAtMs: number;
  readonly terminalAmps: PhaseAmps;
  readonly meterAmps: PhaseAmps;
  /** What all other connectors below the meter drew. */
  readonly othersAmps: number;
  /** Steps that speak for a terminal on a phase, at `3 * terminal + phase`. */
  readonly votes: WiringVotes;
}
export type WiringVotes = readonly number[];
export const NO_VOTES: WiringVotes = [0, 0, 0, 0, 0, 0, 0, 0, 0];

/** Looks that are further apart say nothing: the building has changed as well. */
const LOOK_MOST_MS = 120_000;
const VOTES_LEAST = 3;
const VOTES_SHARE = 0.8;
const VOTES_MOST = 100;

export type WiringEvidences = ReadonlyMap<ConnectorKey, WiringEvidence>;

/** What is known after one more tick. Only chargers whose circuit has a fresh meter are judged. */
export const wiringAfter = (
  input: TickInput,
  ticks: readonly ConnectorTick[],
  before: WiringEvidences,
): WiringEvidences => {
  const after = new Map(before);
  let allAmps: number | undefined;
  for (const tick of ticks) {
    const known = before.get(tick.key);
    // Between two cars it draws nothing, and says nothing.
    const idle = tick.around.online && tick.state.transaction === undefined;
    const terminalAmps = idle ? NO_AMPS : tick.state.terminalAmps;
    const measuredAtMs = idle ? input.nowMs : tick.state.measuredAtMs;
    if (terminalAmps === undefined || measuredAtMs === undefined) continue;
    if (measuredAtMs <= (known?.measuredAtMs ?? Number.NEGATIVE_INFINITY)) continue;
    // A wrong phase makes the meter look implausible: its reading counts here all the same.
    const meterAmps = meterAbove(input, tick, () => true)?.amps;
    if (meterAmps === undefined) continue;
    allAmps ??= drawnBy(ticks);
    const othersAmps = allAmps - drawn(tick);
    const votes = votesAfter(known, { measuredAtMs, terminalAmps, meterAmps, othersAmps });
    // Spelled out, since it happens to every connector in every cycle.
    after.set(tick.key, { measuredAtMs, terminalAmps, meterAmps, othersAmps, votes });
  }
  return after;
};

/** What an earlier run had seen. */
export const rememberedWiring = (votes: WiringVotes): WiringEvidence => ({
  measuredAtMs: Number.NEGATIVE_INFINITY,
  terminalAmps: NO_AMPS,
  meterAmps: NO_AMPS,
  othersAmps: 0,
  votes: NO_VOTES.map((none, i) => votes[i] ?? none),
});

/** The site phase of one terminal, as far as it is established: 0-based, with its support. */
export const seenPhase = (votes: WiringVotes, terminal: number) => {
  let phase = 0;
  let count = 0;
  let total = 0;
  for (let p = 0; p < 3; p += 1) {
    const own = votes[3 * terminal + p] ?? 0;
    total += own;
    if (own <= count) continue;
    phase = p;
    count = own;
  }
  const established = total >= VOTES_LEAST && count >= VOTES_SHARE * total;
  return established ? { phase, count, total } : undefined;
};

/** Site phase of each terminal as seen; those that are not established are unknown. */
export const seenWiring = (votes: WiringVotes): readonly number[] => {
  const seen = [0, 1, 2].map((terminal) => seenPhase(votes, terminal)?.phase ?? UNKNOWN_PHASE);
  // Two on the same phase: something is wrong with the evidence.
  const sound = seen.map((phase) =>
    seen.filter((other) => other === phase).length > 1 ? UNKNOWN_PHASE : phase,
  );
  const open = sound.filter((phase) => phase === UNKNOWN_PHASE).length;
  if (open !== 1) return sound;
  const left = [0, 1, 2].find((phase) => !sound.includes(phase)) ?? UNKNOWN_PHASE;
  return sound.map((phase) => (phase === UNKNOWN_PHASE ? left : phase));
};

/** The wiring of a connector that worst cases are reckoned with. */
export const wiringInUse = (
  configured: readonly number[],
  votes: WiringVotes | undefined,
): readonly number[] => {
  if (votes === undefined) return configured;
  if (configured.includes(UNKNOWN_PHASE)) return seenWiring(votes);
  if (votes === NO_VOTES) return configured;
  const contradicted = configured.some((phase, terminal) => {
    const seen = seenPhase(votes, terminal);
    return seen !== undefined && seen.phase !== phase;
  });
  return contradicted ? configured.map(() => UNKNOWN_PHASE) : configured;
};

/** A sentence for each charger that seems to be wired otherwise. */
export const wiringAlarms = (
  ticks: readonly ConnectorTick[],
  evidences: WiringEvidences,
): readonly string[] =>
  ticks.flatMap(({ key, charger }) => {
    const votes = evidences.get(key)?.votes;
    if (votes === undefined || votes === NO_VOTES) return NO_ALARMS;
    return charger.phases.flatMap((configured, terminal) => {
      const seen = seenPhase(votes, terminal);
      if (seen === undefined || configured === UNKNOWN_PHASE || seen.phase === configured) {
        return [];
      }
      const steps = `${seen.count} of ${seen.total} steps`;
      const is = `its ${ORDINALS[terminal] ?? ''} terminal seems to be on L${seen.phase + 1}`;
      return [`${key}: ${is}, not on L${configured + 1} as configured (${steps})`];
    });
  });
const NO_ALARMS: readonly string[] = [];
const ORDINALS = ['first', 'second', 'third'];

const drawnBy = (ticks: readonly ConnectorTick[]): number =>
  ticks.reduce((sum, tick) => sum + drawn(tick), 0);

const drawn = ({ state: { terminalAmps: amps } }: ConnectorTick): number =>
  amps === undefined ? 0 : amps[0] + amps[1] + amps[2];

const votesAfter = (
  before: WiringEvidence | undefined,
  now: Omit<WiringEvidence, 'votes'>,
): WiringVotes => {
  const votes = before?.votes ?? NO_VOTES;
  if (before === undefined || now.measuredAtMs - before.measuredAtMs > LOOK_MOST_MS) return votes;
  if (Math.abs(now.othersAmps - before.othersAmps) > OTHERS_STILL_AMPS) return votes;
  // Nearly always nothing has moved: that costs nothing.
  if (!hasStepped(before.terminalAmps, now.terminalAmps)) return votes;
  const told = pairTold(
    subtractAmps(now.terminalAmps, before.terminalAmps),
    subtractAmps(now.meterAmps, before.meterAmps),
  );
  return told === undefined ? votes : counted(votes, told.terminal, told.phase);
};

/** Which terminal is on which site phase, by steps per terminal of a car and per phase of the meter. */
const pairTold = (
  steps: PhaseAmps,
  meterSteps: PhaseAmps,
): { readonly terminal: number; readonly phase: number } | undefined => {
  const moved = steps.flatMap((amps, t) => (Math.abs(amps) >= STEP_AMPS ? [t] : []));
  const still = steps.filter((amps) => Math.abs(amps) <= OTHERS_STILL_AMPS).length;
  // Three phases at once tell nothing of their order.
  if (moved.length === 0 || moved.length > 2 || moved.length + still !== 3) return undefined;
  const step = moved.reduce((sum, t) => sum + (steps[t as 0 | 1 | 2] ?? 0), 0) / moved.length;
  const shares = meterSteps.map((amps) => amps / step);
  const seen = [0, 1, 2].filter((p) => (shares[p] ?? 0) >= SEEN_SHARE);
  const quiet = [0, 1, 2].filter((p) => Math.abs(shares[p] ?? 0) <= UNSEEN_SHARE);
  if (seen.length !== moved.length || seen.length + quiet.length !== 3) return undefined;
  // Of two the third one is told apart.
  const terminal = moved.length === 1 ? moved[0] : [0, 1, 2].find((t) => !moved.includes(t));
  const phase = moved.length === 1 ? seen[0] : quiet[0];
  return terminal === undefined || phase === undefined ? undefined : { terminal, phase };
};

const hasStepped = (from: PhaseAmps, to: PhaseAmps): boolean =>
  Math.abs(to[0] - from[0]) >= STEP_AMPS ||
  Math.abs(to[1] - from[1]) >= STEP_AMPS ||
  Math.abs(to[2] - from[2]) >= STEP_AMPS;

/** What was seen long ago counts less: chargers are rewired. */
const counted = (votes: WiringVotes, terminal: number, phase: number): WiringVotes => {
  const total = votes.reduce((sum, count) => sum + count, 0);
  const kept = total >= VOTES_MOST ? votes.map((count) => Math.floor(count / 2)) : votes;
  return kept.map((count, i) => count + (i === 3 * terminal + phase ? 1 : 0));
};
