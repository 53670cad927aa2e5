import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
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
  const svg = readFileSync(picture, 'utf8');
  assert.match(svg, /^<svg /);
  // Letters are 11 high: the lowest level and the hours below it stand apart.
  const [levelY, hourY] = ['0 A', '00:00'].map((label) =>
    Number(new RegExp(`<text x="[^"]+" y="([^"]+)"[^>]*>${label}<`).exec(svg)?.[1]),
  );
  assert.ok((hourY ?? 0) - (levelY ?? 0) > 12, `${levelY} and ${hourY}`);
});

test('simulate with a policy or sessions that are not there says so', () => {
  const wrong = busbar('simulate', 'config/home.yaml', '--policy', 'sun');
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /unknown policy "sun"; known are/);
  const { status, stderr } = busbar('simulate', 'config/home.yaml', '--sessions', 'none.csv');
  assert.equal(status, 1);
  assert.match(stderr, /cannot read none.csv/);
});

test('simulate with sessions of two days ends with them', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'busbar-cli-')), 'two-days.csv');
  const line = '2026-03-02 17:30,2026-03-03 07:00,12';
  writeFileSync(file, `arrival,departure,energy_kwh\n${line}\n`);
  const { stdout } = busbar('simulate', 'config/home.yaml', '--json', '--sessions', file);
  const { days, sessions } = JSON.parse(stdout) as { days: number; sessions: number };
  assert.deepEqual({ days, sessions }, { days: 2, sessions: 1 });
});

test('simulate --json tells a script what is wrong, in the shape of check --json', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'busbar-cli-')), 'site.yaml');
  writeFileSync(file, 'version: 1\nsite: {id: here}\ncircuits: [{id: main, limitAmp: 63}]\n');
  const checked = busbar('check', file, '--json');
  const { status, stdout } = busbar('simulate', file, '--json');
  assert.equal(status, 1);
  const { ok, problems } = JSON.parse(stdout) as { ok: boolean; problems: object[] };
  assert.equal(ok, false);
  assert.deepEqual(problems, (JSON.parse(checked.stdout) as { problems: object[] }).problems);

  const none = busbar('simulate', 'config/home.yaml', '--json', '--sessions', 'none.csv');
  assert.equal(none.status, 1);
  const [told] = (JSON.parse(none.stdout) as { problems: { place: string; text: string }[] })
    .problems;
  assert.equal(told?.place, '--sessions');
  assert.match(told?.text ?? '', /cannot read none.csv: there is no such file/);
});

test('a verb that finds no gateway says so to a script too', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'busbar-cli-')), 'site.yaml');
  writeFileSync(
    file,
    `version: 1
site: {id: here}
listen: {http: "127.0.0.1:9"}
upstream: {url: ws://127.0.0.1:9/ocpp}
circuits: [{id: main, limitAmps: 63, assumedLoadAmps: 10}]
`,
  );
  for (const verb of [
    ['explain', 'CP_1'],
    ['charger', 'probe', 'CP_1'],
  ]) {
    const { status, stdout } = busbar(...verb, '--config', file, '--json');
    assert.equal(status, 1);
    const { ok, problems } = JSON.parse(stdout) as { ok: boolean; problems: { text: string }[] };
    assert.equal(ok, false);
    assert.match(problems[0]?.text ?? '', /no gateway answers on http:\/\/127.0.0.1:9/);
  }
});
