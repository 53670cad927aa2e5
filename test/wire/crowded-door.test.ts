import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readSiteFile } from '../../src/cli/site-file.ts';
import { startChargerServer } from '../../src/io/charger-server.ts';
import { DescriptorWatch } from '../../src/io/descriptors.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { doorsOf } from '../../src/main-listen.ts';
import { freePort } from '../free-port.ts';
import { PROGRAM } from '../program.ts';
import { connectCharger } from '../scenarios/relay-site.ts';

/** Open as soon as the other side took it; it says nothing of use. */
const stranger = (t: TestContext, port: number, localAddress = '127.0.0.1') => {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  socket.write('GET /ocpp/CP_1 HTTP/1.1\r\nHost: x\r\n');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { closed };
};

const openDoor = async (t: TestContext, socketsMost: number) => {
  const server = await startChargerServer({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    pingSeconds: 0,
    socketsMost,
    onKnock: (knock) => void knock.accept('ocpp1.6'),
  });
  t.after(() => server.close());
  return server;
};

test('one address alone does not fill the door, and is told', async (t) => {
  const server = await openDoor(t, 16);
  const strangers = Array.from({ length: 40 }, () => stranger(t, server.port));
  // A quarter of the places is left to them.
  for (const { closed } of strangers.slice(4)) await closed;
  assert.match(server.alarms().join(), /turns connections away: 127\.0\.0\.1 has 4 connections/);
  const from = { localAddress: '127.0.0.2' };
  const url = `ws://127.0.0.1:${server.port}/ocpp/CP_1`;
  const charger = await connectCharger(url, ['ocpp1.6'], {}, from);
  assert.equal(charger.socket.protocol, 'ocpp1.6');
});

test('chargers that were let in are no strangers, however many share an address', async (t) => {
  const server = await openDoor(t, 8);
  for (let i = 0; i < 8; i += 1) await connectCharger(`ws://127.0.0.1:${server.port}/ocpp/CP_${i}`);
  assert.deepEqual(server.alarms(), []);
  await stranger(t, server.port).closed;
  assert.match(server.alarms().join(), /turns connections away: 8 connections are open/);
});

test('what may come in leaves room for the rest, whatever the limit', () => {
  const { usable } = readSiteFile('config/car-park.yaml');
  assert.ok(usable);
  for (const most of [64, 128, 256, 1_024, 4_096, 65_536]) {
    const { chargers, pages } = doorsOf(usable.config, most);
    assert.ok(chargers > 0 && pages > 0, `${most}`);
    assert.ok(2 * chargers + pages <= most - 30, `${chargers} and ${pages} of ${most}`);
  }
  const { alarms, ...plenty } = doorsOf(usable.config, Number.POSITIVE_INFINITY);
  assert.deepEqual(plenty, { chargers: 8_192, pages: 512 });
  assert.deepEqual(alarms, []);
  assert.match(doorsOf(usable.config, 256).alarms.join(), /Only 256 .* LimitNOFILE/);
});

test('files and sockets that run out are an alarm', async (t) => {
  const watch = new DescriptorWatch(systemClock, 4);
  t.after(() => watch.stop());
  while (watch.open === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.match(watch.alarms().join(), /% of the 4 files and sockets .* LimitNOFILE/);
});

const siteFile = (folder: string, ocpp: number, http: number): string => `
version: 1
dataDir: ${join(folder, 'data')}
site: {id: garage, timezone: Europe/Berlin}
listen: {ocpp: 127.0.0.1:${ocpp}, http: 127.0.0.1:${http}}
upstream: {url: ws://127.0.0.1:1/ocpp}
circuits: [{id: main, limitAmps: 63, assumedLoadAmps: 0}]
chargers: [{id: CP_1, circuit: main, phases: L1L2L3}]
`;

test('under a low limit strangers at the door do not use up what the gateway needs', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'busbar-door-'));
  const [ocpp, http] = [await freePort(), await freePort()];
  const file = join(folder, 'site.yaml');
  writeFileSync(file, siteFile(folder, ocpp, http));
  const program = [process.execPath, ...PROGRAM].map((word) => `'${word}'`).join(' ');
  const child = spawn('bash', ['-c', `ulimit -n 96; exec ${program} serve --config ${file}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  await new Promise<void>((resolve) => {
    child.stderr.on('data', (bytes) => void (String(bytes).includes('listening') && resolve()));
  });
  // From many addresses: more than a hundred of them find no place.
  await new Promise<void>((resolve) => {
    let turnedAway = 0;
    for (let i = 0; i < 200; i += 1) {
      const { closed } = stranger(t, ocpp, `127.0.0.${1 + (i % 100)}`);
      void closed.then(() => {
        turnedAway += 1;
        if (turnedAway === 100) resolve();
      });
    }
  });
  const metrics = await fetch(`http://127.0.0.1:${http}/metrics`);
  assert.equal(metrics.status, 200);
  const text = await metrics.text();
  assert.match(text, /^busbar_max_fds 96$/m);
  assert.match(text, /^busbar_resident_memory_bytes \d+$/m);
  const told = [/Only 96 files and sockets may be open/, /turns connections away: \d+ connections/];
  for (;;) {
    const state = await (await fetch(`http://127.0.0.1:${http}/api/v1/state`)).json();
    const { alarms } = state as { readonly alarms: readonly string[] };
    if (told.every((each) => each.test(alarms.join('\n')))) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});
