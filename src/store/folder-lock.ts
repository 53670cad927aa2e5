import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { StoreError } from './durable-store.ts';

const NAME = 'LOCK';
/** Tries to take over what a process that is gone left behind. */
const TAKE_OVER_TRIES = 3;

/**
 * Keeps a second process out of a folder, in another container as well. The lock is a Unix socket that
 * its owner listens on: the kernel lets go of it with the process, however that ends. Throws StoreError
 * when another process holds it. Where no socket can be made (read-only, or a file system without
 * them) nothing is locked: to go on is better than a site without control.
 */
export const lockFolder = async (folder: string): Promise<() => Promise<void>> => {
  // Addresses of sockets are short; the folder is named by its handle.
  const handle = await open(folder, 'r');
  const path = process.platform === 'linux' ? `/proc/self/fd/${handle.fd}` : folder;
  try {
    const unlock = await lock(join(path, NAME), folder);
    return async () => {
      await unlock();
      await handle.close();
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
};

const lock = async (path: string, folder: string): Promise<() => Promise<void>> => {
  const held = new StoreError(
    `cannot open ${folder}: another process holds its lock; does busbar run already, with this dataDir?`,
  );
  for (let tries = 0; tries < TAKE_OVER_TRIES; tries += 1) {
    const unlock = await listen(path);
    if (unlock !== undefined) return unlock;
    if (await answers(path)) throw held;
    // Whoever is quicker moves it; what then turns out to be alive is put back.
    const aside = `${path}.${randomUUID().slice(0, 8)}`;
    if (!(await moved(path, aside))) continue;
    if (await answers(aside)) {
      await moved(aside, path);
      throw held;
    }
    await rm(aside, { force: true });
  }
  throw held;
};

/** Undefined when the address is taken. */
const listen = (path: string): Promise<(() => Promise<void>) | undefined> =>
  new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code === 'EADDRINUSE' ? undefined : async () => {}),
    );
    server.listen(path, () => {
      server.unref();
      resolve(() => new Promise((closed) => server.close(() => closed())));
    });
  });

/** Refused, missing or no socket: nobody is there. Anything else may be a process that is busy. */
const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code = '' }: NodeJS.ErrnoException) =>
      resolve(!['ECONNREFUSED', 'ENOENT', 'ENOTSOCK', 'ELOOP'].includes(code)),
    );
  });

const moved = (from: string, to: string): Promise<boolean> =>
  rename(from, to).then(
    () => true,
    () => false,
  );
