import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { type ModbusFraming, withCrc } from '../devices/modbus-frame.ts';
import { writeRegister } from '../devices/registers.ts';
import type { MeterDevice, Quantity, Register } from '../schema/meter-device.ts';

/** How a simulated meter misbehaves. */
export type MeterConduct =
  | 'good'
  | 'silent' // takes requests and never answers
  | 'exception' // answers with `exceptionCode`
  | 'short' // one register less than asked for
  | 'late' // answers after two seconds
  | 'half' // the first half of its answer, and nothing more
  | 'bytewise' // right, in segments of one byte
  | 'foreign-first' // an answer to somebody else before the right one
  | 'wrong-unit' // answers as another unit
  | 'garbage' // bytes that are no frame
  | 'closes' // hangs up instead of answering
  | 'hangs-up' // ends every connection at once
  | 'bad-crc' // one bit of its answer is wrong (RTU)
  | 'not-available'; // every register all ones

export interface SimModbusMeter {
  readonly port: number;
  conduct: MeterConduct;
  exceptionCode: number;
  readonly requests: number;
  /** Requests that came while another one was not answered yet. */
  readonly overlaps: number;
  close(): Promise<void>;
}

export interface SimModbusOptions {
  readonly device: MeterDevice;
  /** Units that answer; others stay silent, or answer with exception 11 behind a gateway. */
  readonly unit: number | readonly number[];
  readonly values: (unit: number) => Partial<Record<Quantity, number>>;
  readonly framing?: ModbusFraming;
  readonly delayMs?: number;
  readonly gateway?: boolean;
}

/** SunSpec meters are served with a common model in front, so that discovery has to walk. */
const SUNSPEC_START = 40_000;
const COMMON_LENGTH = 66;
const LATE_MS = 2_000;
const TARGET_SILENT = 11;

interface Asked {
  readonly unit: number;
  readonly functionCode: number;
  readonly address: number;
  readonly count: number;
  /** Transaction of Modbus TCP. */
  readonly transaction: number;
}

/** A Modbus server that serves a device file's registers for the values of the moment. */
export const startModbusMeter = async (options: SimModbusOptions): Promise<SimModbusMeter> => {
  const { framing = 'tcp', delayMs = 0 } = options;
  const sockets = new Set<Socket>();
  const meter = {
    conduct: 'good' as MeterConduct,
    exceptionCode: 2,
    requests: 0,
    overlaps: 0,
  };
  let open = 0;
  const answer = (asked: Asked, socket: Socket): void => {
    meter.requests += 1;
    if (open > 0) meter.overlaps += 1;
    open += 1;
    const run = (): void => {
      open -= 1;
      if (socket.destroyed) return;
      for (const bytes of replies(meter, options, asked)) socket.write(bytes);
      if (meter.conduct === 'closes') socket.destroy();
    };
    const waitMs = meter.conduct === 'late' ? LATE_MS : delayMs;
    if (waitMs > 0) setTimeout(run, waitMs).unref();
    else run();
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    if (meter.conduct === 'hangs-up') socket.destroy();
    socket.setNoDelay(true);
    let buffered = Buffer.alloc(0);
    const size = framing === 'tcp' ? 12 : 8;
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      buffered = Buffer.concat([buffered, chunk]);
      while (buffered.length >= size) {
        answer(askedOf(buffered, framing), socket);
        buffered = buffered.subarray(size);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(meter, {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  });
};

const askedOf = (bytes: Buffer, framing: ModbusFraming): Asked => {
  const at = framing === 'tcp' ? 6 : 0;
  return {
    transaction: framing === 'tcp' ? bytes.readUInt16BE(0) : 0,
    unit: bytes[at] ?? 0,
    functionCode: bytes[at + 1] ?? 0,
    address: bytes.readUInt16BE(at + 2),
    count: bytes.readUInt16BE(at + 4),
  };
};

/** What goes over the wire for one request, segment by segment. */
const replies = (
  { conduct, exceptionCode }: { readonly conduct: MeterConduct; readonly exceptionCode: number },
  options: SimModbusOptions,
  asked: Asked,
): readonly Uint8Array[] => {
  const { framing = 'tcp' } = options;
  const known = [options.unit].flat().includes(asked.unit);
  if (!known && options.gateway === true) {
    return [frame(framing, asked, [asked.functionCode | 0x80, TARGET_SILENT])];
  }
  if (conduct === 'silent' || conduct === 'closes' || !known) return [];
  const right = frame(framing, asked, pduOf(conduct, exceptionCode, options, asked));
  switch (conduct) {
    case 'half':
      return [right.subarray(0, Math.floor(right.length / 2))];
    case 'bad-crc':
      return [right.map((byte, i) => (i === 4 ? byte ^ 1 : byte))];
    case 'bytewise':
      return [...right].map((byte) => Uint8Array.of(byte));
    case 'wrong-unit':
      return [frame(framing, { ...asked, unit: asked.unit + 1 }, [...pduBytes(right, framing)])];
    case 'foreign-first': {
      const other = { ...asked, transaction: asked.transaction + 7, unit: asked.unit + 1 };
      const words = Array.from({ length: asked.count * 2 }, () => 0x11);
      return [frame(framing, other, [asked.functionCode, asked.count * 2, ...words]), right];
    }
    case 'garbage':
      return [Uint8Array.from({ length: 40 }, (_, i) => (i * 37) & 0xff)];
    default:
      return [right];
  }
};

const pduOf = (
  conduct: MeterConduct,
  exceptionCode: number,
  { device, values }: SimModbusOptions,
  { unit, functionCode, address, count }: Asked,
): readonly number[] => {
  const wanted = device.function === 'input' ? 4 : 3;
  const illegal = conduct === 'exception' ? exceptionCode : functionCode === wanted ? 0 : 1;
  if (illegal !== 0) return [functionCode | 0x80, illegal];
  const image = imageOf(device, values(unit));
  const words = Array.from({ length: count }, (_, i) =>
    conduct === 'not-available' ? 0xffff : (image.get(address + i) ?? 0),
  );
  if (conduct === 'short') words.pop();
  return [functionCode, words.length * 2, ...words.flatMap((word) => [word >> 8, word & 0xff])];
};

const frame = (framing: ModbusFraming, asked: Asked, pdu: readonly number[]): Uint8Array => {
  if (framing === 'rtu') return withCrc([asked.unit, ...pdu]);
  const length = pdu.length + 1;
  const { transaction } = asked;
  const head = [transaction >> 8, transaction & 0xff, 0, 0, length >> 8, length & 0xff, asked.unit];
  return Uint8Array.from([...head, ...pdu]);
};

const pduBytes = (bytes: Uint8Array, framing: ModbusFraming): Uint8Array =>
  framing === 'tcp' ? bytes.subarray(7) : bytes.subarray(1, -2);

/** All registers that the device would hold now. */
export const imageOf = (
  device: MeterDevice,
  values: Partial<Record<Quantity, number>>,
): Map<number, number> => {
  const image = new Map<number, number>();
  let base = 0;
  if (device.sunspec !== undefined) {
    base = SUNSPEC_START + 2 + 2 + COMMON_LENGTH;
    const [model] = device.sunspec.models;
    const end = base + 2 + device.sunspec.length;
    const chain: readonly (readonly [number, number])[] = [
      [SUNSPEC_START, 0x5375],
      [SUNSPEC_START + 1, 0x6e53],
      [SUNSPEC_START + 2, 1],
      [SUNSPEC_START + 3, COMMON_LENGTH],
      [base, model ?? 0],
      [base + 1, device.sunspec.length],
      [end, 0xffff],
      [end + 1, 0],
    ];
    for (const [address, word] of chain) image.set(address, word);
  }
  for (const { address, value } of device.expects ?? []) image.set(address, value[0] ?? 0);
  const put = (register: Register, address: number, value: number): void => {
    for (const [i, word] of writeRegister(device, register, value).entries()) {
      image.set(base + address + i, word);
    }
  };
  for (const [quantity, register] of Object.entries(device.registers)) {
    const value = values[quantity as Quantity] ?? 0;
    // With a separate exponent, powers and energies are held whole and the rest in hundredths.
    const exponent = register.scaleAddress === undefined || /^watts|Wh$/.test(quantity) ? 0 : -2;
    if (register.scaleAddress !== undefined) {
      image.set(base + register.scaleAddress, exponent & 0xffff);
    }
    const { minus } = register;
    const raw = value / 10 ** exponent;
    put(register, register.address, minus === undefined ? raw : Math.max(0, raw));
    if (minus !== undefined) put(register, minus, Math.max(0, -raw));
  }
  return image;
};
