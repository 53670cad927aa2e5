import type { Limit } from '../limits/limit.ts';
import type { Policy, PolicyWindow } from '../sharing/policy.ts';
import { sameAmps } from '../units.ts';

/** A place on the local clock: 0 is Monday, minutes from midnight as a clock on the wall shows. */
export interface LocalTime {
  readonly weekday: number;
  readonly minute: number;
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const DAY_MINUTES = 1_440;

/**
 * What a clock in the zone shows at an instant: a pure function of both, so that a change of summer
 * time needs no event. In the hour that comes twice a window holds twice, in the one that is left
 * out it is not missed: nothing starts or ends by a timer.
 */
export const localTime = (wallMs: number, timezone: string): LocalTime => {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    hourCycle: 'h23',
    weekday: 'short',
    hour: 'numeric',
    minute: 'numeric',
  }).formatToParts(wallMs);
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? '';
  const minute = Number(part('hour')) * 60 + Number(part('minute'));
  return { weekday: Math.max(0, WEEKDAYS.indexOf(part('weekday'))), minute };
};

/** Whether a window holds: it includes its first minute and ends before its last. */
export const isInForce = (window: PolicyWindow, { weekday, minute }: LocalTime): boolean => {
  const { days, fromMinute, toMinute } = window;
  if (fromMinute < toMinute) {
    return days.includes(weekday) && minute >= fromMinute && minute < toMinute;
  }
  const yesterday = (weekday + 6) % 7;
  return (
    (days.includes(weekday) && minute >= fromMinute) ||
    (days.includes(yesterday) && minute < toMinute)
  );
};

/** The windows that hold, and the limits that follow. */
export const windowsInForce = ({ windows }: Policy, local: LocalTime): readonly PolicyWindow[] =>
  windows.filter((window) => isInForce(window, local));

/** When windows begin and end within the next day, in minutes from now, and the local time then. */
export const windowsChangeIn = (
  { windows }: Policy,
  local: LocalTime,
): readonly { readonly minutes: number; readonly local: LocalTime }[] => {
  const turns = windows.flatMap(({ fromMinute, toMinute }) => [fromMinute, toMinute]);
  const within = (minute: number): number =>
    (((minute - local.minute) % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
  return [...new Set(turns.map(within))]
    .sort((a, b) => a - b)
    .map((minutes) => {
      const minute = local.minute + minutes;
      const weekday = (local.weekday + Math.floor(minute / DAY_MINUTES)) % 7;
      return { minutes, local: { weekday, minute: minute % DAY_MINUTES } };
    });
};

export const windowLimits = (windows: readonly PolicyWindow[], root: string): readonly Limit[] =>
  windows.flatMap(({ id, circuit, limitAmps, limitWatts, toMinute }): Limit[] => {
    if (limitAmps === undefined && limitWatts === undefined) return [];
    return [
      {
        source: id,
        circuit: circuit ?? root,
        kind: 'policy',
        reason: `until ${clockText(toMinute)}`,
        ...(limitAmps === undefined ? {} : { amps: sameAmps(limitAmps) }),
        ...(limitWatts === undefined ? {} : { watts: limitWatts }),
      },
    ];
  });

/** `07:05`. */
export const clockText = (minute: number): string => {
  const within = minute % DAY_MINUTES;
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(within / 60))}:${two(within % 60)}`;
};
