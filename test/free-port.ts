import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Below the ports that Linux gives to whoever asks for any (from 32768): no test in between. */
const LEAST = 20_000;
const MOST = 32_000;
const TRIES_MOST = 50;

/**
 * A port for a server that cannot choose one itself, or has to come back on the same. Until this
 * process ends no other test is given it, also while nobody listens there.
 */
export const freePort = async (): Promise<number> => {
  for (let tries = 0; tries < TRIES_MOST; tries += 1) {
    const port = LEAST + Math.floor(Math.random() * (MOST - LEAST));
    if (!reserve(port)) continue;
    const probe = createServer().listen(port, '127.0.0.1');
    try {
      await once(probe, 'listening');
    } catch {
      continue;
    }
    probe.close();
    await once(probe, 'close');
    return port;
  }
  throw new Error(`no free port between ${LEAST} and ${MOST}`);
};

/** False when a test that runs has it; all of a run have one folder for what is temporary. */
const reserve = (port: number): boolean => {
  const folder = join(tmpdir(), 'busbar-ports');
  const file = join(folder, String(port));
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, '', { flag: 'wx' });
  } catch {
    return false;
  }
  process.once('exit', () => rmSync(file, { force: true }));
  return true;
};
