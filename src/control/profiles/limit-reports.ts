import { toldPhases, toldVolts } from '../../core/chargers/told-limit.ts';
import { reportDue, type Told, UNKNOWN_TOLD } from '../../core/limits/limit-report.ts';
import type { Log } from '../../core/log.ts';
import { type Reason, reasonText } from '../../core/reason.ts';
import type { ConnectorDecision, ConnectorTick, Cycle, TickInput } from '../../core/tick.ts';
import { type Clock, timestamp } from '../../core/time.ts';
import type { CallOutcome } from '../../gateway/observer.ts';
import { readObject } from '../../ocpp/payload.ts';
import { limitCleared, limitNotice, type StationCall } from '../../ocpp/station/words.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import type { CallCsms } from './profile-desk.ts';
import { emsCaps } from './profile-scope.ts';

/** `messageId` of the DataTransfer by which limits of 1.6 chargers are told. */
export const REPORT_MESSAGE_ID = 'ChargingLimit';

export interface LimitReportSettings {
  /** For chargers that do not say what is significant (LimitChangeSignificance). */
  readonly significancePercent: number;
  /** Least time between two reports of one charger. */
  readonly everyMs: number;
  /** 1.6 knows no message for it: a DataTransfer of this vendor. Absent: not told. */
  readonly dataTransferVendorId?: string;
}

interface ReportedCharger {
  /** Of the connection that this was told on. */
  readonly connectedAtMs: number;
  /** By connector; absent: what the CSMS holds is not known. */
  readonly told: Map<number, Told>;
  /** Monotonic time of the last report of each connector, taken or not. */
  readonly calledAtMs: Map<number, number>;
  lastCallAtMs: number;
  /** A report is on its way. */
  waiting: boolean;
  /** The CSMS does not take reports of this charger. */
  muted: boolean;
}

/**
 * Tells the CSMS, in the name of a charger, what the site leaves it when that is less than what the
 * CSMS and the charger would allow (K11-K13). At most one report of a charger is on its way, and
 * none while older messages of it are delivered.
 */
export class LimitReports {
  readonly #settings: LimitReportSettings;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #callCsms: CallCsms;
  readonly #maySpeak: (charger: string) => boolean;
  readonly #chargers = new Map<string, ReportedCharger>();

  constructor(options: {
    settings: LimitReportSettings;
    clock: Clock;
    log: Log;
    callCsms: CallCsms;
    /** The CSMS accepted the charger's boot, is connected, and got everything that was held. */
    maySpeak: (charger: string) => boolean;
  }) {
    this.#settings = options.settings;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#callCsms = options.callCsms;
    this.#maySpeak = options.maySpeak;
  }

  /** After each tick: tells what is due. */
  look({ input, decision }: Cycle): void {
    // One report of a charger at a time: the connector that waits longest goes first.
    const calledAtMs = ({ tick }: ConnectorDecision): number =>
      this.#chargers.get(tick.charger.id)?.calledAtMs.get(tick.connector) ?? -1;
    const longestFirst = decision.connectors.toSorted((a, b) => calledAtMs(a) - calledAtMs(b));
    for (const each of longestFirst) {
      const { charger, around } = each.tick;
      if (!around.online || charger.csmsProfiles === 'overlay') continue;
      const state = input.chargers.get(charger.id);
      if (state?.version === undefined || !this.#maySpeak(charger.id)) continue;
      const known = this.#known(charger.id, state.onlineChangedAtMs);
      if (known.waiting || known.muted) continue;
      if (input.nowMs - known.lastCallAtMs < this.#settings.everyMs) continue;
      const { limitChangePercent } = state.abilities;
      this.#report(known, input, each, state.version, limitChangePercent);
    }
  }

  #report(
    known: ReportedCharger,
    input: TickInput,
    each: ConnectorDecision,
    version: OcppVersion,
    percent: number | undefined,
  ): void {
    const { charger, connector } = each.tick;
    const limit = siteLimit(input, each);
    const { everyMs, significancePercent } = this.#settings;
    const rule = { everyMs, significancePercent: percent ?? significancePercent };
    const told = known.told.get(connector) ?? UNKNOWN_TOLD;
    if (reportDue(limit?.amps, told, rule, input.nowMs) === undefined) return;
    const call = this.#callOf(version, each.tick, limit, input.site.voltageVolts);
    if (call === undefined) return;
    known.waiting = true;
    known.lastCallAtMs = input.nowMs;
    known.calledAtMs.set(connector, input.nowMs);
    this.#callCsms(charger.id, call.action, call.payload, (outcome) => {
      known.waiting = false;
      if (isTaken(outcome)) {
        known.told.set(connector, { amps: limit?.amps, atMs: input.nowMs });
        return;
      }
      // It may have been heard all the same.
      known.told.delete(connector);
      if (outcome.outcome === 'answered' || outcome.outcome === 'error') {
        known.muted = true;
        this.#log.info('the CSMS does not take reports of limits', { charger: charger.id });
      }
    });
  }

  #callOf(
    version: OcppVersion,
    { connector, charger }: ConnectorTick,
    limit: SiteLimit | undefined,
    volts: number,
  ): StationCall | undefined {
    const nowMs = this.#clock.wallMs();
    if (version !== '1.6') {
      if (limit === undefined) return limitCleared('EMS', connector);
      const { dcEfficiency } = charger;
      const perAmp =
        dcEfficiency === undefined ? undefined : toldPhases(charger) * toldVolts(charger, volts);
      return limitNotice('EMS', limit.amps, nowMs, connector, perAmp);
    }
    const { dataTransferVendorId: vendorId } = this.#settings;
    if (vendorId === undefined) return undefined;
    const data = JSON.stringify({
      connectorId: connector,
      limitAmps: limit === undefined ? null : Math.round(limit.amps * 10) / 10,
      reason: limit?.reason ?? null,
      at: timestamp(nowMs),
    });
    return { action: 'DataTransfer', payload: { vendorId, messageId: REPORT_MESSAGE_ID, data } };
  }

  /**
   * A new connection, and a new run, begin with what the CSMS holds unknown: a limit that went
   * meanwhile has to be cleared. Only where "no limit" was the last word there is nothing to clear;
   * of an earlier run that is not known, which costs one clear per connector.
   */
  #known(charger: string, connectedAtMs: number): ReportedCharger {
    const before = this.#chargers.get(charger);
    if (before?.connectedAtMs === connectedAtMs) return before;
    const sure = before === undefined || before.waiting ? [] : [...before.told];
    const fresh: ReportedCharger = {
      connectedAtMs,
      told: new Map(sure.filter(([, { amps }]) => amps === undefined)),
      calledAtMs: before?.calledAtMs ?? new Map(),
      lastCallAtMs: Number.NEGATIVE_INFINITY,
      waiting: false,
      muted: false,
    };
    this.#chargers.set(charger, fresh);
    return fresh;
  }
}

interface SiteLimit {
  readonly amps: number;
  readonly reason: string;
}

/** Limits that are the charger's, the car's or the CSMS's own are no news to the CSMS. */
const ITS_OWN: ReadonlySet<Reason['kind']> = new Set(['charger', 'car', 'csms-profile']);
/** Steps on the way to what really binds. */
const ON_THE_WAY: ReadonlySet<Reason['kind']> = new Set(['pending', 'step']);

/**
 * What the site leaves a connector, in amps per phase, when that is less than its rating and the
 * profiles of the CSMS: its offer in a transaction (K11), else the limits from outside (K12).
 */
const siteLimit = (
  input: TickInput,
  { tick, targetAmps, reasons }: ConnectorDecision,
): SiteLimit | undefined => {
  const { maxAmps, stepAmps } = tick.charger;
  const freeAmps = Math.min(maxAmps, tick.profileLimit?.amps ?? maxAmps);
  if (!tick.around.inTransaction) {
    const caps = emsCaps(input, tick);
    const amps = Math.min(freeAmps, ...caps.map((cap) => cap.amps));
    return amps < freeAmps ? { amps, reason: 'limit from outside' } : undefined;
  }
  const binding = reasons.find(({ kind }) => !ON_THE_WAY.has(kind));
  const bound = binding !== undefined && !ITS_OWN.has(binding.kind);
  // Less than a step below is rounding.
  if (!bound || targetAmps > freeAmps - stepAmps) return undefined;
  return { amps: targetAmps, reason: reasonText(reasons) };
};

/** A DataTransfer has a status of its own; the others are answered with nothing. */
const isTaken = (outcome: CallOutcome): boolean => {
  if (outcome.outcome !== 'answered') return false;
  const { status } = readObject(outcome.payload);
  return status === undefined || status === 'Accepted';
};
