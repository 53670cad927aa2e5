import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadMeterDevices } from '../../src/config/device-files.ts';
import { startModbusMeter } from '../../src/sim/modbus-meter.ts';
import { PROGRAM } from '../program.ts';

/** A run that has not ended by itself until then hangs. */
const RUN_MOST_MS = 120_000;

const busbar = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...PROGRAM, ...args], {
    encoding: 'utf8',
    timeout: RUN_MOST_MS,
    killSignal: 'SIGKILL',
  });
  return { status, stdout, stderr };
};
const siteFile = (text: string): string => {
  const file = join(mkdtempSync(join(tmpdir(), 'busbar-cli-')), 'site.yaml');
  writeFileSync(file, text);
  return file;
};

describe('the command line', () => {
  test('a typo gets a suggestion and exit code 2', () => {
    const { status, stderr } = busbar('serv');
    assert.equal(status, 2);
    assert.match(stderr, /unknown command "serv"; did you mean serve\?/);
  });

  test('an unknown option is wrong usage', () => {
    const { status, stderr } = busbar('version', '--jsn');
    assert.equal(status, 2);
    assert.match(
      stderr,
      /^busbar version: Unknown option '--jsn'; did you mean --json\?\nusage: busbar version \[--json\]/,
    );
  });

  test('wrong usage is told with what is wrong, and what was meant', () => {
    for (const [line, told] of [
      ['serve', 'serve: the site file is missing: --config FILE'],
      ['serve site.yaml', 'serve: did you mean --config site.yaml?'],
      [
        'simulate --config site.yaml',
        "simulate: Unknown option '--config': the site file is named",
      ],
      ['queue list --config x.yaml', 'queue: unknown: list; did you mean ls?'],
      ['charger', 'charger: what? there is only probe'],
      ['meter read', 'meter: read which meter?'],
      ['meter scan here --timeout 0', 'meter: --timeout is a number of seconds, up to 60'],
      ['explain CP_1 --config x.yaml --at yesterday', 'explain: --at yesterday is no time'],
    ] as const) {
      const { status, stderr } = busbar(...line.split(' '));
      assert.equal(status, 2, line);
      assert.ok(stderr.startsWith(`busbar ${told}`), `${line}: ${stderr}`);
      assert.match(stderr, /\nusage: busbar /);
    }
  });

  test('a time ago may begin with its minus', () => {
    const file = siteFile(`version: 1
site: {id: here}
listen: {http: "127.0.0.1:9"}
upstream: {url: ws://127.0.0.1:9/ocpp}
circuits: [{id: main, limitAmps: 63, assumedLoadAmps: 10}]
`);
    const { status, stderr } = busbar('explain', 'CP_1', '--config', file, '--at', '-2h');
    assert.match(stderr, /no gateway answers on http:\/\/127\.0\.0\.1:9/);
    assert.equal(status, 1);
  });

  test('help is not an error', () => {
    const { status, stdout } = busbar('help');
    assert.equal(status, 0);
    assert.match(stdout, /usage: busbar COMMAND/);
    assert.match(busbar('help', 'queue').stdout, /^usage: busbar queue /);
    for (const verb of ['serve', 'check', 'demo', 'meter', 'queue', 'version']) {
      const own = busbar(verb, '--help');
      assert.equal(own.status, 0, own.stderr);
      assert.match(own.stdout, new RegExp(`^usage: busbar ${verb} `));
    }
  });

  test('version as JSON', () => {
    const { status, stdout } = busbar('version', '--json');
    assert.equal(status, 0);
    assert.equal((JSON.parse(stdout) as { name: string }).name, 'busbar');
  });

  test('check of a good file prints the sums', () => {
    const { status, stdout } = busbar('check', 'config/car-park.yaml');
    assert.equal(status, 0);
    assert.match(stdout, /circuit main: limit 125 A, 12 connectors, all at fallback 72 A/);
  });

  test('check of a bad file names file, line and remedy, exit code 1, also as JSON', () => {
    const file = siteFile('version: 1\nsite: {id: x}\nupstrem: {}\ncircuits: []\n');
    const plain = busbar('check', file);
    assert.equal(plain.status, 1);
    assert.match(
      plain.stdout,
      /site\.yaml:3: error: upstrem: unknown key "upstrem"; did you mean "upstream"/,
    );
    const { status, stdout } = busbar('check', file, '--json');
    assert.equal(status, 1);
    const report = JSON.parse(stdout) as { ok: boolean; problems: { line: number }[] };
    assert.equal(report.ok, false);
    assert.ok(report.problems.some(({ line }) => line === 3));
  });

  test('serve refuses a bad file without opening a port', () => {
    const { status, stderr } = busbar('serve', '--config', siteFile('version: 1\n'));
    assert.equal(status, 1);
    assert.match(stderr, /"site" is missing/);
  });

  test('serve names dataDir when it is no folder', () => {
    const notFolder = siteFile('');
    const file = siteFile(`version: 1
site: {id: here}
listen: {ocpp: "127.0.0.1:0", http: "127.0.0.1:0"}
upstream: {url: ws://127.0.0.1:9/ocpp}
circuits: [{id: main, limitAmps: 63, assumedLoadAmps: 10}]
dataDir: ${notFolder}
`);
    const { status, stderr } = busbar('serve', '--config', file);
    assert.equal(status, 1);
    assert.match(stderr, /^busbar: dataDir .*: it is a file: remove it, or change dataDir$/m);
  });

  test('serve runs until it is told to stop', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'busbar-serve-'));
    const file = siteFile(`version: 1
site: {id: here}
listen: {ocpp: "127.0.0.1:0", http: "127.0.0.1:0"}
upstream: {url: ws://127.0.0.1:9/ocpp}
circuits: [{id: main, limitAmps: 63, assumedLoadAmps: 10}]
chargers: [{id: CP_1, circuit: main}]
dataDir: ${folder}
`);
    const child = spawn(process.execPath, [...PROGRAM, 'serve', '--config', file]);
    let log = '';
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (chunk) => {
        log += String(chunk);
        if (log.includes('"msg":"listening"')) resolve();
      });
    });
    const port = /"http":(\d+)/.exec(log)?.[1] ?? '';
    const changed = readFileSync(file, 'utf8').replace(
      '/ocpp}',
      '/ocpp, rules: [{deny: [Reset]}], controller: {identity: SITE-1}}',
    );
    writeFileSync(file, changed);
    const env = { ...process.env, BUSBAR__LISTEN__HTTP: `127.0.0.1:${port}` };
    const check = spawnSync(process.execPath, [...PROGRAM, 'check', file], {
      encoding: 'utf8',
      env,
    });
    assert.match(check.stdout, /gateway: a reload takes over upstream\.rules\n/);
    assert.match(check.stdout, /gateway: a restart is needed for upstream\.controller\n/);
    const api = `http://127.0.0.1:${port}/api/v1`;
    await fetch(`${api}/site-file/reload`, { method: 'POST' });
    const again = (await (await fetch(`${api}/site-file`)).json()) as { reload: string[] };
    assert.deepEqual(again.reload, []);
    child.kill('SIGTERM');
    const code = await new Promise((resolve) => child.once('exit', resolve));
    assert.equal(code, 0, log);
  });

  test('serve ends when an address is taken, and says which key to change', async (t) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    t.after(() => other.close());
    const taken = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    for (const key of ['ocpp', 'http']) {
      const listen = { ocpp: '127.0.0.1:0', http: '127.0.0.1:0', [key]: taken };
      const file = siteFile(`version: 1
site: {id: here}
listen: ${JSON.stringify(listen)}
upstream: {url: ws://127.0.0.1:9/ocpp}
circuits: [{id: main, limitAmps: 63, assumedLoadAmps: 10}]
dataDir: ${mkdtempSync(join(tmpdir(), 'busbar-taken-'))}
`);
      const { status, stderr } = busbar('serve', '--config', file);
      assert.equal(status, 1, stderr);
      assert.match(stderr, new RegExp(`listen\\.${key} ${taken}: .* or change listen\\.${key}`));
    }
  });
});

test('meter read prints what a meter says, or why it cannot be read', async (t) => {
  const device = loadMeterDevices('devices/meters').devices.get('eastron-sdm630');
  assert.ok(device);
  const meter = await startModbusMeter({ device, unit: 1, values: () => ({ ampsL1: 12.5 }) });
  t.after(() => meter.close());
  const file = siteFile(`version: 1
site: {id: here}
upstream: {url: ws://127.0.0.1:9/ocpp}
circuits: [{id: main, limitAmps: 63, meter: grid}]
meters: [{id: grid, device: eastron-sdm630, connect: "tcp://127.0.0.1:${meter.port}"}]
`);
  const read = async (...args: string[]) => {
    const options = ['--config', file, '--timeout', '60'];
    const child = spawn(process.execPath, [...PROGRAM, 'meter', 'read', ...args, ...options]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += String(chunk);
      });
    }
    const status = await new Promise((resolve) => child.once('close', resolve));
    return { status, output };
  };
  const good = await read('grid');
  assert.equal(good.status, 0, good.output);
  assert.match(good.output, /current +12\.5 +0\.0 +0\.0 A/);
  assert.deepEqual(await read('cellar'), {
    status: 2,
    output: `${file}: unknown meter "cellar"; known are grid\n`,
  });
  meter.conduct = 'exception';
  const bad = await read('grid');
  assert.equal(bad.status, 1);
  assert.match(bad.output, /not readable: exception 2: illegal data address/);
});
