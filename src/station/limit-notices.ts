import { limitCleared, limitNotice, type StationCall } from '../ocpp/station/words.ts';
import type { LimitView, SiteView } from '../schema/view.ts';

/** Limits from outside change often; the CSMS is told at most this often. */
export const NOTICE_EVERY_MS = 10_000;
const VOLTS = 230;
const PHASES = 3;

/** What the CSMS was told last. */
export interface Told {
  readonly amps: number | undefined;
  readonly atMs: number;
}

export const NOTHING_TOLD: Told = { amps: undefined, atMs: Number.NEGATIVE_INFINITY };

/**
 * K14.FR.01-06: the CSMS hears of a limit of an EMS or grid operator when it comes, when it changes
 * by more than `significancePercent`, and when it goes (K13).
 */
export const limitNotices = (
  view: SiteView,
  told: Told,
  significancePercent: number,
  nowMs: number,
): { readonly calls: readonly StationCall[]; readonly told: Told } => {
  const amps = tightest(view.limits);
  const changed = amps !== told.amps && !insignificant(amps, told.amps, significancePercent);
  if (!changed || nowMs - told.atMs < NOTICE_EVERY_MS) return { calls: [], told };
  const calls =
    amps === undefined ? [limitCleared('EMS')] : [limitNotice('EMS', amps, Date.parse(view.at))];
  return { calls, told: { amps, atMs: nowMs } };
};

const insignificant = (
  now: number | undefined,
  before: number | undefined,
  percent: number,
): boolean =>
  now !== undefined &&
  before !== undefined &&
  Math.abs(now - before) <= (Math.max(before, 1) * percent) / 100;

/** Amps per phase of the tightest limit from outside; undefined when none holds. */
const tightest = (limits: readonly LimitView[]): number | undefined => {
  const amps = limits
    .filter(({ state }) => state === 'active' || state === 'failsafe')
    .flatMap((limit) => {
      if (limit.amps !== null) return [Math.min(...limit.amps)];
      return limit.watts === null ? [] : [limit.watts / (VOLTS * PHASES)];
    });
  return amps.length === 0 ? undefined : Math.min(...amps);
};
