import { type Clock, HOUR_MS } from '../core/time.ts';
import type { Suspicion } from '../gateway/suspicion.ts';

/** The same of the same charger is told again after this time. */
const SAME_AGAIN_MS = 10 * 60_000;
/** Events told in an hour; the rest are counted, and told with the next one. */
export const HOURLY_MOST = 30;
/** Chargers and kinds remembered. */
const REMEMBERED_MOST = 1_000;

/** Names of events that are not in the list of OCPP are the vendor's own (A04). */
const TYPES: Readonly<Record<Suspicion['kind'], string>> = {
  unknown: 'ChargerUnknown',
  refused: 'ChargerFailedToAuthenticate',
  'too often': 'ChargerConnectsTooOften',
  unreadable: 'InvalidMessages',
};

/** Makes security events of refused knocks; a guesser at the door does not flood the CSMS. */
export class SecurityWatch {
  readonly #clock: Clock;
  readonly #tell: (type: string, techInfo: string) => void;
  readonly #toldAtMs = new Map<string, number>();
  #hourBeganMs = Number.NEGATIVE_INFINITY;
  #told = 0;
  #untold = 0;

  constructor(clock: Clock, tell: (type: string, techInfo: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  noted({ kind, identity, remoteAddress }: Suspicion): void {
    const nowMs = this.#clock.monotonicMs();
    const key = `${kind} ${identity}`;
    const lastMs = this.#toldAtMs.get(key) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - lastMs < SAME_AGAIN_MS || !this.#mayTell(nowMs)) {
      this.#untold += 1;
      return;
    }
    this.#remember(key, nowMs);
    const from = remoteAddress === undefined ? '' : ` from ${remoteAddress}`;
    const more = this.#untold === 0 ? '' : `; ${this.#untold} more since the last event`;
    this.#untold = 0;
    this.#told += 1;
    this.#tell(TYPES[kind], `${identity.slice(0, 48)}${from}${more}`);
  }

  #mayTell(nowMs: number): boolean {
    if (nowMs - this.#hourBeganMs >= HOUR_MS) {
      this.#hourBeganMs = nowMs;
      this.#told = 0;
    }
    return this.#told < HOURLY_MOST;
  }

  #remember(key: string, nowMs: number): void {
    this.#toldAtMs.delete(key);
    this.#toldAtMs.set(key, nowMs);
    const [oldest] = this.#toldAtMs.keys();
    if (this.#toldAtMs.size > REMEMBERED_MOST && oldest !== undefined) {
      this.#toldAtMs.delete(oldest);
    }
  }
}
