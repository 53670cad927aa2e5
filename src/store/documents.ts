import { copyFile, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Adapter, Low } from 'lowdb';
import { OneAtATime } from './one-at-a-time.ts';
import { syncFolder } from './sync-folder.ts';

/**
 * A small human-readable JSON document that survives a power cut: learned facts, never a queue,
 * since every write rewrites the whole file.
 */
export interface Document<Data> {
  readonly data: Data;
  /** Set when the file was damaged; the older copy or the default is in use then. */
  readonly problem?: string;
  update(change: (data: Data) => void): Promise<void>;
}

/**
 * Opens `file`; a missing one starts as `initial`. A damaged file is replaced by its `.bak`, and
 * if that is damaged too by `initial`; the damaged one stays beside it as `.damaged`.
 */
export const openDocument = async <Data>(file: string, initial: Data): Promise<Document<Data>> => {
  const adapter = new SyncedFile<Data>(file);
  const low = new Low<Data>(adapter, initial);
  await low.read();
  const writes = new OneAtATime();
  return {
    get data() {
      return low.data;
    },
    ...(adapter.problem === undefined ? {} : { problem: adapter.problem }),
    update(change) {
      change(low.data);
      return writes.run(() => low.write());
    },
  };
};

/** lowdb never syncs; this adapter writes a new file, syncs it, swaps it in and syncs the folder. */
class SyncedFile<Data> implements Adapter<Data> {
  readonly #file: string;
  problem: string | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  async read(): Promise<Data | null> {
    const current = await readJson<Data>(this.#file);
    if (current.state === 'ok') return current.value;
    if (current.state === 'missing') return null;
    this.problem = `${this.#file} is damaged (${current.problem}); its last good copy is used`;
    await copyFile(this.#file, `${this.#file}.damaged`);
    const backup = await readJson<Data>(`${this.#file}.bak`);
    return backup.state === 'ok' ? backup.value : null;
  }

  async write(data: Data): Promise<void> {
    const next = `${this.#file}.next`;
    await mkdir(dirname(this.#file), { recursive: true });
    const handle = await open(next, 'w', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(data, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if ((await readJson<Data>(this.#file)).state === 'ok') {
      await copyFile(this.#file, `${this.#file}.bak`);
    }
    await rename(next, this.#file);
    await syncFolder(dirname(this.#file));
  }
}

type JsonFile<Data> =
  | { readonly state: 'ok'; readonly value: Data }
  | { readonly state: 'missing' }
  | { readonly state: 'damaged'; readonly problem: string };

const readJson = async <Data>(file: string): Promise<JsonFile<Data>> => {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { state: 'missing' };
    throw error;
  }
  try {
    return { state: 'ok', value: JSON.parse(text) as Data };
  } catch (error) {
    return { state: 'damaged', problem: (error as Error).message };
  }
};
