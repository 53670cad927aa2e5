import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { writeRegister } from '../devices/registers.ts';
import type { MeterDevice, Quantity } from '../schema/meter-device.ts';

/** How a simulated meter misbehaves. */
export type MeterConduct =
  | 'good'
  | 'silent' // takes requests and never answers
  | 'exception' // answers with exception 2
  | 'short' // one register less than asked for
  | 'late' // answers after two seconds
  | 'not-available'; // every register all ones

export interface SimModbusMeter {
  readonly port: number;
  conduct: MeterConduct;
  readonly requests: number;
  close(): Promise<void>;
}

/** SunSpec meters are served with a common model in front, so that discovery has to walk. */
const SUNSPEC_START = 40_000;
const COMMON_LENGTH = 66;
const LATE_MS = 2_000;

/** A Modbus TCP server that serves a device file's registers for the values of the moment. */
export const startModbusMeter = async (options: {
  readonly device: MeterDevice;
  readonly unit: number;
  readonly values: () => Partial<Record<Quantity, number>>;
}): Promise<SimModbusMeter> => {
  const { device, unit, values } = options;
  const sockets = new Set<Socket>();
  const meter = { conduct: 'good' as MeterConduct, requests: 0 };
  const answer = (request: Buffer, socket: Socket): void => {
    meter.requests += 1;
    const [askedUnit, functionCode] = [request[6], request[7]];
    const address = request.readUInt16BE(8);
    const count = request.readUInt16BE(10);
    if (meter.conduct === 'silent' || askedUnit !== unit) return;
    const wanted = device.function === 'input' ? 4 : 3;
    const illegal = meter.conduct === 'exception' ? 2 : functionCode === wanted ? 0 : 1;
    const image = illegal === 0 ? imageOf(device, values()) : new Map<number, number>();
    const words = Array.from({ length: count }, (_, i) => {
      if (meter.conduct === 'not-available') return 0xffff;
      return image.get(address + i) ?? 0;
    });
    if (meter.conduct === 'short') words.pop();
    const reply = frame(request, functionCode ?? 0, illegal, words);
    if (meter.conduct === 'late') setTimeout(() => socket.write(reply), LATE_MS).unref();
    else socket.write(reply);
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    let buffered = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      buffered = Buffer.concat([buffered, chunk]);
      while (buffered.length >= 12) {
        answer(buffered.subarray(0, 12), socket);
        buffered = buffered.subarray(12);
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

const frame = (request: Buffer, functionCode: number, illegal: number, words: number[]): Buffer => {
  const body =
    illegal > 0
      ? Buffer.from([functionCode | 0x80, illegal])
      : Buffer.concat([
          Buffer.from([functionCode, words.length * 2]),
          Buffer.from(words.flatMap((word) => [word >> 8, word & 0xff])),
        ]);
  const head = Buffer.alloc(7);
  request.copy(head, 0, 0, 4);
  head.writeUInt16BE(body.length + 1, 4);
  head[6] = request[6] ?? 0;
  return Buffer.concat([head, body]);
};

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
  for (const [quantity, register] of Object.entries(device.registers)) {
    const value = values[quantity as Quantity];
    // With a separate exponent, powers and energies are held whole and the rest in hundredths.
    const exponent = register.scaleAddress === undefined || /^watts|Wh$/.test(quantity) ? 0 : -2;
    if (register.scaleAddress !== undefined) {
      image.set(base + register.scaleAddress, exponent & 0xffff);
    }
    const words = writeRegister(device, register, (value ?? 0) / 10 ** exponent);
    for (const [i, word] of words.entries()) image.set(base + register.address + i, word);
  }
  return image;
};
