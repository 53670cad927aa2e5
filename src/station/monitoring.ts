import type { Log } from '../core/log.ts';
import { timestamp } from '../core/time.ts';
import type { CallAnswer } from '../gateway/interceptor.ts';
import type { Payload } from '../ocpp/payload.ts';
import { type MonitorNotes, watchMonitors } from '../ocpp/station/monitor-events.ts';
import {
  askedMonitors,
  clearMonitors,
  type Monitor,
  type MonitorBook,
  monitoringReports,
  setMonitors,
  withBase,
  withLevel,
} from '../ocpp/station/monitors.ts';
import type { StationVariable } from '../ocpp/station/variables.ts';
import type { StationCall } from '../ocpp/station/words.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import type { Notebook } from './notebook.ts';

/** Ids of what the CSMS sets begin here. */
const FIRST_CUSTOM_ID = 100;
const LEVEL = 9;

const preset = (
  id: number,
  variable: string,
  type: Monitor['type'],
  value: number,
  severity: number,
): Monitor => ({ id, component: 'Busbar', variable, type, value, severity, custom: false });

/** What is watched without being asked for. Severities: 3 critical, 4 error, 5 alert, 8 notice. */
const PRESET: readonly Monitor[] = [
  preset(1, 'SiteLimit', 'Delta', 5, 8),
  preset(2, 'ChargersInFallback', 'UpperThreshold', 0, 5),
  preset(3, 'LimitsInFailsafe', 'UpperThreshold', 0, 5),
  preset(4, 'TickMs', 'UpperThreshold', 500, 3),
  preset(5, 'MessagesHeld', 'UpperThreshold', 1_000, 4),
  preset(6, 'MetersSuspect', 'UpperThreshold', 0, 4),
];

export interface MonitoringOptions {
  readonly version: OcppVersion;
  readonly variables: readonly StationVariable[];
  readonly notebook: Notebook;
  readonly log: Log;
}

/** Variables of the station that are watched for the CSMS (N02-N08); the monitors are kept on disk. */
export class Monitoring {
  readonly #options: MonitoringOptions;
  #book: MonitorBook;
  #notes: MonitorNotes = new Map();
  #events = 0;

  constructor(options: MonitoringOptions) {
    this.#options = options;
    this.#book = options.notebook.read<MonitorBook>('monitors') ?? {
      monitors: PRESET,
      level: LEVEL,
      nextId: FIRST_CUSTOM_ID,
    };
  }

  /** `variables`: all that the station has, also those that cannot be watched. */
  set(request: Payload, variables: readonly StationVariable[]): Promise<CallAnswer> {
    const { answer, book } = setMonitors(this.#book, variables, request);
    return this.#kept(book, answer);
  }

  clear(request: Payload): Promise<CallAnswer> {
    const { answer, book } = clearMonitors(this.#book, request);
    return this.#kept(book, answer);
  }

  base({ monitoringBase }: Payload): Promise<CallAnswer> | CallAnswer {
    const book = withBase(this.#book, monitoringBase, PRESET);
    if (book === undefined) return { payload: { status: 'NotSupported' } };
    return this.#kept(book, { status: 'Accepted' });
  }

  level(request: Payload): Promise<CallAnswer> | CallAnswer {
    const book = withLevel(this.#book, request);
    if (book === undefined) return { payload: { status: 'Rejected' } };
    return this.#kept(book, { status: 'Accepted' });
  }

  /** The answer to GetMonitoringReport, and the reports that follow it. */
  report(
    request: Payload,
    nowWallMs: number,
  ): { readonly answer: CallAnswer; readonly reports: readonly object[] } {
    const found = askedMonitors(this.#book, request);
    if (found.length === 0)
      return { answer: { payload: { status: 'EmptyResultSet' } }, reports: [] };
    const { version } = this.#options;
    const reports = monitoringReports(found, request, version, timestamp(nowWallMs));
    return { answer: { payload: { status: 'Accepted' } }, reports };
  }

  /** Looks at every variable that is watched; at most one message comes of it. */
  watch(nowWallMs: number): readonly StationCall[] {
    const { variables, version } = this.#options;
    const currentOf = ({ component, variable }: Monitor): string | undefined =>
      variables.find((each) => each.component === component && each.variable === variable)?.read();
    const { events, notes } = watchMonitors(this.#book, this.#notes, currentOf, {
      wallMs: nowWallMs,
      firstEventId: this.#events,
      version,
    });
    this.#notes = notes;
    this.#events += events.length;
    if (events.length === 0) return [];
    const payload = { generatedAt: timestamp(nowWallMs), seqNo: 0, eventData: events };
    return [{ action: 'NotifyEvent', payload }];
  }

  /** What the CSMS was told counts only as far as it is on disk. */
  async #kept(book: MonitorBook, answer: object): Promise<CallAnswer> {
    if (book === this.#book) return { payload: answer };
    this.#book = book;
    try {
      await this.#options.notebook.write('monitors', book);
    } catch (error) {
      this.#options.log.warn('monitors hold until the next start only', { problem: String(error) });
    }
    return { payload: answer };
  }
}
