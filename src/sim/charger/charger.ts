import { toSitePhases } from '../../core/meters/site-phases.ts';
import type { Cancel } from '../../core/time.ts';
import { addAmps, NO_AMPS, type PhaseAmps } from '../../core/units.ts';
import { errorBytes, parseError, parsePayload, readFrame, resultBytes } from '../../ocpp/frame.ts';
import { readObject } from '../../ocpp/payload.ts';
import { type OcppVersion, subprotocolOf } from '../../ocpp/version.ts';
import { aheadBy } from '../ahead-clock.ts';
import type { Car } from '../car.ts';
import { CallQueue } from './call-queue.ts';
import { type ChargerConduct, type CsmsAnswer, GOOD_CONDUCT } from './charger-conduct.ts';
import { ChargerConnection } from './charger-connection.ts';
import { ChargerDeeds } from './charger-deeds.ts';
import { type ChargerFacts, type SimChargerOptions, withDefaults } from './charger-options.ts';
import { Outlet } from './charger-outlet.ts';
import { ChargerPresence } from './charger-presence.ts';
import { ChargerProfiles } from './charger-profiles.ts';
import { ChargerSessions } from './charger-sessions.ts';
import { ChargerSettings } from './charger-settings.ts';
import { answerCsms2x } from './charger-v2x.ts';
import { answerCsms16 } from './charger-v16.ts';
import type { Dialect, SimCall } from './dialect.ts';
import { dialect2x } from './dialect-v2x.ts';
import { dialect16 } from './dialect-v16.ts';
import { LocalList } from './local-list.ts';

/**
 * A simulated charger of OCPP 1.6, 2.0.1 or 2.1 with its cars. It speaks the real protocol on
 * whatever `connect` opens; its physics move by `step`.
 */
export class SimCharger {
  readonly identity: string;
  readonly version: OcppVersion;
  readonly profiles: ChargerProfiles;
  readonly settings: ChargerSettings;
  /** Transaction messages that were acknowledged to it, oldest first. */
  readonly acknowledged: SimCall[] = [];
  /** Transaction messages that it gave up after all attempts, oldest first. */
  readonly discarded: SimCall[] = [];
  readonly #facts: ChargerFacts;
  readonly #conduct: ChargerConduct;
  readonly #dialect: Dialect;
  readonly #queue: CallQueue;
  readonly #outlets: readonly Outlet[];
  readonly #sessions: ChargerSessions;
  readonly #connection: ChargerConnection;
  readonly #deeds: ChargerDeeds;
  readonly #presence: ChargerPresence;
  #on = false;
  #ids = 0;
  #cancelMeter: Cancel = () => {};
  #cancelReboot: Cancel = () => {};

  constructor(options: SimChargerOptions) {
    this.identity = options.identity;
    this.version = options.version;
    const conduct = { ...GOOD_CONDUCT, ...options.conduct };
    const clock = aheadBy(options.clock, conduct.clockAheadMs);
    const facts = withDefaults({ ...options, clock });
    const { version, random } = options;
    this.#facts = facts;
    this.#conduct = conduct;
    this.#dialect = version === '1.6' ? dialect16 : dialect2x;
    this.profiles = new ChargerProfiles(version, conduct, facts.volts);
    this.settings = new ChargerSettings(version, conduct, facts.connectors);
    this.settings.put('meterSeconds', Math.max(1, Math.round(facts.meterIntervalMs / 1000)));
    this.#queue = this.#makeQueue();
    this.#outlets = Array.from(
      { length: facts.connectors },
      (_, i) => new Outlet(i + 1, Math.round(random() * 1e6)),
    );
    const localList = new LocalList();
    this.#sessions = new ChargerSessions({
      identity: options.identity,
      version,
      dialect: this.#dialect,
      clock,
      random,
      queue: this.#queue,
      profiles: this.profiles,
      settings: this.settings,
      localList,
      outlets: this.#outlets,
      waitsForRemoteStart: conduct.waitsForRemoteStart,
      terminals: facts.wiring.length,
      volts: facts.volts,
    });
    this.#presence = this.#makePresence();
    this.#connection = new ChargerConnection({
      identity: options.identity,
      subprotocols: [subprotocolOf(version)],
      connect: options.connect,
      clock,
      random,
      backOff: facts.backOff,
      staysAwayAfterClose: conduct.staysAwayAfterClose,
      redialAfterDropMs: conduct.redialAfterDropMs,
      opened: () => this.#presence.connected(),
      received: (bytes) => this.#receive(bytes),
      lost: () => this.#lost(),
    });
    this.#deeds = new ChargerDeeds({
      version,
      clock,
      terminals: facts.wiring.length,
      maxAmps: facts.maxAmps,
      volts: facts.volts,
      settings: this.settings,
      profiles: this.profiles,
      localList,
      outlets: this.#outlets,
      sessions: this.#sessions,
      presence: this.#presence,
      queue: this.#queue,
      reboot: () => this.reboot(),
    });
  }

  get connected(): boolean {
    return this.#connection.open;
  }

  /** Connected and accepted by its CSMS. */
  get online(): boolean {
    return this.#queue.state === 'online';
  }

  /** Transaction messages it still holds. */
  get held(): number {
    return this.#queue.kept;
  }

  /** The same, as it would send them now. */
  get heldMessages(): readonly SimCall[] {
    return this.#queue.keptCalls();
  }

  /** Transaction messages that it gave up, and meter values that it had no room for. */
  get lost(): { readonly discarded: number; readonly thinned: number } {
    return { discarded: this.#queue.discarded, thinned: this.#queue.thinned };
  }

  /** Power on. */
  start(): void {
    if (this.#on) return;
    this.#on = true;
    this.#connection.start();
    this.#meterEvery();
  }

  /** Power off: no current, and everything volatile is gone; transactions go on afterwards. */
  stop(): void {
    this.#cancelReboot();
    if (!this.#on) return;
    this.#on = false;
    this.#cancelMeter();
    this.#presence.forget('power-up');
    this.#connection.stop();
    this.#queue.disconnected();
    this.profiles.reboot();
  }

  reboot(): void {
    this.stop();
    const { clock } = this.#facts;
    this.#cancelReboot = clock.after(this.#conduct.rebootMs, () => this.start());
  }

  /** The connection breaks; the charger dials again. */
  loseConnection(): void {
    this.#connection.drop();
  }

  /** The network cable is pulled (false) or put back; the charger goes on without it. */
  setNetwork(up: boolean): void {
    if (up && this.#on) this.#connection.start();
    else this.#connection.stop();
  }

  /** A cable goes in. With `idTag` the driver also holds a card to the reader. */
  plugIn(connector: number, car: Car, idTag?: string): void {
    this.#sessions.plugIn(this.#outlet(connector), car, idTag);
  }

  unplug(connector: number): void {
    const outlet = this.#outlet(connector);
    const paused = outlet.session !== undefined && outlet.offeredAmps <= 0;
    this.#sessions.unplug(outlet);
    if (this.#conduct.faultAfterPause && paused) outlet.operative = false;
  }

  /** A driver ends the session with the card and leaves the cable in. */
  stopSession(connector: number): void {
    this.#sessions.end(this.#outlet(connector), 'local');
  }

  /** Makes a call of its own; resolves with the answer, rejects with an error code. */
  tell(action: string, payload: object): Promise<unknown> {
    return new Promise((answered, reject) => {
      const failed = (code: string): void => reject(new Error(code));
      this.#queue.push({ kind: 'other', make: () => ({ action, payload }), answered, failed });
    });
  }

  carAt(connector: number): Car | undefined {
    return this.#outlet(connector).car;
  }

  hasSession(connector: number): boolean {
    return this.#outlet(connector).session !== undefined;
  }

  transactionId(connector: number): string | undefined {
    return this.#outlet(connector).session?.transactionId;
  }

  statusAt(connector: number): string {
    return this.#outlet(connector).status;
  }

  /** What the charger offers the car now, amps per phase. */
  offeredAmps(connector: number): number {
    return this.#outlet(connector).offeredAmps;
  }

  energyWh(connector: number): number {
    return this.#outlet(connector).energyWh;
  }

  /** The true current by site phase. */
  siteAmps(): PhaseAmps {
    return this.#outlets.reduce(
      (sum, outlet) => addAmps(sum, toSitePhases(this.#facts.wiring, outlet.terminalAmps)),
      NO_AMPS,
    );
  }

  /** Moves cars and pilot signals on by `ms`; returns the true current by site phase. */
  step(ms: number): PhaseAmps {
    const { clock, volts, wiring } = this.#facts;
    const nowMs = clock.monotonicMs();
    const conduct = this.#conduct;
    const allowed = this.#allowedAmps();
    const wallMs = clock.wallMs();
    this.#outlets.forEach((outlet, i) => {
      const { connector } = outlet;
      const running = this.#deeds.transactionAt(connector);
      const terminals = this.profiles.terminalsAllowed(connector, running, wiring.length, wallMs);
      outlet.step(ms, allowed[i] ?? 0, { nowMs, volts, terminals, conduct });
      if (this.#on) this.#sessions.watch(outlet);
    });
    return this.siteAmps();
  }

  /** Amps per phase that each connector may offer now. */
  #allowedAmps(): readonly number[] {
    const { maxAmps, wiring, clock } = this.#facts;
    const wallMs = clock.wallMs();
    const phases = wiring.length;
    const allowed = this.#outlets.map((outlet) => {
      if (!this.#on || outlet.session === undefined) return 0;
      if (this.#conduct.ignoresProfiles) return maxAmps;
      const transaction = this.#deeds.transactionAt(outlet.connector);
      const most = Math.min(maxAmps, this.#conduct.capAmps ?? maxAmps);
      const amps = this.profiles.allowedAmps(outlet.connector, transaction, most, phases, wallMs);
      const { stepsAmps, obeysUpToAmps } = this.#conduct;
      if (amps > obeysUpToAmps) return most;
      return stepsAmps === undefined ? amps : (stepsAmps.findLast((step) => step <= amps) ?? 0);
    });
    const active = allowed.filter((amps) => amps > 0).length;
    if (active < 2 || this.#conduct.ignoresProfiles) return allowed;
    // 1.6 §3.13.1: the sum of all connectors stays within the maximum of the charge point.
    const share = (this.profiles.stationAmps(phases, wallMs) ?? Number.POSITIVE_INFINITY) / active;
    return allowed.map((amps) => Math.min(amps, share));
  }

  #makeQueue(): CallQueue {
    const { clock, random } = this.#facts;
    return new CallQueue({
      clock,
      impatient: this.#conduct.impatient,
      send: (bytes) => this.#write(bytes),
      newId: () => {
        this.#ids += 1;
        return `${this.#ids}-${Math.floor(random() * 2 ** 52).toString(36)}`;
      },
      delivered: (call) => this.acknowledged.push(call),
      discarded: (call) => this.discarded.push(call),
      dead: () => this.#connection.drop(),
      attempts: () => ({
        most: Math.max(1, this.settings.number('attempts')),
        intervalMs: this.settings.number('attemptSeconds') * 1000,
      }),
    });
  }

  #makePresence(): ChargerPresence {
    const { clock, vendor, model, firmware } = this.#facts;
    return new ChargerPresence({
      clock,
      queue: this.#queue,
      settings: this.settings,
      dialect: this.#dialect,
      facts: { vendor, model, firmware },
      online: (booted) => {
        for (const outlet of this.#outlets) this.#sessions.reportStatus(outlet, booted);
      },
    });
  }

  #lost(): void {
    this.#presence.disconnected();
    this.#queue.disconnected();
    this.profiles.disconnected();
  }

  #meterEvery(): void {
    this.#cancelMeter();
    const everyMs = Math.max(1, this.settings.number('meterSeconds')) * 1000;
    this.#cancelMeter = this.#facts.clock.after(everyMs, () => {
      for (const outlet of this.#conduct.measures ? this.#outlets : []) {
        this.#sessions.reportMeter(outlet, 'periodic');
      }
      this.#meterEvery();
    });
  }

  #receive(bytes: Buffer): void {
    const frame = readFrame(bytes);
    if (frame.kind === 'result') this.#queue.answer(frame.id, parsePayload(frame));
    else if (frame.kind === 'error') this.#queue.error(frame.id, parseError(frame).code);
    else if (frame.kind === 'call') this.#answerCall(frame.id, frame.action, parsePayload(frame));
  }

  #answerCall(id: string, action: string, payload: unknown): void {
    const { silent, answerDelayMs } = this.#conduct;
    const answer = silent ? 'silence' : this.#answer(action, payload);
    if (answer === 'silence') return;
    const bytes =
      'error' in answer
        ? errorBytes(id, answer.error, answer.description ?? '')
        : resultBytes(id, answer.result);
    const send = (): void => {
      this.#write(bytes);
      if ('result' in answer) answer.afterwards?.();
      this.#upset(action);
    };
    if (answerDelayMs > 0) this.#facts.clock.after(answerDelayMs, send);
    else send();
  }

  /** In its own spelling. */
  #write(bytes: Buffer): void {
    this.#connection.send(Buffer.from(this.#conduct.writes(bytes.toString())));
  }

  #upset(action: string): void {
    const how = this.#conduct.upsetBy[action];
    if (how === 'reboot') this.reboot();
    else if (how === 'drop') this.loseConnection();
  }

  #answer(action: string, payload: unknown): CsmsAnswer {
    const { silentOnProfiles, rejectsProfiles, answers } = this.#conduct;
    const own = answers(action, payload);
    if (own !== undefined) return own;
    if (action === 'SetChargingProfile' && silentOnProfiles) return 'silence';
    if (action === 'SetChargingProfile' && rejectsProfiles) {
      return { result: { status: 'Rejected' } };
    }
    const answerOf = this.version === '1.6' ? answerCsms16 : answerCsms2x;
    return answerOf(action, readObject(payload), this.#deeds) ?? { error: 'NotImplemented' };
  }

  #outlet(connector: number): Outlet {
    const outlet = this.#outlets[connector - 1];
    if (outlet === undefined) {
      throw new RangeError(`${this.identity} has no connector ${connector}`);
    }
    return outlet;
  }
}
