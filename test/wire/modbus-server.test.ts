import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { LimitCommand } from '../../src/core/limits/limit-book.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { BuildingRegisters } from '../../src/field/building-registers.ts';
import { openModbusPort } from '../../src/io/modbus.ts';
import { type ModbusServerOptions, startModbusServer } from '../../src/io/modbus-server.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { patientClock } from '../patient-clock.ts';
import { garage } from '../scenarios/virtual-garage.ts';
import { emptyView } from './empty-view.ts';
import { MBPOLL_PATIENT, mbpoll, pymodbus } from './modbus-peers.ts';

const run = promisify(execFile);

const startServer = async (t: TestContext, changes: Partial<ModbusServerOptions> = {}) => {
  const taken: { source: string; command: LimitCommand }[] = [];
  const time = { laterMs: 0 };
  const refused: string[] = [];
  const warn = (_text: string, data?: object) =>
    refused.push(String((data as { problem?: string }).problem));
  const bank = new BuildingRegisters({
    site: garage(1, { emsSources: [{ id: 'bms', circuit: 'main' }] }),
    view: () => ({
      ...emptyView(),
      surplusWatts: -70_000,
      limits: [
        {
          source: 'bms',
          circuit: 'main',
          state: 'active',
          amps: [16, 20, 20],
          watts: null,
          expiresInSeconds: 42,
          reason: null,
        },
      ],
    }),
    sources: ['bms'],
    watchdogSeconds: 60,
    log: { ...SILENT_LOG, warn },
    clock: { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + time.laterMs },
    setLimit: (source, command) => {
      taken.push({ source, command });
      return { accepted: true, applied: null, reason: 'accepted' };
    },
  });
  const server = await startModbusServer({
    host: '127.0.0.1',
    port: 0,
    unit: 1,
    allow: [],
    bank,
    log: SILENT_LOG,
    ...changes,
  });
  t.after(() => server.close());
  return { port: server.port, taken, time, refused };
};

/** What mbpoll prints as `[address]: value`. */
const poll = async (
  port: number,
  ...args: readonly string[]
): Promise<ReadonlyMap<number, number>> => {
  const all = [...MBPOLL_PATIENT, '-0', '-1', '-q', '-p', String(port), ...args];
  const { stdout } = await run(mbpoll ?? '', all);
  return new Map(
    [...stdout.matchAll(/^\[(\d+)\]:\s+(-?\d+)/gm)].map(([, at, value]) => [
      Number(at),
      Number(value),
    ]),
  );
};

test('a fault of the gateway is an exception for who asks, and told', async (t) => {
  const faults: unknown[] = [];
  const fault = (error: unknown): void => void faults.push(error);
  const broken = (): never => {
    throw new TypeError('no such circuit');
  };
  const { port } = await startServer(t, { bank: { read: broken, write: broken }, fault });
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  for (const transaction of [1, 2]) {
    socket.write(Buffer.from([0, transaction, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]));
    const [reply] = (await once(socket, 'data')) as [Buffer];
    assert.deepEqual([...reply], [0, transaction, 0, 0, 0, 3, 1, 0x83, 4]);
  }
  assert.equal(faults.length, 2);
});

describe('a building controller (mbpoll)', () => {
  test('reads the site, its circuits and its connectors', async (t) => {
    if (mbpoll === undefined) return t.skip('mbpoll is not installed');
    const { port } = await startServer(t);
    const site = await poll(port, '-r', '0', '-c', '5', '127.0.0.1');
    assert.deepEqual([...site.values()], [1, 1, 0, 1, 1]);
    const surplus = await poll(port, '-t', '4:int', '-B', '-r', '5', '-c', '1', '127.0.0.1');
    assert.equal(surplus.get(5), -70_000);
    const circuit = await poll(port, '-t', '3', '-r', '100', '-c', '6', '127.0.0.1');
    assert.deepEqual([...circuit.values()], [100, 110, 120, 630, 630, 630]);
    const power = await poll(port, '-t', '4:int', '-B', '-r', '117', '-c', '1', '127.0.0.1');
    assert.equal(power.get(117), 7_590);
    const connector = await poll(port, '-r', '10000', '-c', '6', '127.0.0.1');
    assert.deepEqual([...connector.values()], [3, 1, 160, 155, 154, 156]);
  });

  test('writes a limit, in amps or in watts, and reads it back', async (t) => {
    if (mbpoll === undefined) return t.skip('mbpoll is not installed');
    const { port, taken } = await startServer(t);
    await poll(port, '-r', '60000', '127.0.0.1', '165');
    await poll(port, '-t', '4:int', '-B', '-r', '60001', '127.0.0.1', '11000');
    const common = { circuit: 'main', ttlSeconds: 60, reason: 'Modbus', amps: [16.5, 16.5, 16.5] };
    assert.deepEqual(
      taken.map(({ command }) => command),
      [common, { ...common, watts: 11_000 }],
    );
    const limit = await poll(port, '-r', '60000', '-c', '5', '127.0.0.1');
    assert.deepEqual([limit.get(60_000), limit.get(60_003), limit.get(60_004)], [160, 1, 42]);
  });

  test('what it wrote is forgotten with the limit, and does not come back with the next', async (t) => {
    if (mbpoll === undefined) return t.skip('mbpoll is not installed');
    const { port, taken, time } = await startServer(t);
    await poll(port, '-r', '60000', '127.0.0.1', '165');
    time.laterMs = 60_000;
    await poll(port, '-t', '4:int', '-B', '-r', '60001', '127.0.0.1', '11000');
    assert.deepEqual(
      taken.map(({ command: { amps, watts } }) => [amps?.[0], watts]),
      [
        [16.5, undefined],
        [undefined, 11_000],
      ],
    );
  });

  test('is told what it may not', async (t) => {
    if (mbpoll === undefined) return t.skip('mbpoll is not installed');
    const { port, taken, refused } = await startServer(t);
    const fails = (...args: readonly string[]) =>
      assert.rejects(poll(port, ...args), (error: { stderr?: string }) =>
        /Illegal data address|Illegal function|Illegal data value/i.test(error.stderr ?? ''),
      );
    await fails('-r', '100', '127.0.0.1', '5');
    await fails('-r', '60003', '127.0.0.1', '5');
    await fails('-r', '60010', '127.0.0.1', '5');
    await fails('-r', '120', '-c', '1', '127.0.0.1');
    await fails('-t', '0', '-r', '0', '-c', '1', '127.0.0.1');
    await fails('-r', '60001', '127.0.0.1', '5');
    await fails('-r', '60001', '127.0.0.1', '6');
    assert.deepEqual(taken, []);
    // An exception is a number: what it means is in the log, once.
    assert.deepEqual(refused, [
      'register 100 is read only; writable are bms at 60000',
      'of a limit the first register is written (amps), the next two (watts), or all',
      'there is no limit at register 60010; writable are bms at 60000',
      'watts are two registers, the high word first: write both in one request',
    ]);
  });
});

test('pymodbus reads and writes it, too', async (t) => {
  if (pymodbus === undefined) return t.skip('python3-pymodbus is not installed');
  const { port, taken } = await startServer(t);
  const script = [
    'from pymodbus.client import ModbusTcpClient',
    `c = ModbusTcpClient("127.0.0.1", port=${port}, timeout=60)`,
    'c.connect()',
    'print(c.read_holding_registers(100, 3, slave=1).registers)',
    'print(c.write_registers(60000, [65535, 0, 7000], slave=1).isError())',
    'print(c.write_registers(60000, [65535, 0x8000, 0], slave=1).isError())',
    'print(c.read_holding_registers(100, 3, slave=9).exception_code)',
  ].join('\n');
  const { stdout } = await run(pymodbus, ['-c', script]);
  assert.deepEqual(stdout.trim().split('\n'), ['[100, 110, 120]', 'False', 'False', '11']);
  assert.deepEqual(
    taken.map(({ command: { watts, amps, lifted } }) => ({ watts, amps, lifted })),
    [
      { watts: 7_000, amps: undefined, lifted: undefined },
      { watts: undefined, amps: undefined, lifted: true },
    ],
  );
});

describe('the server', () => {
  test('lets nobody in who is not on the list', async (t) => {
    const { port } = await startServer(t, { allow: ['10.0.0.0/8', '::1'] });
    const client = connect(port, '127.0.0.1');
    client.on('error', () => {});
    await once(client, 'close');
    const { port: open } = await startServer(t, { allow: ['127.0.0.0/8'] });
    const bus = openModbusPort({ url: `tcp://127.0.0.1:${open}`, clock: patientClock() });
    t.after(() => bus.close());
    assert.deepEqual(await bus.read({ unit: 1, table: 'input', address: 0, count: 1 }), [1]);
  });

  test('survives requests in pieces, several at once, and bytes that are none', async (t) => {
    const { port } = await startServer(t);
    const client = connect(port, '127.0.0.1');
    t.after(() => client.destroy());
    const request = (id: number) => [0, id, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1];
    const bytes = Buffer.from([...request(1), ...request(2), ...request(3)]);
    let received = Buffer.alloc(0);
    const three = new Promise<void>((resolve) => {
      client.on('data', (chunk) => {
        received = Buffer.concat([received, chunk]);
        if (received.length >= 33) resolve();
      });
    });
    for (const byte of bytes) client.write(Uint8Array.of(byte));
    await three;
    assert.deepEqual([received[1], received[12], received[23]], [1, 2, 3]);
    client.write(Buffer.alloc(64, 0xff));
    await once(client, 'close');
    const bus = openModbusPort({ url: `tcp://127.0.0.1:${port}`, clock: patientClock() });
    t.after(() => bus.close());
    assert.equal((await bus.read({ unit: 1, table: 'holding', address: 0, count: 1 })).length, 1);
  });
});
