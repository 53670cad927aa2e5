import type { Log } from '../core/log.ts';
import type { Policy } from '../core/sharing/policy.ts';
import type { Clock } from '../core/time.ts';
import {
  REQUEST_MOST_BYTES,
  type Response,
  requestReader,
  VERBS,
} from '../schema/request-messages.ts';
import type { Incoming } from './broker-port.ts';
import { Inbox } from './inbox.ts';
import { carryOut, type RequestTaker } from './site-requests.ts';
import type { Answer, TopicHandler } from './topic-handler.ts';

export interface RequestTopicsOptions {
  readonly base: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly publish: (topic: string, text: string) => void;
  readonly answer: Answer;
  readonly taker: RequestTaker;
  /** That may be chosen, by name. */
  readonly policies: ReadonlyMap<string, Policy>;
}

/** `request/<verb>` in, `response/<verb>` out. */
export class RequestTopics implements TopicHandler {
  readonly filters: readonly string[];
  readonly #options: RequestTopicsOptions;
  readonly #inbox: Inbox;
  readonly #read = requestReader();

  constructor(options: RequestTopicsOptions) {
    this.#options = options;
    this.#inbox = new Inbox(options.clock, new Set<string>(VERBS));
    this.filters = [`${options.base}/request/+`];
  }

  take(message: Incoming): boolean {
    const prefix = `${this.#options.base}/request/`;
    if (!message.topic.startsWith(prefix)) return false;
    const verb = message.topic.slice(prefix.length);
    this.#inbox.take(verb, () =>
      message.retained ? this.#refuseRetained(verb) : this.#look(verb, message),
    );
    return true;
  }

  close(): void {
    this.#inbox.close();
  }

  /** It was meant once, and not for every start from now on: its sender finds out from the answer. */
  #refuseRetained(verb: string): void {
    const { publish, base, log } = this.#options;
    const reason = 'retained: publish requests without the retain flag';
    log.warn('request ignored', { verb, reason });
    publish(`${base}/response/${verb}`, JSON.stringify({ accepted: false, reason }));
  }

  #look(verb: string, message: Incoming): void {
    const { taker, policies, publish, answer, base, clock, log } = this.#options;
    const read =
      message.bytes > REQUEST_MOST_BYTES
        ? { problem: `larger than ${REQUEST_MOST_BYTES} bytes` }
        : this.#read(verb, message.text());
    if ('problem' in read) log.warn('request refused', { verb, reason: read.problem });
    const response: Response =
      'problem' in read
        ? { accepted: false, reason: read.problem }
        : {
            ...carryOut(taker, policies, read, 'request', {
              monotonicMs: clock.monotonicMs(),
              wallMs: clock.wallMs(),
            }),
            ...(read.body.transaction === undefined ? {} : { transaction: read.body.transaction }),
          };
    const text = JSON.stringify(response);
    publish(`${base}/response/${verb}`, text);
    answer(message, text);
  }
}
