import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that Linux gives to whoever asks for any (from 32768): no test in between. */
const LEAST = 20_000;
const MOST = 32_000;
const TRIES_MOST = 50;

/** A port for a server that cannot choose one itself, or has to come back on the same. */
export const freePort = async (): Promise<number> => {
  for (let tries = 0; tries < TRIES_MOST; tries += 1) {
    const port = LEAST + Math.floor(Math.random() * (MOST - LEAST));
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
