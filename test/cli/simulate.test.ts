import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PROGRAM } from '../program.ts';

const busbar = (...args: string[]) =>
  spawnSync(process.execPath, [...PROGRAM, ...args], {
    encoding: 'utf8',
  });

test('simulate tells how a month would go, and draws the busiest day', () => {
  const picture = join(mkdtempSync(join(tmpdir(), 'busbar-cli-')), 'day.svg');
  const args = ['--days', '1', '--json', '--policy', 'throughput', '--picture', picture];
  const { status, stdout } = busbar('simulate', 'config/home.yaml', ...args);
  assert.equal(status, 0);
  const report = JSON.parse(stdout) as { circuits: { secondsOverLimit: number }[] };
  assert.ok(report.circuits.every(({ secondsOverLimit }) => secondsOverLimit === 0));
  assert.match(readFileSync(picture, 'utf8'), /^<svg /);
});

test('simulate with a policy or sessions that are not there says so', () => {
  const wrong = busbar('simulate', 'config/home.yaml', '--policy', 'sun');
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /unknown policy "sun"; known are/);
  const { status, stderr } = busbar('simulate', 'config/home.yaml', '--sessions', 'none.csv');
  assert.equal(status, 1);
  assert.match(stderr, /cannot read none.csv/);
});
