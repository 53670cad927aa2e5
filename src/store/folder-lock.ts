import { readFileSync } from 'node:fs';
import { readlink, rename, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from './durable-store.ts';

const NAME = 'LOCK';
/** Tries to take over what a process that is gone left behind. */
const TAKE_OVER_TRIES = 3;

/**
 * Keeps a second process out of a folder. The lock is a symbolic link whose target names its owner by
 * process id, boot and start: made whole or not at all, also on a full disk. An owner that is gone, by
 * its end or with the power, does not hold it any more. Throws StoreError when another process does.
 */
export const lockFolder = async (folder: string): Promise<() => Promise<void>> => {
  const path = join(folder, NAME);
  for (let tries = 0; tries < TAKE_OVER_TRIES; tries += 1) {
    try {
      await symlink(ownerOf(process.pid), path);
      return () => unlink(path);
    } catch (error) {
      // Read-only, or a file system without links: to go on is better than a site without control.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return async () => {};
    }
    const owner = await readlink(path).catch(() => '');
    if (isAlive(owner)) {
      const pid = owner.split(' ')[0];
      throw new StoreError(`cannot open ${folder}: process ${pid} holds its lock`);
    }
    await takeAway(path, owner);
  }
  throw new StoreError(`cannot open ${folder}: its lock changes hands all the time`);
};

/** Removes the lock of an owner that is gone; one that somebody took meanwhile is put back. */
const takeAway = async (path: string, owner: string): Promise<void> => {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
    const taken = await readlink(aside);
    await unlink(aside);
    if (taken !== owner) await symlink(taken, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Somebody else was quicker.
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  }
};

const isAlive = (owner: string): boolean => {
  const pid = Number(owner.split(' ')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return ownerOf(pid) === owner;
};

/** Process ids are used again, after a restart of the box at once: boot and start tell them apart. */
const ownerOf = (pid: number): string => {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Behind the name, which may hold anything: the 20th field is the start of the process.
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${pid} ${boot} ${start}`;
  } catch {
    return `${pid}`;
  }
};
