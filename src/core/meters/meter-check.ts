import type { MeterMemory, MeterState } from '../tick.ts';
import { mapPhases, PHASES, type PhaseAmps } from '../units.ts';
import type { Reading } from './reading.ts';

/** More than this times the fuse flows only in a short circuit. */
const RANGE_FUSES = 3;
/** Without a fuse to compare with: no site of one box carries more. */
const RANGE_AMPS = 10_000;
/** Numbers smaller than this and not 0 come from words in the wrong order. */
const TINY = 1e-9;
/** Phase voltage within this share of the nominal one; below, the phase or its fuse is gone. */
const VOLTS_LOW = 0.5;
const VOLTS_HIGH = 1.5;
/** Power may exceed volts x amps by this: two measurements of different moments. */
const POWER_SHARE = 1.3;
const POWER_WATTS = 300;
/** A current that falls by more than this share of the fuse at once has to be seen again. */
const FALL_SHARE = 0.5;
const FALL_AMPS = 10;
const FALL_SEEN = 3;
/** Export that is noise, and the error allowed between a meter and the chargers below it. */
const EXPORT_NOISE_AMPS = 2;
const KIRCHHOFF_AMPS = 3;
const KIRCHHOFF_SHARE = 0.15;
/** A charger measures and reports with this delay at most. */
const REPORT_MS = 3_000;
/** Currents below this may stand still for ever: nothing is switched on. */
const IDLE_AMPS = 0.5;
/** A meter that stands still while the chargers moved by this much for so long is frozen. */
const MOVED_AMPS = 3;
const MOVED_MS = 10_000;

/** What is known around a meter when its reading is judged. */
export interface MeterSurroundings {
  readonly nominalVolts: number;
  /** The smallest fuse of the circuits that it measures; undefined when it protects none. */
  readonly fuseAmps: PhaseAmps | undefined;
  /** Most amps per phase that generation below it may feed back. */
  readonly exportMostAmps: number;
  /** Readings equal in every number for longer are frozen; 0: never. */
  readonly frozenMs: number;
  /** What each connector below said it draws, by site phase, and when (monotonic ms). */
  readonly draws: readonly { readonly amps: PhaseAmps; readonly atMs: number }[];
}

/**
 * Judges a reading by what is physically possible. A reading that fails is suspect: it is shown
 * with the reason, and the last good one goes on ageing, so that a fault never raises anything.
 * Falls and exports are checked harder than rises, since only they make room for more.
 */
export const judgeReading = (
  before: MeterState | undefined,
  reading: Reading,
  around: MeterSurroundings,
): MeterState => {
  const memory = remember(before?.memory, reading, around);
  const state = {
    memory,
    ...(before?.lastGood === undefined ? {} : { lastGood: before.lastGood }),
  };
  if (reading.quality !== 'good') return { ...state, latest: reading };
  if (reading.amps === undefined) return withoutCurrents(state, reading, around);
  const problem =
    impossible(reading, reading.amps, around) ?? unlikely(before, memory, reading.amps, around);
  if (problem === undefined) return { memory, latest: reading, lastGood: reading };
  const { unchanged } = memory;
  // What was believed while it stood still was not fresh either.
  const frozen = isFrozen(memory, reading.atMs, around) && unchanged !== undefined;
  return {
    ...state,
    latest: { ...reading, quality: 'suspect', problem },
    ...(frozen && state.lastGood !== undefined
      ? { lastGood: { ...state.lastGood, atMs: Math.min(state.lastGood.atMs, unchanged.sinceMs) } }
      : {}),
  };
};

/** Power alone serves where nothing has to be protected by it: the sun, a battery. */
const withoutCurrents = (
  state: Pick<MeterState, 'memory' | 'lastGood'>,
  reading: Reading,
  { fuseAmps, nominalVolts }: MeterSurroundings,
): MeterState => {
  if (fuseAmps !== undefined) {
    const problem = 'power without currents cannot protect a circuit';
    return { ...state, latest: { ...reading, quality: 'absent', problem } };
  }
  const { watts = Number.NaN } = reading;
  if (Math.abs(watts) <= RANGE_AMPS * nominalVolts) {
    return { ...state, latest: reading, lastGood: reading };
  }
  const problem = `range: ${show(watts)} W: check scale and word order`;
  return { ...state, latest: { ...reading, quality: 'suspect', problem } };
};

/** What no site can show, whatever was before. */
const impossible = (
  reading: Reading,
  amps: PhaseAmps,
  { nominalVolts, fuseAmps, exportMostAmps }: MeterSurroundings,
): string | undefined => {
  for (const p of [0, 1, 2] as const) {
    const phase = PHASES[p];
    const value = amps[p];
    const most = fuseAmps === undefined ? RANGE_AMPS : fuseAmps[p] * RANGE_FUSES;
    if (!Number.isFinite(value)) return `${phase}: not a number`;
    if (value !== 0 && Math.abs(value) < TINY) return `${phase}: ${value} A: check the word order`;
    if (Math.abs(value) > most) return `range: ${show(value)} A on ${phase}: check scale and CT`;
    if (fuseAmps !== undefined && value < -exportMostAmps - EXPORT_NOISE_AMPS) {
      return `sign: ${show(-value)} A fed back on ${phase}: are transformers mounted backwards (invert), or is there generation (exportMostAmps)?`;
    }
    const volts = reading.volts?.[p];
    if (volts !== undefined && !(volts > nominalVolts * VOLTS_LOW)) {
      return `${phase} has ${show(volts)} V: phase lost?`;
    }
    if (volts !== undefined && volts > nominalVolts * VOLTS_HIGH) {
      return `range: ${show(volts)} V on ${phase}`;
    }
    const watts = Math.abs(reading.phaseWatts?.[p] ?? 0);
    const possible = Math.abs(value) * (volts ?? nominalVolts) * POWER_SHARE + POWER_WATTS;
    if (!(watts <= possible)) {
      return `${phase}: ${show(watts)} W do not fit ${show(value)} A: check the scale`;
    }
  }
  return undefined;
};

/** What may be, but does not go with what was seen before or with the chargers. */
const unlikely = (
  before: MeterState | undefined,
  memory: MeterMemory,
  amps: PhaseAmps,
  around: MeterSurroundings,
): string | undefined => {
  if (memory.falls > 0) {
    const was = before?.lastGood?.amps;
    return `rate: fell from ${shown(was)} to ${shown(amps)} A at once, seen ${memory.falls} times`;
  }
  const disagreement = kirchhoff(memory, amps, around);
  if (disagreement !== undefined) return disagreement;
  if (isFrozen(memory, memory.atMs, around)) {
    const seconds = Math.round((memory.atMs - (memory.unchanged?.sinceMs ?? 0)) / 1000);
    return `frozen: no number changed for ${seconds} s`;
  }
  return undefined;
};

/**
 * Less through the meter than the chargers below it draw is a fault of the meter, once chargers
 * said so after the meter already showed it: before, a car may just have stopped.
 */
const kirchhoff = (
  { lowSinceMs }: MeterMemory,
  amps: PhaseAmps,
  around: MeterSurroundings,
): string | undefined => {
  if (lowSinceMs === undefined) return undefined;
  const later = around.draws.filter(({ atMs }) => atMs > lowSinceMs + REPORT_MS);
  const p = lowPhase(amps, sum(later), around);
  if (p === undefined) return undefined;
  return `${PHASES[p]}: ${show(amps[p])} A, but the chargers below draw ${show(sum(later)[p])} A`;
};

const lowPhase = (
  amps: PhaseAmps,
  draws: PhaseAmps,
  { exportMostAmps, fuseAmps }: MeterSurroundings,
): 0 | 1 | 2 | undefined => {
  if (fuseAmps === undefined) return undefined;
  return ([0, 1, 2] as const).find(
    (p) => amps[p] < draws[p] * (1 - KIRCHHOFF_SHARE) - KIRCHHOFF_AMPS - exportMostAmps,
  );
};

const isFrozen = (
  { unchanged }: MeterMemory,
  atMs: number,
  { frozenMs }: MeterSurroundings,
): boolean => {
  if (unchanged === undefined || frozenMs === 0) return false;
  if (Math.max(...unchanged.amps.map(Math.abs)) >= IDLE_AMPS) {
    if (atMs - unchanged.sinceMs >= frozenMs) return true;
  }
  return unchanged.movedAtMs !== undefined && atMs - unchanged.movedAtMs >= MOVED_MS;
};

/** Carries on what later readings are compared with. */
const remember = (
  memory: MeterMemory | undefined,
  reading: Reading,
  around: MeterSurroundings,
): MeterMemory => {
  const { amps, atMs } = reading;
  if (amps === undefined) return { ...(memory ?? { falls: 0 }), atMs };
  const draws = sum(around.draws);
  const low =
    lowPhase(amps, draws, around) === undefined ? undefined : (memory?.lowSinceMs ?? atMs);
  const text = fingerprint(reading);
  const same = memory?.unchanged?.text === text ? memory.unchanged : undefined;
  const sinceMs = same?.sinceMs ?? atMs;
  // Only what chargers measured while the meter stood still can be compared with it.
  const settled = around.draws.every((draw) => draw.atMs > sinceMs + REPORT_MS);
  const baseline = same?.draws ?? (settled ? draws : undefined);
  const movedAtMs =
    same?.movedAtMs ?? (baseline !== undefined && hasMoved(baseline, draws) ? atMs : undefined);
  const level = fallLevel(memory, amps, around);
  return {
    atMs,
    falls: level.falls,
    level: level.amps,
    ...(low === undefined ? {} : { lowSinceMs: low }),
    unchanged: {
      text,
      amps,
      sinceMs,
      ...(baseline === undefined ? {} : { draws: baseline }),
      ...(movedAtMs === undefined ? {} : { movedAtMs }),
    },
  };
};

/** The level that falls are counted from: the last one believed, until the new one is. */
const fallLevel = (
  memory: MeterMemory | undefined,
  amps: PhaseAmps,
  { fuseAmps }: MeterSurroundings,
): { readonly amps: PhaseAmps; readonly falls: number } => {
  if (memory?.level === undefined || fuseAmps === undefined) return { amps, falls: 0 };
  const { level, falls: before } = memory;
  // What is no number hides no fall.
  if (!amps.every(Number.isFinite)) return { amps: level, falls: before };
  const fell = ([0, 1, 2] as const).some(
    (p) => level[p] - amps[p] > Math.max(FALL_AMPS, fuseAmps[p] * FALL_SHARE),
  );
  const falls = fell ? before + 1 : 0;
  return falls > 0 && falls < FALL_SEEN ? { amps: level, falls } : { amps, falls: 0 };
};

const hasMoved = (before: PhaseAmps, now: PhaseAmps): boolean =>
  Math.max(...mapPhases((p) => Math.abs(now[p] - before[p]))) >= MOVED_AMPS;

const fingerprint = ({ amps, phaseWatts, watts, volts, importWh, frequencyHz }: Reading): string =>
  JSON.stringify([amps, phaseWatts, watts, volts, importWh, frequencyHz]);

const sum = (draws: MeterSurroundings['draws']): PhaseAmps => {
  const total: [number, number, number] = [0, 0, 0];
  for (const { amps } of draws) {
    for (const p of [0, 1, 2] as const) total[p] += Math.max(amps[p], 0);
  }
  return total;
};

const show = (value: number): string => String(Math.round(value * 10) / 10);
const shown = (amps: PhaseAmps | undefined): string => amps?.map(show).join('/') ?? '?';
