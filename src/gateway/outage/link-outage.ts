import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time.ts';
import { type CsmsFact, factsOfAnswer, factsOfCsmsCall, tellsFacts } from '../../ocpp/csms-fact.ts';
import { type Frame, parsePayload } from '../../ocpp/frame.ts';
import { readInteger, readObject } from '../../ocpp/payload.ts';
import {
  answerWithTransactionId,
  carriesTransactionId,
  transactionIdIn,
  withMessagesInQueue,
  withTransactionId,
} from '../../ocpp/transaction-id.ts';
import { isQueued } from '../../ocpp/transaction-message.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import type { Change } from '../../store/durable-store.ts';
import { basicAuthorization } from '../dial-request.ts';
import type { CallAnswer } from '../interceptor.ts';
import type { CallOutcome, OwnCall } from '../observer.ts';
import { Redial } from '../redial.ts';
import type { DialResult, Socket } from '../socket.ts';
import { CSMS_ANSWER_MS, type Outage } from './outage.ts';
import { Replay } from './replay.ts';

/** Own calls to a charger after an outage. */
const HOUSEKEEPING = { priority: 'housekeeping', timeoutMs: 30_000 } as const;

/**
 * What a charger says by itself once it is accepted. Before the CSMS has accepted the boot that was
 * accepted here, it may hear none of it (B01.FR.08, 1.6 §4.2); other calls follow from what it asked.
 */
const OF_THE_ACCEPTED: ReadonlySet<string> = new Set([
  'Heartbeat',
  'StatusNotification',
  'Authorize',
]);
/** Ids that could not be written are written again after so long, while the charger is there. */
const SAVE_AGAIN_MS = 5_000;

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
  readonly newId: () => string;
  readonly dial: () => Promise<DialResult>;
  /** The CSMS is back with this socket. */
  readonly connected: (socket: Socket) => void;
  /** The CSMS does not want this charger, or not so: it has to connect anew. */
  readonly disconnect: (reason: string) => void;
  /** The charger is set to go on with such a transaction; it gets no energy. */
  readonly withhold: (transactionId: string) => void;
  readonly callCharger: (call: OwnCall, done: (outcome: CallOutcome) => void) => void;
}

/**
 * One link's side of an outage: what the gateway answers itself, which ids it translates, when it
 * dials again and when everything held has been delivered.
 */
export class LinkOutage {
  readonly csmsAnswerMs = CSMS_ANSWER_MS;
  readonly #options: LinkOutageOptions;
  readonly #redial: Redial;
  #replay: Replay | undefined;
  #ended = false;

  constructor(options: LinkOutageOptions) {
    const { clock, shared, dial } = options;
    this.#options = options;
    this.#redial = new Redial({
      clock,
      random: shared.random,
      gate: shared.gate,
      dial,
      done: (result) => this.#dialled(result),
    });
  }

  get closes(): boolean {
    return this.#options.closes;
  }

  /** Whether an outage left anything that concerns the charger: held, set aside or numbered here. */
  leftOver(): boolean {
    const { charger, shared } = this.#options;
    const { journal, ids } = shared;
    return this.holds() || journal.backlog(charger).parked > 0 || ids.mapsAny(charger);
  }

  isQueued(call: Frame): boolean {
    return isQueued(this.#options.version, call.action);
  }

  /** Whether anything is held for the CSMS. */
  holds(): boolean {
    const { charger, shared } = this.#options;
    const { journal, standIn, memory } = shared;
    return (
      journal.backlog(charger).count > 0 ||
      standIn.busy(charger) ||
      memory.boot(charger) !== undefined ||
      memory.latest(charger).length > 0
    );
  }

  /** Whether the gateway answers this call: the CSMS is away, or older messages go first. */
  takes(call: Frame, connected: boolean): boolean {
    if (!connected) return true;
    const { charger, shared } = this.#options;
    if (!this.isQueued(call)) {
      return OF_THE_ACCEPTED.has(call.action) && shared.memory.boot(charger) !== undefined;
    }
    return (
      this.#replay !== undefined ||
      shared.standIn.busy(charger) ||
      shared.standIn.repeated(charger, call) !== undefined ||
      this.#isOfNothing(call)
    );
  }

  answer(call: Frame, mayRepeat: boolean): Promise<CallAnswer | undefined> {
    const { charger, version, shared } = this.#options;
    return shared.standIn.answer({ charger, version, frame: call, mayRepeat });
  }

  csmsGone(): void {
    this.#replay?.stop();
    this.#replay = undefined;
    this.#redial.begin();
  }

  csmsBack(): void {
    this.#redial.connected();
  }

  /** Delivers what is held, if anything is; false: nothing is, or it is being delivered. */
  deliver(link: {
    readonly send: (call: Frame, first: boolean) => Promise<CallOutcome>;
    readonly delivered: () => void;
  }): boolean {
    if (this.#replay !== undefined || !this.holds()) return false;
    const { charger, version, shared, clock, log } = this.#options;
    const replay: Replay = new Replay({
      charger,
      version,
      ...shared,
      clock,
      log,
      send: link.send,
      bootRefused: (status, again) => {
        if (!again) this.#bootAnew(status);
      },
      unwanted: (transactionId) => this.#stopUnwanted(transactionId),
      delivered: () => {
        this.#replay = undefined;
        log.info('everything held was delivered', { charger });
        link.delivered();
      },
    });
    this.#replay = replay;
    void replay.run();
    return true;
  }

  end(): void {
    this.#ended = true;
    this.#replay?.stop();
    this.#redial.stop();
  }

  /** A call of the charger as the CSMS knows it. */
  toCsms(call: Frame): Frame {
    const mapping = this.#mappingOf(call);
    return mapping?.csmsId === undefined ? call : withTransactionId(call, mapping.csmsId);
  }

  /** A call of the CSMS as the charger knows it. */
  fromCsms(call: Frame): Frame {
    const { charger, version, shared } = this.#options;
    if (version !== '1.6' || !shared.ids.mapsAny(charger)) return call;
    if (!carriesTransactionId(call.action)) return call;
    const csmsId = transactionIdIn(call);
    const localId = csmsId === undefined ? undefined : shared.ids.localIdOf(charger, csmsId);
    return localId === undefined ? call : withTransactionId(call, localId);
  }

  /** The CSMS answered a call of the charger; what the charger gets. */
  csmsAnswered(call: Frame, answer: Frame): Frame | Promise<Frame> {
    if (answer.kind !== 'result') return answer;
    const { charger, version, shared } = this.#options;
    if (!tellsFacts('charger', call.action)) return answer;
    if (version !== '1.6' && !answer.bytes.includes('idTokenInfo') && !isTimed(call)) return answer;
    try {
      const payload = parsePayload(answer);
      this.#learn(factsOfAnswer(version, call.action, () => parsePayload(call), payload));
      if (call.action === 'BootNotification') shared.memory.bootDelivered(charger);
      if (version === '1.6') return this.#transaction16(call, answer, payload);
    } catch {
      // What is not JSON teaches nothing; the charger sees it all the same.
    }
    return answer;
  }

  /** The charger answered a call of the CSMS; what the CSMS gets. */
  chargerAnswer(call: Frame, answer: Frame): Frame {
    const { charger, shared } = this.#options;
    if (answer.kind !== 'result') return answer;
    if (tellsFacts('csms', call.action)) {
      try {
        this.chargerAnswered(call.action, parsePayload(call), parsePayload(answer));
      } catch {
        return answer;
      }
    }
    const held =
      call.action === 'GetTransactionStatus' && shared.journal.backlog(charger).count > 0;
    return held ? withMessagesInQueue(answer) : answer;
  }

  /** The same of a call of our own. */
  chargerAnswered(action: string, payload: unknown, answer: unknown): void {
    this.#learn(factsOfCsmsCall(this.#options.version, action, payload, answer));
  }

  #transaction16(call: Frame, answer: Frame, payload: unknown): Frame | Promise<Frame> {
    const { charger, shared } = this.#options;
    const { ids } = shared;
    if (call.action === 'StopTransaction') {
      const localId = transactionIdIn(call);
      const changes = localId === undefined ? [] : ids.stopped(charger, localId);
      if (changes.length > 0) void this.#save(changes);
    }
    if (call.action !== 'StartTransaction') return answer;
    const csmsId = readInteger(readObject(payload)['transactionId']);
    if (csmsId === undefined || !ids.collides(charger, csmsId)) return answer;
    // The charger has a running transaction of this number from us: it gets another one.
    const { localId, changes } = ids.allocate(charger);
    const learned = ids.learn(charger, localId, csmsId);
    const mapped = answerWithTransactionId(answer, localId);
    return this.#save([...changes, ...learned]).then(() => mapped);
  }

  /** The CSMS has answered: the charger hears it although the medium fails, which is tried again. */
  async #save(changes: readonly Change[]): Promise<void> {
    const { shared, clock, log } = this.#options;
    try {
      await shared.journal.write(changes);
    } catch (error) {
      log.warn('ids of a transaction not saved yet', { problem: String(error) });
      if (!this.#ended) clock.after(SAVE_AGAIN_MS, () => void this.#save(changes));
    }
  }

  #learn(facts: readonly CsmsFact[]): void {
    const { charger, shared } = this.#options;
    shared.memory.learn(charger, facts);
    for (const fact of facts) {
      if (fact.type !== 'password') continue;
      for (const password of readings(fact.password)) {
        void shared.admission.passwordSet(charger, basicAuthorization(charger, password));
      }
    }
  }

  #mappingOf(call: Frame) {
    const { charger, version, shared } = this.#options;
    if (version !== '1.6' || !shared.ids.mapsAny(charger)) return undefined;
    if (!carriesTransactionId(call.action)) return undefined;
    const localId = transactionIdIn(call);
    return localId === undefined ? undefined : shared.ids.find(charger, localId);
  }

  /** The CSMS never gave the transaction an id: its start was not taken, or dropped by an operator. */
  #isOfNothing(call: Frame): boolean {
    const mapping = this.#mappingOf(call);
    return mapping !== undefined && mapping.csmsId === undefined;
  }

  #dialled(result: Exclude<DialResult, { outcome: 'unreachable' }>): void {
    const { charger, subprotocol, shared, connected, disconnect } = this.#options;
    if (result.outcome === 'connected') {
      if (result.socket.subprotocol === subprotocol) {
        connected(result.socket);
        return;
      }
      result.socket.close(1002, 'not the subprotocol agreed with the charger');
      disconnect('the CSMS wants another OCPP version');
      return;
    }
    if (result.outcome === 'refused' && !isRejection(result.status)) {
      this.#redial.begin();
      return;
    }
    void shared.admission.refused(charger, 'name');
    disconnect('the CSMS does not accept the charger any more');
  }

  /**
   * The CSMS does not accept the boot that was accepted here: the charger boots again and hears it
   * itself. In 2.x a charger that was accepted must refuse to be triggered for it (F06.FR.17).
   */
  #bootAnew(status: string): void {
    const { charger, version, log, callCharger } = this.#options;
    log.warn('the CSMS does not accept the boot: the charger is told to boot again', {
      charger,
      status,
    });
    const [action, payload] =
      version === '1.6'
        ? ['TriggerMessage', { requestedMessage: 'BootNotification' }]
        : ['Reset', { type: 'OnIdle' }];
    callCharger(
      { action: action as string, payload: payload as object, ...HOUSEKEEPING },
      (outcome) => log.info('charger told to boot again', { charger, ...outcome }),
    );
  }

  /** The driver was let in while the CSMS was away, and the CSMS does not want them (1.6 §4.8). */
  #stopUnwanted(transactionId: string): void {
    const { charger, version, shared, log, callCharger, withhold } = this.#options;
    log.warn('the CSMS does not accept the driver', { charger, transactionId });
    if (shared.memory.switches(charger).stopOnInvalid === false) {
      withhold(transactionId);
      return;
    }
    const [action, payload] =
      version === '1.6'
        ? ['RemoteStopTransaction', { transactionId: Number(transactionId) }]
        : ['RequestStopTransaction', { transactionId }];
    callCharger(
      { action: action as string, payload: payload as object, ...HOUSEKEEPING },
      (outcome) => log.info('unwanted driver stopped', { charger, transactionId, ...outcome }),
    );
  }
}

/** Statuses by which a CSMS says no to the charger itself, not "later". */
export const isRejection = (status: number): boolean =>
  status === 401 || status === 403 || status === 404;

const isTimed = (call: Frame): boolean =>
  call.action === 'BootNotification' || call.action === 'Heartbeat';

/** AuthorizationKey of 1.6 is written as text or as hexadecimal bytes. */
const readings = (password: string): readonly Buffer[] => {
  const text = Buffer.from(password);
  const hex = /^([0-9a-f]{2})+$/i.test(password);
  return hex ? [text, Buffer.from(password, 'hex')] : [text];
};
