import { Socket } from 'node:net';
import { ModbusTCPClient } from 'jsmodbus';
import type { Log } from '../core/log.ts';
import type { Reading } from '../core/reading.ts';
import type { MeterSpec } from '../core/site.ts';
import type { Cancel, Clock } from '../core/time.ts';
import { decodeReading } from '../devices/decode.ts';
import { planReads, type ReadBlock } from '../devices/register-plan.ts';
import { sunspecStep } from '../devices/sunspec.ts';
import type { MeterDevice } from '../schema/meter-device.ts';

/** A meter answers within this or the request is given up and the connection reopened. */
export const REQUEST_TIMEOUT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 3_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MOST_MS = 15_000;

export interface BusMeter {
  readonly spec: MeterSpec;
  readonly device: MeterDevice;
}

export interface MeterBusOptions {
  /** All meters behind one host and port: asked one after the other, never two at once. */
  readonly meters: readonly BusMeter[];
  readonly clock: Clock;
  readonly onReading: (reading: Reading) => void;
  readonly log: Log;
}

export interface MeterBus {
  stop(): void;
}

/** Polls the meters of one bus for as long as it is not stopped. */
export const startMeterBus = (options: MeterBusOptions): MeterBus => {
  const stations = options.meters.map((meter) => new Station(meter, options.clock));
  let cancel: Cancel = () => {};
  let stopped = false;
  const dueAtMs = new Map<Station, number>(stations.map((station) => [station, 0]));
  const next = async (): Promise<void> => {
    const [station] = [...stations].sort((a, b) => (dueAtMs.get(a) ?? 0) - (dueAtMs.get(b) ?? 0));
    if (station === undefined || stopped) return;
    const waitMs = (dueAtMs.get(station) ?? 0) - options.clock.monotonicMs();
    if (waitMs > 0) {
      cancel = options.clock.after(waitMs, () => void next());
      return;
    }
    const startMs = options.clock.monotonicMs();
    const reading = await station.read();
    if (stopped) return;
    // Due again one period after it was due, without a burst after a long wait.
    dueAtMs.set(station, startMs + station.pollMs());
    report(reading, options);
    cancel = options.clock.after(0, () => void next());
  };
  void next();
  return {
    stop() {
      stopped = true;
      cancel();
      for (const station of stations) station.disconnect();
    },
  };
};

/** Reads one meter once, for the command line. */
export const readMeterOnce = async (meter: BusMeter, clock: Clock): Promise<Reading> => {
  const station = new Station(meter, clock);
  const reading = await station.read();
  station.disconnect();
  return reading;
};

const report = (reading: Reading, { onReading, log }: MeterBusOptions): void => {
  if (reading.quality !== 'good') {
    log.debug('meter not read', { meter: reading.meter, problem: reading.problem });
  }
  onReading(reading);
};

/** One meter and its connection. */
class Station {
  readonly #meter: BusMeter;
  readonly #clock: Clock;
  readonly #host: string;
  readonly #port: number;
  #client: ModbusTCPClient | undefined;
  #socket: Socket | undefined;
  #base: number | undefined;
  #failures = 0;

  constructor(meter: BusMeter, clock: Clock) {
    this.#meter = meter;
    this.#clock = clock;
    const url = new URL(meter.spec.connect);
    this.#host = url.hostname;
    this.#port = Number(url.port || 502);
  }

  /** The configured period, and longer while the meter does not answer. */
  pollMs(): number {
    const { pollMs } = this.#meter.spec;
    if (this.#failures < 3) return pollMs;
    return Math.max(pollMs, Math.min(RETRY_FIRST_MS * 2 ** (this.#failures - 3), RETRY_MOST_MS));
  }

  disconnect(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#client = undefined;
    this.#base = undefined;
  }

  /** A failed poll is a reading too: absent, with the reason in words. */
  async read(): Promise<Reading> {
    const { spec, device } = this.#meter;
    const atMs = this.#clock.monotonicMs();
    try {
      const client = this.#client ?? (await this.#connect());
      this.#base ??= device.sunspec === undefined ? 0 : await this.#discover(client);
      const image = new Map<number, number>();
      for (const block of planReads(device, this.#base)) {
        const words = await this.#registers(client, block);
        for (const [i, word] of words.entries()) image.set(block.address + i, word);
      }
      this.#failures = 0;
      return decodeReading(device, spec, image, atMs, this.#base);
    } catch (error) {
      this.#failures += 1;
      // A late answer would be taken for the answer to the next request: start afresh.
      this.disconnect();
      return { meter: spec.id, atMs, quality: 'absent', problem: problemText(error) };
    }
  }

  #connect(): Promise<ModbusTCPClient> {
    return new Promise((resolve, reject) => {
      const socket = new Socket();
      const client = new ModbusTCPClient(socket, this.#meter.spec.unit, REQUEST_TIMEOUT_MS);
      const cancel = this.#clock.after(CONNECT_TIMEOUT_MS, () => {
        socket.destroy(new Error(`no connection to ${this.#host}:${this.#port} in time`));
      });
      socket.once('connect', () => {
        cancel();
        socket.setNoDelay(true);
        this.#socket = socket;
        this.#client = client;
        resolve(client);
      });
      socket.on('error', (error) => {
        cancel();
        reject(error);
      });
      socket.once('close', () => {
        if (this.#socket === socket) this.disconnect();
      });
      socket.connect(this.#port, this.#host);
    });
  }

  async #registers(client: ModbusTCPClient, { address, count }: ReadBlock): Promise<number[]> {
    const { response } =
      this.#meter.device.function === 'input'
        ? await client.readInputRegisters(address, count)
        : await client.readHoldingRegisters(address, count);
    if (response.unitId !== this.#meter.spec.unit) {
      throw new Error(`answer of unit ${response.unitId} instead of ${this.#meter.spec.unit}`);
    }
    const words = [...response.body.valuesAsArray];
    if (words.length !== count) {
      throw new Error(`${words.length} registers instead of ${count} from ${address}`);
    }
    return words;
  }

  /** Walks the chain of SunSpec models to the first one that the device file knows. */
  async #discover(client: ModbusTCPClient): Promise<number> {
    const { sunspec } = this.#meter.device;
    let step = sunspecStep(sunspec?.models ?? []);
    while (step.state === 'read') {
      const { address, count } = step;
      const words = await this.#registers(client, { address, count }).catch((error: unknown) => {
        if (isException(error)) return [];
        throw error;
      });
      step = step.next(words);
    }
    if (step.state === 'found') return step.address;
    throw new Error(step.problem);
  }
}

const EXCEPTIONS: Readonly<Record<number, string>> = {
  1: 'illegal function: does the meter use the other register kind (holding/input)?',
  2: 'illegal data address: is it really this device?',
  3: 'illegal data value: too many registers at once? Lower readMost',
  4: 'device failure',
  5: 'acknowledge: the device needs more time',
  6: 'device busy',
  8: 'memory parity error',
  10: 'gateway path unavailable',
  11: 'gateway target does not answer: is the unit id right?',
};

interface ModbusFailure {
  readonly err: string;
  readonly message: string;
  readonly response?: { readonly body?: { readonly code?: number } };
}

const isFailure = (error: unknown): error is ModbusFailure =>
  typeof error === 'object' && error !== null && 'err' in error;

const isException = (error: unknown): boolean =>
  isFailure(error) && error.err === 'ModbusException';

const problemText = (error: unknown): string => {
  if (!isFailure(error)) return error instanceof Error ? error.message : String(error);
  const code = error.response?.body?.code;
  if (error.err === 'ModbusException' && code !== undefined) {
    return `exception ${code}: ${EXCEPTIONS[code] ?? 'unknown'}`;
  }
  return error.err === 'Timeout' ? 'no answer in time' : `${error.err}: ${error.message}`;
};
