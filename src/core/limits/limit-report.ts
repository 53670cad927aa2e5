/**
 * When somebody outside is told of a limit: when it comes, when it changes by more than what is
 * significant (SmartChargingCtrlr.LimitChangeSignificance, SC.03), and when it goes; and never more
 * often than a pace allows (K11-K14).
 */
export interface ReportRule {
  /** Changes of up to this share are not told. */
  readonly significancePercent: number;
  /** Least time between two reports. */
  readonly everyMs: number;
}

/** What was told last: undefined amps is "no limit". */
export interface Told {
  readonly amps: number | undefined;
  /** Monotonic. */
  readonly atMs: number;
  /** What the listener holds is not known: whatever holds now is told, "no limit" included. */
  readonly unknown?: true;
}

export const NOTHING_TOLD: Told = { amps: undefined, atMs: Number.NEGATIVE_INFINITY };
export const UNKNOWN_TOLD: Told = { ...NOTHING_TOLD, unknown: true };

/** What has to be told now of a limit of `amps` per phase (undefined: none holds), if anything. */
export const reportDue = (
  amps: number | undefined,
  told: Told,
  { significancePercent, everyMs }: ReportRule,
  nowMs: number,
): 'limit' | 'cleared' | undefined => {
  const same = amps === told.amps && told.unknown !== true;
  if (same || nowMs - told.atMs < everyMs) return undefined;
  if (amps === undefined) return 'cleared';
  if (told.amps === undefined) return 'limit';
  const significant = (Math.max(told.amps, 1) * significancePercent) / 100;
  return Math.abs(amps - told.amps) > significant ? 'limit' : undefined;
};
