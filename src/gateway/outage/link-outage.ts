import type { Log } from '../../core/log.ts';
import type { Cancel, Clock } from '../../core/time.ts';
import type { Frame } from '../../ocpp/frame.ts';
import { tellsState } from '../../ocpp/local-answer.ts';
import { withMessageId } from '../../ocpp/transaction-id.ts';
import { isQueued } from '../../ocpp/transaction-message.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import { type Connection, QUEUED_ANSWER_MS } from '../connection.ts';
import type { Faults } from '../faults.ts';
import type { CallAnswer } from '../interceptor.ts';
import type { UnansweredCall } from '../lane.ts';
import type { LinkCounters } from '../link-counters.ts';
import type { CallOutcome, OwnCall, UpstreamState } from '../observer.ts';
import { Redial } from '../redial.ts';
import type { DialResult, Socket } from '../socket.ts';
import { CSMS_ANSWER_MS, type Outage } from './outage.ts';
import { Replay } from './replay.ts';
import { Translation } from './translation.ts';

/** Own calls to a charger after an outage. */
const HOUSEKEEPING = { priority: 'housekeeping', timeoutMs: 30_000 } as const;
/** How often a link looks whether the CSMS still answers. */
const SILENCE_CHECK_MS = 5_000;

/**
 * What a charger says by itself once it is accepted. Before the CSMS has accepted the boot that was
 * accepted here, it may hear none of it (B01.FR.08, 1.6 §4.2); other calls follow from what it asked.
 */
const OF_THE_ACCEPTED: ReadonlySet<string> = new Set([
  'Heartbeat',
  'StatusNotification',
  'Authorize',
]);

/** What an outage sees of its link. */
export interface OutageLink {
  /** Undefined: the CSMS is away. */
  csms(): Connection | undefined;
  csmsConnected(socket: Socket): void;
  upstream(state: UpstreamState): void;
  /** Calls the charger. */
  call(call: OwnCall, done: (outcome: CallOutcome) => void): void;
  /** Gives the charger an answer in place of the CSMS. */
  answer(call: Frame, answer: CallAnswer): void;
  close(code: number, reason: string): void;
}

export interface LinkOutageOptions {
  readonly charger: string;
  readonly version: OcppVersion;
  /** As agreed with the charger: the CSMS has to agree on the same. */
  readonly subprotocol: string;
  readonly shared: Outage;
  /** The charger is disconnected when the CSMS goes; what is held from before goes out all the same. */
  readonly closes: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly faults: Faults;
  readonly counters: LinkCounters;
  readonly newId: () => string;
  readonly dial: () => Promise<DialResult>;
  /** The charger is set to go on with such a transaction; it gets no energy. */
  readonly withhold: (transactionId: string) => void;
  readonly link: OutageLink;
}

/**
 * One link's side of an outage: which calls the gateway answers itself, when it dials again, and how
 * what it holds is delivered.
 */
export class LinkOutage {
  readonly translation: Translation;
  readonly #options: LinkOutageOptions;
  readonly #redial: Redial;
  #replay: Replay | undefined;
  #silence: Cancel = () => {};
  #ended = false;

  constructor(options: LinkOutageOptions) {
    const { clock, shared, dial } = options;
    this.#options = options;
    this.translation = new Translation({ ...options, ended: () => this.#ended });
    this.#redial = new Redial({
      clock,
      random: shared.random,
      gate: shared.gate,
      dial,
      done: (result) => this.#dialled(result),
    });
  }

  /** Whether an outage left anything that concerns the charger: held, set aside or numbered here. */
  leftOver(): boolean {
    const { charger, shared } = this.#options;
    const { journal, ids } = shared;
    return this.#holds() || journal.backlog(charger).parked > 0 || ids.mapsAny(charger);
  }

  /** Whether the gateway answers this call: the CSMS is away, or older messages go first. */
  takes(call: Frame): boolean {
    const { charger, version, shared, link } = this.#options;
    const { memory } = shared;
    if (link.csms() === undefined) return true;
    if (!this.#isQueued(call)) {
      if (OF_THE_ACCEPTED.has(call.action) && memory.boot(charger) !== undefined) return true;
      // What is held of it is older, and must not be heard after it.
      return tellsState(version, call.action) && memory.latest(charger).length > 0;
    }
    return (
      this.#replay !== undefined ||
      shared.standIn.busy(charger) ||
      shared.standIn.repeated(charger, call) !== undefined ||
      this.translation.isOfNothing(call)
    );
  }

  /** The CSMS cannot be asked, or not yet: the gateway answers. */
  hold({ call, sent }: UnansweredCall): void {
    const { charger, version, shared, link, counters, faults } = this.#options;
    counters.heldCalls += 1;
    const give = (answer: CallAnswer | undefined): void => {
      if (answer === undefined || this.#ended) return;
      link.answer(call, answer);
      this.deliver();
    };
    shared.standIn
      .answer({ charger, version, frame: call, mayRepeat: sent })
      .then(give)
      .catch((error: unknown) => faults.note(`answer to ${charger}`, error));
  }

  /** The CSMS is away; what it left unanswered is held. */
  csmsGone(unanswered: readonly UnansweredCall[]): void {
    this.#silence();
    this.#replay?.stop();
    this.#replay = undefined;
    for (const call of unanswered) this.hold(call);
    this.#redial.begin();
  }

  csmsBack(): void {
    this.#redial.connected();
    this.deliver();
    this.#watchSilence();
  }

  /** What is held goes out, if anything is and the CSMS is there. */
  deliver(): void {
    const { charger, version, shared, clock, log, link } = this.#options;
    const csms = link.csms();
    if (csms === undefined || this.#replay !== undefined || !this.#holds()) return;
    this.#replay = new Replay({
      charger,
      version,
      ...shared,
      clock,
      log,
      send: (call, first) => this.#send(csms, call, first),
      bootRefused: (status, again) => {
        if (!again) this.#bootAnew(status);
      },
      unwanted: (transactionId) => this.#stopUnwanted(transactionId),
      delivered: () => {
        this.#replay = undefined;
        const { parked } = shared.journal.backlog(charger);
        log.info('nothing is held any more', { charger, setAside: parked || undefined });
        link.upstream('connected');
      },
    });
    link.upstream('replaying');
    void this.#replay.run();
  }

  /** The turn of this call at the CSMS is far off: it goes out with what is held, and later ones. */
  takeBack(id: string): readonly string[] {
    const fit = (call: Frame): boolean => this.#isQueued(call);
    const calls = this.#options.link.csms()?.lane.withdrawFrom(id, fit) ?? [];
    for (const call of calls) this.hold({ call, sent: false });
    if (calls.length > 0) this.deliver();
    return calls.map((call) => call.id);
  }

  end(): void {
    this.#ended = true;
    this.#silence();
    this.#replay?.stop();
    this.#redial.stop();
  }

  #isQueued(call: Frame): boolean {
    return isQueued(this.#options.version, call.action);
  }

  #holds(): boolean {
    const { charger, shared } = this.#options;
    const { journal, standIn, memory } = shared;
    return (
      journal.backlog(charger).count > 0 ||
      standIn.busy(charger) ||
      memory.boot(charger) !== undefined ||
      memory.latest(charger).length > 0
    );
  }

  #send(csms: Connection, call: Frame, first: boolean): Promise<CallOutcome> {
    const { newId, link } = this.#options;
    const sent = csms.lane.knows(call.id) ? withMessageId(call, newId()) : call;
    const timeoutMs = csms.queues ? QUEUED_ANSWER_MS : CSMS_ANSWER_MS;
    return new Promise((resolve) => {
      const priority = first ? 'safety' : 'housekeeping';
      csms.lane.own(sent.id, sent.bytes, priority, timeoutMs, (outcome) => {
        resolve(outcome);
        if (outcome.outcome === 'timeout' && link.csms() === csms) this.#dropSilent(csms);
      });
    });
  }

  /** A CSMS that takes messages and does not answer is worse than none: chargers discard data. */
  #watchSilence(): void {
    const { clock, link } = this.#options;
    const csms = link.csms();
    // Where calls queue, silence is watched from the moment when one is really sent.
    if (csms === undefined || csms.queues) return;
    this.#silence();
    this.#silence = clock.after(SILENCE_CHECK_MS, () => {
      const open = csms.lane.unanswered(CSMS_ANSWER_MS);
      if (open.some((call) => this.#isQueued(call))) this.#dropSilent(csms);
      else this.#watchSilence();
    });
  }

  #dropSilent(csms: Connection): void {
    const { log, charger } = this.#options;
    log.warn('CSMS does not answer', { charger });
    csms.drop();
  }

  #dialled(result: Exclude<DialResult, { outcome: 'unreachable' }>): void {
    const { charger, subprotocol, shared, link } = this.#options;
    if (result.outcome === 'connected') {
      if (result.socket.subprotocol === subprotocol) {
        link.csmsConnected(result.socket);
        return;
      }
      result.socket.close(1002, 'not the subprotocol agreed with the charger');
      link.close(1012, 'the CSMS wants another OCPP version');
      return;
    }
    if (result.outcome === 'refused' && !isRejection(result.status)) {
      this.#redial.begin();
      return;
    }
    void shared.admission.refused(charger, 'name');
    link.close(1012, 'the CSMS does not accept the charger any more');
  }

  /**
   * The CSMS does not accept the boot that was accepted here: the charger boots again and hears it
   * itself. In 2.x a charger that was accepted must refuse to be triggered for it (F06.FR.17).
   */
  #bootAnew(status: string): void {
    const { charger, version, log, link } = this.#options;
    log.warn('the CSMS does not accept the boot: the charger is told to boot again', {
      charger,
      status,
    });
    const [action, payload] =
      version === '1.6'
        ? ['TriggerMessage', { requestedMessage: 'BootNotification' }]
        : ['Reset', { type: 'OnIdle' }];
    link.call(
      { action: action as string, payload: payload as object, ...HOUSEKEEPING },
      (outcome) => log.info('charger told to boot again', { charger, ...outcome }),
    );
  }

  /** The driver was let in while the CSMS was away, and the CSMS does not want them (1.6 §4.8). */
  #stopUnwanted(transactionId: string): void {
    const { charger, version, shared, log, link, withhold } = this.#options;
    log.warn('the CSMS does not accept the driver', { charger, transactionId });
    if (shared.memory.switches(charger).stopOnInvalid === false) {
      withhold(transactionId);
      return;
    }
    const [action, payload] =
      version === '1.6'
        ? ['RemoteStopTransaction', { transactionId: Number(transactionId) }]
        : ['RequestStopTransaction', { transactionId }];
    link.call(
      { action: action as string, payload: payload as object, ...HOUSEKEEPING },
      (outcome) => log.info('unwanted driver stopped', { charger, transactionId, ...outcome }),
    );
  }
}

/** Statuses by which a CSMS says no to the charger itself, not "later". */
export const isRejection = (status: number): boolean =>
  status === 401 || status === 403 || status === 404;
