import {
  meterAbove,
  OTHERS_STILL_AMPS,
  SEEN_SHARE,
  STEP_AMPS,
  UNSEEN_SHARE,
} from '../meters/meter-steps.ts';
import type { ConnectorKey, ConnectorTick, TickInput } from '../tick.ts';
import type { PhaseAmps } from '../units.ts';
import { tolerated } from './enforcement.ts';

/**
 * Whether a car follows its offers, seen from the site's meter, for chargers that send no usable
 * measurement: after a change of the offer the meter above has to show a step. Only large steps
 * are judged, and only while everybody else is still and the building quiet; what is not clear stays
 * unknown. Such evidence can blame a charger, never free its budget.
 */
export interface MeterEvidence {
  /** Transaction that it belongs to. */
  readonly stay: string;
  readonly readAtMs: number;
  readonly meterAmps: PhaseAmps;
  /** Largest change between two readings lately, without a change of ours. */
  readonly noiseAmps: number;
  /** It draws at least this: steps up that were seen, less every fall since. */
  readonly lowAmps: number;
  readonly watch?: StepWatch;
  /** The offer (by the time at which it was sent) that was watched last. */
  readonly watchedAtMs: number;
  /** Steps that were followed, and those in a row that were not. */
  readonly followed: number;
  readonly defied: number;
  /** The offer that was followed last. */
  readonly followedAmps?: number;
}

interface StepWatch {
  readonly sinceMs: number;
  /** Latest change that is part of the step. */
  readonly changedAtMs: number;
  readonly fromAmps: number;
  readonly toAmps: number;
  readonly beforeAmps: PhaseAmps;
  readonly lowBeforeAmps: number;
  /** What all others are known to draw. */
  readonly othersAmps: number;
  readonly disturbed: boolean;
}

export type MeterEvidences = ReadonlyMap<ConnectorKey, MeterEvidence>;

/** A car that follows has done so by then: pilot, ramp and a meter that is read every second. */
export const STEP_WATCH_MS = 9_000;
/** Changes that follow each other are one step, but not for longer than this. */
const STEP_MOST_MS = 60_000;
/** Steps below some times the noise say nothing. */
const STEP_LEAST_NOISES = 3;
/** More of a raise than was offered. */
const BEYOND_SHARE = 1.4;
/** The noise of before counts less with every reading. */
const NOISE_DECAY = 0.95;

/** What is known after this tick's reading. */
export const meterEvidenceAfter = (
  input: TickInput,
  ticks: readonly ConnectorTick[],
  before: MeterEvidences,
): MeterEvidences => {
  const after = new Map<ConnectorKey, MeterEvidence>();
  const all = companyOf(ticks);
  for (const tick of ticks) {
    const stay = tick.state.transaction?.id;
    if (stay === undefined || !tick.around.online) continue;
    const known = before.get(tick.key);
    const reading = meterAbove(input, tick, ({ quality }) => quality === 'good');
    if (reading === undefined) {
      // A gap says nothing of what happened in it.
      if (known?.stay === stay) after.set(tick.key, withoutWatch({ ...known, lowAmps: 0 }));
      continue;
    }
    const base = cleared(known?.stay === stay ? known : begun(stay, reading, tick), tick);
    after.set(tick.key, next(base, tick, all, reading, input.nowMs));
  }
  return after;
};

/**
 * followed: it obeys its present offer. defied: it draws more. Undefined: not known, or the charger
 * has measured itself since its last change, which counts for more.
 */
export const meterVerdict = (
  evidence: MeterEvidence | undefined,
  { state, enforcement, around }: Pick<ConnectorTick, 'state' | 'enforcement' | 'around'>,
): 'followed' | 'defied' | undefined => {
  if ((around.measuredAtMs ?? -1) >= (enforcement.changed?.atMs ?? 0)) return undefined;
  if (evidence === undefined || evidence.stay !== state.transaction?.id) return undefined;
  if (evidence.defied > 0) return 'defied';
  const { followedAmps } = evidence;
  const offeredAmps = enforcement.accepted?.amps;
  if (followedAmps === undefined || offeredAmps === undefined) return undefined;
  // A small change since then cannot be seen, and does not make it another charger.
  return Math.abs(offeredAmps - followedAmps) < STEP_AMPS ? 'followed' : undefined;
};

/** How sure that is, in words. */
export const evidenceText = ({ followed, defied }: MeterEvidence): string =>
  defied > 0
    ? `site meter: ${steps(defied)} not followed`
    : `site meter: ${steps(followed)} followed`;

const steps = (count: number): string => (count === 1 ? '1 step' : `${count} steps`);

/**
 * What a charger measures itself counts for more, and for good: a step of the building that came with
 * an offer is not held against it again at every change.
 */
const cleared = (known: MeterEvidence, { enforcement, around }: ConnectorTick): MeterEvidence => {
  const { measuredAmps, measuredAtMs = Number.NEGATIVE_INFINITY } = around;
  if (measuredAmps === undefined || measuredAtMs < (enforcement.changed?.atMs ?? 0)) return known;
  const obeys = measuredAmps <= tolerated(enforcement.accepted?.amps ?? 0);
  if (!obeys || (known.defied === 0 && known.lowAmps <= measuredAmps)) return known;
  return { ...known, defied: 0, lowAmps: Math.min(known.lowAmps, measuredAmps) };
};

type MeterReading = NonNullable<ReturnType<typeof meterAbove>>;

const begun = (stay: string, { atMs, amps }: MeterReading, tick: ConnectorTick): MeterEvidence => ({
  stay,
  readAtMs: atMs,
  meterAmps: amps,
  noiseAmps: 0,
  lowAmps: 0,
  watchedAtMs: tick.enforcement.accepted?.sentAtMs ?? Number.NEGATIVE_INFINITY,
  followed: 0,
  defied: 0,
});

const next = (
  known: MeterEvidence,
  tick: ConnectorTick,
  all: Company,
  reading: MeterReading,
  nowMs: number,
): MeterEvidence => {
  const othersAmps = all.drawnAmps - drawnBy(tick);
  const begins = stepOf(known, tick);
  let now = known;
  if (begins !== undefined) {
    const { watch } = known;
    const merges = watch !== undefined && nowMs - watch.sinceMs < STEP_MOST_MS;
    const first = { sinceMs: nowMs, fromAmps: begins.fromAmps, beforeAmps: known.meterAmps };
    const start = { ...first, lowBeforeAmps: known.lowAmps, othersAmps, disturbed: false };
    now = {
      ...known,
      watchedAtMs: begins.sentAtMs,
      watch: {
        ...(merges ? watch : start),
        changedAtMs: begins.atMs,
        toAmps: begins.toAmps,
      },
    };
  }
  const read = withReading(now, tick, reading);
  return judged(read, tick, all, othersAmps, nowMs);
};

/** A new offer that is another one, or the same one sent again to a charger that did not follow. */
const stepOf = (known: MeterEvidence, { enforcement }: ConnectorTick) => {
  const { accepted, changed } = enforcement;
  if (accepted === undefined || accepted.sentAtMs <= known.watchedAtMs) return undefined;
  const { sentAtMs, amps: toAmps } = accepted;
  if (known.defied > 0) {
    return { sentAtMs, atMs: sentAtMs, toAmps, fromAmps: Math.max(known.lowAmps, toAmps) };
  }
  if (changed === undefined || changed.atMs < sentAtMs) return undefined;
  return { sentAtMs, atMs: changed.atMs, toAmps, fromAmps: changed.fromAmps };
};

const withReading = (
  known: MeterEvidence,
  tick: ConnectorTick,
  { atMs, amps }: MeterReading,
): MeterEvidence => {
  if (atMs <= known.readAtMs) return known;
  const change = changeOn(tick, known.meterAmps, amps);
  const quiet = known.watch === undefined;
  const noise = known.noiseAmps * NOISE_DECAY;
  return {
    ...known,
    readAtMs: atMs,
    meterAmps: amps,
    noiseAmps: quiet ? Math.max(noise, Math.abs(change)) : noise,
    // Whoever it was that fell: it may have been this one.
    lowAmps: Math.max(0, known.lowAmps + Math.min(0, change)),
  };
};

const judged = (
  known: MeterEvidence,
  tick: ConnectorTick,
  all: Company,
  othersAmps: number,
  nowMs: number,
): MeterEvidence => {
  const { watch } = known;
  if (watch === undefined) return relieved(known, tick);
  const moved = Math.abs(othersAmps - watch.othersAmps) > OTHERS_STILL_AMPS;
  const disturbed =
    watch.disturbed || moved || othersChangedAtMs(tick, all) > watch.sinceMs - STEP_WATCH_MS;
  if (nowMs < watch.changedAtMs + STEP_WATCH_MS)
    return { ...known, watch: { ...watch, disturbed } };
  const rest = withoutWatch(known);
  if (disturbed) return relieved(rest, tick);
  const expected = watch.toAmps - watch.fromAmps;
  const least = Math.max(STEP_AMPS, STEP_LEAST_NOISES * known.noiseAmps);
  if (Math.abs(expected) < least) {
    // Together with the next one it may be large enough.
    return nowMs - watch.sinceMs < STEP_MOST_MS ? known : relieved(rest, tick);
  }
  const seen = changeOn(tick, watch.beforeAmps, known.meterAmps);
  const share = seen / expected;
  if (expected > 0 && share > BEYOND_SHARE && seen - known.noiseAmps > tolerated(watch.toAmps)) {
    return defying({ ...rest, lowAmps: seen - known.noiseAmps });
  }
  if (share >= SEEN_SHARE) {
    const lowAmps = expected > 0 ? watch.lowBeforeAmps + seen - known.noiseAmps : known.lowAmps;
    const followed = known.followed + 1;
    return { ...rest, lowAmps, followed, defied: 0, followedAmps: watch.toAmps };
  }
  const drewMore = known.lowAmps > tolerated(watch.toAmps);
  if (expected < 0 && share < UNSEEN_SHARE && drewMore) return defying(rest);
  return relieved(rest, tick);
};

const defying = ({ followedAmps: _was, ...known }: MeterEvidence): MeterEvidence => ({
  ...known,
  followed: 0,
  defied: known.defied + 1,
});

/** Blamed only while it has to be drawing more than it is offered. */
const relieved = (known: MeterEvidence, { enforcement }: ConnectorTick): MeterEvidence =>
  known.defied > 0 && known.lowAmps <= tolerated(enforcement.accepted?.amps ?? 0)
    ? { ...known, defied: 0 }
    : known;

const withoutWatch = ({ watch: _done, ...rest }: MeterEvidence): MeterEvidence => rest;

/** The change that all phases of the connector share: the one nearest to none. */
const changeOn = ({ phases }: ConnectorTick, from: PhaseAmps, to: PhaseAmps): number => {
  let least = Number.POSITIVE_INFINITY;
  for (const p of [0, 1, 2] as const) {
    const change = to[p] - from[p];
    if (phases[p] && Math.abs(change) < Math.abs(least)) least = change;
  }
  return least;
};

/** What all connectors do together, looked at once per tick. */
interface Company {
  readonly drawnAmps: number;
  /** When the last one and the one before it were told something, came or went. */
  readonly changedKey: ConnectorKey;
  readonly changedAtMs: number;
  readonly beforeAtMs: number;
}

const companyOf = (ticks: readonly ConnectorTick[]): Company => {
  let drawnAmps = 0;
  let changedKey: ConnectorKey = '';
  let changedAtMs = Number.NEGATIVE_INFINITY;
  let beforeAtMs = Number.NEGATIVE_INFINITY;
  for (const tick of ticks) {
    drawnAmps += drawnBy(tick);
    const atMs = lastChangeMs(tick);
    if (atMs > changedAtMs) {
      beforeAtMs = changedAtMs;
      changedAtMs = atMs;
      changedKey = tick.key;
    } else beforeAtMs = Math.max(beforeAtMs, atMs);
  }
  return { drawnAmps, changedKey, changedAtMs, beforeAtMs };
};

const drawnBy = ({ drawSiteAmps: amps }: ConnectorTick): number =>
  amps === undefined ? 0 : amps[0] + amps[1] + amps[2];

const lastChangeMs = ({ enforcement, state }: ConnectorTick): number =>
  Math.max(
    enforcement.changed?.atMs ?? Number.NEGATIVE_INFINITY,
    state.transaction?.startedAtMs ?? Number.NEGATIVE_INFINITY,
    state.statusAtMs,
  );

const othersChangedAtMs = ({ key }: ConnectorTick, all: Company): number =>
  all.changedKey === key ? all.beforeAtMs : all.changedAtMs;
