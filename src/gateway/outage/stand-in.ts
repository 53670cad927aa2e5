import { createHash } from 'node:crypto';
import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time.ts';
import { authorizeOffline, type Token, type UnknownTokens } from '../../ocpp/authorization.ts';
import { dropMember } from '../../ocpp/drop-member.ts';
import { type Frame, readPayload } from '../../ocpp/frame.ts';
import { type LocalAnswer, localAnswer } from '../../ocpp/local-answer.ts';
import {
  isOfTransaction,
  isQueued,
  isThinnable,
  transactionOf,
} from '../../ocpp/transaction-message.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import type { Change } from '../../store/durable-store.ts';
import type { Journal } from '../../store/journal.ts';
import type { EntryHeader, LastAnswer } from '../../store/journal-entry.ts';
import type { CallAnswer } from '../interceptor.ts';
import type { CsmsMemory } from './csms-memory.ts';
import type { TransactionIds } from './transaction-ids.ts';

/** Calls of one charger that wait for the medium; one more is not answered at all. */
export const WAITING_MOST = 32;

export interface StandInOptions {
  readonly journal: Journal;
  readonly ids: TransactionIds;
  readonly memory: CsmsMemory;
  readonly clock: Clock;
  readonly log: Log;
  readonly unknownTokens: UnknownTokens;
  readonly unknownBoot: 'pending' | 'reject';
}

/** A call that the CSMS cannot answer now. */
export interface HeldCall {
  readonly charger: string;
  readonly version: OcppVersion;
  readonly frame: Frame;
  /** It was sent upstream before: the CSMS may have it. */
  readonly mayRepeat: boolean;
}

/**
 * Answers chargers in place of the CSMS. What billing depends on is on disk before it is answered;
 * a repetition of the last message gets the answer of the first time and is not kept twice.
 */
export class StandIn {
  readonly #options: StandInOptions;
  /** Calls of a charger are taken one after the other, in their order. */
  readonly #chains = new Map<string, { tail: Promise<unknown>; length: number }>();

  constructor(options: StandInOptions) {
    this.#options = options;
  }

  /** Whether calls of this charger are still on their way to the medium. */
  busy(charger: string): boolean {
    return this.#chains.has(charger);
  }

  /** After the calls that are on their way now. */
  async idle(charger: string): Promise<void> {
    await this.#chains.get(charger)?.tail;
  }

  /** What the message was answered with, if it is the last queued one again. */
  repeated(charger: string, frame: Frame): LastAnswer | undefined {
    const { journal } = this.#options;
    const last = journal.lastAnswer(charger);
    if (last === undefined) return undefined;
    const digest = digestOf(frame);
    const found = [last, last.before].find((each) => each?.digest === digest);
    if (found === undefined && isOfTransaction(frame.action)) journal.movedOn(charger);
    return found;
  }

  /** Undefined: no answer may be given, since the message could not be kept; the charger has it. */
  answer(call: HeldCall): Promise<CallAnswer | undefined> {
    const chain = this.#chains.get(call.charger) ?? { tail: Promise.resolve(), length: 0 };
    if (chain.length >= WAITING_MOST) return Promise.resolve(undefined);
    const answer = chain.tail.then(() => this.#answer(call));
    this.#chains.set(call.charger, chain);
    chain.tail = answer;
    chain.length += 1;
    void answer.then(() => {
      chain.length -= 1;
      if (chain.length === 0) this.#chains.delete(call.charger);
    });
    return answer;
  }

  /** Never rejects. */
  async #answer(call: HeldCall): Promise<CallAnswer | undefined> {
    const { charger, version, frame } = call;
    try {
      const queued = isQueued(version, frame.action);
      const before = queued ? this.repeated(charger, frame) : undefined;
      if (before !== undefined) return { payload: before.answer };
      const changes: Change[] = [];
      const payload = payloadOf(frame);
      const answer = localAnswer(version, frame.action, payload, this.#context(call, changes));
      if (answer.keep === 'queue') await this.#keep(call, payload, answer, changes);
      return this.#given(call, answer);
    } catch (error) {
      this.#options.log.error('message not kept and not answered: the charger keeps it', {
        charger,
        action: frame.action,
        problem: error instanceof Error ? error.message : String(error),
      });
      return undefined;
    }
  }

  #given({ charger, frame }: HeldCall, answer: LocalAnswer): CallAnswer {
    const { memory } = this.#options;
    if (answer.keep === 'error') {
      return { errorCode: answer.code, description: answer.description };
    }
    if (answer.keep === 'latest') memory.keepLatest(charger, answer.key, frame.bytes);
    if (frame.action === 'BootNotification') memory.booted(charger, frame.bytes);
    return { payload: answer.payload };
  }

  #context({ charger }: HeldCall, changes: Change[]) {
    const { memory, ids, clock, unknownBoot, unknownTokens } = this.#options;
    const nowWallMs = clock.wallMs();
    const interval = memory.acceptedInterval(charger);
    return {
      nowWallMs,
      clockTrusted: memory.clockTrusted(nowWallMs),
      unknownBoot,
      verdict: (token: Token) => {
        const known = memory.token(charger, token.id);
        return authorizeOffline(token, known, memory.switches(charger), unknownTokens, nowWallMs);
      },
      newTransactionId: () => {
        const { localId, changes: allocated } = ids.allocate(charger);
        changes.push(...allocated);
        return localId;
      },
      ...(interval === undefined ? {} : { acceptedIntervalSeconds: interval }),
    };
  }

  async #keep(
    { charger, version, frame, mayRepeat }: HeldCall,
    payload: unknown,
    answer: Extract<LocalAnswer, { keep: 'queue' }>,
    changes: readonly Change[],
  ): Promise<void> {
    const transactionId = answer.transactionId ?? transactionOf(version, payload);
    const header: EntryHeader = {
      version,
      action: frame.action,
      messageId: frame.id,
      takenAtWallMs: this.#options.clock.wallMs(),
      thinnable: isThinnable(version, frame.action, payload),
      mayRepeat,
      last: this.#lastOf(charger, frame, answer.payload),
      ...(transactionId === undefined ? {} : { transactionId: String(transactionId) }),
    };
    const { journal, ids } = this.#options;
    try {
      await journal.append(charger, header, frame.bytes, changes);
    } catch (error) {
      if (answer.transactionId !== undefined) ids.release(charger, answer.transactionId);
      throw error;
    }
  }

  #lastOf(charger: string, frame: Frame, answer: object): LastAnswer {
    const last = { digest: digestOf(frame), answer };
    if (isOfTransaction(frame.action)) return last;
    const newest = this.#options.journal.lastAnswer(charger);
    const before = newest?.beside === true ? newest.before : newest;
    return { ...last, beside: true, ...(before === undefined ? {} : { before }) };
  }
}

/**
 * Retries may come under a new message id, and those of 2.x marked as offline meanwhile (E11.FR.07):
 * the rest of the content decides.
 */
const digestOf = ({ action, bytes, payloadStart, payloadEnd }: Frame): string => {
  const live =
    action === 'TransactionEvent' ? dropMember(bytes, payloadStart, 'offline') : undefined;
  const left = live ?? bytes;
  const end = payloadEnd - (bytes.length - left.length);
  return createHash('sha256')
    .update(action)
    .update(left.subarray(payloadStart, end))
    .digest('base64');
};

/** Also of a charger that writes almost JSON: its CSMS understood it, too. */
const payloadOf = (frame: Frame): unknown => {
  try {
    return readPayload(frame);
  } catch {
    return undefined;
  }
};
