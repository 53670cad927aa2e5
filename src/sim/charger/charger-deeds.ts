import { type Clock, timestamp } from '../../core/time.ts';
import { type Payload, readInteger } from '../../ocpp/payload.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import type { CallQueue } from './call-queue.ts';
import type { Outlet } from './charger-outlet.ts';
import type { ChargerPresence } from './charger-presence.ts';
import type { ChargerProfiles, ProfiledTransaction, ProfileVerdict } from './charger-profiles.ts';
import type { ChargerSessions } from './charger-sessions.ts';
import type { ChargerSettings } from './charger-settings.ts';
import type { LocalList } from './local-list.ts';

/** The parts of a charger that a CSMS can reach into. */
export interface ChargerParts {
  readonly version: OcppVersion;
  readonly clock: Clock;
  /** Phases at its terminals. */
  readonly terminals: number;
  readonly maxAmps: number;
  readonly volts: number;
  readonly settings: ChargerSettings;
  readonly profiles: ChargerProfiles;
  readonly localList: LocalList;
  readonly outlets: readonly Outlet[];
  readonly sessions: ChargerSessions;
  readonly presence: ChargerPresence;
  readonly queue: CallQueue;
  readonly reboot: () => void;
}

export interface RemoteStart {
  /** Absent: the charger chooses. */
  readonly connector: number | undefined;
  readonly idTag: string;
  /** The TxProfile that came with the request. */
  readonly profile: unknown;
  readonly remoteStartId: number | undefined;
}

/** What a simulated charger does when its CSMS asks, whatever the version. */
export class ChargerDeeds {
  readonly parts: ChargerParts;

  constructor(parts: ChargerParts) {
    this.parts = parts;
  }

  get connectors(): number {
    return this.parts.outlets.length;
  }

  wallMs(): number {
    return this.parts.clock.wallMs();
  }

  transactionAt(connector: number): ProfiledTransaction | undefined {
    const session = this.parts.outlets[connector - 1]?.session;
    if (session === undefined) return undefined;
    return { id: session.transactionId ?? '', startedAtMs: session.startedAtMs };
  }

  setProfile(request: Payload): ProfileVerdict {
    const transaction = (connector: number) => this.transactionAt(connector);
    return this.parts.profiles.set(request, this.connectors, transaction, this.wallMs());
  }

  /** What GetCompositeSchedule asks for, `at` its start; undefined: there is no such connector. */
  composite(connector = -1, request: Payload) {
    if (connector < 0 || connector > this.connectors) return undefined;
    const { profiles, terminals, maxAmps, volts } = this.parts;
    const unit = request['chargingRateUnit'] === 'W' ? 'W' : 'A';
    const duration = readInteger(request['duration']) ?? 0;
    const window = { fromMs: this.wallMs(), seconds: duration, unit } as const;
    const running = this.transactionAt(connector);
    const { periods } = profiles.composite(connector, running, terminals, window);
    // Stretches without a limit get the charger's rating.
    const rating = unit === 'A' ? maxAmps : maxAmps * volts * terminals;
    const limited = periods.map(({ startSeconds, limit, numberPhases }) => ({
      startPeriod: Math.round(startSeconds),
      limit: Math.floor(Math.min(limit, rating) * 10 + 1e-6) / 10,
      ...(numberPhases === undefined ? {} : { numberPhases }),
    }));
    const unlimited = { startPeriod: 0, limit: rating, numberPhases: terminals };
    const chargingSchedulePeriod =
      limited[0]?.startPeriod === 0 ? limited : [unlimited, ...limited];
    const at = timestamp(window.fromMs);
    return { at, duration, chargingRateUnit: unit, chargingSchedulePeriod };
  }

  /** False: no car waits there, or the CSMS has not accepted the charger. */
  start({ connector, idTag, profile, remoteStartId }: RemoteStart): boolean {
    const { outlets, queue, sessions, profiles } = this.parts;
    const outlet = outlets.find(
      (o) => (connector ?? o.connector) === o.connector && o.car && o.session === undefined,
    );
    if (outlet === undefined || queue.state !== 'online') return false;
    if (!sessions.begin(outlet, idTag, remoteStartId)) return false;
    if (profile !== undefined) profiles.setForStart(outlet.connector, profile, this.wallMs());
    return true;
  }

  /** False: no such transaction. */
  stop(transactionId: string): boolean {
    const { outlets, sessions } = this.parts;
    const outlet = outlets.find(({ session }) => session?.transactionId === transactionId);
    if (outlet !== undefined) sessions.end(outlet, 'remote');
    return outlet !== undefined;
  }

  unlock(connector: number): void {
    const outlet = this.parts.outlets[connector - 1];
    if (outlet !== undefined) this.parts.sessions.end(outlet, 'unlock');
  }

  /** Connector 0 is the whole charger. Scheduled: after the running transaction. */
  setOperative(connector: number, operative: boolean): 'Accepted' | 'Scheduled' {
    const outlets = this.#outletsAt(connector === 0 ? undefined : connector);
    for (const outlet of outlets) outlet.operative = operative;
    const busy = !operative && outlets.some(({ session }) => session !== undefined);
    return busy ? 'Scheduled' : 'Accepted';
  }

  /** Ends transactions and reboots. */
  reset(): void {
    const { outlets, sessions, reboot, presence } = this.parts;
    for (const outlet of outlets) sessions.end(outlet, 'reset');
    reboot();
    presence.forget('reset');
  }

  /** What sends the message that is asked for, or undefined when there is no such message. */
  trigger(message: string, connector: number | undefined): (() => void) | undefined {
    const { presence, sessions } = this.parts;
    const outlets = this.#outletsAt(connector);
    switch (message) {
      case 'BootNotification':
        return () => presence.boot('triggered');
      case 'Heartbeat':
        return () => presence.heartbeat();
      case 'StatusNotification':
        return () => {
          for (const outlet of outlets) sessions.reportStatus(outlet, true);
        };
      case 'MeterValues':
      case 'TransactionEvent':
        return () => {
          for (const outlet of outlets) sessions.triggerMeter(outlet);
        };
      default:
        return undefined;
    }
  }

  /** Sends a call of its own, e.g. a report that was asked for. */
  say(action: string, payload: object): void {
    this.parts.queue.push({ kind: 'other', make: () => ({ action, payload }) });
  }

  /** Whether messages about transactions still wait to be sent. */
  holdsMessages(): boolean {
    return this.parts.queue.kept > 0;
  }

  #outletsAt(connector: number | undefined): readonly Outlet[] {
    const { outlets } = this.parts;
    return outlets.filter((outlet) => outlet.connector === (connector ?? outlet.connector));
  }
}
