import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { SILENT_LOG } from '../../src/core/log.ts';
import type { Clock } from '../../src/core/time.ts';
import { csmsClient } from '../../src/io/csms-client.ts';
import { FILES_MOST, FirmwareFiles, isOwnMachine } from '../../src/io/firmware-files.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { openFirmware } from '../../src/main-upstream.ts';
import { type Payload, readList, readObject } from '../../src/ocpp/payload.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { SimCsms } from '../../src/sim/csms.ts';
import { Medium, MemoryStore } from '../../src/sim/memory-store.ts';
import { serveCsms } from '../../src/sim/ws-socket.ts';
import { Notebook } from '../../src/station/notebook.ts';
import { PAGES } from '../../src/station/site-desk.ts';
import { SiteLimit } from '../../src/station/site-limit.ts';
import { sitePlace } from '../../src/station/site-place.ts';
import { Station } from '../../src/station/station.ts';
import { StrictWire } from '../scenarios/strict-wire.ts';
import { garage } from '../scenarios/virtual-garage.ts';
import { emptyView } from './empty-view.ts';

const FIRMWARE = Buffer.alloc(300_000, 'firmware of a charger ');
const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');
const CHECKSUM = md5(FIRMWARE);
const ID = 'SITE-1';
const RETRY_SECONDS = 77;

/** The web server of the maker of the chargers. */
const startMaker = async (t: TestContext) => {
  let asked = 0;
  const maker = {
    failures: 0,
    get asked() {
      return asked;
    },
  };
  const server = createServer((_request, response) => {
    asked += 1;
    maker.failures -= 1;
    if (maker.failures >= 0) response.writeHead(503).end();
    else response.end(FIRMWARE);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(maker, { url: `http://127.0.0.1:${port}/firmware.bin?token=secret` });
};

const openFiles = async (t: TestContext, folder: string, mostBytes = 1_000_000) => {
  const place = { folder, host: '127.0.0.1', port: 0, mostBytes };
  const files = await FirmwareFiles.open({ ...place, fromLoopback: true });
  t.after(() => files.close());
  return files;
};

/** Removed with everything else that a run wrote, once nobody writes into it any more. */
const tempFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'busbar-firmware-'));

/** The controller with a cache, at a CSMS that checks every frame; all over real sockets. */
const start = async (t: TestContext, version: OcppVersion, mostBytes?: number) => {
  const folder = await tempFolder();
  const files = await openFiles(t, folder, mostBytes);
  const csms = new SimCsms(systemClock);
  const wire = new StrictWire(csms);
  const server = await serveCsms(csms);
  t.after(() => server.close());
  const keeper = { book: () => [], put: async () => {}, drop: async () => {} };
  const store = new MemoryStore(new Medium(), systemClock);
  // A download waits for its next try until the test says so.
  let retry = (): void => {};
  const clock: Clock = {
    ...systemClock,
    after(delayMs, run) {
      if (delayMs !== RETRY_SECONDS * 1_000) return systemClock.after(delayMs, run);
      retry = run;
      return () => {};
    },
  };
  let ids = 0;
  const station = new Station({
    identity: ID,
    url: server.url,
    version,
    plate: { vendor: 'Busbar', model: 'Site gateway', version: '1' },
    limit: new SiteLimit(
      keeper,
      sitePlace({ site: garage(1), clock: systemClock, view: emptyView, wake: () => {} }),
    ),
    notebook: await Notebook.open(store, ID, PAGES),
    dialer: csmsClient({ clock: systemClock, pingSeconds: 0 }),
    clock,
    log: SILENT_LOG,
    // The first dial comes soon.
    random: () => -0.5,
    newId: () => {
      ids += 1;
      return `own-${ids}`;
    },
    view: emptyView,
    restart: () => {},
    upload: async () => {},
    events: [],
    firmwareShelf: files,
  });
  t.after(() => station.stop());
  const ask = async (action: string, payload: object): Promise<Payload> =>
    readObject(await csms.call(ID, action, payload));
  const told = () =>
    csms.received
      .filter(({ action }) => action === 'PublishFirmwareStatusNotification')
      .map(({ payload }) => readObject(payload));
  /** Waits for a status; the runner ends a test in which it never comes. */
  const until = async (status: string, times = 1): Promise<Payload> => {
    for (;;) {
      const found = told().filter((each) => each['status'] === status);
      if (found.length >= times) return found.at(-1) ?? {};
      await setImmediate();
    }
  };
  while (station.state !== 'connected') await setImmediate();
  return { files, folder, ask, told, until, wire, retry: () => retry() };
};

for (const version of ['2.0.1', '2.1'] as const) {
  test(`${version}: firmware is downloaded once, served on the site and taken away`, async (t) => {
    const { ask, until, told, wire } = await start(t, version);
    const maker = await startMaker(t);
    const publish = { location: maker.url, checksum: CHECKSUM.toUpperCase(), requestId: 7 };
    assert.deepEqual(await ask('PublishFirmware', publish), { status: 'Accepted' });
    const published = await until('Published');
    assert.deepEqual(
      told().map(({ status }) => status),
      ['Downloading', 'Downloaded', 'ChecksumVerified', 'Published'],
    );
    assert.ok(told().every(({ requestId }) => requestId === 7));
    const location = String(readList(published['location'])[0]);
    for (let charger = 0; charger < 3; charger += 1) {
      const bytes = Buffer.from(await (await fetch(location)).arrayBuffer());
      assert.equal(md5(bytes), CHECKSUM);
    }
    const rest = await fetch(location, { headers: { range: 'bytes=299990-' } });
    assert.equal(rest.status, 206);
    assert.equal(
      Buffer.from(await rest.arrayBuffer()).toString(),
      FIRMWARE.subarray(-10).toString(),
    );
    assert.equal((await fetch(`${location}x`)).status, 404);
    await ask('PublishFirmware', publish);
    await until('Published', 2);
    assert.equal(maker.asked, 1);
    const trigger = { requestedMessage: 'PublishFirmwareStatusNotification' };
    assert.equal((await ask('TriggerMessage', trigger))['status'], 'Accepted');
    const gone = { checksum: CHECKSUM };
    assert.deepEqual(await ask('UnpublishFirmware', gone), { status: 'Unpublished' });
    assert.deepEqual(await ask('UnpublishFirmware', gone), { status: 'NoFirmware' });
    assert.equal((await fetch(location)).status, 404);
    assert.deepEqual(wire.violations, []);
  });
}

test('a wrong checksum, a server that fails and a full disk publish nothing', async (t) => {
  const { ask, until, folder, retry } = await start(t, '2.0.1', FIRMWARE.length + 1_000);
  const maker = await startMaker(t);
  const wrong = { location: maker.url, checksum: '0'.repeat(32), requestId: 1 };
  await ask('PublishFirmware', wrong);
  await until('InvalidChecksum');
  assert.deepEqual((await readdir(folder)).sort(), ['key']);
  maker.failures = 1;
  await ask('PublishFirmware', { ...wrong, checksum: CHECKSUM });
  await until('DownloadFailed');
  maker.failures = 1;
  const again = { retries: 1, retryInterval: RETRY_SECONDS };
  await ask('PublishFirmware', { ...wrong, checksum: CHECKSUM, ...again });
  await until('DownloadScheduled');
  assert.equal((await ask('PublishFirmware', wrong))['status'], 'Rejected');
  assert.equal(
    (await ask('UnpublishFirmware', { checksum: CHECKSUM }))['status'],
    'DownloadOngoing',
  );
  retry();
  await until('Published');
  await ask('PublishFirmware', { ...wrong, checksum: '1'.repeat(32) });
  await until('DownloadFailed', 2);
  assert.deepEqual((await readdir(folder)).sort(), [CHECKSUM, 'key']);
  for (const location of ['ftp://maker.example/f', 'file:///etc/passwd']) {
    assert.equal((await ask('PublishFirmware', { ...wrong, location }))['status'], 'Rejected');
  }
  assert.equal(
    (await ask('PublishFirmware', { ...wrong, checksum: '../x' }))['status'],
    'Rejected',
  );
});

test('files are served again after a restart; halves are not, and their number is bounded', async (t) => {
  const folder = await tempFolder();
  await writeFile(join(folder, CHECKSUM), FIRMWARE);
  await writeFile(join(folder, `${'a'.repeat(32)}.part`), 'half');
  const files = await openFiles(t, folder);
  assert.equal(files.has(CHECKSUM), true);
  assert.equal((await fetch(files.locationOf(CHECKSUM))).status, 200);
  assert.deepEqual((await readdir(folder)).sort(), [CHECKSUM, 'key']);
  for (let i = 1; i < FILES_MOST; i += 1) {
    await writeFile(join(folder, i.toString(16).padStart(32, '0')), 'x');
  }
  const full = await openFiles(t, folder);
  const maker = await startMaker(t);
  await assert.rejects(full.fetch(maker.url, 'f'.repeat(32)), /files already/);
});

test('the place of a file cannot be guessed, and is the same after a restart', async (t) => {
  const [folder, other] = [await tempFolder(), await tempFolder()];
  for (const each of [folder, other]) await writeFile(join(each, CHECKSUM), FIRMWARE);
  const files = await openFiles(t, folder);
  const place = new URL(files.locationOf(CHECKSUM));
  assert.equal((await fetch(place)).status, 200);
  const elsewhere = new URL((await openFiles(t, other)).locationOf(CHECKSUM)).pathname;
  const [, , token = ''] = place.pathname.split('/');
  for (const path of [`/firmware/${CHECKSUM}`, elsewhere, `/firmware/${token}`, '/firmware/key']) {
    assert.equal((await fetch(new URL(path, place))).status, 404, path);
  }
  const again = await openFiles(t, folder);
  assert.equal(new URL(again.locationOf(CHECKSUM)).pathname, place.pathname);
  assert.equal((await stat(join(folder, 'key'))).mode & 0o077, 0, 'for nobody else to read');
});

test('a folder among the firmware is left alone', async (t) => {
  const folder = await tempFolder();
  await mkdir(join(folder, 'old'));
  await openFiles(t, folder);
  assert.deepEqual((await readdir(folder)).sort(), ['key', 'old']);
});

test('a busy port is an alarm, and the site starts without a cache', async (t) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const folder = await tempFolder();
  const alarms: string[] = [];
  const options = { folder, host: '127.0.0.1', port, mostBytes: 1_000 };
  const files = await openFirmware(options, SILENT_LOG, (alarm) => alarms.push(alarm));
  assert.equal(files, undefined);
  assert.match(alarms.join(), /^Firmware is not kept here: .*EADDRINUSE/);
});

test('firmware comes neither from this machine nor from its link', async (t) => {
  const hosts = ['localhost', 'a.localhost.', '127.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0'];
  for (const host of [...hosts, '169.254.169.254', '[fe80::1]']) {
    assert.ok(isOwnMachine(new URL(`http://${host}/`).hostname), host);
  }
  for (const host of ['10.0.0.2', 'maker.example', '[2001:db8::1]', '128.0.0.1']) {
    assert.ok(!isOwnMachine(new URL(`http://${host}/`).hostname), host);
  }
  const maker = await startMaker(t);
  const folder = await tempFolder();
  const options = { folder, host: '127.0.0.1', port: 0, mostBytes: 1_000_000 };
  const files = await FirmwareFiles.open(options);
  t.after(() => files.close());
  await assert.rejects(files.fetch(maker.url, CHECKSUM), /not fetched from 127\.0\.0\.1/);
  assert.equal(maker.asked, 0);
});

test('a server may lead a download on, but not for ever', async (t) => {
  const maker = await startMaker(t);
  const files = await openFiles(t, await tempFolder());
  let hops = 0;
  const server = createServer(({ url }, response) => {
    hops += 1;
    const location = url === '/once' ? maker.url : '/again';
    response.writeHead(302, { location }).end('elsewhere');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const base = `http://127.0.0.1:${port}`;
  assert.equal(await files.fetch(`${base}/once`, CHECKSUM), 'kept');
  await assert.rejects(files.fetch(`${base}/again`, CHECKSUM.replace(/./, '0')), /redirects/);
  assert.equal(hops, 7);
});
