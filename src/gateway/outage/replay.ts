import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time.ts';
import { readVerdict } from '../../ocpp/authorization.ts';
import { factsOfAnswer } from '../../ocpp/csms-fact.ts';
import { type Frame, readFrame, readPayload } from '../../ocpp/frame.ts';
import { readInteger, readObject } from '../../ocpp/payload.ts';
import {
  carriesTransactionId,
  markedOffline,
  transactionIdIn,
  withTransactionId,
} from '../../ocpp/transaction-id.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import type { Change } from '../../store/durable-store.ts';
import type { Journal } from '../../store/journal.ts';
import type { JournalEntry } from '../../store/journal-entry.ts';
import type { CallOutcome } from '../observer.ts';
import type { CsmsMemory } from './csms-memory.ts';
import type { Pacer } from './pacer.ts';
import type { StandIn } from './stand-in.ts';
import type { TransactionIds } from './transaction-ids.ts';

/** Times a message is sent that the CSMS answers with an error, before it is set aside (E13). */
const ATTEMPTS_MOST = 4;
/** The wait after an error is this long times the attempts so far. */
const RETRY_INTERVAL_MS = 5_000;
/** The CSMS says how long it wants to hear of no boot; it is believed up to here. */
const BOOT_INTERVAL_MOST_MS = 15 * 60_000;
const BATCH = 32;
/** Statuses that come while older ones go out wait for another round; then the journal has its turn. */
const STATUS_ROUNDS_MOST = 3;
/** Why a message is set aside whose transaction the CSMS does not know. */
const NOT_BEGUN = 'the CSMS did not take the start of its transaction';

export interface ReplayOptions {
  readonly charger: string;
  readonly version: OcppVersion;
  readonly journal: Journal;
  readonly ids: TransactionIds;
  readonly memory: CsmsMemory;
  readonly standIn: StandIn;
  readonly pacer: Pacer;
  readonly clock: Clock;
  readonly log: Log;
  /** Sends a CALL to the CSMS. Boot goes before everything, the rest behind live calls. */
  readonly send: (call: Frame, first: boolean) => Promise<CallOutcome>;
  /** The CSMS answered the boot, but did not accept the charger; `again`: as it did before. */
  readonly bootRefused: (status: string, again: boolean) => void;
  /** The CSMS does not want the driver of a transaction that goes on. */
  readonly unwanted: (transactionId: string) => void;
  /** Everything was delivered; from now on messages are relayed. */
  readonly delivered: () => void;
}

type Delivery = 'done' | 'interrupted';

/**
 * Delivers what was held for one charger: its boot if it booted meanwhile, the newest statuses,
 * then the journal in order, one outstanding call. Runs until all is delivered or `stop()`.
 */
export class Replay {
  readonly #options: ReplayOptions;
  #stopped = false;
  #attempts = 0;
  /** What the journal counted of entries queued again when it was read last. */
  #requeued = 0;

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#stopped = true;
  }

  async run(): Promise<void> {
    const { charger, journal, memory, log, delivered } = this.#options;
    while (!this.#stopped) {
      try {
        if ((await this.#boot()) && (await this.#everything()) && !this.#stopped) {
          // Queued again by an operator in the meantime.
          if (journal.backlog(charger).count > 0 || memory.latest(charger).length > 0) continue;
          delivered();
          return;
        }
      } catch (error) {
        log.error('replay failed, it is tried again', { charger, problem: String(error) });
      }
      await this.#wait(RETRY_INTERVAL_MS);
    }
  }

  /**
   * Nothing else may be sent before the CSMS accepted the charger (B01.FR.08). It is asked again
   * after the time that it named, unless the charger boots itself meanwhile: that counts instead.
   */
  async #boot(): Promise<boolean> {
    const { charger, memory, send, clock, bootRefused } = this.#options;
    const again = memory.bootRefused(charger);
    const message = memory.boot(charger);
    if (message === undefined) {
      if (again) bootRefused('not accepted yet', again);
      return !again;
    }
    if (clock.monotonicMs() < memory.bootRestsUntilMs(charger)) return false;
    const outcome = await send(readFrame(message), true);
    const settled = outcome.outcome === 'answered' || outcome.outcome === 'error';
    if (this.#stopped || !settled) return false;
    const answer = outcome.outcome === 'answered' ? readObject(outcome.payload) : {};
    const intervalSeconds = readInteger(answer['interval']) ?? 0;
    const accepted = answer['status'] === 'Accepted';
    memory.learn(charger, [{ type: 'boot', accepted, intervalSeconds }]);
    if (accepted) {
      memory.bootDelivered(charger);
      return true;
    }
    const restMs = Math.min(intervalSeconds * 1000, BOOT_INTERVAL_MOST_MS);
    memory.restBoot(charger, clock.monotonicMs() + restMs);
    bootRefused(outcome.outcome === 'error' ? outcome.code : String(answer['status']), again);
    return false;
  }

  async #everything(): Promise<boolean> {
    return (await this.#statuses()) && (await this.#journal()) === 'done';
  }

  #wait(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.after(waitMs, resolve);
    });
  }

  /** Also those that came while older ones waited; false when one was not heard. */
  async #statuses(): Promise<boolean> {
    const { charger, memory, send, pacer } = this.#options;
    for (let round = 0; round < STATUS_ROUNDS_MOST; round += 1) {
      for (const [key, message] of memory.latest(charger)) {
        await pacer.turn();
        if (this.#stopped) return false;
        const outcome = await send(readFrame(message), false);
        if (outcome.outcome !== 'answered' && outcome.outcome !== 'error') return false;
        memory.latestDelivered(charger, key, message);
      }
    }
    return true;
  }

  async #journal(): Promise<Delivery> {
    const { charger, journal, standIn } = this.#options;
    while (!this.#stopped) {
      this.#requeued = journal.requeued(charger);
      const entries = await journal.first(charger, BATCH);
      for (const entry of entries) {
        if (this.#isOvertaken(charger)) break;
        if ((await this.#deliver(entry)) === 'interrupted') return 'interrupted';
      }
      if (entries.length > 0) continue;
      if (!standIn.busy(charger)) return 'done';
      await standIn.idle(charger);
    }
    return 'interrupted';
  }

  async #deliver(entry: JournalEntry): Promise<Delivery> {
    const { pacer, send, journal } = this.#options;
    this.#attempts = 0;
    // An operator may let go of it between two attempts.
    while (journal.holds(entry)) {
      const call = this.#callOf(entry);
      if (typeof call === 'string') {
        await this.#park(entry, call);
        return 'done';
      }
      await pacer.turn();
      if (this.#stopped) return 'interrupted';
      if (this.#isOvertaken(entry.charger)) return 'done';
      const outcome = await send(call, false);
      if (outcome.outcome === 'answered') {
        const changes = this.#taken(entry, outcome.payload);
        if (changes !== undefined) {
          await journal.remove(entry, changes);
          return 'done';
        }
      } else if (outcome.outcome !== 'error') {
        journal.unanswered(entry);
        return 'interrupted';
      }
      if (await this.#givenUp(entry, outcome)) return 'done';
      if (this.#stopped) return 'interrupted';
    }
    return 'done';
  }

  /** Older ones were queued again since the journal was read: they go first. */
  #isOvertaken(charger: string): boolean {
    return this.#options.journal.requeued(charger) !== this.#requeued;
  }

  /** The message as the CSMS has to see it; a text tells why it cannot be sent. */
  #callOf(entry: JournalEntry): Frame | string {
    const { charger, ids } = this.#options;
    const frame = readFrame(entry.message);
    if (frame.kind !== 'call') return 'it is unreadable';
    if (entry.header.version !== '1.6') return markedOffline(frame);
    if (!carriesTransactionId(frame.action)) return frame;
    const localId = transactionIdIn(frame);
    if (localId === undefined) return frame;
    const mapping = ids.find(charger, localId);
    if (mapping?.parked === true) return NOT_BEGUN;
    const csmsId = mapping?.csmsId ?? entry.header.csmsTransactionId;
    if (csmsId !== undefined) return withTransactionId(frame, csmsId);
    // Without a mapping it is an id that the CSMS gave before the outage.
    return mapping === undefined ? frame : 'the start of its transaction was not delivered';
  }

  /** What the answer changes; undefined when it is no answer that counts. */
  #taken(entry: JournalEntry, payload: unknown): readonly Change[] | undefined {
    const { charger, version, ids, memory, unwanted } = this.#options;
    const answer = readObject(payload);
    const { action, transactionId } = entry.header;
    memory.learn(
      charger,
      factsOfAnswer(version, action, () => requestOf(entry), payload),
    );
    const info = answer[version === '1.6' ? 'idTagInfo' : 'idTokenInfo'];
    const status = readVerdict(version, info)?.status;
    if (action === 'StartTransaction') {
      const csmsId = readInteger(answer['transactionId']);
      if (csmsId === undefined || transactionId === undefined) return undefined;
      if (status !== undefined && status !== 'Accepted') unwanted(transactionId);
      return ids.learn(charger, Number(transactionId), csmsId);
    }
    if (action === 'StopTransaction' && transactionId !== undefined) {
      return ids.stopped(charger, Number(transactionId));
    }
    const refused = status !== undefined && status !== 'Accepted';
    if (action === 'TransactionEvent' && refused && transactionId !== undefined) {
      unwanted(transactionId);
    }
    return [];
  }

  /** Waits longer after each refusal; in the end the message is set aside and told. */
  async #givenUp(entry: JournalEntry, outcome: CallOutcome): Promise<boolean> {
    this.#attempts += 1;
    if (this.#attempts >= ATTEMPTS_MOST) {
      const why =
        outcome.outcome === 'error'
          ? `the CSMS answered ${outcome.code} ${this.#attempts} times: ${outcome.description}`
          : 'the CSMS gave no transaction id';
      await this.#park(entry, why);
      return true;
    }
    await this.#wait(RETRY_INTERVAL_MS * this.#attempts);
    return false;
  }

  async #park(entry: JournalEntry, why: string): Promise<void> {
    const { charger, ids, journal, log } = this.#options;
    const { action, transactionId, version } = entry.header;
    const starts = action === 'StartTransaction' && transactionId !== undefined;
    const ends = action === 'StopTransaction' && transactionId !== undefined && version === '1.6';
    const csmsTransactionId = this.#csmsNameFor(entry);
    const changes = starts
      ? ids.park(charger, Number(transactionId))
      : ends
        ? ids.stopped(charger, Number(transactionId))
        : [];
    const aside = { parked: why, ...(csmsTransactionId !== undefined && { csmsTransactionId }) };
    await journal.park(entry, aside, changes);
    log.error('message set aside: see busbar queue', { charger, action, transactionId, why });
  }

  /** The map forgets a transaction after its stop; without a mapping the CSMS gave the id itself. */
  #csmsNameFor({ charger, header }: JournalEntry): number | undefined {
    const { version, action, transactionId, csmsTransactionId } = header;
    if (version !== '1.6' || transactionId === undefined || action === 'StartTransaction') {
      return undefined;
    }
    const mapping = this.#options.ids.find(charger, Number(transactionId));
    const own = mapping === undefined ? Number(transactionId) : undefined;
    return mapping?.csmsId ?? csmsTransactionId ?? own;
  }
}

const requestOf = ({ message }: JournalEntry): unknown => {
  try {
    return readPayload(readFrame(message));
  } catch {
    return undefined;
  }
};
