import type { LimitCommand } from '../core/limits/limit-book.ts';
import type { Log } from '../core/log.ts';
import type { Cancel, Clock } from '../core/time.ts';
import { sameAmps } from '../core/units.ts';
import { messageOf } from './meter-read.ts';
import type { ModbusPort } from './modbus-port.ts';

/** A contact is looked at this often. */
const POLL_MS = 1_000;
/** What it said holds so long; unread for longer, the limit is in force as if it were active. */
const BELIEVED_SECONDS = 10;

export interface DigitalInput {
  /** Source of the limit. */
  readonly id: string;
  readonly circuit: string;
  readonly unit: number;
  readonly table: 'coil' | 'discrete';
  readonly address: number;
  readonly activeWhen: boolean;
  readonly limitAmps?: number;
  readonly limitWatts?: number;
}

export interface DigitalInputOptions {
  readonly input: DigitalInput;
  readonly port: ModbusPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly setLimit: (source: string, command: LimitCommand) => void;
}

/**
 * A contact of the grid operator or the building. Its limit is the failsafe of its source: only as
 * long as the contact is read and is not active, the limit is lifted.
 */
export class DigitalInputWatch {
  readonly #options: DigitalInputOptions;
  #cancel: Cancel = () => {};
  #stopped = false;
  #told = '';
  #readAtMs: number;
  #problem = '';

  constructor(options: DigitalInputOptions) {
    this.#options = options;
    this.#readAtMs = options.clock.monotonicMs();
    void this.#poll();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#options.port.close();
  }

  /** Unread for longer than it is believed, its limit is in force: somebody has to know why. */
  alarms(): readonly string[] {
    const { clock, input } = this.#options;
    if (clock.monotonicMs() - this.#readAtMs <= BELIEVED_SECONDS * 1000) return [];
    return [`contact ${input.id} cannot be read, its limit is in force: ${this.#problem}`];
  }

  async #poll(): Promise<void> {
    const { port, input, clock, setLimit } = this.#options;
    const { unit, table, address } = input;
    try {
      const [bit] = await port.read({ unit, table, address, count: 1 });
      // Only the one state that says so lifts the limit; an answer without it does not.
      const active = bit !== (input.activeWhen ? 0 : 1);
      this.#readAtMs = clock.monotonicMs();
      this.#tell(active ? 'active' : 'not active', 'info');
      if (!this.#stopped) setLimit(input.id, commandOf(input, active));
    } catch (error) {
      this.#problem = messageOf(error);
      this.#tell(`cannot be read, its limit is in force: ${this.#problem}`, 'warn');
    }
    if (!this.#stopped) this.#cancel = clock.after(POLL_MS, () => void this.#poll());
  }

  #tell(state: string, level: 'info' | 'warn'): void {
    if (state === this.#told || this.#stopped) return;
    this.#told = state;
    this.#options.log[level]('input', { input: this.#options.input.id, state });
  }
}

const commandOf = (
  { circuit, limitAmps, limitWatts }: DigitalInput,
  active: boolean,
): LimitCommand => ({
  circuit,
  ttlSeconds: BELIEVED_SECONDS,
  ...(active
    ? {
        reason: 'contact',
        ...(limitAmps === undefined ? {} : { amps: sameAmps(limitAmps) }),
        ...(limitWatts === undefined ? {} : { watts: limitWatts }),
      }
    : { lifted: true }),
});
