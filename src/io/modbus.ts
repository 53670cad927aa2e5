import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Cancel, Clock } from '../core/time.ts';
import {
  encodeRequest,
  exceptionText,
  type ModbusFraming,
  type ModbusRequest,
  nextReply,
} from '../devices/modbus-frame.ts';
import { ModbusException, type ModbusPort } from '../field/modbus-port.ts';

/** A device answers within this or the request is given up. */
const REQUEST_TIMEOUT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 3_000;
/** Requests in a row without an answer after which an open connection counts as dead. */
const SILENT_MOST = 3;
/**
 * After a failed connection none is tried for this long, doubled up to the most, with jitter. One
 * that the device ended before it answered anything has failed too; the first time it is forgiven.
 */
const REDIAL_FIRST_MS = 500;
const REDIAL_MOST_MS = 10_000;
const DOUBLINGS_MOST = 10;
/** What is still on its way on a serial line after a timeout has arrived by then. */
const QUIET_MS = 300;
const WAITING_MOST = 256;
const RECEIVED_MOST_BYTES = 4_096;
const TRANSACTION_MOST = 0xffff;

export interface ModbusPortOptions {
  /** tcp://host:port, rtu+tcp://host:port or serial:///dev/ttyUSB0?baud=9600&parity=even */
  readonly url: string;
  readonly clock: Clock;
  readonly timeoutMs?: number | undefined;
}

/** A bus that is opened when first used and reopened whenever it broke. */
export const openModbusPort = (options: ModbusPortOptions): ModbusPort => new StreamPort(options);

interface Asked {
  readonly request: ModbusRequest;
  readonly resolve: (values: readonly number[]) => void;
  readonly reject: (error: Error) => void;
}

class StreamPort implements ModbusPort {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #framing: ModbusFraming;
  readonly #serial: boolean;
  readonly #open: () => Promise<Duplex>;
  readonly #waiting: Asked[] = [];
  #stream: Duplex | undefined;
  #current:
    | { readonly asked: Asked; readonly transaction: number; readonly cancel: Cancel }
    | undefined;
  #received: Buffer = Buffer.alloc(0);
  #transaction = 0;
  #silent = 0;
  /** Whether the open connection has brought an answer. */
  #answered = false;
  #failures = 0;
  #refusedUntilMs = Number.NEGATIVE_INFINITY;
  #refusal = '';
  #busy = false;
  #closed = false;

  constructor({ url, clock, timeoutMs = REQUEST_TIMEOUT_MS }: ModbusPortOptions) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    const target = new URL(url);
    this.#framing = target.protocol === 'tcp:' ? 'tcp' : 'rtu';
    this.#serial = target.protocol === 'serial:';
    this.#open = this.#serial ? () => openSerial(target) : () => openTcp(target, clock);
  }

  read(request: ModbusRequest): Promise<readonly number[]> {
    if (this.#waiting.length >= WAITING_MOST) return Promise.reject(new Error('bus overloaded'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      void this.#next();
    });
  }

  close(): void {
    this.#closed = true;
    this.#drop(new Error('closed'));
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('closed'));
  }

  async #next(): Promise<void> {
    if (this.#busy || this.#current !== undefined) return;
    const asked = this.#waiting.shift();
    if (asked === undefined) return;
    this.#busy = true;
    const stream = await this.#connected().catch((error: unknown) => {
      asked.reject(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    });
    this.#busy = false;
    if (stream === undefined) void this.#next();
    else this.#send(stream, asked);
  }

  /** The open stream; after a refusal the same answer is given at once for a while. */
  async #connected(): Promise<Duplex> {
    if (this.#closed) throw new Error('closed');
    if (this.#stream !== undefined) return this.#stream;
    if (this.#clock.monotonicMs() < this.#refusedUntilMs) throw new Error(this.#refusal);
    try {
      const stream = await this.#open();
      this.#adopt(stream);
      return stream;
    } catch (error) {
      this.#holdOff(error instanceof Error ? error : new Error(String(error)), this.#failures);
      throw error;
    }
  }

  #holdOff({ message }: Error, doublings: number): void {
    this.#refusal = message;
    this.#failures = Math.min(this.#failures + 1, DOUBLINGS_MOST);
    if (doublings < 0) return;
    const waitMs = Math.min(REDIAL_FIRST_MS * 2 ** doublings, REDIAL_MOST_MS);
    this.#refusedUntilMs = this.#clock.monotonicMs() + waitMs * (0.5 + Math.random() / 2);
  }

  #adopt(stream: Duplex): void {
    if (this.#closed) {
      stream.destroy();
      throw new Error('closed');
    }
    this.#stream = stream;
    this.#silent = 0;
    this.#answered = false;
    stream.on('data', (chunk: Buffer) => {
      if (this.#stream === stream) this.#receive(chunk);
    });
    stream.on('error', (error) => {
      if (this.#stream === stream) this.#hungUp(error);
    });
    stream.on('close', () => {
      if (this.#stream === stream) this.#hungUp(new Error('connection closed by the device'));
    });
  }

  #hungUp(error: Error): void {
    if (!this.#answered) this.#holdOff(error, this.#failures - 1);
    this.#drop(error);
  }

  #send(stream: Duplex, asked: Asked): void {
    this.#transaction = this.#transaction >= TRANSACTION_MOST ? 1 : this.#transaction + 1;
    const cancel = this.#clock.after(this.#timeoutMs, () => this.#onSilence());
    this.#current = { asked, transaction: this.#transaction, cancel };
    // Whatever came unasked belongs to nobody.
    this.#received = Buffer.alloc(0);
    stream.write(encodeRequest(this.#framing, asked.request, this.#transaction));
  }

  #receive(chunk: Buffer): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      const { request } = current.asked;
      const step = nextReply(this.#framing, this.#received, request, current.transaction);
      if (step.state === 'foreign') {
        this.#received = Buffer.from(step.rest);
        continue;
      }
      if (step.state === 'more') {
        if (this.#received.length > RECEIVED_MOST_BYTES) this.#drop(new Error('endless answer'));
        return;
      }
      if (step.state === 'broken') {
        this.#drop(new Error(step.problem));
        return;
      }
      this.#answered = true;
      this.#silent = 0;
      this.#failures = 0;
      const done = this.#finish();
      if (step.state === 'values') done?.resolve(step.values);
      else done?.reject(new ModbusException(step.code, exceptionText(step.code)));
      void this.#next();
      return;
    }
  }

  /** RTU answers carry no number: after a timeout late ones must be kept apart from the next. */
  #onSilence(): void {
    this.#silent += 1;
    // Half an answer, too, leaves the rest of it on its way.
    const half = this.#received.length > 0;
    const unsure = this.#framing === 'rtu' || half || this.#silent >= SILENT_MOST;
    if (unsure && !this.#serial) {
      this.#drop(unanswered(this.#current?.asked));
      return;
    }
    const asked = this.#finish();
    if (!this.#serial) {
      asked?.reject(unanswered(asked));
      void this.#next();
      return;
    }
    // A serial line cannot be opened afresh at once: it is let to fall quiet instead.
    this.#busy = true;
    this.#clock.after(QUIET_MS, () => {
      this.#busy = false;
      asked?.reject(unanswered(asked));
      void this.#next();
    });
  }

  #finish(): Asked | undefined {
    const current = this.#current;
    this.#current = undefined;
    current?.cancel();
    return current?.asked;
  }

  #drop(error: Error): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.destroy();
    this.#finish()?.reject(error);
    void this.#next();
  }
}

const unanswered = (asked: Asked | undefined): Error =>
  new Error(`no answer in time from unit ${asked?.request.unit}`);

const openTcp = (target: URL, clock: Clock): Promise<Duplex> =>
  new Promise((resolve, reject) => {
    const host = target.hostname.replace(/^\[|\]$/g, '');
    const socket = connect({ host, port: Number(target.port || 502), noDelay: true });
    const cancel = clock.after(CONNECT_TIMEOUT_MS, () => {
      socket.destroy(new Error(`no connection to ${target.host} in time`));
    });
    socket.once('connect', () => {
      cancel();
      resolve(socket);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      cancel();
      const hint = DIAL_HINTS[error.code ?? ''];
      reject(hint === undefined ? error : new Error(`${error.message}: ${hint}`));
    });
  });

/** What an installer looks at next. */
const DIAL_HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; is Modbus TCP switched on, is the port right?',
  ENOTFOUND: 'there is no host of that name',
  EHOSTUNREACH: 'no way to that host; is the address right, is the network?',
  ENETUNREACH: 'no way to that network',
};

interface SerialModule {
  readonly SerialPort: new (
    options: Readonly<Record<string, unknown>>,
    opened: (error: Error | null) => void,
  ) => Duplex;
}

/** The package is loaded only where a serial line is used: it is an optional dependency. */
const openSerial = async (target: URL): Promise<Duplex> => {
  const name = 'serialport';
  const module = (await import(name).catch(() => {
    throw new Error('serial lines need the package serialport: npm install serialport');
  })) as SerialModule;
  const { searchParams } = target;
  return new Promise((resolve, reject) => {
    const settings = {
      path: target.pathname,
      baudRate: Number(searchParams.get('baud') ?? 9_600),
      dataBits: 8,
      parity: searchParams.get('parity') ?? 'none',
      stopBits: Number(searchParams.get('stop') ?? 1),
    };
    const port: Duplex = new module.SerialPort(settings, (error) => {
      if (error === null || error === undefined) resolve(port);
      else reject(error);
    });
  });
};
