import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSiteFile } from '../../src/cli/site-file.ts';
import type { Log, LogFields } from '../../src/core/log.ts';
import { startBusbar } from '../../src/main.ts';
import { connectCharger, startRawCsms } from '../scenarios/relay-site.ts';

const siteFile = (folder: string, upstream: string, dead: string): string => `
version: 1
dataDir: ${join(folder, 'data')}
site: {id: garage, timezone: Europe/Berlin}
listen: {ocpp: 127.0.0.1:0, http: 127.0.0.1:0, token: planted-token-16-chars}
upstream:
  url: ${upstream}
  controller: {identity: LC_1, url: "ws://u:planted-in-url@${dead}/ocpp", password: planted-controller}
  mirrors: [{id: copy, url: "ws://u:planted-in-mirror@${dead}/copy", password: planted-mirror}]
circuits: [{id: main, limitAmps: 63, assumedLoadAmps: 5}]
chargers: [{id: CP_1, circuit: main}]
ems:
  mqtt: {url: "mqtt://${dead}", username: bus, password: planted-mqtt}
  sources: [{id: bms, circuit: main, failsafeAmps: 20}]
`;

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const stat = statSync(path);
    return stat.isDirectory() ? filesBelow(path) : stat.isFile() ? [path] : [];
  });

test('no secret that was planted is found in the log, the API, the metrics or on the disk', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'busbar-planted-'));
  const csms = await startRawCsms(t);
  const said: string[] = [];
  const line = (text: string, fields: LogFields = {}): void =>
    void said.push(`${text} ${JSON.stringify(fields)}`);
  const log: Log = { debug: line, info: line, warn: line, error: line };
  const file = join(folder, 'site.yaml');
  writeFileSync(file, siteFile(folder, csms.url, '127.0.0.1:9'));
  const { usable, problems } = readSiteFile(file);
  assert.ok(usable, JSON.stringify(problems));
  const busbar = await startBusbar({ ...usable, log, uiFolder: join(folder, 'none') });
  t.after(() => busbar.close());

  const authorization = `Basic ${Buffer.from('CP_1:planted-charger').toString('base64')}`;
  const charger = await connectCharger(`${busbar.ocppUrl}/CP_1`, ['ocpp1.6'], { authorization });
  const upstream = await csms.nextPeer();
  charger.send('[2,"b","BootNotification",{"chargePointVendor":"v","chargePointModel":"m"}]');
  await upstream.next();
  upstream.send('[3,"b",{"status":"Accepted","interval":60,"currentTime":"2026-01-01T00:00:00Z"}]');
  await charger.next();
  const value = Buffer.from('planted-new-key').toString('hex');
  upstream.send(`[2,"k","ChangeConfiguration",{"key":"AuthorizationKey","value":"${value}"}]`);
  for (;;) {
    const [, id, action] = JSON.parse(await charger.next()) as [number, string, string];
    charger.send(
      `[3,"${id}",{"status":"${action === 'ChangeConfiguration' ? 'Accepted' : 'Rejected'}"}]`,
    );
    if (id === 'k') break;
  }
  await upstream.next();
  charger.send(`[2,"x","BootNotification",{"planted-in-bad-json":`);
  await upstream.next();

  const asked = await Promise.all(
    ['/api/v1/state', '/metrics', '/readyz', '/api/v1/openapi.json', '/api/v1/queue'].map(
      async (path) => {
        const headers = { authorization: 'Bearer planted-token-16-chars' };
        const answer = await fetch(`${busbar.httpUrl}${path}`, { headers });
        return `${path} ${answer.status} ${await answer.text()}`;
      },
    ),
  );
  const wrong = await fetch(`${busbar.httpUrl}/api/v1/state?token=planted-token-16-chars`);
  assert.equal(wrong.status, 401);
  const told = [...said, ...asked, await wrong.text()].join('\n');
  assert.match(told, /CP_1/);
  const basic = (secret: string) => Buffer.from(secret).toString('base64');
  const traces = [
    'planted-token',
    'planted-in-url',
    'planted-controller',
    'planted-in-mirror',
    'planted-mirror',
    'planted-mqtt',
    'planted-charger',
    'planted-new-key',
    value,
    basic('CP_1:planted-charger'),
    basic('LC_1:planted-controller'),
  ];
  for (const trace of traces) {
    assert.ok(!told.includes(trace), `${trace}: ${said.find((each) => each.includes(trace))}`);
  }
  await busbar.close();
  // What it learned is on disk as soon as it is closed.
  const learned = readFileSync(join(folder, 'data', 'learned.json'), 'utf8');
  assert.match(learned, /"CP_1": \{\s*"vendor": "v"/);
  for (const path of filesBelow(join(folder, 'data'))) {
    const content = readFileSync(path, 'latin1');
    for (const trace of traces) assert.ok(!content.includes(trace), `${trace} in ${path}`);
  }
});
