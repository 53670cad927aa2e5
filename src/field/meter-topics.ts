import type { Log } from '../core/log.ts';
import type { Reading } from '../core/meters/reading.ts';
import type { MeterSpec } from '../core/site.ts';
import type { Clock } from '../core/time.ts';
import { METER_MESSAGE_MOST_BYTES, meterReader } from '../schema/meter-message.ts';
import type { Incoming } from './broker-port.ts';
import { Inbox } from './inbox.ts';
import type { TopicHandler } from './topic-handler.ts';

export interface MeterTopicsOptions {
  readonly meters: readonly MeterSpec[];
  readonly clock: Clock;
  readonly log: Log;
  readonly onReading: (reading: Reading) => void;
}

/** Meters that somebody else reads and publishes. */
export class MeterTopics implements TopicHandler {
  readonly filters: readonly string[];
  readonly #options: MeterTopicsOptions;
  readonly #inbox: Inbox;
  readonly #byTopic: ReadonlyMap<string, readonly MeterSpec[]>;
  readonly #read = meterReader();
  /** `at` of the last message of each meter: the same one again is no news. */
  readonly #lastAt = new Map<string, string>();

  constructor(options: MeterTopicsOptions) {
    this.#options = options;
    this.#inbox = new Inbox(options.clock);
    const byTopic = new Map<string, MeterSpec[]>();
    for (const spec of options.meters) {
      if (spec.source?.kind !== 'mqtt') continue;
      byTopic.set(spec.source.topic, [...(byTopic.get(spec.source.topic) ?? []), spec]);
    }
    this.#byTopic = byTopic;
    this.filters = [...byTopic.keys()];
  }

  take(message: Incoming): boolean {
    const specs = this.#byTopic.get(message.topic);
    if (specs === undefined) return false;
    // A retained reading may be of last week.
    if (message.retained) return true;
    const atMs = this.#options.clock.monotonicMs();
    this.#inbox.take(message.topic, () => {
      for (const spec of specs) this.#look(spec, message, atMs);
    });
    return true;
  }

  close(): void {
    this.#inbox.close();
  }

  #look(spec: MeterSpec, message: Incoming, atMs: number): void {
    const { onReading, log } = this.#options;
    const read =
      message.bytes > METER_MESSAGE_MOST_BYTES
        ? { problem: `larger than ${METER_MESSAGE_MOST_BYTES} bytes` }
        : this.#read(spec, message.text(), atMs);
    if ('problem' in read) {
      log.debug('meter not read', { meter: spec.id, problem: read.problem });
      onReading({ meter: spec.id, atMs, quality: 'absent', problem: read.problem });
      return;
    }
    if (read.at !== undefined && this.#lastAt.get(spec.id) === read.at) return;
    if (read.at !== undefined) this.#lastAt.set(spec.id, read.at);
    onReading(read.reading);
  }
}
