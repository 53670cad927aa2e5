import type { ConnectorKey, ConnectorTick, TickInput } from './tick.ts';
import { NO_AMPS, type PhaseAmps, subtractAmps } from './units.ts';

/**
 * Whether a charger is wired as configured: when a car on one phase starts or stops, the meter shows
 * on which phase of the site. A wrong phase hides a load, so it is told; offers stay as configured,
 * since only the installer can know.
 */
export interface WiringEvidence {
  readonly measuredAtMs: number;
  readonly terminalAmps: PhaseAmps;
  readonly meterAmps: PhaseAmps;
  /** What all other connectors below the meter drew. */
  readonly othersAmps: number;
  /** Steps of the first terminal that were seen on each phase. */
  readonly votes: readonly [number, number, number];
}

/** A step that stands out of what a building does by itself. */
const STEP_AMPS = 5;
/** The phase has to show this share of the step, and the others less than that. */
const SEEN_SHARE = 0.6;
const UNSEEN_SHARE = 0.35;
const OTHERS_STILL_AMPS = 1;
/** Looks that are further apart say nothing: the building has changed as well. */
const LOOK_MOST_MS = 120_000;
export const VOTES_LEAST = 3;
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
    const meterAmps = meterAbove(input, tick);
    if (meterAmps === undefined) continue;
    allAmps ??= drawnBy(ticks);
    const othersAmps = allAmps - drawn(tick);
    const now = { measuredAtMs, terminalAmps, meterAmps, othersAmps };
    after.set(tick.key, { ...now, votes: votesAfter(known, now) });
  }
  return after;
};

/** The site phase at the first terminal, as far as it is established: 0-based, with its support. */
export const seenPhase = ({ votes }: WiringEvidence) => {
  const total = votes[0] + votes[1] + votes[2];
  const phase = votes.indexOf(Math.max(...votes));
  const count = votes[phase] ?? 0;
  return total >= VOTES_LEAST && count >= VOTES_SHARE * total ? { phase, count, total } : undefined;
};

/** A sentence for each charger that seems to be wired otherwise. */
export const wiringAlarms = (
  ticks: readonly ConnectorTick[],
  evidences: WiringEvidences,
): readonly string[] =>
  ticks.flatMap(({ key, charger }) => {
    const evidence = evidences.get(key);
    const seen = evidence === undefined ? undefined : seenPhase(evidence);
    const configured = charger.phases[0];
    if (seen === undefined || configured === undefined || seen.phase === configured) return [];
    const steps = `${seen.count} of ${seen.total} steps`;
    const is = `its first terminal seems to be on L${seen.phase + 1}`;
    return [`${key}: ${is}, not on L${configured + 1} as configured (${steps})`];
  });

const meterAbove = (
  { site, tree, readings, nowMs }: TickInput,
  tick: ConnectorTick,
): PhaseAmps | undefined => {
  for (const index of tree.paths[tick.circuit] ?? []) {
    const meter = site.circuits[index]?.meter;
    // A wrong phase makes the meter look implausible: its reading counts here all the same.
    const reading = meter === undefined ? undefined : readings.get(meter)?.latest;
    if (reading?.amps !== undefined && nowMs - reading.atMs < 3_000) return reading.amps;
  }
  return undefined;
};

const drawnBy = (ticks: readonly ConnectorTick[]): number =>
  ticks.reduce((sum, tick) => sum + drawn(tick), 0);

const drawn = ({ drawSiteAmps: amps }: ConnectorTick): number =>
  amps === undefined ? 0 : amps[0] + amps[1] + amps[2];

const votesAfter = (
  before: WiringEvidence | undefined,
  now: Omit<WiringEvidence, 'votes'>,
): WiringEvidence['votes'] => {
  const votes = before?.votes ?? [0, 0, 0];
  if (before === undefined || now.measuredAtMs - before.measuredAtMs > LOOK_MOST_MS) return votes;
  if (Math.abs(now.othersAmps - before.othersAmps) > OTHERS_STILL_AMPS) return votes;
  const [first, ...rest] = subtractAmps(now.terminalAmps, before.terminalAmps);
  // Three phases at once tell nothing of their order.
  if (Math.abs(first) < STEP_AMPS || rest.some((amps) => Math.abs(amps) > 1)) return votes;
  const shares = subtractAmps(now.meterAmps, before.meterAmps).map((amps) => amps / first);
  const seen = shares.flatMap((share, p) => (share >= SEEN_SHARE ? [p] : []));
  const quiet = shares.filter((share) => Math.abs(share) <= UNSEEN_SHARE).length;
  const [phase] = seen;
  if (phase === undefined || seen.length !== 1 || quiet !== 2) return votes;
  if (votes[0] + votes[1] + votes[2] >= VOTES_MOST) return votes;
  return [0, 1, 2].map((p) => (votes[p] ?? 0) + (p === phase ? 1 : 0)) as [number, number, number];
};
