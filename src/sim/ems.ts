import { type Cancel, type Clock, timestamp } from '../core/time.ts';
import type { PhaseAmps } from '../core/units.ts';

/** An MQTT client of somebody else, or a recorder. Limits are never retained. */
export type Publish = (topic: string, payload: string) => void;

export interface SimEmsOptions {
  readonly clock: Clock;
  readonly publish: Publish;
  readonly site: string;
  readonly source: string;
  readonly circuit: string;
  readonly root?: string;
}

/** What an EMS asks for; amps per phase or watts. */
export type EmsWish = { readonly amps: PhaseAmps } | { readonly watts: number };

/** A building's energy management: limits a circuit over MQTT, and keeps its limit alive. */
export class SimEms {
  readonly #options: SimEmsOptions;
  #seq = 0;
  #cancel: Cancel = () => {};

  constructor(options: SimEmsOptions) {
    this.#options = options;
  }

  /** Sends a limit and repeats it at half of its life until `stop` or another one. */
  limit(wish: EmsWish, ttlSeconds: number, reason: string): void {
    this.#cancel();
    this.once(wish, ttlSeconds, reason);
    this.#cancel = this.#options.clock.after(ttlSeconds * 500, () =>
      this.limit(wish, ttlSeconds, reason),
    );
  }

  /** Sends a limit once; it will expire. */
  once(wish: EmsWish, ttlSeconds: number, reason: string): void {
    const { publish, root = 'busbar/v1', site, source, circuit, clock } = this.#options;
    this.#seq += 1;
    const at = timestamp(clock.wallMs());
    const message = { circuit, ...wish, ttlSeconds, seq: this.#seq, at, reason };
    publish(`${root}/${site}/limits/${source}/set`, JSON.stringify(message));
  }

  /** Dies: what it sent last expires by itself. */
  stop(): void {
    this.#cancel();
  }
}
