import type { Log } from '../core/log.ts';
import type { Cancel, Clock } from '../core/time.ts';
import { Connection } from '../gateway/connection.ts';
import { dialRequest } from '../gateway/dial-request.ts';
import { answerBytes, type Refusal } from '../gateway/interceptor.ts';
import type { CallOutcome } from '../gateway/observer.ts';
import { CSMS_ANSWER_MS } from '../gateway/outage/outage.ts';
import { DialGate, Redial } from '../gateway/redial.ts';
import type { Dialer, DialResult, Socket } from '../gateway/socket.ts';
import { callBytes, type Frame } from '../ocpp/frame.ts';
import {
  asksForBoot,
  bootCall,
  meterCall,
  readBootAnswer,
  type SiteSample,
  type StationCall,
  type StationPlate,
  securityCall,
  statusCall,
} from '../ocpp/station/words.ts';
import { type OcppVersion, subprotocolOf } from '../ocpp/version.ts';
import type { SiteView } from '../schema/view.ts';
import { FirmwareCache, type FirmwareShelf } from './firmware-cache.ts';
import type { Notebook } from './notebook.ts';
import { SiteDesk } from './site-desk.ts';
import type { SiteLimit } from './site-limit.ts';
import type { SiteTokens } from './site-tokens.ts';

/** A CSMS that names no interval gets a heartbeat this often. */
const HEARTBEAT_MS = 300_000;
const BOOT_RETRY_LEAST_MS = 30_000;
/** A CSMS that refuses calls of a station that it accepted is given a boot no more often. */
const BOOT_AGAIN_LEAST_MS = 5 * 60_000;
/** Messages that have to arrive, kept for the time when the CSMS is back; the oldest go first. */
const EVENTS_MOST = 100;

export interface StationOptions {
  readonly identity: string;
  readonly url: string;
  readonly password?: string;
  readonly version: OcppVersion;
  readonly plate: StationPlate;
  readonly limit: SiteLimit;
  readonly notebook: Notebook;
  readonly tokens?: SiteTokens | undefined;
  /** Keeps firmware for the chargers of the site. */
  readonly firmwareShelf?: FirmwareShelf | undefined;
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly newId: () => string;
  readonly view: () => SiteView;
  /** Messages that have to arrive, oldest first; what is left belongs to whoever gave the list. */
  readonly events: StationCall[];
  readonly refusal?: Refusal | undefined;
  /** Ends the program in good order; its supervisor starts it again. */
  readonly restart: () => void;
  /** Puts a bundle of logs at a URL; rejects when that fails. */
  readonly upload: (url: string, name: string) => Promise<void>;
}

/**
 * The controller's own identity: a station without connectors, with its own connection to the CSMS
 * (2.1 part 1 §8.3). It tells the site meter, limits from outside and its health, and takes the
 * limit of the site.
 *
 * It boots once in the life of this program. One that was accepted does not boot again because a line
 * broke (part 4 §5.4, and as 1.6 charge points do): it beats, so that a CSMS that has forgotten it
 * can say so, and boots for that one. What changed meanwhile follows by itself.
 */
export class Station {
  readonly #options: StationOptions;
  readonly #redial: Redial;
  readonly #desk: SiteDesk;
  readonly #firmware: FirmwareCache | undefined;
  readonly #events: StationCall[];
  #connection: Connection | undefined;
  #accepted = false;
  /** When the CSMS accepted a boot of this run, monotonic ms; undefined: it has to boot. */
  #bootedAtMs: number | undefined;
  #eventOut: StationCall | undefined;
  #timers: Cancel[] = [];
  #stopped = false;

  constructor(options: StationOptions) {
    this.#options = options;
    this.#events = options.events;
    const { firmwareShelf: shelf, clock, log } = options;
    const tell = (call: StationCall): void => this.#deliver(call);
    this.#firmware = shelf && new FirmwareCache({ shelf, clock, log, tell });
    this.#desk = new SiteDesk({
      ...options,
      firmwareCache: this.#firmware,
      names: options.plate,
      say: (call) => (call.action === BOOT ? this.#boot() : this.#call(call)),
      triggered: (message) => this.#triggered(message),
    });
    this.#redial = new Redial({
      clock: options.clock,
      random: options.random,
      gate: new DialGate(),
      dial: () => this.#dial(),
      done: (result) => this.#dialled(result),
    });
    this.#redial.begin();
  }

  /** none: never accepted so far, or lost. */
  get state(): 'connected' | 'booting' | 'none' {
    if (this.#connection === undefined) return 'none';
    return this.#accepted ? 'connected' : 'booting';
  }

  /** Kept until the CSMS took it (A04). */
  securityEvent(type: string, techInfo: string): void {
    this.#deliver(securityCall(type, this.#options.clock.wallMs(), techInfo));
  }

  #deliver(call: StationCall): void {
    this.#events.push(call);
    if (this.#events.length > EVENTS_MOST) this.#events.shift();
    this.#sendEvents();
  }

  /** The site after a tick: changes of limits from outside are told. */
  published(view: SiteView): void {
    if (!this.#accepted || this.#options.version === '1.6') return;
    this.#desk.published(view);
  }

  stop(): void {
    this.#stopped = true;
    this.#accepted = false;
    this.#redial.stop();
    this.#connection?.lane.close();
    this.#connection?.close(1000, 'gateway is stopping');
    this.#connection = undefined;
    this.#cancelTimers();
  }

  #dial(): Promise<DialResult> {
    const { dialer, url, identity, password, version } = this.#options;
    return dialer.dial(dialRequest(url, identity, version, password));
  }

  #dialled(result: Exclude<DialResult, { outcome: 'unreachable' }>): void {
    const { version, log, identity } = this.#options;
    if (result.outcome === 'connected' && result.socket.subprotocol === subprotocolOf(version)) {
      this.#open(result.socket);
      return;
    }
    if (result.outcome === 'connected') result.socket.close(1002, 'another subprotocol');
    log.warn('CSMS does not take the controller', { identity, outcome: result.outcome });
    this.#redial.begin();
  }

  #open(socket: Socket): void {
    const { clock, log, identity } = this.#options;
    this.#connection = new Connection({
      name: 'csms',
      charger: identity,
      socket,
      clock,
      log,
      received: (frame) => this.#receive(frame),
      closed: (reason) => this.#lost(reason),
    });
    if (this.#bootedAtMs === undefined) this.#boot();
    else this.#resume();
  }

  #lost(reason: string): void {
    this.#options.log.warn('controller lost the CSMS', { reason });
    this.#connection?.lane.close();
    this.#connection = undefined;
    this.#accepted = false;
    this.#cancelTimers();
    if (!this.#stopped) this.#redial.begin();
  }

  /** The line was broken, no more: the CSMS knows the station, unless it says otherwise. */
  #resume(): void {
    this.#send(HEARTBEAT, (outcome) => {
      if (outcome.outcome === 'offline') return;
      if (outcome.outcome === 'timeout' || forgotten(outcome)) this.#boot();
      else this.#begin();
    });
  }

  #boot(): void {
    const { version, plate, clock, log, notebook } = this.#options;
    const told = notebook.read<{ readonly reason: string }>('reset');
    this.#send(bootCall(version, plate, told?.reason), (outcome) => {
      const answered = outcome.outcome === 'answered';
      const answer = readBootAnswer(answered ? outcome.payload : undefined);
      log.info('controller booted', { status: answer.status });
      this.#cancelTimers();
      if (answer.status === 'Accepted') {
        this.#bootedAtMs = clock.monotonicMs();
        if (told !== undefined) this.#desk.resetDone();
        const { intervalSeconds } = answer;
        if (intervalSeconds > 0) this.#desk.settings.heartbeatSeconds = intervalSeconds;
        if (version === '1.6') this.#call(statusCall(clock.wallMs(), false));
        this.#begin();
        return;
      }
      this.#bootedAtMs = undefined;
      this.#accepted = false;
      const waitMs = Math.max(BOOT_RETRY_LEAST_MS, answer.intervalSeconds * 1000);
      this.#timers.push(clock.after(waitMs, () => this.#boot()));
    });
  }

  #begin(): void {
    const { version } = this.#options;
    this.#accepted = true;
    this.#sendEvents();
    this.#repeat(
      () => this.#desk.settings.heartbeatSeconds * 1000 || HEARTBEAT_MS,
      () => this.#call(HEARTBEAT),
    );
    this.#repeat(
      () => this.#desk.settings.meterSeconds * 1000 || HEARTBEAT_MS,
      () => {
        const call = meterCall(version, this.#sample());
        if (call !== undefined && this.#desk.settings.meterSeconds > 0) this.#call(call);
      },
    );
  }

  #repeat(everyMs: () => number, run: () => void): void {
    const slot = this.#timers.length;
    const next = (): void => {
      this.#timers[slot] = this.#options.clock.after(everyMs(), () => {
        run();
        next();
      });
    };
    next();
  }

  #cancelTimers(): void {
    for (const cancel of this.#timers.splice(0)) cancel();
  }

  /** The meter of the first circuit, when its value can be believed. */
  #sample(): SiteSample {
    const { view, clock } = this.#options;
    const { meters, circuits } = view();
    const atWallMs = clock.wallMs();
    const [meter] = meters;
    if (meter === undefined || meter.quality !== 'good') return { atWallMs };
    const amps = circuits[0]?.measuredAmps ?? meter.amps;
    return {
      atWallMs,
      ...(amps === null ? {} : { amps }),
      ...(meter.volts === null ? {} : { volts: meter.volts }),
      ...(meter.watts === null ? {} : { watts: meter.watts }),
      ...(meter.importWh === null ? {} : { importWh: meter.importWh }),
    };
  }

  /** One after the other: an event leaves the list when the CSMS answered. */
  #sendEvents(): void {
    const [event] = this.#events;
    if (event === undefined || !this.#accepted || this.#eventOut === event) return;
    this.#eventOut = event;
    this.#call(event, (outcome) => {
      this.#eventOut = undefined;
      const settled = outcome.outcome === 'answered' || outcome.outcome === 'error';
      if (!settled || this.#events[0] !== event) return;
      this.#events.shift();
      this.#sendEvents();
    });
  }

  /** A CSMS that has forgotten the station did not take the call: it comes again after the boot. */
  #call(call: StationCall, done: (outcome: CallOutcome) => void = () => {}): void {
    const { clock, log } = this.#options;
    this.#send(call, (outcome) => {
      const { action } = call;
      const knownMs = clock.monotonicMs() - (this.#bootedAtMs ?? Number.NEGATIVE_INFINITY);
      if (!forgotten(outcome) || !this.#accepted || knownMs < BOOT_AGAIN_LEAST_MS) {
        done(outcome);
        return;
      }
      log.warn('the CSMS does not know the controller any more: it boots', { action });
      this.#accepted = false;
      this.#cancelTimers();
      done({ outcome: 'offline' });
      this.#boot();
    });
  }

  #send({ action, payload }: StationCall, done: (outcome: CallOutcome) => void): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const id = this.#options.newId();
    const message = callBytes(id, action, payload);
    connection.lane.own(id, message, 'housekeeping', CSMS_ANSWER_MS, done);
  }

  #receive(frame: Frame): void {
    if (frame.kind === 'call') void this.#answer(frame);
    if (frame.kind !== 'result' && frame.kind !== 'error') return;
    this.#connection?.lane.settle(frame);
  }

  async #answer(frame: Frame): Promise<void> {
    const connection = this.#connection;
    const refused = this.#options.refusal?.(frame.action);
    connection?.send(answerBytes(frame.id, refused ?? (await this.#desk.answer(frame))));
  }

  #triggered(message: string): StationCall | 'Rejected' | undefined {
    const { version, plate, clock } = this.#options;
    if (message === 'Heartbeat') return HEARTBEAT;
    if (message === 'PublishFirmwareStatusNotification') return this.#firmware?.triggered();
    if (message === 'MeterValues') return meterCall(version, this.#sample());
    if (message === 'LogStatusNotification' && version !== '1.6') return idle(message);
    if (message === 'FirmwareStatusNotification') return idle(message);
    // Who was accepted does not boot for the asking (2.x F06.FR.17).
    if (message === BOOT && version !== '1.6' && this.#accepted) return 'Rejected';
    if (message === BOOT) return bootCall(version, plate);
    if (version !== '1.6') return undefined;
    if (message === 'DiagnosticsStatusNotification') return idle(message);
    return message === 'StatusNotification' ? statusCall(clock.wallMs(), false) : undefined;
  }
}

const BOOT = 'BootNotification';
const HEARTBEAT: StationCall = { action: 'Heartbeat', payload: {} };

const forgotten = (outcome: CallOutcome): boolean =>
  outcome.outcome === 'error' && asksForBoot(outcome.code, outcome.description);

/** Nothing goes on that the status would speak of. */
const idle = (action: string): StationCall => ({ action, payload: { status: 'Idle' } });
