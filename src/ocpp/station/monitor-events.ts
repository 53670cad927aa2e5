import { timestamp } from '../../core/time.ts';
import { type Monitor, type MonitorBook, notificationType } from './monitors.ts';

/** One monitor tells at most so often, however its variable jumps. */
const EVENT_EVERY_MS = 10_000;

/** What was told of one monitor. */
export interface MonitorNote {
  /** A threshold is crossed, and the CSMS knows it. */
  readonly alerted: boolean;
  /** The value that was told last, or was there when it began. */
  readonly value: string;
  readonly toldAtMs: number;
}

export type MonitorNotes = ReadonlyMap<number, MonitorNote>;

type Trigger = 'Alerting' | 'Delta' | 'Periodic';

interface Told {
  readonly trigger: Trigger;
  readonly alerted: boolean;
}

/** One look at every monitor: the events that the CSMS hears of, and what is known afterwards. */
export const watchMonitors = (
  book: MonitorBook,
  notes: MonitorNotes,
  currentOf: (monitor: Monitor) => string | undefined,
  now: { readonly wallMs: number; readonly firstEventId: number; readonly version: string },
): { readonly events: readonly object[]; readonly notes: MonitorNotes } => {
  const events: object[] = [];
  const after = new Map<number, MonitorNote>();
  for (const monitor of book.monitors) {
    const value = currentOf(monitor);
    if (value === undefined) continue;
    const begin = { alerted: false, value, toldAtMs: firstTimeMs(monitor, now.wallMs) };
    const note = notes.get(monitor.id) ?? begin;
    const told = toldOf(monitor, note, value, now.wallMs);
    const quiet = told === undefined || monitor.severity > book.level;
    after.set(monitor.id, quiet ? note : { alerted: told.alerted, value, toldAtMs: now.wallMs });
    if (!quiet) events.push(eventOf(monitor, told, value, now.firstEventId + events.length, now));
  }
  return { events, notes: after };
};

/** Thresholds that are crossed from the start are told at once, periods have to pass. */
const firstTimeMs = ({ type }: Monitor, wallMs: number): number =>
  type === 'Periodic' || type === 'PeriodicClockAligned' ? wallMs : Number.NEGATIVE_INFINITY;

const toldOf = (
  { type, value: wanted }: Monitor,
  { alerted, value: before, toldAtMs }: MonitorNote,
  value: string,
  wallMs: number,
): Told | undefined => {
  const everyMs = wanted * 1000;
  if (type === 'Periodic') {
    return wallMs - toldAtMs >= everyMs ? { trigger: 'Periodic', alerted } : undefined;
  }
  if (type === 'PeriodicClockAligned') {
    const passed = Math.floor(wallMs / everyMs) > Math.floor(toldAtMs / everyMs);
    return passed ? { trigger: 'Periodic', alerted } : undefined;
  }
  if (wallMs - toldAtMs < EVENT_EVERY_MS) return undefined;
  if (type === 'Delta') {
    const change = Math.abs(Number(value) - Number(before));
    const changed = Number.isNaN(change) ? value !== before : change > 0 && change >= wanted;
    return changed ? { trigger: 'Delta', alerted } : undefined;
  }
  const crossed = type === 'UpperThreshold' ? Number(value) > wanted : Number(value) < wanted;
  return crossed === alerted ? undefined : { trigger: 'Alerting', alerted: crossed };
};

const eventOf = (
  { id, component, variable, severity, custom }: Monitor,
  { trigger, alerted }: Told,
  value: string,
  eventId: number,
  { wallMs, version }: { readonly wallMs: number; readonly version: string },
): object => ({
  eventId,
  timestamp: timestamp(wallMs),
  trigger,
  actualValue: value.slice(0, 2_500),
  ...(trigger === 'Alerting' && !alerted ? { cleared: true } : {}),
  component: { name: component },
  variableMonitoringId: id,
  eventNotificationType: notificationType(custom),
  variable: { name: variable },
  ...(version === '2.1' ? { severity } : {}),
});
