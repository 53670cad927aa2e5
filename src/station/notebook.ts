import type { DurableStore } from '../store/durable-store.ts';

const PREFIX = 's/';

/** Small facts of one station that outlive the program: read at the start, written at once. */
export class Notebook {
  readonly #store: DurableStore;
  readonly #prefix: string;
  readonly #pages: Map<string, unknown>;

  private constructor(store: DurableStore, prefix: string, pages: Map<string, unknown>) {
    this.#store = store;
    this.#prefix = prefix;
    this.#pages = pages;
  }

  /** Rejects with a StoreError when the store is unusable. A page that is no JSON is left out. */
  static async open(
    store: DurableStore,
    station: string,
    names: readonly string[],
  ): Promise<Notebook> {
    const prefix = `${PREFIX}${station}/`;
    const pages = new Map<string, unknown>();
    for (const name of names) {
      const page = parsed(await store.get(prefix + name));
      if (page !== undefined) pages.set(name, page);
    }
    return new Notebook(store, prefix, pages);
  }

  /** What was written before this start; only this program writes it. */
  read<T>(name: string): T | undefined {
    return this.#pages.get(name) as T | undefined;
  }

  /** Of what was written before this start nothing is left. Settles when it is off the medium. */
  drop(name: string): Promise<void> {
    this.#pages.delete(name);
    return this.#store.write([{ type: 'delete', key: this.#prefix + name }]);
  }

  /** Settles when it is on the medium. */
  write(name: string, page: unknown): Promise<void> {
    const value = Buffer.from(JSON.stringify(page));
    return this.#store.write([{ type: 'put', key: this.#prefix + name, value }]);
  }
}

const parsed = (value: Uint8Array | undefined): unknown => {
  if (value === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(value).toString());
  } catch {
    return undefined;
  }
};
