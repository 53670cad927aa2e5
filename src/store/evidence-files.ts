import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openDocument } from './documents.ts';
import { OneAtATime } from './one-at-a-time.ts';

/** What every record has, whatever else is in it. */
export interface Filed {
  readonly id: string;
  readonly begunAt: string;
  readonly endedAt: string | null;
}

/** Records are kept for two years (BK6-22-300 Anlage 1, Ziff. 7.3), and some days more. */
export const KEPT_MS = (2 * 366 + 7) * 86_400_000;
const FILE = /^[\w-]{1,120}\.json$/;

/** One file for each record, synced to disk; kept for two years after its end. */
export class EvidenceFiles<Record extends Filed> {
  readonly #folder: string;
  /** Two writes of one file would mix. */
  readonly #saving = new OneAtATime();

  constructor(folder: string) {
    this.#folder = folder;
  }

  save(record: Record): Promise<void> {
    return this.#saving.run(() => this.#write(record));
  }

  async #write(record: Record): Promise<void> {
    const document = await openDocument<{ record?: Record }>(this.#file(record.id), {});
    await document.update((data) => {
      data.record = record;
    });
  }

  /** Oldest first; damaged files are left out. */
  async list(): Promise<readonly Record[]> {
    const all = await readdir(this.#folder).catch(() => []);
    const names = all.filter((name) => FILE.test(name)).sort();
    const records = await Promise.all(names.map((name) => this.#read(join(this.#folder, name))));
    return records.flatMap((record) => (record === undefined ? [] : [record]));
  }

  /** Removes what was kept long enough. */
  async prune(wallMs: number): Promise<number> {
    const old = (await this.list()).filter(
      ({ begunAt, endedAt }) => wallMs - Date.parse(endedAt ?? begunAt) > KEPT_MS,
    );
    for (const { id } of old) {
      await rm(this.#file(id), { force: true });
      await rm(`${this.#file(id)}.bak`, { force: true });
    }
    return old.length;
  }

  #file(id: string): string {
    return join(this.#folder, `${id.replace(/[^\w-]/g, '_').slice(0, 110)}.json`);
  }

  async #read(file: string): Promise<Record | undefined> {
    try {
      return (JSON.parse(await readFile(file, 'utf8')) as { record?: Record }).record;
    } catch {
      return undefined;
    }
  }
}
