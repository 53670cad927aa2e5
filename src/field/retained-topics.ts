import type { Cancel, Clock } from '../core/time.ts';

/** Each topic is published at most this often; the latest value wins. */
const PUBLISH_EVERY_MS = 1_000;
/** Topics of an earlier run that are remembered until they are emptied. */
const LEFTOVERS_MOST = 20_000;

/** Says whether it went out; what did not is tried again with the next round. */
export type Send = (topic: string, text: string, qos: 0 | 1) => boolean;

/**
 * Makes the retained topics at the broker equal to what is wanted: sends what differs, and empties
 * what nobody wants any more, also what an earlier run left behind.
 */
export class RetainedTopics {
  readonly #clock: Clock;
  readonly #send: Send;
  /** Makes the state topics of the latest view; only called when they are sent. */
  #state: (() => ReadonlyMap<string, string>) | undefined;
  /** Topics of their own pace: answers. */
  readonly #held = new Map<string, string>();
  readonly #sent = new Map<string, string>();
  readonly #leftovers = new Set<string>();
  #dirty = false;
  #pause: Cancel | undefined;
  #closed = false;

  constructor(clock: Clock, send: Send) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Replaces all state topics. */
  want(state: () => ReadonlyMap<string, string>): void {
    this.#state = state;
    this.#soon();
  }

  /** Publishes one more topic now and keeps it until `drop`. */
  hold(topic: string, text: string): void {
    this.#held.set(topic, text);
    if (this.#send(topic, text, 1)) this.#sent.set(topic, text);
  }

  drop(topic: string): void {
    this.#held.delete(topic);
    if (this.#send(topic, '', 1)) this.#sent.delete(topic);
    else this.#soon();
  }

  /** The broker may have forgotten everything: all is sent again. */
  reconnected(): void {
    // Whatever was there before and is not wanted now is emptied like that of an earlier run.
    const before = [...this.#sent.keys()];
    this.#sent.clear();
    for (const topic of before) this.found(topic);
    this.#soon();
  }

  /** A topic that the broker holds. */
  found(topic: string): void {
    if (this.#sent.has(topic) || this.#leftovers.size >= LEFTOVERS_MOST) return;
    this.#leftovers.add(topic);
    this.#soon();
  }

  /** Sends some again although the broker has them: a reader started late. */
  again(topics: (topic: string) => boolean): void {
    for (const topic of [...this.#sent.keys()].filter(topics)) this.#sent.set(topic, '');
    this.#soon();
  }

  close(): void {
    this.#closed = true;
    this.#pause?.();
  }

  #soon(): void {
    this.#dirty = true;
    if (this.#pause !== undefined || this.#closed || this.#state === undefined) return;
    this.#dirty = !this.#round(this.#state());
    this.#pause = this.#clock.after(PUBLISH_EVERY_MS, () => {
      this.#pause = undefined;
      if (this.#dirty) this.#soon();
    });
  }

  /** True when the broker now has everything. */
  #round(state: ReadonlyMap<string, string>): boolean {
    const unwanted = [...this.#sent.keys(), ...this.#leftovers].filter(
      (topic) => !state.has(topic) && !this.#held.has(topic),
    );
    let complete = true;
    for (const topic of unwanted) {
      if (this.#send(topic, '', 1)) {
        this.#sent.delete(topic);
        this.#leftovers.delete(topic);
      } else complete = false;
    }
    for (const [topic, text] of [...state, ...this.#held]) {
      this.#leftovers.delete(topic);
      if (this.#sent.get(topic) === text) continue;
      if (this.#send(topic, text, 0)) this.#sent.set(topic, text);
      else complete = false;
    }
    return complete;
  }
}
