import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import { callBytes, errorBytes, type Frame, readFrame, readPayload } from '../ocpp/frame.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import { Connection } from './connection.ts';
import type { Faults } from './faults.ts';
import {
  answerBytes,
  type CallAnswer,
  type Interception,
  type Interceptor,
} from './interceptor.ts';
import type { LaneLimits } from './lane.ts';
import type { LinkCounters } from './link-counters.ts';
import type {
  CallOutcome,
  LinkObserver,
  OwnCall,
  RelayedRequest,
  UpstreamState,
} from './observer.ts';
import { LinkOutage, type LinkOutageOptions } from './outage/link-outage.ts';
import type { Socket } from './socket.ts';

/** Why a link ends that is sent what is no OCPP. */
export const UNREADABLE = 'too many unreadable messages';

export interface LinkOptions {
  readonly identity: string;
  readonly version: OcppVersion;
  readonly charger: Socket;
  /** Undefined: the CSMS is away and the charger was let in all the same. */
  readonly csms: Socket | undefined;
  readonly clock: Clock;
  readonly observer: LinkObserver;
  readonly interceptor: Interceptor | undefined;
  /** Undefined: the charger is disconnected when the CSMS goes away. */
  readonly outage: Pick<LinkOutageOptions, 'shared' | 'closes' | 'dial' | 'withhold'> | undefined;
  readonly newId: () => string;
  readonly withoutCloseFrame?: () => boolean;
  readonly limits: LaneLimits;
  readonly counters: LinkCounters;
  readonly log: Log;
  readonly faults: Faults;
  readonly ended: (reason: string) => void;
}

/**
 * One charger's pair of connections. Frames cross as the bytes they came in. While the CSMS is away
 * `#outage` answers in its place, and afterwards translates the few ids that it handed out.
 */
export class Link {
  readonly identity: string;
  readonly version: OcppVersion;
  readonly #options: LinkOptions;
  readonly #charger: Connection;
  readonly #outage: LinkOutage | undefined;
  #csms: Connection | undefined;
  #ended = false;

  constructor(options: LinkOptions) {
    this.identity = options.identity;
    this.version = options.version;
    this.#options = options;
    this.#outage = this.#makeOutage();
    this.#charger = this.#connection('charger', options.charger);
    if (options.csms === undefined) {
      this.#tellUpstream('outage');
      this.#outage?.csmsGone([]);
    } else this.csmsConnected(options.csms);
  }

  call(call: OwnCall, done: (outcome: CallOutcome) => void): void {
    const id = this.#options.newId();
    const message = callBytes(id, call.action, call.payload);
    this.#options.counters.ownCalls += 1;
    this.#charger.lane.own(id, message, call.priority, call.timeoutMs, (outcome) => {
      if (outcome.outcome === 'answered') {
        this.#outage?.translation.chargerAnswered(call.action, call.payload, outcome.payload);
      }
      done(outcome);
    });
  }

  /** A CALL of our own to the CSMS, in the charger's name; after those of the charger. */
  callCsms(call: OwnCall, done: (outcome: CallOutcome) => void): void {
    const { action, payload, priority, timeoutMs } = call;
    const csms = this.#csms;
    if (csms === undefined) {
      done({ outcome: 'offline' });
      return;
    }
    const id = this.#options.newId();
    this.#options.counters.ownCalls += 1;
    const message = callBytes(id, action, payload);
    csms.lane.own(id, message, priority, timeoutMs, done);
  }

  /** The CSMS is (again) there. */
  csmsConnected(socket: Socket): void {
    if (this.#ended) {
      socket.close(1000, 'charger disconnected');
      return;
    }
    this.#csms = this.#connection('csms', socket);
    this.#tellUpstream('connected');
    this.#outage?.csmsBack();
  }

  /** Closes both sides; frames already handed to a socket are still delivered. */
  close(code: number, reason: string): void {
    if (this.#ended) return;
    this.#end(reason);
    this.#charger.close(code, reason);
    this.#csms?.close(1000, reason);
  }

  #makeOutage(): LinkOutage | undefined {
    const { outage, identity: charger, charger: socket } = this.#options;
    if (outage === undefined) return undefined;
    const made = new LinkOutage({
      ...this.#options,
      ...outage,
      charger,
      subprotocol: socket.subprotocol,
      link: {
        csms: () => this.#csms,
        csmsConnected: (csms) => this.csmsConnected(csms),
        upstream: (state) => this.#tellUpstream(state),
        call: (call, done) => this.call(call, done),
        answer: (call, answer) => this.#answerCharger(call, answer),
        close: (code, reason) => this.close(code, reason),
      },
    });
    return outage.closes && !made.leftOver() ? undefined : made;
  }

  #connection(name: 'charger' | 'csms', socket: Socket): Connection {
    const { identity: charger, clock, limits, counters, log, faults } = this.#options;
    const fromCharger = name === 'charger';
    return new Connection({
      name,
      charger,
      socket,
      clock,
      limits,
      counters,
      log,
      faults,
      received: (frame) => (fromCharger ? this.#fromCharger(frame) : this.#fromCsms(frame)),
      closed: (reason) => (fromCharger ? this.#chargerGone(reason) : this.#csmsGone(reason)),
      hostile: fromCharger ? () => this.close(1008, UNREADABLE) : undefined,
      withoutCloseFrame: fromCharger ? this.#options.withoutCloseFrame : undefined,
      congested: (full) => (fromCharger ? this.#csms : this.#charger)?.stopReading(full),
      unsent: (id) => (fromCharger ? [] : (this.#outage?.takeBack(id) ?? [])),
    });
  }

  #fromCharger(frame: Frame): void {
    switch (frame.kind) {
      case 'call':
        this.#chargerCalls(frame);
        break;
      case 'result':
      case 'error':
        this.#chargerAnswers(frame);
        break;
      default:
        if (this.#csms === undefined || isOfOurs(frame, this.#csms)) return;
        this.#pass(this.#csms, frame.bytes);
        if (frame.kind === 'send') this.#observeRequest('charger', frame);
    }
  }

  #fromCsms(frame: Frame): void {
    switch (frame.kind) {
      case 'call':
        this.#csmsCalls(frame);
        break;
      case 'result':
      case 'error':
        this.#csmsAnswers(frame);
        break;
      default:
        if (isOfOurs(frame, this.#charger)) return;
        this.#pass(this.#charger, frame.bytes);
        if (frame.kind === 'send') this.#observeRequest('csms', frame);
    }
  }

  #chargerCalls(frame: Frame): void {
    const outage = this.#outage;
    if (outage?.takes(frame) === true) outage.hold({ call: frame, sent: false });
    else if (!this.#relay(this.#csms, frame, outage?.translation.toCsms(frame) ?? frame)) return;
    this.#observeRequest('charger', frame);
  }

  #csmsCalls(original: Frame): void {
    const frame = this.#outage?.translation.fromCsms(original) ?? original;
    const interception = this.#intercept(frame);
    if (interception?.do === 'answer') {
      void this.#answerCsms(frame, interception.answer);
      return;
    }
    const sent = interception === undefined ? frame : readFrame(interception.message);
    if (this.#relay(this.#charger, frame, sent)) this.#observeRequest('csms', frame);
  }

  #intercept(frame: Frame): Interception | undefined {
    const { interceptor, log } = this.#options;
    try {
      return interceptor?.csmsCall(this.identity, this.version, frame);
    } catch (error) {
      log.error('call of the CSMS not understood: relayed', { problem: String(error) });
      return undefined;
    }
  }

  async #answerCsms(frame: Frame, answering: CallAnswer | Promise<CallAnswer>): Promise<void> {
    const csms = this.#csms;
    try {
      csms?.send(answerBytes(frame.id, await answering));
    } catch (error) {
      this.#options.log.error('call of the CSMS failed', { problem: String(error) });
      csms?.send(errorBytes(frame.id, 'InternalError', 'the gateway could not carry it out'));
    }
  }

  #relay(to: Connection | undefined, frame: Frame, sent: Frame): boolean {
    if (to?.lane.relay(frame, sent.bytes) !== true) {
      const { identity: charger } = this;
      this.#options.log.warn('too many calls wait', { charger, action: frame.action });
      this.close(1008, 'too many calls without waiting for answers');
      return false;
    }
    this.#options.counters.framesRelayed += 1;
    return true;
  }

  #csmsAnswers(frame: Frame): void {
    const call = this.#settle(this.#csms, frame);
    if (call === undefined) return;
    const seen = this.#outage?.translation.csmsAnswered(call, frame) ?? frame;
    const go = (answer: Frame): void => {
      this.#pass(this.#charger, answer.bytes);
      this.#observeAnswer('charger', call, answer);
    };
    const fault = (error: unknown): void =>
      this.#options.faults.note(`answer to ${this.identity}`, error);
    if (seen instanceof Promise) seen.then(go).catch(fault);
    else go(seen);
  }

  #chargerAnswers(frame: Frame): void {
    const call = this.#settle(this.#charger, frame);
    if (call === undefined || this.#csms === undefined) return;
    this.#pass(this.#csms, (this.#outage?.translation.chargerAnswer(call, frame) ?? frame).bytes);
    this.#observeAnswer('csms', call, frame);
  }

  /** The call that an answer belongs to, when it was one of the other side. */
  #settle(from: Connection | undefined, frame: Frame): Frame | undefined {
    const settled = from?.lane.settle(frame);
    if (settled?.to === 'relayed') return settled.call;
    if (settled?.to === 'nobody') this.#options.counters.dropped[settled.verdict] += 1;
    return undefined;
  }

  /** What is held goes out, if anything is and the CSMS is there. */
  deliverHeld(): void {
    this.#outage?.deliver();
  }

  #answerCharger(call: Frame, answer: CallAnswer): void {
    const bytes = answerBytes(call.id, answer);
    this.#charger.send(bytes);
    this.#observeAnswer('charger', call, readFrame(bytes));
  }

  #pass(to: Connection, bytes: Buffer): void {
    this.#options.counters.framesRelayed += 1;
    to.send(bytes);
  }

  #csmsGone(reason: string): void {
    if (this.#ended) return;
    if (this.#outage === undefined || this.#options.outage?.closes === true) {
      this.#end(reason);
      this.#charger.close(1001, 'CSMS disconnected');
      return;
    }
    this.#options.log.warn('CSMS lost: answering in its place', { charger: this.identity, reason });
    const unanswered = this.#csms?.lane.close() ?? [];
    this.#csms = undefined;
    this.#charger.stopReading(false);
    this.#charger.lane.dropRelayed();
    this.#tellUpstream('outage');
    this.#outage.csmsGone(unanswered);
  }

  #chargerGone(reason: string): void {
    if (this.#ended) return;
    this.#end(reason);
    this.#csms?.close(1000, 'charger disconnected');
  }

  #end(reason: string): void {
    this.#ended = true;
    this.#outage?.end();
    this.#charger.lane.close();
    this.#csms?.lane.close();
    this.#options.ended(reason);
  }

  #tellUpstream(state: UpstreamState): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#options.observer.upstreamChanged(this.identity, state, nowMs);
  }

  #observeRequest(from: 'charger' | 'csms', frame: Frame): void {
    this.#options.observer.request(this.#requestOf(from, frame));
  }

  #observeAnswer(asked: 'charger' | 'csms', call: Frame, answer: Frame): void {
    if (answer.kind !== 'result') return;
    const request = this.#requestOf(asked, call);
    const atMs = this.#options.clock.monotonicMs();
    this.#options.observer.answer({ request, payload: () => readPayload(answer), atMs });
  }

  #requestOf(from: 'charger' | 'csms', frame: Frame): RelayedRequest {
    return {
      charger: this.identity,
      version: this.version,
      from,
      action: frame.action,
      message: frame.bytes,
      payload: () => readPayload(frame),
      atMs: this.#options.clock.monotonicMs(),
    };
  }
}

/** A complaint (2.1) about an answer that was given here: who is there never gave it. */
const isOfOurs = ({ kind, id }: Frame, { lane }: Connection): boolean =>
  kind === 'result-error' && !lane.knows(id);
