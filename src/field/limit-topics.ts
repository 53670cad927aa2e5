import type { LimitAnswer, LimitCommand } from '../core/limits/limit-book.ts';
import type { Log } from '../core/log.ts';
import type { Cancel, Clock } from '../core/time.ts';
import { LIMIT_MESSAGE_MOST_BYTES, limitReader } from '../schema/limit-message.ts';
import type { Incoming } from './broker-port.ts';
import { Inbox } from './inbox.ts';
import type { RetainedTopics } from './retained-topics.ts';
import type { Answer, TopicHandler } from './topic-handler.ts';

/** Timers know no longer time; what lives longer is emptied by the next message. */
const TIMER_MOST_MS = 2 ** 31 - 1;

/** Source and verb of what is said to us. */
const COMMAND = /^([^/]+)\/(set|heartbeat)$/;

/** Sources whose last problem is remembered. */
const PROBLEMS_MOST = 1000;

export interface LimitTopicsOptions {
  readonly base: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly retained: RetainedTopics;
  readonly publish: (topic: string, text: string) => void;
  readonly answer: Answer;
  /** Sources of the site file; undefined: not known. */
  readonly sources?: ReadonlySet<string> | undefined;
  /** Sources with a heartbeat, and what hears it. */
  readonly lasting: ReadonlySet<string>;
  readonly heartbeat: (source: string) => void;
  readonly setLimit: (source: string, command: LimitCommand) => LimitAnswer;
}

/** `limits/<source>/set` in, the answer on `limits/<source>` for as long as the limit lives. */
export class LimitTopics implements TopicHandler {
  readonly filters: readonly string[];
  readonly #options: LimitTopicsOptions;
  readonly #inbox: Inbox;
  readonly #readLimit = limitReader();
  readonly #expiries = new Map<string, Cancel>();
  /** By source: what was wrong with its last message. */
  readonly #problems = new Map<string, string>();
  /** Sources that published where the answers are, and were told. */
  readonly #misled = new Set<string>();

  constructor(options: LimitTopicsOptions) {
    this.#options = options;
    this.#inbox = new Inbox(options.clock, options.sources);
    this.filters = [`${options.base}/limits/+/set`, `${options.base}/limits/+/heartbeat`];
  }

  take(message: Incoming): boolean {
    const prefix = `${this.#options.base}/limits/`;
    if (!message.topic.startsWith(prefix)) return false;
    const below = message.topic.slice(prefix.length);
    const [, source, verb] = COMMAND.exec(below) ?? [];
    if (source === undefined) {
      if (!below.includes('/')) this.#hintAtSet(below, message);
      return false;
    }
    if (verb === 'heartbeat') {
      if (message.retained)
        this.#tellProblem(source, 'retained heartbeat: publish it without the retain flag');
      else this.#options.heartbeat(source);
      return true;
    }
    if (message.retained) this.#refuse(source, 'retained: publish limits without the retain flag');
    else this.#inbox.take(source, () => this.#look(source, message));
    return true;
  }

  /** What the source was told does not hold any more: it has not been heard. */
  silent(source: string): void {
    if (!this.#options.lasting.has(source)) return;
    this.#expiries.get(source)?.();
    this.#expiries.delete(source);
    this.#options.retained.drop(`${this.#options.base}/limits/${source}`);
  }

  close(): void {
    this.#inbox.close();
    for (const cancel of this.#expiries.values()) cancel();
  }

  /** Its sender finds out from the answer that it is never used. */
  #refuse(source: string, reason: string): void {
    const { log, publish, base } = this.#options;
    log.warn('limit ignored', { source, reason });
    const answer: LimitAnswer = { accepted: false, applied: null, reason };
    publish(`${base}/limits/${source}`, JSON.stringify(answer));
  }

  /** A limit where the answers are: its sender would wait for ever. Told once of each source. */
  #hintAtSet(source: string, message: Incoming): void {
    if (this.#misled.has(source) || this.#misled.size >= PROBLEMS_MOST) return;
    if (message.bytes === 0 || message.bytes > LIMIT_MESSAGE_MOST_BYTES) return;
    if (isAnswer(message.text())) return;
    this.#misled.add(source);
    const name = source === 'set' ? '<source>' : source;
    const to = `${this.#options.base}/limits/${name}/set`;
    this.#refuse(source, `heard on the topic of the answers: publish limits on ${to}`);
  }

  #look(source: string, message: Incoming): void {
    const { setLimit, answer, publish, base, lasting, clock } = this.#options;
    const read =
      message.bytes > LIMIT_MESSAGE_MOST_BYTES
        ? { problem: `larger than ${LIMIT_MESSAGE_MOST_BYTES} bytes` }
        : this.#readLimit(message.text(), lasting.has(source));
    this.#tellProblem(source, 'problem' in read ? read.problem : undefined);
    const result: LimitAnswer =
      'problem' in read
        ? { accepted: false, applied: null, reason: read.problem }
        : setLimit(source, read);
    const text = JSON.stringify(result);
    if (result.applied !== null && !('problem' in read)) {
      const untilMs = Date.parse(result.applied.expiresAt) - clock.wallMs();
      this.#hold(source, text, Number.isFinite(untilMs) ? untilMs : read.ttlSeconds * 1000);
    } else publish(`${base}/limits/${source}`, text);
    answer(message, text);
  }

  /** Told once, not with every repetition, and again after a message that could be read. */
  #tellProblem(source: string, problem: string | undefined): void {
    if (problem === undefined) {
      this.#problems.delete(source);
      return;
    }
    if (this.#problems.get(source) === problem) return;
    this.#options.log.warn('limit rejected', { source, reason: problem });
    if (this.#problems.size < PROBLEMS_MOST) this.#problems.set(source, problem);
  }

  /** The retained answer is emptied when the limit ends. */
  #hold(source: string, text: string, lifeMs: number): void {
    const { retained, clock, base } = this.#options;
    const topic = `${base}/limits/${source}`;
    retained.hold(topic, text);
    this.#expiries.get(source)?.();
    this.#expiries.delete(source);
    if (lifeMs > TIMER_MOST_MS) return;
    const cancel = clock.after(lifeMs, () => {
      this.#expiries.delete(source);
      retained.drop(topic);
    });
    this.#expiries.set(source, cancel);
  }
}

/** Our own come back from brokers that know no "no local", and from an earlier run. */
const isAnswer = (text: string): boolean => {
  try {
    return Object.hasOwn(Object(JSON.parse(text)), 'accepted');
  } catch {
    return false;
  }
};
