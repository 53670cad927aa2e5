import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { surviveUncaught } from '../../src/io/uncaught.ts';

const ROLE = 'BUSBAR_TEST_UNCAUGHT';

/** This file again, as the process that stumbles: what it writes, and how it ends. */
const stumbling = async () => {
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url)], {
    env: { ...process.env, [ROLE]: 'stumbles' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const said: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => said.push(bytes));
  const [code] = await once(child, 'close');
  return { code, said: Buffer.concat(said).toString().trim().split('\n') };
};

const stumble = (): void => {
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  surviveUncaught({
    caught: (error) => say(String(error)),
    restart: () => {
      say('restart');
      process.exit(0);
    },
    uptimeLeastMs: performance.now() + 300,
  });
  setTimeout(() => {
    throw new Error('in a timer');
  }, 0);
  void Promise.reject(new Error('in a promise'));
  setTimeout(() => {
    throw new Error('once more');
  }, 10);
  setTimeout(() => say('alive'), 20);
  // Something that keeps the process going, as servers do.
  setTimeout(() => process.exit(1), 20_000);
};

if (process.env[ROLE] !== undefined) stumble();
else {
  test('an error that nobody caught ends nothing at once, and leads to one restart', async () => {
    const { code, said } = await stumbling();
    assert.deepEqual(
      [...said].sort(),
      ['Error: in a promise', 'Error: in a timer', 'Error: once more', 'alive', 'restart'].sort(),
    );
    assert.equal(said.at(-1), 'restart');
    assert.equal(code, 0);
  });
}
