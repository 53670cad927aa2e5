import { LEASE_EARLIER_MS } from './chargers/enforcement.ts';
import type { TickInput } from './tick.ts';

const MINUTE_MS = 60_000;
const MINUTES_MOST = 90;

/** Chargers by whose clock an offer has not begun yet, or ends before it is renewed. */
export const clockAlarms = ({ clocksAheadMs, settings }: TickInput): readonly string[] =>
  [...clocksAheadMs].flatMap(([charger, aheadMs]) => {
    const off = aheadMs > settings.lifeMs / 2 || -aheadMs >= LEASE_EARLIER_MS;
    if (!off) return [];
    const side = aheadMs > 0 ? 'ahead' : 'behind';
    return [
      `${charger}: its clock is ${lengthOf(Math.abs(aheadMs))} ${side}: offers do not hold there`,
    ];
  });

const lengthOf = (ms: number): string => {
  const minutes = Math.round(ms / MINUTE_MS);
  return minutes <= MINUTES_MOST ? `${Math.max(1, minutes)} min` : `${Math.round(minutes / 60)} h`;
};
