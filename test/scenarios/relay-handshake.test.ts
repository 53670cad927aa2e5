import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { describe, test } from 'node:test';
import { HeldKnocks } from '../../src/gateway/held-knocks.ts';
import { KnockLimiter } from '../../src/gateway/knock-limiter.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { connectCharger, NO_OBSERVER, startPair, startRawCsms, startRelay } from './relay-site.ts';

/** However long a busy machine takes for them, knocks come at once. */
const inNoTime = { ...systemClock, monotonicMs: () => 0 };

const statusOf = (error: unknown) => (error as { status?: number }).status;

describe('the handshake mirrors the CSMS', () => {
  test('same identity, query, credentials and subprotocols arrive upstream', async (t) => {
    const csms = await startRawCsms(t, { choose: () => 'ocpp1.6' });
    const { url } = await startRelay(t, csms.url);
    const authorization = `Basic ${Buffer.from('CP|1:s3cret').toString('base64')}`;
    const charger = await connectCharger(
      `${url}/any/prefix/CP%7C1?x=%20y`,
      ['ocpp2.0.1', 'ocpp1.6'],
      {
        authorization,
      },
    );
    assert.equal(csms.requests[0]?.url, '/ocpp/CP%7C1?x=%20y');
    assert.equal(csms.requests[0]?.headers.authorization, authorization);
    assert.equal(csms.requests[0]?.headers['sec-websocket-protocol'], 'ocpp2.0.1,ocpp1.6');
    assert.equal(charger.socket.protocol, 'ocpp1.6');
  });

  for (const segment of ['DE*ABC*E123*1', '_CP%40site', 'RDAM%20123', 'x'.repeat(48)]) {
    test(`an identity like ${segment} arrives as it was written`, async (t) => {
      const csms = await startRawCsms(t);
      const { url } = await startRelay(t, csms.url);
      await connectCharger(`${url}/ocpp/${segment}`);
      assert.equal(csms.requests[0]?.url, `/ocpp/${segment}`);
    });
  }

  for (const status of [401, 403, 404, 500]) {
    test(`a refusal with ${status} is mirrored`, async (t) => {
      const csms = await startRawCsms(t, { refuse: () => status });
      const states: string[] = [];
      const observer = {
        ...NO_OBSERVER,
        upstreamChanged: (_: string, state: string) => states.push(state),
      };
      const { url } = await startRelay(t, csms.url, { observer });
      await assert.rejects(connectCharger(`${url}/CP_1`), (error) => statusOf(error) === status);
      // A fault of the CSMS is no word about the charger.
      assert.equal(states.at(-1), status === 500 ? 'none' : 'refused');
    });
  }

  test('a redirect is not followed', async (t) => {
    const csms = await startRawCsms(t, { refuse: () => 302 });
    const { url } = await startRelay(t, csms.url);
    await assert.rejects(connectCharger(`${url}/CP_1`), (error) => statusOf(error) === 502);
    assert.equal(csms.requests.length, 1);
  });

  test('no common subprotocol: completed without one, then closed', async (t) => {
    const csms = await startRawCsms(t, { choose: () => false });
    const { url } = await startRelay(t, csms.url);
    const raw = await upgradeByHand(`${url}/CP_1`.replace('ws:', 'http:'), 'ocpp1.5');
    assert.equal(raw.status, 101);
    assert.equal(raw.headers['sec-websocket-protocol'], undefined);
    await raw.closed;
  });

  for (const offered of ['ocpp1.6, ocpp1.6', 'OCPP 1.6, ocpp1.6', ',ocpp1.6,']) {
    test(`subprotocols written as "${offered}" are understood`, async (t) => {
      const csms = await startRawCsms(t);
      const { url } = await startRelay(t, csms.url);
      const raw = await upgradeByHand(`${url}/CP_1`.replace('ws:', 'http:'), offered);
      assert.deepEqual([raw.status, raw.headers['sec-websocket-protocol']], [101, 'ocpp1.6']);
      assert.equal(csms.requests[0]?.headers['sec-websocket-protocol'], 'ocpp1.6');
      (await csms.nextPeer()).close();
    });
  }

  test('an unreachable CSMS refuses the charger, which keeps its messages', async (t) => {
    const csms = await startRawCsms(t);
    csms.close();
    const { url } = await startRelay(t, csms.url);
    await assert.rejects(connectCharger(`${url}/CP_1`), (error) => statusOf(error) === 503);
  });

  test('the charger is held until the CSMS answered', async (t) => {
    let release = () => {};
    const holdUntil = new Promise<void>((resolve) => {
      release = resolve;
    });
    const csms = await startRawCsms(t, { holdUntil });
    const { url } = await startRelay(t, csms.url);
    let open = false;
    const connecting = connectCharger(`${url}/CP_1`).then(() => {
      open = true;
    });
    while (csms.requests.length === 0) await new Promise((r) => setImmediate(r));
    assert.equal(open, false);
    release();
    await connecting;
  });
});

describe('connections end together', () => {
  test('charger gone closes upstream', async (t) => {
    const { charger, upstream } = await startPair(t);
    charger.socket.terminate();
    await upstream.closed;
  });

  test('CSMS gone closes the charger', async (t) => {
    const { charger, upstream } = await startPair(t);
    upstream.socket.terminate();
    assert.equal((await charger.closed).code, 1001);
  });

  test('a second connection of the same identity takes over, the old pair is closed', async (t) => {
    const { csms, url, charger, upstream } = await startPair(t);
    const second = await connectCharger(`${url}/ocpp/CP_1`);
    const secondUpstream = await csms.nextPeer();
    await Promise.all([charger.closed, upstream.closed]);
    second.send('[2,"1","Heartbeat",{}]');
    assert.match(await secondUpstream.next(), /Heartbeat/);
  });

  test('a second connection that the CSMS refuses does not touch the first', async (t) => {
    const csms = await startRawCsms(t, { refuse: (request) => (request > 1 ? 401 : undefined) });
    const { url } = await startRelay(t, csms.url);
    const charger = await connectCharger(`${url}/CP_1`);
    const upstream = await csms.nextPeer();
    await assert.rejects(connectCharger(`${url}/CP_1`), (error) => statusOf(error) === 401);
    charger.send('[2,"1","Heartbeat",{}]');
    assert.match(await upstream.next(), /Heartbeat/);
  });
});

describe('probes of the address', () => {
  for (const path of [
    '/%E0%A4%A',
    '/%00',
    '/CP%2F1',
    `/${'x'.repeat(2_000)}`,
    '/',
    '/a b',
    '/%2E.',
  ]) {
    test(`${path.slice(0, 20)} is refused and the gateway lives`, async (t) => {
      const csms = await startRawCsms(t);
      const { url } = await startRelay(t, csms.url);
      const status = await upgradeByHand(url.replace('ws:', 'http:'), 'ocpp1.6', path).then(
        (answer) => answer.status,
        () => 400,
      );
      assert.equal(status, 400);
      await connectCharger(`${url}/CP_1`);
      assert.equal(csms.requests.length, 1);
    });
  }

  test('an identity that is not configured gets 404, and nothing is dialled', async (t) => {
    const csms = await startRawCsms(t);
    const { url } = await startRelay(t, csms.url);
    await assert.rejects(connectCharger(`${url}/STRANGER`), (error) => statusOf(error) === 404);
    assert.equal(csms.requests.length, 0);
  });

  test('an identity that flaps is slowed down', async (t) => {
    const csms = await startRawCsms(t, { refuse: () => 401 });
    const { url } = await startRelay(t, csms.url, { clock: inNoTime });
    const statuses: (number | undefined)[] = [];
    for (let i = 0; i < 20; i += 1) {
      statuses.push(await connectCharger(`${url}/CP_1`).then(() => 101, statusOf));
    }
    assert.ok(statuses.includes(429));
    assert.ok(csms.requests.length < 20);
  });

  test('strangers who knock with its name keep a charger out neither before nor after', async (t) => {
    let refused: number | undefined = 401;
    const csms = await startRawCsms(t, { refuse: () => refused });
    const told: string[] = [];
    const upstreamChanged = (_id: string, state: string): void => void told.push(state);
    const observer = { ...NO_OBSERVER, upstreamChanged };
    const { url } = await startRelay(t, csms.url, { observer, clock: inNoTime });
    const strangers = async (): Promise<readonly unknown[]> => {
      const statuses: unknown[] = [];
      for (let i = 0; i < 20; i += 1) {
        const from = { localAddress: '127.0.0.2' };
        const knock = connectCharger(`${url}/CP_1`, ['ocpp1.6'], {}, from);
        statuses.push(await knock.then(() => 101, statusOf));
      }
      return statuses;
    };
    assert.ok((await strangers()).includes(429));
    refused = undefined;
    const charger = await connectCharger(`${url}/CP_1`);
    assert.equal(told.at(-1), 'connected');
    const upstream = await csms.nextPeer();
    refused = 401;
    const before = told.length;
    assert.ok(!(await strangers()).includes(101));
    assert.deepEqual(told.slice(before), [], 'its link is what it was');
    charger.send('[2,"1","Heartbeat",{}]');
    assert.equal(await upstream.next(), '[2,"1","Heartbeat",{}]');
    refused = undefined;
    await connectCharger(`${url}/CP_1`);
  });

  test('nor while its own knock is held', async (t) => {
    let release = (): void => {};
    const holdUntil = new Promise<void>((resolve) => {
      release = resolve;
    });
    const csms = await startRawCsms(t, {
      holdUntil,
      refuse: (request) => (request > 1 ? 401 : undefined),
    });
    const { url } = await startRelay(t, csms.url);
    const honest = connectCharger(`${url}/CP_1`);
    while (csms.requests.length < 1) await new Promise((r) => setImmediate(r));
    const stranger = connectCharger(`${url}/CP_1`).then(() => 101, statusOf);
    while (csms.requests.length < 2) await new Promise((r) => setImmediate(r));
    release();
    assert.equal(await stranger, 401);
    assert.equal((await honest).socket.readyState, 1);
  });

  test('of two knocks that are let in the newer one is served', () => {
    const held = new HeldKnocks();
    const [older, newer] = [held.begin('CP_1'), held.begin('CP_1')];
    assert.deepEqual([older.current(), newer.current()], [true, true]);
    newer.letIn();
    assert.deepEqual([older.current(), newer.current()], [false, true]);
    newer.end();
    assert.equal(held.has('CP_1'), false);
    const many = Array.from({ length: 20 }, () => held.begin('CP_1'));
    assert.equal(many.filter((turn) => turn.current()).length, 8);
    for (const turn of many) turn.end();
    assert.equal(held.size, 0);
  });

  test('from ever more addresses too, once it has been let in', () => {
    const limiter = new KnockLimiter();
    limiter.letIn('CP_1', '10.0.0.7');
    let admitted = 0;
    for (let i = 0; i < 500; i += 1) {
      if (limiter.admit('CP_1', `10.1.${i % 50}.1`, i)) admitted += 1;
    }
    assert.ok(admitted > 12 && admitted < 50, `${admitted}`);
    assert.equal(limiter.admit('CP_1', '10.0.0.7', 600), true);
    assert.equal(limiter.admit('CP_1', '10.9.9.9', 10_600), true);
  });
});

/** First byte of a WebSocket frame that is the last one of a connection (RFC 6455 §5.2). */
const CLOSE_FRAME = 0x88;

/** An upgrade without a WebSocket library, to see exactly what the gateway answers. */
const upgradeByHand = (url: string, subprotocol: string, path?: string) =>
  new Promise<{
    status: number;
    headers: Record<string, string | string[] | undefined>;
    closed: Promise<void>;
  }>((resolve, reject) => {
    const target = new URL(url);
    const request = httpRequest({
      host: target.hostname,
      port: target.port,
      path: path ?? target.pathname,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.alloc(16).toString('base64'),
        'sec-websocket-protocol': subprotocol,
      },
    });
    request.once('upgrade', (response, socket, head) => {
      socket.unshift(head);
      // A close frame ends it: nobody here would answer one, and the gateway waits half a minute.
      const closed = new Promise<void>((done) => {
        socket.once('close', () => done());
        socket.on('data', ([first]: Buffer) => {
          if (first === CLOSE_FRAME) socket.destroy();
        });
      });
      resolve({ status: 101, headers: response.headers, closed });
      socket.once('end', () => socket.destroy());
    });
    request.once('response', (response) => {
      response.resume();
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        closed: Promise.resolve(),
      });
    });
    request.once('error', reject);
    request.end();
  });
