import { reportDue, type Told } from '../core/limits/limit-report.ts';
import { limitCleared, limitNotice, type StationCall } from '../ocpp/station/words.ts';
import type { LimitView, SiteView } from '../schema/view.ts';

/** Limits from outside change often; the CSMS is told at most this often. */
export const NOTICE_EVERY_MS = 10_000;
const PHASES = 3;

export interface NoticeRule {
  readonly significancePercent: number;
  /** Phase to neutral, of the site: a limit in watts is told in amps (K01.FR.50). */
  readonly volts: number;
}

/**
 * K14.FR.01-06: the CSMS hears of a limit of an EMS or grid operator when it comes, when it changes
 * significantly, and when it goes (K13).
 */
export const limitNotices = (
  view: Pick<SiteView, 'at' | 'limits'>,
  told: Told,
  { significancePercent, volts }: NoticeRule,
  nowMs: number,
): { readonly calls: readonly StationCall[]; readonly told: Told } => {
  const amps = tightest(view.limits, volts);
  const due = reportDue(amps, told, { significancePercent, everyMs: NOTICE_EVERY_MS }, nowMs);
  if (due === undefined) return { calls: [], told };
  const calls =
    amps === undefined ? [limitCleared('EMS')] : [limitNotice('EMS', amps, Date.parse(view.at))];
  return { calls, told: { amps, atMs: nowMs } };
};

/** Amps per phase of the tightest limit from outside; undefined when none holds. */
const tightest = (limits: readonly LimitView[], volts: number): number | undefined => {
  const amps = limits
    .filter(({ state }) => state === 'active' || state === 'failsafe')
    .flatMap(({ amps: perPhase, watts }) => [
      ...(perPhase ?? []),
      ...(watts === null ? [] : [watts / (volts * PHASES)]),
    ]);
  return amps.length === 0 ? undefined : Math.min(...amps);
};
