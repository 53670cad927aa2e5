import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { SILENT_LOG } from '../../src/core/log.ts';
import { type HttpOptions, startHttp } from '../../src/io/http.ts';
import { siteMetrics } from '../../src/io/metrics.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { emptyView } from './empty-view.ts';

const start = async (t: TestContext, changes: Partial<HttpOptions> = {}) => {
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    view: emptyView,
    ready: () => ({ ready: true, problems: [] }),
    metrics: siteMetrics(() => ({ ...emptyView(), counters: { framesRelayed: 5 } }), '1'),
    uiFolder: 'src/ui',
    version: '1',
    log: SILENT_LOG,
    ...changes,
  });
  t.after(() => server.close());
  return `http://127.0.0.1:${server.port}`;
};

interface Operation {
  readonly responses: Readonly<Record<string, unknown>>;
  readonly security?: unknown;
}
interface OpenApi {
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>;
  readonly security?: unknown;
}

describe('HTTP', () => {
  test('state, health, readiness, metrics and OpenAPI', async (t) => {
    const url = await start(t);
    assert.deepEqual(await (await fetch(`${url}/api/v1/state`)).json(), emptyView());
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, /busbar_circuit_current_amperes\{circuit="main",phase="L2"\} 11/);
    assert.match(
      metrics,
      /# TYPE busbar_frames_relayed_total counter\nbusbar_frames_relayed_total 5/,
    );
    assert.match(metrics, /busbar_circuit_power_watts\{circuit="main"\} 7590/);
    const connector = 'charger="CP_1",connector="1"';
    assert.match(metrics, new RegExp(`busbar_connector_power_watts{${connector}} 10700`));
    assert.match(
      metrics,
      new RegExp(`busbar_connector_current_amperes{${connector},phase="L3"} 15.6`),
    );
    const openapi = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as { paths: object };
    assert.ok('/api/v1/state' in openapi.paths);
  });

  test('OpenAPI tells of problems everywhere, and of the token where there is one', async (t) => {
    const documentOf = async (token?: string): Promise<OpenApi> => {
      const url = await start(t, token === undefined ? {} : { token });
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${url}/api/v1/openapi.json`, { headers });
      return (await answer.json()) as OpenApi;
    };
    const open = await documentOf();
    const answersOf = (path: string) => open.paths[path]?.get.responses ?? {};
    assert.match(JSON.stringify(answersOf('/api/v1/state')['default']), /problem\+json/);
    assert.match(JSON.stringify(answersOf('/api/v1/events')['200']), /text\/event-stream/);
    assert.ok('503' in answersOf('/readyz'));
    assert.ok('/metrics' in open.paths);
    assert.equal(open.security, undefined);
    const guarded = await documentOf('a-token-of-the-site');
    assert.deepEqual(guarded.security, [{ bearer: [] }, { basic: [] }]);
    assert.deepEqual(guarded.paths['/healthz']?.get.security, []);
  });

  test('a wrong method is told which ones are right; a wrong path is nothing', async (t) => {
    const url = await start(t);
    const wrong = await fetch(`${url}/api/v1/state?x=1`, { method: 'POST' });
    assert.equal(wrong.status, 405);
    assert.match(wrong.headers.get('allow') ?? '', /GET/);
    assert.equal(wrong.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    assert.equal((await fetch(`${url}/api/v1/events`, { method: 'HEAD' })).status, 405);
    assert.equal((await fetch(`${url}/api/v1/stat`, { method: 'POST' })).status, 404);
  });

  test('a route that fails tells nothing of the inside', async (t) => {
    const path = '/api/v1/broken';
    const handle = () => Promise.reject(new Error('secret place'));
    const url = await start(t, { routes: [{ method: 'GET', path, description: '', handle }] });
    const answer = await fetch(url + path);
    assert.deepEqual(await answer.json(), { status: 500, detail: 'internal error' });
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  });

  test('not ready says why', async (t) => {
    const url = await start(t, { ready: () => ({ ready: false, problems: ['meter'] }) });
    const answer = await fetch(`${url}/readyz`);
    assert.equal(answer.status, 503);
    assert.deepEqual(await answer.json(), { ready: false, problems: ['meter'] });
  });

  test('the live feed sends the view', async (t) => {
    const url = await start(t);
    const answer = await fetch(`${url}/api/v1/events`);
    const reader = answer.body?.getReader();
    const { value } = (await reader?.read()) ?? {};
    assert.match(Buffer.from(value ?? []).toString(), /^id: 1\ndata: \{"id":"garage"/);
    await reader?.cancel();
  });

  test('nothing else of the disk can be read', async (t) => {
    const url = await start(t);
    for (const path of ['/..%2fpackage.json', '/%2e%2e/package.json', '/main.tsx', '/style.css']) {
      const answer = await fetch(url + path);
      assert.equal(answer.status, 404, path);
      assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    }
  });

  test('scripts of others are not allowed on the page', async (t) => {
    const answer = await fetch(await start(t));
    assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'self'/);
  });

  test('a foreign host name is refused on loopback', async (t) => {
    const url = new URL(await start(t));
    const status = await new Promise((resolve) => {
      request(
        {
          host: url.hostname,
          port: url.port,
          path: '/api/v1/state',
          headers: { host: 'evil.example' },
        },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        },
      ).end();
    });
    assert.equal(status, 403);
  });

  test('outside loopback it does not start without a token', async (t) => {
    await assert.rejects(start(t, { host: '0.0.0.0' }), /needs a token/);
  });

  test('with a token nothing but health is answered without it', async (t) => {
    const url = await start(t, { token: 'a-token-of-the-site' });
    for (const path of ['/', '/api/v1/state', '/api/v1/events', '/metrics', '/readyz']) {
      assert.equal((await fetch(url + path)).status, 401, path);
      assert.equal((await fetch(`${url}${path}?token=a-token-of-the-site`)).status, 401, path);
    }
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    const bearer = { authorization: 'Bearer a-token-of-the-site' };
    assert.equal((await fetch(`${url}/api/v1/state`, { headers: bearer })).status, 200);
    const basic = `Basic ${Buffer.from('me:a-token-of-the-site').toString('base64')}`;
    assert.equal((await fetch(`${url}/`, { headers: { authorization: basic } })).status, 200);
  });
});
