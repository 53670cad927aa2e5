import type { AddressInfo } from 'node:net';
import { BlockList, createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { Log } from '../core/log.ts';
import { answerPdu, type RegisterBank } from '../devices/modbus-answer.ts';

/** One more takes the place of the one that has been silent longest: some never hang up. */
const CLIENTS_MOST = 16;
/** Refusals are told this often, with their number: a stranger must not fill the log. */
const REFUSALS_TOLD_EVERY_MS = 60_000;
/** A client that asks nothing for so long is let go. */
const IDLE_MS = 300_000;
const HEADER_BYTES = 7;
const LENGTH_MOST = 254;
const DEVICE_FAILURE = 4;
const TARGET_SILENT = 11;

export interface ModbusServerOptions {
  readonly host: string;
  readonly port: number;
  /** Unit that is answered, besides 0 and 255, which mean the server itself. */
  readonly unit: number;
  /** Addresses or networks (10.0.0.0/24) that may connect; empty: everybody who reaches it. */
  readonly allow: readonly string[];
  readonly bank: RegisterBank;
  readonly log: Log;
  /** A request that could not be answered since this program failed. */
  readonly fault?: (error: unknown) => void;
}

export interface ModbusServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Modbus TCP for building controllers. */
export const startModbusServer = async (options: ModbusServerOptions): Promise<ModbusServer> => {
  const allowed = allowList(options.allow);
  // The longest silent one first.
  const clients = new Set<Socket>();
  const refused = refusals(options.log);
  const server: Server = createServer((socket) => {
    const from = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    if (allowed !== undefined && !allowed.check(from, isIPv6(from) ? 'ipv6' : 'ipv4')) {
      refused(from);
      socket.destroy();
      return;
    }
    const [quietest] = clients;
    if (quietest !== undefined && clients.size >= CLIENTS_MOST) {
      clients.delete(quietest);
      quietest.destroy();
    }
    clients.add(socket);
    socket.on('close', () => clients.delete(socket));
    serve(socket, options);
    socket.on('data', () => {
      if (clients.delete(socket)) clients.add(socket);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of clients) socket.destroy();
        server.close(() => resolve());
      }),
  };
};

const refusals = (log: Log): ((from: string) => void) => {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let untold = 0;
  return (from) => {
    untold += 1;
    const nowMs = performance.now();
    if (nowMs - toldAtMs < REFUSALS_TOLD_EVERY_MS) return;
    log.warn('Modbus client refused', {
      from,
      problem: 'not in ems.modbusServer.allow',
      times: untold,
    });
    toldAtMs = nowMs;
    untold = 0;
  };
};

const serve = (socket: Socket, options: ModbusServerOptions): void => {
  let received = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      if (received.length < HEADER_BYTES) return;
      const length = received.readUInt16BE(4);
      if (received.readUInt16BE(2) !== 0 || length < 2 || length > LENGTH_MOST) {
        socket.destroy();
        return;
      }
      const end = HEADER_BYTES - 1 + length;
      if (received.length < end) return;
      // A client that does not read its answers is not served any further.
      if (socket.writableLength > LENGTH_MOST * CLIENTS_MOST) {
        socket.destroy();
        return;
      }
      socket.write(answer(received.subarray(0, end), options));
      received = received.subarray(end);
    }
  });
};

const answer = (frame: Buffer, { unit, bank, fault }: ModbusServerOptions): Buffer => {
  const asked = frame[6] ?? 0;
  const pdu = frame.subarray(HEADER_BYTES);
  const ours = asked === unit || asked === 0 || asked === 255;
  const exception = (code: number): Uint8Array => Uint8Array.of((pdu[0] ?? 0) | 0x80, code);
  let reply = exception(TARGET_SILENT);
  try {
    if (ours) reply = answerPdu(pdu, bank);
  } catch (error) {
    fault?.(error);
    reply = exception(DEVICE_FAILURE);
  }
  const head = Buffer.from(frame.subarray(0, HEADER_BYTES));
  head.writeUInt16BE(reply.length + 1, 4);
  return Buffer.concat([head, reply]);
};

/** Undefined: no list, everybody. */
const allowList = (allow: readonly string[]): BlockList | undefined => {
  if (allow.length === 0) return undefined;
  const list = new BlockList();
  for (const entry of allow) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
};
