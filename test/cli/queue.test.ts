import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { access, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { SILENT_LOG } from '../../src/core/log.ts';
import { QueueDesk } from '../../src/gateway/outage/queue-desk.ts';
import { queueRoutes } from '../../src/gateway/outage/queue-routes.ts';
import { ResendDesk } from '../../src/gateway/outage/resend-desk.ts';
import { FIRST_LOCAL_ID, TransactionIds } from '../../src/gateway/outage/transaction-ids.ts';
import { startHttp } from '../../src/io/http.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { Journal } from '../../src/store/journal.ts';
import { LogStore } from '../../src/store/log-store.ts';
import { PROGRAM } from '../program.ts';
import { emptyView } from '../wire/empty-view.ts';

const TOKEN = 'a-token-of-some-length';
const START = '[2,"1","StartTransaction",{"connectorId":1,"idTag":"CARD"}]';

const STOP = Buffer.from('[2,"9","StopTransaction",{"transactionId":1500000009}]');

const header = (messageId: string) =>
  ({
    version: '1.6',
    action: 'StartTransaction',
    messageId,
    takenAtWallMs: Date.UTC(2026, 5, 1),
    transactionId: '1500000000',
    thinnable: false,
    mayRepeat: false,
  }) as const;

/** A data folder with two held messages of CP_1, one of them set aside. */
const heldSite = async (http: string) => {
  const folder = await mkdtemp(join(tmpdir(), 'busbar-queue-'));
  const store = await LogStore.open(join(folder, 'journal'), {
    monotonicMs: () => performance.now(),
  });
  const journal = await Journal.open(store);
  await journal.append('CP_1', header('1'), Buffer.from(START));
  await journal.append('CP_1', header('2'), Buffer.from(START.replace('"1"', '"2"')));
  const [first] = await journal.first('CP_1', 1);
  if (first !== undefined)
    await journal.park(first, { parked: 'the CSMS answered InternalError 4 times' });
  const file = join(folder, 'site.yaml');
  await writeFile(
    file,
    `version: 1
site: {id: held, timezone: UTC}
listen: {http: "${http}", token: ${TOKEN}}
upstream: {url: ws://127.0.0.1:1/ocpp}
dataDir: ${folder}
circuits: [{id: main, limitAmps: 63, assumedLoadAmps: 10}]
chargers: [{id: CP_1, circuit: main}]
`,
  );
  return { file, store, journal };
};

const setAside = async (journal: Journal, action: string, transactionId: string) => {
  const seq = await journal.append('CP_1', { ...header('9'), action, transactionId }, STOP);
  const [entry] = await journal.entries('CP_1', seq - 1, 1);
  if (entry !== undefined) await journal.park(entry, { parked: 'refused' });
};

const busbar = (...args: string[]): Promise<{ status: number | null; out: string; err: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [...PROGRAM, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (data) => {
      out += data;
    });
    child.stderr.on('data', (data) => {
      err += data;
    });
    child.on('close', (status) => resolve({ status, out, err }));
  });

const running = async (t: TestContext) => {
  const site = await heldSite('127.0.0.1:1');
  const desk = new QueueDesk(site.journal, site.store);
  const ids = await TransactionIds.open(site.store);
  const told: string[] = [];
  const again = new ResendDesk({
    journal: site.journal,
    ids,
    chargers: () => ['CP_1', 'CP_2'],
    queued: (charger) => told.push(charger),
  });
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    view: emptyView,
    ready: () => ({ ready: true, problems: [] }),
    metrics: () => Promise.resolve(''),
    uiFolder: 'src/ui',
    version: '1',
    token: TOKEN,
    routes: queueRoutes({ desk, again, clock: systemClock, log: SILENT_LOG }),
    log: SILENT_LOG,
  });
  t.after(async () => {
    await server.close();
    await site.store.close();
  });
  return { ...site, desk, told, base: `http://127.0.0.1:${server.port}` };
};

describe('the queue of a stopped gateway', () => {
  test('is not called empty where no gateway ever ran', async () => {
    const { file, store } = await heldSite('127.0.0.1:1');
    await store.close();
    const journal = join(file, '..', 'journal');
    await rename(journal, `${journal}-elsewhere`);
    const { status, out, err } = await busbar('queue', 'ls', '--config', file);
    assert.equal(status, 1, out);
    assert.match(
      err,
      /there is no .*journal: is dataDir, or BUSBAR__DATADIR, that of the service\?/,
    );
    await assert.rejects(access(journal));
  });

  test('is listed, shown, exported and dropped from', async () => {
    const { file, store } = await heldSite('127.0.0.1:1');
    await store.close();
    const list = await busbar('queue', 'ls', '--config', file, '--json');
    assert.equal(list.status, 0, list.err);
    const [summary] = JSON.parse(list.out) as { held: number; parked: number }[];
    assert.deepEqual([summary?.held, summary?.parked], [1, 1]);
    const show = await busbar('queue', 'show', 'CP_1', '--config', file);
    assert.match(show.out, /SET ASIDE: the CSMS answered InternalError 4 times/);
    const lines = (await busbar('queue', 'export', '--config', file)).out.trim().split('\n');
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { message: string }).message),
      [START, START.replace('"1"', '"2"')],
    );
    const unsure = await busbar('queue', 'drop', 'CP_1', '1', '--config', file);
    assert.equal(unsure.status, 1);
    assert.match(unsure.err, /say --yes/);
    const drop = await busbar(
      'queue',
      'drop',
      'CP_1',
      '1',
      '--config',
      file,
      '--yes',
      '--by',
      'eve',
    );
    assert.equal(drop.status, 0, drop.err);
    assert.match(drop.out, /dropped by eve/);
    const again = await LogStore.open(join(file, '..', 'journal'), {
      monotonicMs: () => performance.now(),
    });
    const [record] = await again.scan('d/', { limit: 10 });
    const kept = JSON.parse(Buffer.from(record?.value ?? []).toString()) as { by: string };
    assert.equal(kept.by, 'eve');
    await again.close();
  });

  test('sends what was set aside again after its next start', async () => {
    const { file, store, journal } = await heldSite('127.0.0.1:1');
    await setAside(journal, 'StopTransaction', String(FIRST_LOCAL_ID + 9));
    await store.close();
    const resend = (...args: string[]) => busbar('queue', 'resend', ...args, '--config', file);
    const misspelt = await resend('CP1', '--json');
    assert.equal(misspelt.status, 1);
    const [{ text }] = JSON.parse(misspelt.out).problems as [{ text: string }];
    assert.match(text, /unknown charger "CP1"; did you mean "CP_1"/);
    const done = await resend();
    assert.equal(done.status, 0, done.err);
    assert.match(done.out, /^1 message of CP_1 queued again: no gateway runs, they go out when/);
    assert.match(done.out, /CP_1 3 stays set aside: what the CSMS calls its transaction/);
    const show = await busbar('queue', 'show', 'CP_1', '--config', file);
    assert.match(show.out, / 1 .* transaction 1500000000 {2}sent again once\n/);
  });

  test('wrong usage says how it is done', async () => {
    const { status, err } = await busbar('queue', 'drop', 'CP_1');
    assert.equal(status, 2);
    assert.match(err, /usage: busbar queue/);
    const seq = await busbar('queue', 'resend', 'CP_1', 'x', '--config', 'site.yaml');
    assert.deepEqual([seq.status, /resend which message\? Its SEQ/.test(seq.err)], [2, true]);
  });
});

describe('the queue of a running gateway', () => {
  const bearer = { authorization: `Bearer ${TOKEN}` };

  test('is seen over HTTP by whoever has the token', async (t) => {
    const { base } = await running(t);
    assert.equal((await fetch(`${base}/api/v1/queue`)).status, 401);
    const list = await fetch(`${base}/api/v1/queue`, { headers: bearer });
    const [summary] = (await list.json()) as { charger: string; oldestAt: string }[];
    assert.equal(summary?.charger, 'CP_1');
    assert.equal(summary?.oldestAt, '2026-06-01T00:00:00.000Z');
    const page = await fetch(`${base}/api/v1/queue/CP_1?parked=true`, { headers: bearer });
    assert.equal(((await page.json()) as object[]).length, 1);
    const wrong = await fetch(`${base}/api/v1/queue/CP_1?after=x`, { headers: bearer });
    assert.equal(wrong.status, 400);
  });

  test('a message is dropped only with a name, and not by a page of another site', async (t) => {
    const { base, desk } = await running(t);
    const drop = (query: string, headers: Record<string, string> = {}) =>
      fetch(`${base}/api/v1/queue/CP_1/2${query}`, {
        method: 'DELETE',
        headers: { ...bearer, ...headers },
      });
    assert.equal((await drop('')).status, 400);
    assert.equal((await drop('?by=eve', { origin: 'http://evil.example' })).status, 403);
    assert.equal(desk.summary('CP_1').held, 1);
    assert.equal((await drop('?by=eve')).status, 200);
    assert.equal(desk.summary('CP_1').held, 0);
    assert.equal((await drop('?by=eve')).status, 404);
  });

  test('what was set aside is sent again with a name, and what is wrong has its status', async (t) => {
    const { base, journal, told, desk } = await running(t);
    await setAside(journal, 'StopTransaction', '1500000000');
    const post = async (path: string, headers: Record<string, string> = bearer) => {
      const answer = await fetch(`${base}/api/v1/queue${path}`, { method: 'POST', headers });
      return [answer.status, (await answer.json()) as Record<string, unknown>] as const;
    };
    const statusOf = async (path: string, headers?: Record<string, string>) =>
      (await post(path, headers))[0];
    assert.equal(await statusOf('/resend?by=eve', {}), 401);
    assert.equal(await statusOf('/resend?by=eve', { ...bearer, origin: 'http://evil' }), 403);
    assert.equal(await statusOf('/resend?by=%20'), 400);
    assert.equal(await statusOf('/CP9/resend?by=eve'), 404);
    assert.equal(await statusOf('/CP_1/x/resend?by=eve'), 404);
    assert.equal(await statusOf('/resend?by=eve&transaction=8'), 404);
    assert.equal(await statusOf('/CP_1/3/resend?by=eve'), 409, 'its start is set aside too');
    assert.equal(desk.summary('CP_1').parked, 2);
    const [status, body] = await post('/CP_1/resend?by=eve&transaction=1500000000');
    assert.deepEqual([status, body['resent'], told], [200, 2, ['CP_1']]);
    assert.deepEqual([desk.summary('CP_1').held, desk.summary('CP_1').parked], [3, 0]);
    assert.equal(await statusOf('/CP_1/3/resend?by=eve'), 409, 'it waits');
  });

  test('and by its verb', async (t) => {
    const { base, file } = await running(t);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('127.0.0.1:1"', `${new URL(base).host}"`));
    const done = await busbar('queue', 'resend', 'CP_1', '1', '--config', file, '--json');
    assert.equal(done.status, 0, done.err);
    assert.deepEqual(JSON.parse(done.out), {
      resent: 1,
      chargers: ['CP_1'],
      staying: 0,
      stays: [],
      more: null,
    });
  });
});
