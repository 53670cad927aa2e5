import { intervalOf } from '../../ocpp/aggregate/own-answers.ts';
import { familyOf } from '../../ocpp/aggregate/rules.ts';
import { type Place, placeOf } from '../../ocpp/aggregate/urgency.ts';
import { callBytes, errorBytes, type Frame, readFrame } from '../../ocpp/frame.ts';
import { readObject } from '../../ocpp/payload.ts';
import { bootCall, securityCall } from '../../ocpp/station/words.ts';
import { subprotocolOf, versionOf } from '../../ocpp/version.ts';
import type { SiteView } from '../../schema/view.ts';
import { Connection } from '../connection.ts';
import { dialRequest } from '../dial-request.ts';
import { identityInPath, upstreamUrl } from '../identity.ts';
import { CSMS_ANSWER_MS } from '../outage/outage.ts';
import { Redial } from '../redial.ts';
import type { Dialer, DialRequest, DialResult, Socket } from '../socket.ts';
import { Arrivals } from './arrivals.ts';
import { showsPassword } from './charger-password.ts';
import { DownDesk } from './down-desk.ts';
import { FairLane, type Unanswered } from './fair-lane.ts';
import type { Floor } from './floor.ts';
import { OpenTriggers } from './open-triggers.ts';
import { OutletNumbers } from './outlet-numbers.ts';
import type { OwnDesk } from './own-desk.ts';
import { OWN } from './profile-questions.ts';
import { ProfileReports } from './profile-reports.ts';
import { Registration } from './registration.ts';
import { Reservations } from './reservations.ts';
import { Seat } from './seat.ts';
import type { AggregateOptions } from './station-options.ts';
import { StatusBoard } from './status-board.ts';
import { TransactionLedger } from './transaction-ledger.ts';
import { UpDesk } from './up-desk.ts';
import { VersionBridge } from './version-bridge.ts';

/** Calls of the CSMS that are worked on at once; one more is refused. */
const CSMS_CALLS_MOST = 64;
/** A station that was reset boots so long after it said that it will. */
const RESET_MS = 1_000;
/** Before a CSMS has named an interval. */
const HEARTBEAT_SECONDS = 300;

/**
 * One station in the place of all chargers. Links dial it as they would dial the CSMS: each gets an
 * in-process connection, and all of them share one connection to the CSMS. When that is lost they
 * are lost with it, so every link holds its messages as it does without aggregation.
 */
export class AggregateStation implements Dialer {
  readonly #options: AggregateOptions;
  readonly #numbers: OutletNumbers;
  readonly #seats = new Map<string, Seat>();
  /** Also of chargers that are gone: what they said last may not be settled. */
  readonly #latest = new Map<string, Seat>();
  readonly #redial: Redial;
  readonly #board: StatusBoard;
  readonly #up: UpDesk;
  readonly #down: DownDesk;
  readonly #own: OwnDesk;
  readonly #arrivals: Arrivals;
  readonly #triggers = new OpenTriggers();
  #upstream: { readonly connection: Connection; readonly lane: FairLane } | undefined;
  readonly #registration: Registration;
  #ready = false;
  #connectedAtWallMs = 0;
  #csmsCalls = 0;
  #handedBack = 0;
  /** Of the connections that are over. */
  #superseded = 0;
  #closed = false;

  private constructor(
    options: AggregateOptions,
    numbers: OutletNumbers,
    ledger: TransactionLedger,
    reservations: Reservations,
  ) {
    const { clock, log, newId, station, random, gate } = options;
    this.#options = options;
    this.#numbers = numbers;
    this.#arrivals = new Arrivals(clock);
    this.#board = new StatusBoard({
      clock,
      numbers,
      version: station.version,
      isHere: (charger) => this.#seats.has(charger),
      say: async (payload) => (await this.#say('StatusNotification', payload)).kind === 'result',
    });
    const reports = new ProfileReports(clock);
    this.#own = options.desk(
      ({ action, payload }) => {
        const report = action === 'ReportChargingProfiles';
        if (report && reports.take(OWN, readObject(payload))) return undefined;
        return this.#say(action, payload);
      },
      () => numbers.all(),
    );
    const floor: Floor = {
      clock,
      log,
      newId,
      numbers,
      ledger,
      board: this.#board,
      reports,
      reservations,
      version: station.version,
      family: familyOf(station.version),
      seats: this.#seats,
      send: (source, call, place, owner) => this.#send(source, call, place, owner),
      heartbeatSeconds: () => this.#heartbeatSeconds(),
      holds: options.holds ?? (() => false),
      keptProfiles: options.keptProfiles ?? (() => []),
      connectedAtWallMs: () => this.#connectedAtWallMs,
    };
    const bridge = new VersionBridge(floor);
    this.#up = new UpDesk(floor, (seat, call) => bridge.up(seat, call));
    this.#down = new DownDesk({
      floor,
      bridge: (seat, call, ask) => bridge.down(seat, call, ask),
      own: this.#own,
      refusal: options.refusal,
      say: (action, payload) => void this.#say(action, payload),
      boot: () => this.#registration.bootAgain(),
      reset: (reason) => {
        clock.after(RESET_MS, () => {
          if (this.#ready) this.#registration.reset(reason);
        });
      },
    });
    this.#registration = new Registration({
      clock,
      log,
      identity: station.identity,
      bootsOnce: station.version !== '1.6',
      boot: bootCall(station.version, { ...station, version: station.firmware }).payload,
      say: (action, payload) => this.#say(action, payload),
      heartbeatSeconds: () => this.#heartbeatSeconds(),
      answered: (answer) => {
        this.#own.settings.heartbeatSeconds = intervalOf(answer);
      },
      accepted: () => this.#begin(),
      waiting: () => this.#arrivals.settle(false),
      forgotten: () => this.#upstream?.connection.drop(),
    });
    this.#redial = new Redial({
      clock,
      random,
      gate,
      dial: () => this.#dialCsms(),
      done: (result) => this.#dialled(result),
    });
  }

  /** Reads back what the run before left. Rejects with a StoreError when the store is unusable. */
  static async open(options: AggregateOptions): Promise<AggregateStation> {
    const { store, outlets, log } = options;
    const numbers = await OutletNumbers.open(store, outlets, log);
    const ledger = await TransactionLedger.open(store);
    const reservations = await Reservations.open(store);
    const station = new AggregateStation(options, numbers, ledger, reservations);
    station.#redial.begin();
    return station;
  }

  /** A link wants the CSMS for its charger. */
  async dial(request: DialRequest): Promise<DialResult> {
    const { url, dialer } = this.#options;
    // A charger with a route of its own is no part of the station.
    if (!request.url.startsWith(upstreamUrl(url, '', ''))) return dialer.dial(request);
    const charger = identityInPath(request.url)?.identity;
    const subprotocol = this.#subprotocolFor(request.subprotocols);
    if (charger === undefined) return { outcome: 'refused', status: 404, message: 'no identity' };
    if (subprotocol === undefined && request.subprotocols.length > 0) {
      return { outcome: 'no-subprotocol' };
    }
    const password = this.#options.passwords?.get(charger);
    if (password !== undefined && !showsPassword(charger, password, request.authorization)) {
      return { outcome: 'refused', status: 401, message: 'wrong password' };
    }
    if (!(await this.#arrivals.wait(request.timeoutMs))) {
      return { outcome: 'unreachable', problem: 'the station has no connection with the CSMS' };
    }
    const seat = new Seat({
      charger,
      before: this.#latest.get(charger),
      version: versionOf(subprotocol ?? '') ?? '1.6',
      subprotocol: subprotocol ?? '',
      clock: this.#options.clock,
      answer: (from, call) => this.#answer(from, call),
      overdue: (from, call) => this.#handBack(from, call),
      left: (from, closedByLink) => this.#left(from, closedByLink),
    });
    this.#seats.set(charger, seat);
    this.#latest.set(charger, seat);
    this.#board.joined(charger);
    return { outcome: 'connected', socket: seat.socket };
  }

  /** The CSMS's own version where a charger knows it: then nothing has to be translated. */
  #subprotocolFor(offered: readonly string[]): string | undefined {
    const { version } = this.#options.station;
    const known = offered.filter((name) => versionOf(name) !== undefined);
    return known.find((name) => versionOf(name) === version) ?? known[0];
  }

  /** The station's number of a charger's connector or EVSE. */
  numberOf(charger: string, local: number): number | undefined {
    return this.#numbers.numberOf(charger, local);
  }

  /** The site after a tick: what changed is told, while somebody listens. */
  published(view: SiteView): void {
    if (this.#ready) this.#own.published(view);
  }

  /** Told only while the CSMS is there (A04); the controller's own identity keeps them. */
  securityEvent(type: string, techInfo: string): void {
    const { action, payload } = securityCall(type, this.#options.clock.wallMs(), techInfo);
    if (this.#ready) void this.#say(action, payload);
  }

  /** How the one connection copes: calls that wait now, and since the start. */
  counters(): Readonly<Record<string, number>> {
    const lane = this.#upstream?.lane;
    return {
      stationWaiting: lane?.waiting ?? 0,
      stationSuperseded: this.#superseded + (lane?.superseded ?? 0),
      stationHandedBack: this.#handedBack,
    };
  }

  close(): void {
    this.#closed = true;
    this.#redial.stop();
    this.#upstream?.connection.close(1001, 'gateway is stopping');
    this.#lose('gateway is stopping');
  }

  /** Without an answer the charger keeps its message. */
  async #answer(seat: Seat, call: Frame): Promise<Buffer | undefined> {
    try {
      return await this.#up.answer(seat, call);
    } catch (error) {
      const { charger } = seat;
      const { action } = call;
      this.#options.log.error('call not answered', { charger, action, problem: String(error) });
      return undefined;
    }
  }

  async #dialCsms(): Promise<DialResult> {
    const { dialer, url, station } = this.#options;
    const { identity, password, version } = station;
    this.#arrivals.trying();
    const result = await dialer.dial(dialRequest(url, identity, version, password));
    if (result.outcome === 'unreachable') this.#arrivals.settle(false);
    return result;
  }

  #dialled(result: Exclude<DialResult, { outcome: 'unreachable' }>): void {
    const { log, station } = this.#options;
    const { identity, version } = station;
    if (result.outcome === 'connected' && result.socket.subprotocol === subprotocolOf(version)) {
      this.#connected(result.socket);
      return;
    }
    if (result.outcome === 'connected') result.socket.close(1002, 'not the subprotocol offered');
    const why = result.outcome === 'refused' ? `HTTP ${result.status}` : 'another OCPP version';
    log.error('the CSMS does not accept the station: see upstream.station', { identity, why });
    this.#arrivals.settle(false);
    this.#redial.begin();
  }

  #connected(socket: Socket): void {
    const { clock, log, station } = this.#options;
    const connection: Connection = new Connection({
      name: 'csms',
      charger: station.identity,
      socket,
      clock,
      log,
      received: (frame) => this.#receive(frame),
      closed: (reason) => this.#lose(reason),
    });
    const lane = new FairLane({
      clock,
      timeoutMs: CSMS_ANSWER_MS,
      send: (message) => connection.send(message),
      silent: () => {
        log.warn('CSMS does not answer the station');
        connection.drop();
      },
    });
    this.#upstream = { connection, lane };
    this.#connectedAtWallMs = clock.wallMs();
    this.#registration.connected();
  }

  #begin(): void {
    if (this.#ready) return;
    this.#ready = true;
    this.#arrivals.settle(true);
    this.#board.began();
  }

  /** The one connection is lost, and with it that of every charger. */
  #lose(reason: string): void {
    const { log } = this.#options;
    log.warn('the station lost the CSMS', { reason });
    this.#ready = false;
    this.#registration.lost();
    this.#board.ended();
    this.#superseded += this.#upstream?.lane.superseded ?? 0;
    this.#upstream?.lane.close();
    this.#upstream = undefined;
    for (const seat of [...this.#seats.values()]) seat.socket.lose();
    this.#arrivals.settle(false);
    if (!this.#closed) this.#redial.begin();
  }

  #left(seat: Seat, closedByLink: boolean): void {
    const { charger, previous } = seat;
    this.#upstream?.lane.forget(charger, seat);
    if (this.#seats.get(charger) !== seat) return;
    if (previous === undefined) this.#seats.delete(charger);
    // A charger that gave up while it connected anew is where it was.
    else this.#seats.set(charger, previous);
    if (previous === undefined && closedByLink && this.#ready) this.#board.left(charger);
  }

  #receive(frame: Frame): void {
    if (frame.kind === 'call') void this.#take(frame);
    else if (frame.kind === 'result' || frame.kind === 'error') {
      this.#upstream?.lane.settle(frame);
      if (frame.kind === 'error') this.#registration.refused(frame);
    }
  }

  async #take(call: Frame): Promise<void> {
    const connection = this.#upstream?.connection;
    if (this.#csmsCalls >= CSMS_CALLS_MOST) {
      connection?.send(errorBytes(call.id, 'InternalError', 'too many calls wait'));
      return;
    }
    this.#csmsCalls += 1;
    try {
      await this.#triggers.during(call, async () => {
        const answer = await this.#down.answer(call);
        if (this.#upstream?.connection === connection) connection?.send(answer);
      });
    } catch (error) {
      this.#options.log.error('call of the CSMS failed', { problem: String(error) });
      connection?.send(errorBytes(call.id, 'InternalError', 'it could not be carried out'));
    } finally {
      this.#csmsCalls -= 1;
    }
  }

  async #send(
    source: string,
    call: Frame,
    place: Place,
    owner?: Seat,
  ): Promise<Frame | Unanswered> {
    const upstream = this.#upstream;
    const answered = this.#triggers.answered(call.action);
    if (answered !== undefined) {
      await answered;
      // Its line may have broken meanwhile: what only its charger can say is said anew then.
      const left = owner !== undefined && this.#seats.get(source) !== owner && !place.subject;
      if (this.#upstream !== upstream || left) return 'lost';
    }
    return (await upstream?.lane.send(source, call, place, owner)) ?? 'lost';
  }

  /** A message that has waited long is kept on disk by its link; the charger gets its answer. */
  #handBack(seat: Seat, call: Frame): void {
    const lane = this.#upstream?.lane;
    if (lane?.keeps(seat.charger) !== true || !seat.handBack(call)) return;
    lane.withdraw(seat.charger);
    this.#handedBack += 1;
  }

  /** A call of the station itself; an empty frame when it is not answered. */
  async #say(action: string, payload: object): Promise<Frame> {
    const call = readFrame(callBytes(this.#options.newId(), action, payload));
    const answer = await this.#send(OWN, call, placeOf(call));
    return typeof answer === 'string' ? readFrame(Buffer.from('')) : answer;
  }

  #heartbeatSeconds(): number {
    return this.#own.settings.heartbeatSeconds || HEARTBEAT_SECONDS;
  }
}
