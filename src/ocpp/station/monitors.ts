import { type Payload, readInteger, readList, readNumber, readObject } from '../payload.ts';
import { reportPages } from './report-pages.ts';
import { findVariable, isMeant, isWatchable, type StationVariable } from './variables.ts';

/** Monitors that a CSMS may set; one more is rejected. */
const MONITORS_MOST = 100;
/** A periodic monitor reports at most so often. */
const PERIOD_LEAST_SECONDS = 10;
/** Severities of events: 0 (danger) to 9 (debug). */
const SEVERITY_MOST = 9;

const TYPES = [
  'UpperThreshold',
  'LowerThreshold',
  'Delta',
  'Periodic',
  'PeriodicClockAligned',
] as const;
export type MonitorType = (typeof TYPES)[number];

/** A variable that is watched (N04). */
export interface Monitor {
  readonly id: number;
  readonly component: string;
  readonly variable: string;
  readonly type: MonitorType;
  /** Threshold, least change, or seconds. */
  readonly value: number;
  readonly severity: number;
  /** Set by the CSMS; else there from the start. */
  readonly custom: boolean;
}

/** What is watched, and what of it is told. Kept on disk. */
export interface MonitorBook {
  readonly monitors: readonly Monitor[];
  /** Events less severe (of a higher number) are not told (N03). */
  readonly level: number;
  readonly nextId: number;
}

type Changed = { readonly answer: object; readonly book: MonitorBook };

/** SetVariableMonitoring (N04). */
export const setMonitors = (
  book: MonitorBook,
  variables: readonly StationVariable[],
  request: Payload,
): Changed => {
  let now = book;
  const setMonitoringResult = readList(request['setMonitoringData'])
    .map(readObject)
    .map((item) => {
      const wanted = wantedMonitor(now, variables, item);
      const { component, variable, type, severity } = item;
      const status = typeof wanted === 'string' ? wanted : 'Accepted';
      if (typeof wanted !== 'string') now = withMonitor(now, wanted);
      const id = typeof wanted === 'string' ? readInteger(item['id']) : wanted.id;
      return { ...(id === undefined ? {} : { id }), status, type, severity, component, variable };
    });
  return { answer: { setMonitoringResult }, book: now };
};

const isOfSame = (a: Monitor, b: Monitor): boolean =>
  a.component === b.component && a.variable === b.variable;

/** Another monitor that watches the same for the same. */
const isTwin = (a: Monitor, b: Monitor): boolean =>
  a.id !== b.id && isOfSame(a, b) && a.type === b.type && a.severity === b.severity;

/** The monitor that is asked for, or the status with which it is refused (2.x SetMonitoringData). */
const wantedMonitor = (
  book: MonitorBook,
  variables: readonly StationVariable[],
  item: Payload,
): Monitor | string => {
  const { knownComponent, found } = findVariable(variables, item);
  if (!knownComponent) return 'UnknownComponent';
  if (found === undefined) return 'UnknownVariable';
  const type = TYPES.find((each) => each === item['type']);
  const threshold = type === 'UpperThreshold' || type === 'LowerThreshold';
  const numeric = found.type === 'integer' || found.type === 'decimal';
  if (type === undefined || (threshold && !numeric) || !isWatchable(found)) {
    return 'UnsupportedMonitorType';
  }
  const value = readNumber(item['value']) ?? Number.NaN;
  const severity = readInteger(item['severity']) ?? -1;
  const id = readInteger(item['id']);
  const known = book.monitors.find((monitor) => monitor.id === id);
  const periodic = type === 'Periodic' || type === 'PeriodicClockAligned';
  const least = periodic ? PERIOD_LEAST_SECONDS : type === 'Delta' ? 0 : Number.NEGATIVE_INFINITY;
  const unusable = !Number.isFinite(value) || value < least;
  if (unusable || severity < 0 || severity > SEVERITY_MOST) return 'Rejected';
  if (id !== undefined && known === undefined) return 'Rejected';
  if (id === undefined && book.monitors.length >= MONITORS_MOST) return 'Rejected';
  const { component, variable } = found;
  const wanted: Monitor = {
    id: id ?? book.nextId,
    component,
    variable,
    type,
    value,
    severity,
    custom: true,
  };
  if (book.monitors.some((each) => isTwin(each, wanted))) return 'Duplicate';
  return known === undefined || isOfSame(known, wanted) ? wanted : 'Rejected';
};

const withMonitor = (book: MonitorBook, monitor: Monitor): MonitorBook => ({
  ...book,
  monitors: [...book.monitors.filter(({ id }) => id !== monitor.id), monitor],
  nextId: Math.max(book.nextId, monitor.id + 1),
});

/** ClearVariableMonitoring (N06). What was there from the start stays. */
export const clearMonitors = (book: MonitorBook, request: Payload): Changed => {
  const asked = readList(request['id']).map((id) => readInteger(id) ?? -1);
  const statusOf = (id: number): string => {
    const found = book.monitors.find((monitor) => monitor.id === id);
    if (found === undefined) return 'NotFound';
    return found.custom ? 'Accepted' : 'Rejected';
  };
  const gone = new Set(asked.filter((id) => statusOf(id) === 'Accepted'));
  return {
    answer: { clearMonitoringResult: asked.map((id) => ({ status: statusOf(id), id })) },
    book: { ...book, monitors: book.monitors.filter(({ id }) => !gone.has(id)) },
  };
};

/** SetMonitoringBase (N05): what there is from the start, with or without what the CSMS set. */
export const withBase = (
  book: MonitorBook,
  base: unknown,
  preset: readonly Monitor[],
): MonitorBook | undefined => {
  if (base === 'HardWiredOnly') return { ...book, monitors: [] };
  const missing = preset.filter(({ id }) => !book.monitors.some((each) => each.id === id));
  if (base === 'All') return { ...book, monitors: [...missing, ...book.monitors] };
  return base === 'FactoryDefault' ? { ...book, monitors: preset } : undefined;
};

/** SetMonitoringLevel (N03). */
export const withLevel = (book: MonitorBook, request: Payload): MonitorBook | undefined => {
  const level = readInteger(request['severity']);
  return level === undefined || level < 0 || level > SEVERITY_MOST ? undefined : { ...book, level };
};

const CRITERIA: Readonly<Record<string, readonly MonitorType[]>> = {
  ThresholdMonitoring: ['UpperThreshold', 'LowerThreshold'],
  DeltaMonitoring: ['Delta'],
  PeriodicMonitoring: ['Periodic', 'PeriodicClockAligned'],
};

/** Monitors that GetMonitoringReport asks for (N02). */
export const askedMonitors = (book: MonitorBook, request: Payload): readonly Monitor[] => {
  const criteria = readList(request['monitoringCriteria']).map(String);
  const types = new Set(criteria.flatMap((each) => CRITERIA[each] ?? []));
  const places = readList(request['componentVariable']).map(readObject);
  return book.monitors.filter(
    (monitor) =>
      (criteria.length === 0 || types.has(monitor.type)) &&
      (places.length === 0 || places.some((item) => isMeant(monitor, item))),
  );
};

/** NotifyMonitoringReport messages. */
export const monitoringReports = (
  monitors: readonly Monitor[],
  request: Payload,
  version: string,
  generatedAt: string,
): readonly object[] =>
  reportPages(monitors, request, generatedAt, (page) => ({
    monitor: page.map(({ id, component, variable, type, value, severity, custom }) => ({
      component: { name: component },
      variable: { name: variable },
      variableMonitoring: [
        {
          id,
          transaction: false,
          value,
          type,
          severity,
          ...(version === '2.1' ? { eventNotificationType: notificationType(custom) } : {}),
        },
      ],
    })),
  }));

export const notificationType = (custom: boolean): string =>
  custom ? 'CustomMonitor' : 'PreconfiguredMonitor';
