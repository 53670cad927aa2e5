import type { Log } from '../core/log.ts';
import type { Reading } from '../core/meters/reading.ts';
import type { Cancel, Clock } from '../core/time.ts';
import { type BusMeter, readMeterOnce } from './meter-read.ts';
import type { ModbusPort } from './modbus-port.ts';

/** Failures in a row after which a meter is asked less often, so that it delays the others less. */
const PATIENCE = 3;
const RETRY_FIRST_MS = 1_000;
const RETRY_MOST_MS = 15_000;

export interface MeterBusOptions {
  /** All meters behind one port: asked one after the other, never two at once. */
  readonly meters: readonly BusMeter[];
  readonly port: ModbusPort;
  readonly clock: Clock;
  readonly onReading: (reading: Reading) => void;
  readonly log: Log;
}

interface Station {
  readonly meter: BusMeter;
  dueAtMs: number;
  failures: number;
  /** Unknown until it was found; forgotten after a failure, since a device may be exchanged. */
  base: number | undefined;
}

/**
 * Polls the meters of one bus until it is stopped. The meter that has been due longest comes next,
 * so every one gets its turn however slow another is; one that does not answer is asked less often.
 */
export class MeterBus {
  readonly #options: MeterBusOptions;
  readonly #stations: readonly Station[];
  #cancel: Cancel = () => {};
  #stopped = false;

  constructor(options: MeterBusOptions) {
    this.#options = options;
    const dueAtMs = options.clock.monotonicMs();
    this.#stations = options.meters.map((meter) => ({
      meter,
      dueAtMs,
      failures: 0,
      base: undefined,
    }));
    this.#next();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#options.port.close();
  }

  #next(): void {
    const station = this.#stations.reduce<Station | undefined>(
      (first, each) => (first === undefined || each.dueAtMs < first.dueAtMs ? each : first),
      undefined,
    );
    if (station === undefined || this.#stopped) return;
    const { clock } = this.#options;
    const waitMs = Math.max(0, station.dueAtMs - clock.monotonicMs());
    this.#cancel = clock.after(waitMs, () => {
      // Whoever takes a reading may fail of it: the others are polled all the same.
      const failed = (error: unknown): void =>
        this.#options.log.error('reading not taken', { problem: String(error) });
      void this.#poll(station)
        .catch(failed)
        .then(() => this.#next());
    });
  }

  async #poll(station: Station): Promise<void> {
    const { port, clock, log, onReading } = this.#options;
    const startMs = clock.monotonicMs();
    const reading = await readMeterOnce(port, station.meter, startMs, station);
    if (this.#stopped) return;
    if (reading.quality === 'good') {
      station.failures = 0;
    } else {
      station.failures += 1;
      station.base = undefined;
      log.debug('meter not read', { meter: reading.meter, problem: reading.problem });
    }
    // Due again one period after this poll began: no burst after a long wait.
    station.dueAtMs = startMs + pauseMs(station);
    onReading(reading);
  }
}

const pauseMs = ({ meter, failures }: Station): number => {
  const { pollMs } = meter.spec;
  if (failures < PATIENCE) return pollMs;
  return Math.max(pollMs, Math.min(RETRY_FIRST_MS * 2 ** (failures - PATIENCE), RETRY_MOST_MS));
};
