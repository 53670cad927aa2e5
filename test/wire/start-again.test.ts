import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { readSiteFile } from '../../src/cli/site-file.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { startBusbar } from '../../src/main.ts';
import { freePort } from '../free-port.ts';

/** A listener, and the port that it keeps from others; nobody gets it once it is released either. */
const occupied = async (t: TestContext): Promise<{ server: Server; port: number }> => {
  const port = await freePort();
  const server = createServer();
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { server, port };
};

const release = (server: Server): Promise<void> =>
  new Promise((resolve) => server.close(() => resolve()));

type Doors = Readonly<Record<'ocpp' | 'http' | 'modbus' | 'firmware', string>>;

/** A site that opens everything there is to open; nobody answers where it dials. */
const siteFile = (folder: string, dead: number, doors: Doors): string => `
version: 1
dataDir: ${join(folder, 'data')}
site: {id: garage, timezone: Europe/Berlin}
listen: {ocpp: ${doors.ocpp}, http: ${doors.http}}
upstream:
  url: ws://127.0.0.1:${dead}/ocpp
  controller:
    identity: LC_1
    firmwareCache: {listen: ${doors.firmware}, url: http://127.0.0.1}
  mirrors: [{id: copy, url: ws://127.0.0.1:${dead}/copy}]
circuits: [{id: main, limitAmps: 63, meter: grid}]
meters: [{id: grid, device: eastron-sdm630, connect: tcp://127.0.0.1:${dead}, unit: 1}]
chargers: [{id: CP_1, circuit: main, phases: L1L2L3}]
ems:
  mqtt: {url: mqtt://127.0.0.1:${dead}}
  sources: [{id: bms, circuit: main, failsafeAmps: 20}]
  modbusServer: {listen: ${doors.modbus}, allow: [127.0.0.1], sources: [bms]}
`;

const start = (folder: string, text: string) => {
  const file = join(folder, 'site.yaml');
  writeFileSync(file, text);
  const { usable, problems } = readSiteFile(file);
  assert.ok(usable, JSON.stringify(problems));
  return startBusbar({ ...usable, log: SILENT_LOG, uiFolder: join(folder, 'none') });
};

/** Sockets, timers and files of this process: how many of each kind. */
const handles = async (): Promise<ReadonlyMap<string, number>> => {
  // What was closed just now is gone some turns later.
  for (let i = 0; i < 10; i += 1) await new Promise((resolve) => setImmediate(resolve));
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (/TCP|Pipe|Timeout|FSReq|File/.test(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
};

/** Kinds of which there are more than before, once what is being closed had its time. */
const grown = async (before: ReadonlyMap<string, number>): Promise<readonly string[]> => {
  for (let i = 0; ; i += 1) {
    const more = [...(await handles())].filter(([kind, count]) => count > (before.get(kind) ?? 0));
    if (more.length === 0 || i === 500) return more.map(([kind, count]) => `${count} ${kind}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

describe('a start that fails', () => {
  for (const door of ['ocpp', 'http', 'modbus'] as const) {
    test(`since its ${door} port is taken leaves nothing open, and can be tried again`, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'busbar-start-'));
      const gone = await freePort();
      const taken = [];
      for (let i = 0; i < 4; i += 1) taken.push(await occupied(t));
      const at = taken.map(({ port }) => `127.0.0.1:${port}`);
      const [ocpp = '', http = '', modbus = '', firmware = ''] = at;
      const text = siteFile(folder, gone, { ocpp, http, modbus, firmware });
      const index = ['ocpp', 'http', 'modbus'].indexOf(door);
      const others = taken.filter((_each, i) => i !== index);
      for (const { server } of others) await release(server);
      const before = await handles();

      await assert.rejects(start(folder, text), /another program.*listens there already/);

      assert.deepEqual(await grown(before), []);
      const inTheWay = taken[index];
      assert.ok(inTheWay);
      await release(inTheWay.server);
      const busbar = await start(folder, text);
      assert.deepEqual(
        busbar.view().alarms.filter((alarm) => /Firmware|Journal|kept/.test(alarm)),
        [],
      );
      const health = await fetch(`${busbar.httpUrl}/healthz`);
      assert.deepEqual(await health.json(), { ok: true });
      await busbar.close();
    });
  }

  test('since another one has the data folder takes nothing from that one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'busbar-start-'));
    const gone = await freePort();
    const any = '127.0.0.1:0';
    const text = siteFile(folder, gone, { ocpp: any, http: any, modbus: any, firmware: any });
    const first = await start(folder, text);
    await assert.rejects(start(folder, text), /another process holds its lock/);
    const health = await fetch(`${first.httpUrl}/healthz`);
    assert.deepEqual(await health.json(), { ok: true });
    await first.close();
    const second = await start(folder, text);
    await second.close();
  });
});
