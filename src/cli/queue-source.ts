import { join } from 'node:path';
import type { QueuedMessage, QueueSummary } from '../gateway/outage/queue-desk.ts';
import { QueueDesk } from '../gateway/outage/queue-desk.ts';
import type { SiteConfig } from '../schema/site-config.ts';
import { Journal } from '../store/journal.ts';
import { LogStore } from '../store/log-store.ts';
import { askGateway, GatewayRefusal } from './running-gateway.ts';

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
const PATH = '/api/v1/queue';

/** Throws an Error that says what to do when neither works. */
export const openQueue = async (config: SiteConfig): Promise<QueueSource> => {
  const running = await askGateway<readonly QueueSummary[]>(config, PATH);
  if (running === undefined) return openStopped(config);
  return {
    running: true,
    list: async () => (await askGateway<readonly QueueSummary[]>(config, PATH)) ?? [],
    messages: async (charger, parked, after) => {
      const path = `${PATH}/${encodeURIComponent(charger)}?after=${after}&limit=${PAGE}&parked=${parked}`;
      return (await askGateway<readonly QueuedMessage[]>(config, path)) ?? [];
    },
    drop: async (charger, seq, by) => {
      const path = `${PATH}/${encodeURIComponent(charger)}/${seq}?by=${encodeURIComponent(by)}`;
      try {
        await askGateway(config, path, { method: 'DELETE' });
        return true;
      } catch (error) {
        if (error instanceof GatewayRefusal && error.status === 404) return false;
        throw error;
      }
    },
    close: () => Promise.resolve(),
  };
};

const openStopped = async (config: SiteConfig): Promise<QueueSource> => {
  const path = join(config.dataDir, 'journal');
  const store = await LogStore.open(path, { monotonicMs: () => performance.now() });
  const desk = new QueueDesk(await Journal.open(store), store);
  return {
    running: false,
    list: () => Promise.resolve(desk.list()),
    messages: (charger, parked, after) => desk.messages(charger, { parked, after, limit: PAGE }),
    drop: (charger, seq, by) => desk.drop(charger, seq, by, Date.now()),
    close: () => store.close(),
  };
};
