import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadMeterDevices } from '../../src/config/device-files.ts';
import { startModbusMeter } from '../../src/sim/modbus-meter.ts';
import { PROGRAM } from '../program.ts';

test('the ladder to a meter: scan finds it, test tries its file, read watches it', async (t) => {
  const device = loadMeterDevices('devices/meters').devices.get('eastron-sdm630');
  assert.ok(device);
  const phases = { ampsL1: 12.5, wattsL1: 2800, voltsL1: 230, voltsL2: 231, voltsL3: 229 };
  const values = { ...phases, watts: 2800, frequencyHz: 50 };
  const options = { device, unit: 2, gateway: true, values: () => values };
  const meter = await startModbusMeter(options);
  t.after(() => meter.close());
  const host = `127.0.0.1:${meter.port}`;
  const run = async (...args: string[]) => {
    // The meter is in this process, which a busy machine may stop.
    const child = spawn(process.execPath, [...PROGRAM, 'meter', ...args, '--timeout', '60']);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += String(chunk);
      });
    }
    const status = await new Promise((resolve) => child.once('close', resolve));
    return { status, output };
  };
  const file = join(mkdtempSync(join(tmpdir(), 'busbar-cli-')), 'site.yaml');
  const text = `version: 1
site: {id: here}
upstream: {url: ws://127.0.0.1:9/ocpp}
circuits: [{id: main, limitAmps: 63, meter: grid}]
meters: [{id: grid, device: eastron-sdm630, connect: "tcp://${host}", unit: 2, pollMs: 200}]
`;
  writeFileSync(file, text);
  const [mistyped, turned, reversed, scanned, tried, watched] = await Promise.all([
    run('raed', 'grid'),
    run('test', host, 'eastron-sdm630'),
    run('scan', host, '--units', '1,3-2'),
    run('scan', host, '--units', '1-3'),
    run('test', 'devices/meters/eastron-sdm630.yaml', host, '--unit', '2'),
    run('read', 'grid', '--config', file, '--watch', '--count', '3', '--json'),
  ]);
  assert.equal(mistyped.status, 2);
  assert.match(mistyped.output, /^busbar meter: unknown: raed; did you mean read\?/);
  assert.equal(turned.status, 2);
  assert.match(turned.output, /the file comes first: meter test eastron-sdm630 127/);
  assert.equal(reversed.status, 2, 'and not that nobody answers');
  assert.match(reversed.output, /--units is like 1-16,100/);
  assert.equal(scanned.status, 0, scanned.output);
  assert.match(scanned.output, /unit 2 looks like:\n {2}eastron-sdm630 +12\.5 \/ 0\.0 \/ 0\.0 A/);
  assert.match(scanned.output, /device: eastron-sdm630, connect: tcp:.*, unit: 2\}/);
  assert.equal(tried.status, 0, tried.output);
  assert.match(tried.output, / {6}6 {2}4148 0000 +ampsL1 +12\.5\n[\s\S]*makes sense/);
  assert.equal(watched.output.trim().split('\n').length, 3);
  assert.equal(watched.status, 0);
});
