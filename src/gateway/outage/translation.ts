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
import type { OcppVersion } from '../../ocpp/version.ts';
import type { Change } from '../../store/durable-store.ts';
import { basicAuthorization } from '../dial-request.ts';
import type { Outage } from './outage.ts';

/** Ids that could not be written are written again after so long, while the charger is there. */
const SAVE_AGAIN_MS = 5_000;

export interface TranslationOptions {
  readonly charger: string;
  readonly version: OcppVersion;
  readonly shared: Outage;
  readonly clock: Clock;
  readonly log: Log;
  readonly ended: () => boolean;
}

/**
 * What passes between a charger and its CSMS, as each of them knows it: the few ids that were given
 * out in an outage are translated, and what the CSMS says is learned for the next one.
 */
export class Translation {
  readonly #options: TranslationOptions;

  constructor(options: TranslationOptions) {
    this.#options = options;
  }

  /** A call of the charger as the CSMS knows it. */
  toCsms(call: Frame): Frame {
    const mapping = this.#mappingOf(call);
    return mapping?.csmsId === undefined ? call : withTransactionId(call, mapping.csmsId);
  }

  /** A call of the CSMS as the charger knows it. */
  fromCsms(call: Frame): Frame {
    const { charger, shared } = this.#options;
    const csmsId = this.#transactionIn(call);
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
    const { shared, clock, log, ended } = this.#options;
    try {
      await shared.journal.write(changes);
    } catch (error) {
      log.warn('ids of a transaction not saved yet', { problem: String(error) });
      if (!ended()) clock.after(SAVE_AGAIN_MS, () => void this.#save(changes));
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
    const { charger, shared } = this.#options;
    const localId = this.#transactionIn(call);
    return localId === undefined ? undefined : shared.ids.find(charger, localId);
  }

  /** The transaction that a call names, where ids of this charger are mapped at all. */
  #transactionIn(call: Frame): number | undefined {
    const { charger, version, shared } = this.#options;
    if (version !== '1.6' || !shared.ids.mapsAny(charger)) return undefined;
    return carriesTransactionId(call.action) ? transactionIdIn(call) : undefined;
  }

  /** The CSMS never gave the transaction an id: its start was not taken, or dropped by an operator. */
  isOfNothing(call: Frame): boolean {
    const mapping = this.#mappingOf(call);
    return mapping !== undefined && mapping.csmsId === undefined;
  }
}

const isTimed = (call: Frame): boolean =>
  call.action === 'BootNotification' || call.action === 'Heartbeat';

/** AuthorizationKey of 1.6 is written as text or as hexadecimal bytes. */
const readings = (password: string): readonly Buffer[] => {
  const text = Buffer.from(password);
  const hex = /^([0-9a-f]{2})+$/i.test(password);
  return hex ? [text, Buffer.from(password, 'hex')] : [text];
};
