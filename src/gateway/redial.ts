import type { Cancel, Clock } from '../core/time.ts';
import type { DialResult } from './socket.ts';

/** Waits between dials of one charger grow from the first to the last, with jitter. */
const FIRST_WAIT_MS = 1_000;
export const LAST_WAIT_MS = 60_000;
/** A connection that served this long starts the waits from the beginning. */
export const PROVEN_AFTER_MS = 30_000;
/** Once another charger got through, the others follow within this time, at most once in a while. */
export const FOLLOW_WITHIN_MS = 5_000;
const FOLLOW_EVERY_MS = 30_000;
/** Handshakes with the CSMS in flight at once, over all chargers. */
export const DIALS_MOST = 16;

/** Lets a bounded number of dials run at once; the others wait in order. */
export class DialGate {
  #free = DIALS_MOST;
  readonly #waiting: (() => void)[] = [];
  readonly #redials = new Set<Redial>();

  add(redial: Redial): void {
    this.#redials.add(redial);
  }

  remove(redial: Redial): void {
    this.#redials.delete(redial);
  }

  /** The CSMS can be reached again: nobody has to wait out a long pause. */
  reached(): void {
    for (const redial of this.#redials) redial.follow();
  }

  async through<Result>(dial: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await dial();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

export interface RedialOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly gate: DialGate;
  readonly dial: () => Promise<DialResult>;
  /** The CSMS answered, whatever it said. A socket that comes too late is closed here. */
  readonly done: (result: Exclude<DialResult, { outcome: 'unreachable' }>) => void;
}

/** Dials the CSMS for one charger again and again, until it answers or nobody wants it any more. */
export class Redial {
  readonly #options: RedialOptions;
  #waitMs = FIRST_WAIT_MS;
  #connectedAtMs: number | undefined;
  #timer: Cancel | undefined;
  #stopped = false;
  #followedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: RedialOptions) {
    this.#options = options;
  }

  /** The connection was lost, or there was none: dials after a wait. */
  begin(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#connectedAtMs !== undefined && nowMs - this.#connectedAtMs > PROVEN_AFTER_MS) {
      this.#waitMs = FIRST_WAIT_MS;
    }
    this.#connectedAtMs = undefined;
    this.#options.gate.add(this);
    this.#later();
  }

  /** Another charger got through to the CSMS. */
  follow(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#timer === undefined || nowMs - this.#followedAtMs < FOLLOW_EVERY_MS) return;
    this.#followedAtMs = nowMs;
    this.#timer();
    this.#timer = this.#options.clock.after(
      FOLLOW_WITHIN_MS * this.#options.random(),
      () => void this.#try(),
    );
  }

  /** A connection was made by somebody else. */
  connected(): void {
    this.#connectedAtMs = this.#options.clock.monotonicMs();
  }

  stop(): void {
    this.#stopped = true;
    this.#options.gate.remove(this);
    this.#timer?.();
  }

  #later(): void {
    const jitter = 0.5 + this.#options.random();
    this.#timer = this.#options.clock.after(this.#waitMs * jitter, () => void this.#try());
    this.#waitMs = Math.min(LAST_WAIT_MS, this.#waitMs * 2);
  }

  async #try(): Promise<void> {
    this.#timer = undefined;
    const result = await this.#options.gate.through(() =>
      this.#stopped ? Promise.resolve(undefined) : this.#options.dial(),
    );
    if (this.#stopped || result === undefined) {
      if (result?.outcome === 'connected') result.socket.close(1000, 'charger disconnected');
      return;
    }
    if (result.outcome === 'unreachable') this.#later();
    else {
      if (result.outcome === 'connected') {
        this.connected();
        this.#options.gate.remove(this);
        this.#options.gate.reached();
      }
      this.#options.done(result);
    }
  }
}
