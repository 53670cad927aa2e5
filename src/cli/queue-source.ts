import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { QueuedMessage, QueueSummary } from '../gateway/outage/queue-desk.ts';
import { QueueDesk } from '../gateway/outage/queue-desk.ts';
import { ResendDesk, type Resent, type Selection } from '../gateway/outage/resend-desk.ts';
import { TransactionIds } from '../gateway/outage/transaction-ids.ts';
import type { SiteConfig } from '../schema/site-config.ts';
import { Journal } from '../store/journal.ts';
import { LogStore } from '../store/log-store.ts';
import { askGateway, GatewayRefusal, noGateway } from './running-gateway.ts';

/** The queue of a gateway: asked of the running one, or read from the disk of a stopped one. */
export interface QueueSource {
  readonly running: boolean;
  list(): Promise<readonly QueueSummary[]>;
  messages(charger: string, parked: boolean, after: number): Promise<readonly QueuedMessage[]>;
  /** False when there is no such message. */
  drop(charger: string, seq: number, by: string): Promise<boolean>;
  /** Throws an Error that says why when nothing can be sent again. */
  resend(selection: Selection, by: string): Promise<Resent>;
  close(): Promise<void>;
}

export const PAGE = 200;
/** Some thousand messages on a slow card. */
const RESEND_TIMEOUT_MS = 120_000;
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
    resend: async (selection, by) => {
      const answer = await askGateway<Resent>(config, resendPath(selection, by), {
        method: 'POST',
        timeoutMs: RESEND_TIMEOUT_MS,
      });
      if (answer === undefined) throw new Error(noGateway(config));
      return answer;
    },
    close: () => Promise.resolve(),
  };
};

const resendPath = ({ charger, seq, transactionId }: Selection, by: string): string => {
  const parts = [charger, seq].filter((part) => part !== undefined);
  const of = parts.map((part) => `/${encodeURIComponent(part)}`).join('');
  const query = new URLSearchParams({
    by,
    ...(transactionId !== undefined && { transaction: transactionId }),
  });
  return `${PATH}${of}/resend?${query}`;
};

const openStopped = async (config: SiteConfig): Promise<QueueSource> => {
  const path = join(config.dataDir, 'journal');
  // An empty journal made here would say that nothing is held, while the site's lies elsewhere.
  if (!existsSync(path)) {
    const where = `there is no ${resolve(path)}: is dataDir, or BUSBAR__DATADIR, that of the service?`;
    throw new Error(`${noGateway(config)}; ${where}`);
  }
  const store = await LogStore.open(path, { monotonicMs: () => performance.now() });
  const mostBytes = config.journal.mostMegabytes * 1024 * 1024;
  const journal = await Journal.open(store, { mostBytes });
  const desk = new QueueDesk(journal, store);
  const again = new ResendDesk({
    journal,
    ids: await TransactionIds.open(store),
    chargers: () => config.chargers.map(({ id }) => id),
    // The gateway delivers them after its start.
    queued: () => {},
  });
  return {
    running: false,
    list: () => Promise.resolve(desk.list()),
    messages: (charger, parked, after) => desk.messages(charger, { parked, after, limit: PAGE }),
    drop: (charger, seq, by) => desk.drop(charger, seq, by, Date.now()),
    resend: async (selection) => {
      const answer = await again.resend(selection);
      if ('problem' in answer) throw new Error(answer.problem);
      return answer;
    },
    close: () => store.close(),
  };
};
