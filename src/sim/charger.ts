import type { ConnectorStatus } from '../core/charger-event.ts';
import { toSitePhases } from '../core/site-phases.ts';
import { type Cancel, type Clock, timestamp } from '../core/time.ts';
import { addAmps, NO_AMPS, type PhaseAmps } from '../core/units.ts';
import type { Socket } from '../gateway/socket.ts';
import { errorBytes, parseError, parsePayload, readFrame, resultBytes } from '../ocpp/frame.ts';
import { readInteger, readObject, readText } from '../ocpp/payload.ts';
import { type OcppVersion, subprotocolOf } from '../ocpp/version.ts';
import { CallQueue } from './call-queue.ts';
import type { Car } from './car.ts';
import { answerCsms, type CsmsAnswer } from './charger-answers.ts';
import { ChargerProfiles } from './charger-profiles.ts';
import type { Dialect, SessionReport, SimCall } from './dialect.ts';
import { dialect2x } from './dialect-v2x.ts';
import { dialect16 } from './dialect-v16.ts';
import type { Random } from './random.ts';

/** How a charger departs from the standard. */
export interface ChargerConduct {
  /** Says Accepted and goes on as before. */
  readonly ignoresProfiles: boolean;
  readonly rejectsProfiles: boolean;
  /** Never answers a SetChargingProfile. */
  readonly silentOnProfiles: boolean;
  readonly honoursDuration: boolean;
  readonly forgetsProfilesOnReboot: boolean;
  /** Time between the command and the new PWM, ms. */
  readonly reactionMs: number;
}

export const GOOD_CONDUCT: ChargerConduct = {
  ignoresProfiles: false,
  rejectsProfiles: false,
  silentOnProfiles: false,
  honoursDuration: true,
  forgetsProfilesOnReboot: false,
  reactionMs: 500,
};

export interface SimChargerOptions {
  readonly identity: string;
  readonly version: OcppVersion;
  readonly connectors?: number;
  /** Site phases at its terminals, 0-based: [1, 2, 0] is wired L2 L3 L1. */
  readonly wiring?: readonly number[];
  readonly maxAmps?: number;
  readonly meterIntervalMs?: number;
  readonly conduct?: Partial<ChargerConduct>;
  readonly clock: Clock;
  readonly random: Random;
  /** Opens a connection to the gateway or CSMS; rejects when refused. */
  readonly connect: (identity: string, subprotocols: readonly string[]) => Promise<Socket>;
}

interface Session {
  readonly connector: number;
  readonly idTag: string;
  readonly startedAtMs: number;
  transactionId: string | undefined;
  seqNo: number;
}

interface Outlet {
  readonly connector: number;
  car: Car | undefined;
  session: Session | undefined;
  status: ConnectorStatus;
  energyWh: number;
  carAmps: number;
  offeredAmps: number;
  /** A new offer becomes effective at this time. */
  pwm: { readonly amps: number; readonly atMs: number } | undefined;
}

const RECONNECT_FIRST_MS = 1_000;
const RECONNECT_MOST_MS = 16_000;
const VOLTS = 230;
const STATUS_CHECK_AMPS = 1;

/** A simulated charger of OCPP 1.6, 2.0.1 or 2.1 with its cars. It speaks the real protocol. */
export class SimCharger {
  readonly identity: string;
  readonly version: OcppVersion;
  readonly profiles: ChargerProfiles;
  /** Transaction messages that were acknowledged to it, oldest first. */
  readonly acknowledged: SimCall[] = [];
  readonly #options: Required<Omit<SimChargerOptions, 'conduct'>>;
  readonly #conduct: ChargerConduct;
  readonly #dialect: Dialect;
  readonly #queue: CallQueue;
  readonly #outlets: readonly Outlet[];
  #socket: Socket | undefined;
  #booted = false;
  #on = false;
  #ids = 0;
  #reconnectMs = RECONNECT_FIRST_MS;
  #heartbeat: Cancel = () => {};
  #meterTimer: Cancel = () => {};

  constructor(options: SimChargerOptions) {
    this.identity = options.identity;
    this.version = options.version;
    this.#conduct = { ...GOOD_CONDUCT, ...options.conduct };
    this.#options = {
      connectors: 1,
      wiring: [0, 1, 2],
      maxAmps: 32,
      meterIntervalMs: 10_000,
      ...options,
    };
    this.#dialect = options.version === '1.6' ? dialect16 : dialect2x;
    this.profiles = new ChargerProfiles(options.version, this.#conduct.honoursDuration);
    this.#queue = new CallQueue({
      clock: options.clock,
      send: (bytes) => this.#transmit(bytes),
      newId: () => this.#newId(),
      delivered: (call) => this.acknowledged.push(call),
    });
    this.#outlets = Array.from({ length: this.#options.connectors }, (_, i) => ({
      connector: i + 1,
      car: undefined,
      session: undefined,
      status: 'available',
      energyWh: Math.round(options.random() * 1e6),
      carAmps: 0,
      offeredAmps: 0,
      pwm: undefined,
    }));
  }

  get connected(): boolean {
    return this.#socket !== undefined;
  }

  /** Transaction messages it still holds. */
  get held(): number {
    return this.#queue.kept;
  }

  start(): void {
    this.#on = true;
    void this.#connect();
    this.#meterEvery();
  }

  /** Power off: everything volatile is gone. */
  stop(): void {
    this.#on = false;
    this.#booted = false;
    this.#meterTimer();
    this.#heartbeat();
    this.#socket?.terminate();
  }

  reboot(): void {
    this.stop();
    this.#queue.dropOthers();
    if (this.#conduct.forgetsProfilesOnReboot) this.profiles.forget();
    else this.profiles.reboot();
    this.start();
  }

  /** Pulls the network cable for good, or until `start`. */
  loseConnection(): void {
    this.#socket?.terminate();
  }

  plugIn(connector: number, car: Car, idTag: string): void {
    const outlet = this.#outlet(connector);
    outlet.car = car;
    this.#setStatus(outlet, 'preparing');
    this.#queue.push({ make: () => this.#dialect.authorize(idTag), keep: false });
    this.#begin(outlet, idTag);
  }

  unplug(connector: number): void {
    const outlet = this.#outlet(connector);
    this.#end(outlet, 'EVDisconnected');
    outlet.car = undefined;
    outlet.carAmps = 0;
    this.#setStatus(outlet, 'available');
  }

  carAt(connector: number): Car | undefined {
    return this.#outlet(connector).car;
  }

  hasSession(connector: number): boolean {
    return this.#outlet(connector).session !== undefined;
  }

  /** What the charger offers the car now, amps per phase. */
  offeredAmps(connector: number): number {
    return this.#outlet(connector).offeredAmps;
  }

  /** Moves cars and pilot signals on by `ms`; returns the true current by site phase. */
  step(ms: number): PhaseAmps {
    let total: PhaseAmps = NO_AMPS;
    for (const outlet of this.#outlets) {
      this.#stepOffer(outlet);
      if (outlet.car === undefined) continue;
      outlet.carAmps = outlet.car.step(ms, outlet.offeredAmps, VOLTS);
      outlet.energyWh += (outlet.carAmps * VOLTS * this.#phasesOf(outlet) * ms) / 3_600_000;
      this.#watchCar(outlet);
      total = addAmps(total, toSitePhases(this.#options.wiring, this.#terminalAmps(outlet)));
    }
    return total;
  }

  #stepOffer(outlet: Outlet): void {
    const { clock, maxAmps, wiring } = this.#options;
    const wallMs = clock.wallMs();
    const { session } = outlet;
    const transaction = session && {
      id: session.transactionId ?? '',
      startedAtMs: session.startedAtMs,
    };
    const allowed =
      session === undefined
        ? 0
        : this.profiles.allowedAmps(outlet.connector, transaction, maxAmps, wiring.length, wallMs);
    const obeyed = this.#conduct.ignoresProfiles && session !== undefined ? maxAmps : allowed;
    const nowMs = clock.monotonicMs();
    if (outlet.pwm?.amps !== obeyed) {
      outlet.pwm = { amps: obeyed, atMs: nowMs + this.#conduct.reactionMs };
    }
    if (nowMs >= outlet.pwm.atMs) outlet.offeredAmps = outlet.pwm.amps < 6 ? 0 : outlet.pwm.amps;
  }

  /** Says so when the car starts, pauses or is full. */
  #watchCar(outlet: Outlet): void {
    if (outlet.session === undefined) return;
    if (outlet.carAmps > STATUS_CHECK_AMPS) this.#setStatus(outlet, 'charging');
    else if (outlet.offeredAmps <= 0) this.#setStatus(outlet, 'suspended-evse');
    else if (outlet.carAmps < 0.3 && outlet.car?.full) this.#setStatus(outlet, 'suspended-ev');
  }

  #begin(outlet: Outlet, idTag: string): void {
    const { clock } = this.#options;
    const session: Session = {
      connector: outlet.connector,
      idTag,
      startedAtMs: clock.wallMs(),
      transactionId: this.version === '1.6' ? undefined : `${this.identity}-${clock.wallMs()}`,
      seqNo: 0,
    };
    outlet.session = session;
    const report = this.#report(outlet, session);
    this.#queue.push({
      make: () => this.#dialect.started({ ...report, offline: report.offline }),
      keep: true,
      answered: (payload) => {
        const id = readInteger(readObject(payload)['transactionId']);
        if (id !== undefined) session.transactionId = String(id);
      },
    });
  }

  #end(outlet: Outlet, reason: string): void {
    const { session } = outlet;
    if (session === undefined) return;
    const report = this.#report(outlet, session);
    outlet.session = undefined;
    this.profiles.transactionEnded(outlet.connector);
    this.#queue.push({
      make: () => this.#dialect.ended(this.#late(report, session), reason),
      keep: true,
    });
    this.#setStatus(outlet, 'finishing');
  }

  #meterEvery(): void {
    this.#meterTimer();
    this.#meterTimer = this.#options.clock.after(this.#options.meterIntervalMs, () => {
      for (const outlet of this.#outlets) this.#sendMeterValues(outlet);
      if (this.#on) this.#meterEvery();
    });
  }

  #sendMeterValues(outlet: Outlet): void {
    const { session } = outlet;
    if (session === undefined) return;
    const report = this.#report(outlet, session);
    this.#queue.push({
      make: () => this.#dialect.updated(this.#late(report, session)),
      keep: true,
    });
  }

  #report(outlet: Outlet, session: Session): SessionReport {
    const terminalAmps = this.#terminalAmps(outlet).slice(0, this.#options.wiring.length);
    const report = {
      connector: outlet.connector,
      idTag: session.idTag,
      transactionId: session.transactionId,
      seqNo: session.seqNo,
      energyWh: outlet.energyWh,
      terminalAmps,
      watts: terminalAmps.reduce((sum, amps) => sum + amps * VOLTS, 0),
      chargingState: outlet.status,
      at: timestamp(this.#options.clock.wallMs()),
      offline: this.#socket === undefined,
    };
    session.seqNo += 1;
    return report;
  }

  /** A 1.6 message learns its transaction id only when it is sent. */
  #late(report: SessionReport, session: Session): SessionReport {
    return { ...report, transactionId: session.transactionId };
  }

  #terminalAmps({ car, carAmps }: Outlet): PhaseAmps {
    const used = car === undefined ? 0 : Math.min(car.model.phases, this.#options.wiring.length);
    return [used > 0 ? carAmps : 0, used > 1 ? carAmps : 0, used > 2 ? carAmps : 0];
  }

  #phasesOf({ car }: Outlet): number {
    return car === undefined ? 0 : Math.min(car.model.phases, this.#options.wiring.length);
  }

  #setStatus(outlet: Outlet, status: ConnectorStatus): void {
    if (outlet.status === status) return;
    outlet.status = status;
    this.#sendStatus(outlet);
  }

  #sendStatus(outlet: Outlet): void {
    if (this.#socket === undefined) return;
    const at = timestamp(this.#options.clock.wallMs());
    const { connector, status } = outlet;
    this.#queue.push({ make: () => this.#dialect.status(connector, status, at), keep: false });
  }

  async #connect(): Promise<void> {
    const { connect, identity, clock } = this.#options;
    try {
      const socket = await connect(identity, [subprotocolOf(this.version)]);
      if (!this.#on) return socket.terminate();
      this.#socket = socket;
      this.#reconnectMs = RECONNECT_FIRST_MS;
      socket.listen({
        message: (bytes) => this.#receive(bytes),
        closed: () => this.#disconnected(socket),
      });
      if (this.#booted) this.#queue.next();
      else this.#boot();
    } catch {
      if (!this.#on) return;
      const waitMs = this.#reconnectMs * (1 + this.#options.random() * 0.5);
      this.#reconnectMs = Math.min(this.#reconnectMs * 2, RECONNECT_MOST_MS);
      clock.after(waitMs, () => {
        if (this.#on && this.#socket === undefined) void this.#connect();
      });
    }
  }

  #disconnected(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#queue.disconnected();
    this.#heartbeat();
    const { clock, random } = this.#options;
    clock.after(RECONNECT_FIRST_MS * (1 + random()), () => {
      if (this.#on && this.#socket === undefined) void this.#connect();
    });
  }

  #boot(): void {
    this.#queue.pushFirst({
      make: () => this.#dialect.boot({ vendor: 'Busbar', model: `Sim ${this.version}` }),
      keep: false,
      answered: (payload) => {
        const answer = readObject(payload);
        const intervalMs = (readInteger(answer['interval']) || 60) * 1000;
        if (readText(answer['status']) !== 'Accepted') {
          this.#options.clock.after(intervalMs, () => this.#on && this.#boot());
          return;
        }
        this.#booted = true;
        for (const outlet of this.#outlets) this.#sendStatus(outlet);
        this.#heartbeatEvery(intervalMs);
      },
    });
  }

  #heartbeatEvery(intervalMs: number): void {
    this.#heartbeat();
    this.#heartbeat = this.#options.clock.after(intervalMs, () => {
      this.#queue.push({ make: () => ({ action: 'Heartbeat', payload: {} }), keep: false });
      if (this.#on) this.#heartbeatEvery(intervalMs);
    });
  }

  #receive(bytes: Buffer): void {
    const frame = readFrame(bytes);
    if (frame.kind === 'result') this.#queue.answer(frame.id, parsePayload(frame));
    else if (frame.kind === 'error') this.#queue.error(frame.id, parseError(frame).code);
    else if (frame.kind === 'call') {
      const answer = this.#answer(frame.action, parsePayload(frame));
      if (answer === 'silence') return;
      this.#transmit(
        'error' in answer
          ? errorBytes(frame.id, answer.error, '')
          : resultBytes(frame.id, answer.result),
      );
      if ('afterwards' in answer) answer.afterwards?.();
    }
  }

  #answer(action: string, payload: unknown): CsmsAnswer | 'silence' {
    if (action === 'SetChargingProfile') {
      if (this.#conduct.silentOnProfiles) return 'silence';
      if (this.#conduct.rejectsProfiles) return { result: { status: 'Rejected' } };
      const { clock } = this.#options;
      const has = (id: string | undefined) =>
        this.#outlets.some(
          (o) => o.session !== undefined && (id ?? '') === (o.session.transactionId ?? ''),
        );
      return { result: { status: this.profiles.set(payload, has, clock.wallMs()) } };
    }
    if (action === 'ClearChargingProfile')
      return { result: { status: this.profiles.clear(payload) } };
    return answerCsms(action, payload, {
      version: this.version,
      meterIntervalSeconds: this.#options.meterIntervalMs / 1000,
      reboot: () => this.reboot(),
      report: (connector) => {
        for (const outlet of this.#outlets) {
          if (connector !== undefined && outlet.connector !== connector) continue;
          this.#sendStatus(outlet);
          this.#sendMeterValues(outlet);
        }
      },
      stop: (transactionId) => {
        const outlet = this.#outlets.find((o) => o.session?.transactionId === transactionId);
        if (outlet !== undefined) this.#end(outlet, 'Remote');
        return outlet !== undefined;
      },
      start: (connector, idTag) => {
        const outlet = this.#outlets.find(
          (o) =>
            o.car !== undefined &&
            o.session === undefined &&
            (connector ?? o.connector) === o.connector,
        );
        if (outlet !== undefined) this.#begin(outlet, idTag);
        return outlet !== undefined;
      },
    });
  }

  #transmit(bytes: Buffer): boolean {
    if (this.#socket === undefined) return false;
    this.#socket.send(bytes);
    return true;
  }

  #outlet(connector: number): Outlet {
    const outlet = this.#outlets[connector - 1];
    if (outlet === undefined)
      throw new RangeError(`${this.identity} has no connector ${connector}`);
    return outlet;
  }

  #newId(): string {
    this.#ids += 1;
    return `${this.identity}-${this.#ids}-${Math.floor(this.#options.random() * 1e9)}`;
  }
}
