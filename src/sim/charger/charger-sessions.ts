import type { ConnectorStatus } from '../../core/chargers/charger-event.ts';
import { type Clock, timestamp } from '../../core/time.ts';
import { readInteger, readObject } from '../../ocpp/payload.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import type { Car } from '../car.ts';
import type { Random } from '../random.ts';
import type { CallQueue } from './call-queue.ts';
import type { Outlet, Session } from './charger-outlet.ts';
import type { ChargerProfiles } from './charger-profiles.ts';
import type { ChargerSettings } from './charger-settings.ts';
import type { Dialect, SessionReport, StopReason, UpdateReason } from './dialect.ts';
import type { LocalList } from './local-list.ts';

export interface SessionsContext {
  readonly identity: string;
  readonly version: OcppVersion;
  readonly dialect: Dialect;
  readonly clock: Clock;
  readonly random: Random;
  readonly queue: CallQueue;
  readonly profiles: ChargerProfiles;
  readonly settings: ChargerSettings;
  readonly localList: LocalList;
  readonly outlets: readonly Outlet[];
  /** Only a remote start begins a transaction. */
  readonly waitsForRemoteStart: boolean;
  readonly terminals: number;
  readonly volts: number;
}

/** Drivers come and go: authorisation, transactions and what is reported about them. */
export class ChargerSessions {
  readonly #context: SessionsContext;
  readonly #reported = new Map<number, string>();

  constructor(context: SessionsContext) {
    this.#context = context;
  }

  /** A cable goes in; with an id tag the driver also holds a card to the reader. */
  plugIn(outlet: Outlet, car: Car, idTag: string | undefined): void {
    outlet.car = car;
    this.#setStatus(outlet, 'preparing');
    if (idTag !== undefined) this.present(outlet, idTag);
  }

  /** A card is held to the reader: the CSMS decides, offline the charger's own rules (§3.5). */
  present(outlet: Outlet, idTag: string): void {
    const { queue, dialect } = this.#context;
    if (queue.state !== 'online') {
      this.#presentOffline(outlet, idTag);
      return;
    }
    queue.push({
      kind: 'other',
      make: () => dialect.authorize(idTag),
      answered: (payload) => {
        if (this.#context.waitsForRemoteStart) return;
        if (dialect.tokenStatus(readObject(payload)) === 'Accepted') this.begin(outlet, idTag);
      },
      failed: () => this.#presentOffline(outlet, idTag),
    });
  }

  #presentOffline(outlet: Outlet, idTag: string): void {
    const { settings, localList } = this.#context;
    const known = localList.statusOf(idTag);
    const allowed =
      known === undefined
        ? settings.flag('unknownOffline')
        : known === 'Accepted' && settings.flag('authorizeOffline');
    if (allowed) this.begin(outlet, idTag);
  }

  /** Starts a transaction, unless one runs there or no car is plugged in. */
  begin(outlet: Outlet, idTag: string, remoteStartId?: number): boolean {
    if (outlet.session !== undefined || outlet.car === undefined || !outlet.operative) return false;
    const { clock, version, queue, dialect } = this.#context;
    const session: Session = {
      connector: outlet.connector,
      idTag,
      startedAtMs: clock.wallMs(),
      remoteStartId,
      transactionId: version === '1.6' ? undefined : this.#newTransactionId(),
      seqNo: 0,
    };
    outlet.session = session;
    const report = this.#report(outlet, session);
    queue.push({
      kind: 'transaction',
      make: (offline) => dialect.started({ ...report, offline }),
      answered: (payload) => this.#started(outlet, session, payload),
    });
    return true;
  }

  #started(outlet: Outlet, session: Session, payload: unknown): void {
    const { settings, dialect } = this.#context;
    const answer = readObject(payload);
    const id = readInteger(answer['transactionId']);
    if (id !== undefined) session.transactionId = String(id);
    const status = dialect.tokenStatus(answer);
    const refused = status !== undefined && status !== 'Accepted';
    if (refused && outlet.session === session && settings.flag('stopOnInvalidId')) {
      this.end(outlet, 'deauthorized');
    }
  }

  /** Ends the transaction of a connector, if there is one. */
  end(outlet: Outlet, reason: StopReason): void {
    const { session } = outlet;
    if (session === undefined) return;
    const { queue, dialect, profiles } = this.#context;
    const report = this.#report(outlet, session);
    outlet.session = undefined;
    profiles.transactionEnded(outlet.connector);
    queue.push({
      kind: 'transaction',
      make: (offline) => dialect.ended({ ...this.#late(report, session), offline }, reason),
    });
    this.#setStatus(outlet, 'finishing');
  }

  unplug(outlet: Outlet): void {
    this.end(outlet, 'ev-disconnected');
    outlet.car = undefined;
    this.#setStatus(outlet, outlet.statusNow());
  }

  /** Reports what changed at a connector since the last step. */
  watch(outlet: Outlet): void {
    this.#setStatus(outlet, outlet.statusNow());
  }

  /** Meter values of the running transaction, if any. */
  reportMeter(outlet: Outlet, reason: UpdateReason): void {
    const { session } = outlet;
    if (session === undefined) return;
    const { queue, dialect } = this.#context;
    const report = this.#report(outlet, session);
    queue.push({
      kind: 'transaction',
      spare: reason !== 'state-changed',
      make: (offline) => dialect.updated({ ...this.#late(report, session), offline }, reason),
    });
  }

  /** Asked for by the CSMS: meter values, also without a transaction. */
  triggerMeter(outlet: Outlet): void {
    const { queue, dialect } = this.#context;
    if (outlet.session !== undefined) this.reportMeter(outlet, 'triggered');
    else {
      const report = this.#report(outlet, undefined);
      queue.push({ kind: 'triggered', make: () => dialect.sampled(report) });
    }
  }

  /** Sends the status of a connector; `always` also when the CSMS knows it already. */
  reportStatus(outlet: Outlet, always: boolean): void {
    const { queue, dialect, clock } = this.#context;
    const { connector, status } = outlet;
    const word = dialect.statusWord(status);
    if (queue.state === 'offline' || (!always && this.#reported.get(connector) === word)) return;
    this.#reported.set(connector, word);
    const at = timestamp(clock.wallMs());
    queue.push({ kind: 'other', make: () => dialect.status(connector, status, at) });
  }

  #setStatus(outlet: Outlet, status: ConnectorStatus): void {
    if (outlet.status === status) return;
    const paused = outlet.status === 'suspended-evse' || outlet.status === 'suspended-ev';
    if (paused && status === 'charging') this.#context.profiles.resumed(outlet.connector);
    outlet.status = status;
    this.reportStatus(outlet, false);
    // 2.x tells the state of the energy transfer with the transaction.
    if (this.#context.version !== '1.6') this.reportMeter(outlet, 'state-changed');
  }

  #report(outlet: Outlet, session: Session | undefined): SessionReport {
    const { clock, terminals, volts } = this.#context;
    const terminalAmps = outlet.terminalAmps.slice(0, terminals);
    const report = {
      connector: outlet.connector,
      idTag: session?.idTag ?? '',
      transactionId: session?.transactionId,
      remoteStartId: session?.remoteStartId,
      seqNo: session?.seqNo ?? 0,
      energyWh: outlet.energyWh,
      terminalAmps,
      watts: terminalAmps.reduce((sum, amps) => sum + amps * volts, 0),
      volts,
      offeredAmps: outlet.offeredAmps,
      chargingState: outlet.status,
      at: timestamp(clock.wallMs()),
      offline: false,
    };
    if (session !== undefined) session.seqNo += 1;
    return report;
  }

  /** A 1.6 message learns its transaction id only when it is sent. */
  #late(report: SessionReport, session: Session): SessionReport {
    return { ...report, transactionId: session.transactionId };
  }

  #newTransactionId(): string {
    const { identity, clock, random } = this.#context;
    const part = Math.floor(random() * 2 ** 32).toString(36);
    return `${identity.slice(0, 12)}-${clock.wallMs().toString(36)}-${part}`;
  }
}
