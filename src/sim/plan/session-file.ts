import { Zone } from '../../profiles/zone.ts';
import type { VisitPlan } from './sessions.ts';

const MINUTE_MS = 60_000;
/** Session files of slots count these from the first midnight. */
const SLOT_MS = 5 * MINUTE_MS;
const DAY_MS = 24 * 3_600_000;
/** A longer stay is a number in another unit. */
const STAY_MOST_DAYS = 60;
/** No car takes more in one stay: it is a number in Wh. */
const NEED_MOST_KWH = 1000;
const SESSIONS_MOST = 100_000;
/** Of a line that is not understood this much is shown. */
const SHOWN_MOST = 60;

export interface ParsedVisits {
  readonly visits: readonly VisitPlan[];
  /** First thing wrong, with its line and the remedy. */
  readonly problem?: string;
}

/**
 * Reads a CSV of visits with a header line; `#` begins a comment. Columns: `arrival`, `departure`
 * (date and time; without an offset that of `zone`), or `arrival_slot`, `departure_slot` (5 minutes
 * each) or `arrival_minute`, `departure_minute` from the first midnight on; `energy_kwh`; and, where
 * a car comes to one place, `station` or `charger`. Cells are separated by commas, or by semicolons
 * with decimal commas, as spreadsheets write them. Never throws.
 */
export const parseVisits = (text: string, zone = new Zone('UTC')): ParsedVisits => {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const visits: VisitPlan[] = [];
  let columns: Columns | undefined;
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i]?.trim() ?? '';
    if (line === '' || line.startsWith('#')) continue;
    if (columns === undefined) {
      const found = columnsOf(line, zone);
      if (typeof found === 'string') return { visits, problem: `line ${i + 1}: ${found}` };
      columns = found;
      continue;
    }
    const visit = visitOf(columns, line);
    if (typeof visit === 'string') return { visits, problem: `line ${i + 1}: ${visit}` };
    visits.push(visit);
    if (visits.length > SESSIONS_MOST) {
      return { visits, problem: `line ${i + 1}: more than ${SESSIONS_MOST} sessions` };
    }
  }
  if (visits.length === 0) return { visits, problem: 'there is no session in it' };
  return { visits: columns?.arrival.unitMs === DATED ? fromFirstMidnight(visits) : visits };
};

/** Dates become times since the midnight before the first of them. */
const fromFirstMidnight = (visits: readonly VisitPlan[]): readonly VisitPlan[] => {
  const firstMs = visits.reduce((least, { arrivesAtMs }) => Math.min(least, arrivesAtMs), Infinity);
  const midnightMs = Math.floor(firstMs / DAY_MS) * DAY_MS;
  return visits.map((visit) => ({
    ...visit,
    arrivesAtMs: visit.arrivesAtMs - midnightMs,
    departsAtMs: visit.departsAtMs - midnightMs,
  }));
};

/** Where to find what in a line. */
interface Columns {
  readonly separator: ',' | ';';
  readonly arrival: Column;
  readonly departure: Column;
  readonly energy: Column;
  readonly charger: number;
  readonly count: number;
  readonly zone: Zone;
}
interface Column {
  readonly at: number;
  readonly name: string;
  /** `DATED`: no number, but a date with a time. */
  readonly unitMs: number;
}
const DATED = 0;

const cellsOf = (line: string, separator: string): readonly string[] =>
  line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));

const columnsOf = (header: string, zone: Zone): Columns | string => {
  const separator = header.includes(';') ? ';' : ',';
  const names = cellsOf(header, separator).map((name) => name.toLowerCase());
  const column = (name: string, unitMs = 1): Column => ({ at: names.indexOf(name), name, unitMs });
  const time = (name: string): Column => {
    const minutes = column(`${name}_minute`, MINUTE_MS);
    const others = [column(`${name}_slot`, SLOT_MS), column(name, DATED)];
    return others.find(({ at }) => at >= 0) ?? minutes;
  };
  const [arrival, departure, energy] = [time('arrival'), time('departure'), column('energy_kwh')];
  const missing = [
    ...(arrival.at < 0 ? ['arrival (a date with a time; or arrival_minute, arrival_slot)'] : []),
    ...(departure.at < 0 ? ['departure (or departure_minute, departure_slot)'] : []),
    ...(energy.at < 0 ? ['energy_kwh'] : []),
  ];
  if (missing.length > 0) {
    const shown = names.join(', ').slice(0, SHOWN_MOST);
    const cut = names.length > 1 ? '' : '; cells are separated by commas or semicolons';
    return `the header has no column ${missing.join(', ')}; it has ${shown}${cut}`;
  }
  if ((arrival.unitMs === DATED) !== (departure.unitMs === DATED)) {
    return `${arrival.name} and ${departure.name} do not go together: give both as dates, or neither`;
  }
  const charger = Math.max(names.indexOf('charger'), names.indexOf('station'));
  return { separator, arrival, departure, energy, charger, count: names.length, zone };
};

/** By the length of its unit: how a time is written. */
const WANTED_TIME: Readonly<Record<number, string>> = {
  [DATED]: 'a time like 2026-03-02 17:30 or 2026-03-02T17:30:00+01:00',
  [MINUTE_MS]: 'the number of minutes since the first midnight',
  [SLOT_MS]: 'the number of slots (5 minutes) since the first midnight',
};

const DATE_AND_TIME =
  /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:[.,]\d+)?\s*(Z|[+-]\d\d:?\d\d)?$/i;

/** Local wall clock of the zone as if it were UTC, ms; NaN: no date with a time. */
const localMs = (text: string, zone: Zone): number => {
  const [, date, time, seconds = ':00', offset] = DATE_AND_TIME.exec(text) ?? [];
  if (date === undefined) return Number.NaN;
  const ms = Date.parse(`${date}T${time}${seconds}${offset?.toUpperCase() ?? 'Z'}`);
  return offset === undefined || Number.isNaN(ms) ? ms : zone.toLocal(ms);
};

const visitOf = (columns: Columns, line: string): VisitPlan | string => {
  const { separator, arrival, departure, energy, zone } = columns;
  const cells = cellsOf(line, separator);
  const number = ({ at, unitMs }: Column): number => {
    if (unitMs === DATED) return localMs(cells[at] ?? '', zone);
    const text = (cells[at] ?? '').replace(separator === ';' ? ',' : /$^/, '.');
    return text === '' ? Number.NaN : Number(text);
  };
  for (const column of [arrival, departure, energy]) {
    const value = number(column);
    if (Number.isFinite(value) && (value > 0 || (value === 0 && column !== energy))) continue;
    const wanted = column === energy ? 'a number above 0' : WANTED_TIME[column.unitMs];
    return `${column.name} has to be ${wanted}, got "${(cells[column.at] ?? '').slice(0, SHOWN_MOST)}"`;
  }
  // A comma as decimal sign cuts a number in two where commas separate.
  if (cells.length > columns.count) {
    return `${cells.length} cells, but the header has ${columns.count}: with decimal commas, separate by semicolons`;
  }
  if (number(energy) > NEED_MOST_KWH) {
    return `energy_kwh is ${cells[energy.at]}, above ${NEED_MOST_KWH}: is it in Wh?`;
  }
  const arrivesAtMs = number(arrival) * (arrival.unitMs || 1);
  const departsAtMs = number(departure) * (departure.unitMs || 1);
  if (departsAtMs <= arrivesAtMs) {
    return `the car departs (${cells[departure.at]}) before it has arrived (${cells[arrival.at]})`;
  }
  if (departsAtMs - arrivesAtMs > STAY_MOST_DAYS * DAY_MS) {
    return `the car stays for more than ${STAY_MOST_DAYS} days: is the unit of ${departure.name} right?`;
  }
  const charger = cells[columns.charger];
  const needWh = number(energy) * 1000;
  return { arrivesAtMs, departsAtMs, needWh, ...(charger ? { charger } : {}) };
};
