import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Log, SILENT_LOG } from '../../src/core/log.ts';
import { EmsLink } from '../../src/field/ems-link.ts';
import { openBroker } from '../../src/io/mqtt.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { emptyView } from './empty-view.ts';
import { startMosquitto, watch } from './mosquitto.ts';

const BASE = 'busbar/v1/garage-7';

interface Certificates {
  readonly folder: string;
  readonly of: (name: string) => {
    readonly ca: string;
    readonly cert: string;
    readonly key: string;
  };
}

/** An authority and a certificate for each name; undefined where OpenSSL is not installed. */
const makeCertificates = (names: readonly string[]): Certificates | undefined => {
  const folder = mkdtempSync(join(tmpdir(), 'busbar-tls-'));
  // Mosquitto drops its rights before it reads them.
  chmodSync(folder, 0o755);
  const openssl = (...args: readonly string[]): boolean =>
    spawnSync('openssl', args, { cwd: folder, stdio: 'ignore' }).status === 0;
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  writeFileSync(join(folder, 'names.cnf'), 'subjectAltName=IP:127.0.0.1\n');
  const subject = ['-subj', '/CN=Busbar test'];
  const made = openssl('req', '-x509', ...curve, '-keyout', 'ca.key', '-out', 'ca.pem', ...subject);
  if (!made) return undefined;
  for (const name of names) {
    const request = ['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`];
    openssl('req', ...curve, ...request);
    const signed = [
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-extfile',
      'names.cnf',
    ];
    openssl('x509', '-req', '-in', `${name}.csr`, ...signed, '-out', `${name}.pem`);
    chmodSync(join(folder, `${name}.key`), 0o644);
  }
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  return {
    folder,
    of: (name) => ({ ca: read('ca.pem'), cert: read(`${name}.pem`), key: read(`${name}.key`) }),
  };
};

const setUp = async (t: TestContext) => {
  const certificates = makeCertificates(['broker', 'busbar', 'bms', 'grid-operator', 'guest']);
  if (certificates === undefined) return undefined;
  const { folder, of } = certificates;
  const acl = join(folder, 'mosquitto.acl');
  copyFileSync('config/mosquitto.acl', acl);
  chmodSync(acl, 0o644);
  const broker = await startMosquitto(
    t,
    [
      `cafile ${folder}/ca.pem`,
      `certfile ${folder}/broker.pem`,
      `keyfile ${folder}/broker.key`,
      'require_certificate true',
      'use_identity_as_username true',
      'allow_anonymous false',
      `acl_file ${acl}`,
      '',
    ].join('\n'),
  );
  return broker && { url: broker.url.replace('mqtt:', 'mqtts:'), of };
};

const startEms = (
  t: TestContext,
  url: string,
  tls: { readonly ca?: string; readonly cert?: string; readonly key?: string },
  log: Log = SILENT_LOG,
) => {
  const taken: string[] = [];
  const link = new EmsLink({
    openBroker: (listener, will) =>
      openBroker({ url, tls, clientId: 'busbar', will, listener, clock: systemClock, log }),
    root: 'busbar/v1',
    siteId: 'garage-7',
    clock: systemClock,
    version: '1',
    log,
    setLimit: (source) => {
      taken.push(source);
      return { accepted: false, applied: null, reason: 'seen' };
    },
    heartbeat: (source) => taken.push(`heartbeat of ${source}`),
    taker: {
      setPreference: () => ({ accepted: true, reason: 'accepted' }),
      setWish: () => true,
      setPolicy: () => {},
    },
    meters: [],
    onReading: () => {},
  });
  t.after(() => link.close());
  return { link, taken };
};

test('TLS with client certificates, and the example of who may say what', async (t) => {
  const site = await setUp(t);
  if (site === undefined) return t.skip('Mosquitto or OpenSSL is not installed');
  const { url, of } = site;
  const { link, taken } = startEms(t, url, of('busbar'));
  const bms = await watch(t, url, of('bms'));
  await bms.until(`${BASE}/status`, (text) => text === 'online');
  link.publish(emptyView());
  await bms.until(`${BASE}/circuits/main`);
  const guest = await watch(t, url, of('guest'));
  const limit = '{"circuit":"main","amps":16,"ttlSeconds":60}';
  await guest.client.publishAsync(`${BASE}/limits/bms/set`, limit, { qos: 1 });
  await bms.client.publishAsync(`${BASE}/limits/grid-operator/set`, limit, { qos: 1 });
  await bms.client.publishAsync(`${BASE}/limits/grid-operator/heartbeat`, '', { qos: 1 });
  await bms.client.publishAsync(`${BASE}/limits/bms/set`, limit, { qos: 1 });
  await bms.until(`${BASE}/limits/bms`);
  assert.deepEqual(taken, ['bms']);
  const operator = await watch(t, url, of('grid-operator'));
  await operator.client.publishAsync(`${BASE}/limits/grid-operator/heartbeat`, '', { qos: 1 });
  await operator.client.publishAsync(`${BASE}/limits/grid-operator/set`, limit, { qos: 1 });
  await operator.until(`${BASE}/limits/grid-operator`);
  assert.deepEqual(taken, ['bms', 'heartbeat of grid-operator', 'grid-operator']);
  // A stranger reads nothing.
  assert.equal(guest.texts.size, 0);
});

test('without a certificate, or at a broker of somebody else, there is no connection', async (t) => {
  const site = await setUp(t);
  if (site === undefined) return t.skip('Mosquitto or OpenSSL is not installed');
  const problems = (tls: Parameters<typeof startEms>[2]) =>
    new Promise<string>((resolve) => {
      const warn = (_text: string, fields?: Readonly<Record<string, unknown>>): void =>
        resolve(String(fields?.['problem']));
      startEms(t, site.url, tls, { ...SILENT_LOG, warn });
    });
  const { cert, key, ca } = site.of('busbar');
  assert.match(await problems({ cert, key }), /certificate/i);
  assert.match(await problems({ ca }), /certificate|alert|closed|reset|ECONNRESET/i);
});
