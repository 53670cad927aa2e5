import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startWatchdog } from '../../src/io/watchdog.ts';

const ROLE = 'BUSBAR_TEST_WATCHED';

/** This file again, as the process that is watched. */
const watched = async (role: string) => {
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url)], {
    env: { ...process.env, [ROLE]: role },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const told: Buffer[] = [];
  child.stderr.on('data', (bytes: Buffer) => told.push(bytes));
  const [code, signal] = await once(child, 'close');
  return { code, signal, told: Buffer.concat(told).toString() };
};

if (process.env[ROLE] === 'hangs') {
  startWatchdog({ checkMs: 50, missedMost: 4 }).feed();
  for (;;);
} else if (process.env[ROLE] === 'is well') {
  const watchdog = startWatchdog({ checkMs: 50, missedMost: 600 });
  for (let i = 0; i < 10; i += 1) setTimeout(() => watchdog.feed(), i * 20);
} else {
  test('a process that hangs is ended, and says why', async () => {
    const { signal, told } = await watched('hangs');
    assert.equal(signal, 'SIGKILL');
    assert.match(told, /hangs and is ended/);
  });

  test('one that is fed goes on, and ends by itself', async () => {
    assert.deepEqual(await watched('is well'), { code: 0, signal: null, told: '' });
  });
}
