import { join } from 'node:path';
import type { QueuedMessage, QueueSummary } from '../gateway/queue-desk.ts';
import { QueueDesk } from '../gateway/queue-desk.ts';
import type { SiteConfig } from '../schema/site-config.ts';
import { Journal } from '../store/journal.ts';
import { LevelStore } from '../store/level-store.ts';

/** The queue of a gateway: asked of the running one, or read from the disk of a stopped one. */
export interface QueueSource {
  readonly running: boolean;
  list(): Promise<readonly QueueSummary[]>;
  messages(charger: string, parked: boolean, after: number): Promise<readonly QueuedMessage[]>;
  /** False when there is no such message. */
  drop(charger: string, seq: number, by: string): Promise<boolean>;
  close(): Promise<void>;
}

export const PAGE = 200;

/** Throws an Error that says what to do when neither works. */
export const openQueue = async (config: SiteConfig): Promise<QueueSource> => {
  const base = `http://${config.listen.http.replace(/^0\.0\.0\.0|^\[::\]/, '127.0.0.1')}/api/v1/queue`;
  const token = config.listen.token;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const ask = async (path: string, method = 'GET'): Promise<Response> =>
    fetch(base + path, { method, headers, signal: AbortSignal.timeout(10_000) });
  const running = await ask('').catch(() => undefined);
  if (running === undefined) return openStopped(config);
  if (running.status === 401) throw new Error('the gateway wants another listen.token');
  const json = async <T>(response: Response): Promise<T> => {
    if (!response.ok) throw new Error(await problemOf(response));
    return (await response.json()) as T;
  };
  return {
    running: true,
    list: async () => json(await ask('')),
    messages: async (charger, parked, after) =>
      json(await ask(`/${charger}?after=${after}&limit=${PAGE}&parked=${parked}`)),
    drop: async (charger, seq, by) => {
      const response = await ask(`/${charger}/${seq}?by=${encodeURIComponent(by)}`, 'DELETE');
      if (response.status === 404) return false;
      await json(response);
      return true;
    },
    close: () => Promise.resolve(),
  };
};

const problemOf = async (response: Response): Promise<string> => {
  const { detail } = (await response.json().catch(() => ({}))) as { detail?: string };
  return detail ?? `the gateway answered ${response.status}`;
};

const openStopped = async (config: SiteConfig): Promise<QueueSource> => {
  const path = join(config.dataDir, 'journal');
  const store = await LevelStore.open(path, () => performance.now());
  const desk = new QueueDesk(await Journal.open(store), store);
  return {
    running: false,
    list: () => Promise.resolve(desk.list()),
    messages: (charger, parked, after) => desk.messages(charger, { parked, after, limit: PAGE }),
    drop: (charger, seq, by) => desk.drop(charger, seq, by, Date.now()),
    close: () => store.close(),
  };
};
