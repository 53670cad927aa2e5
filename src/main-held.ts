import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ProfileShelf } from './control/profile-shelf.ts';
import { dropOldValues } from './gateway/old-values.ts';
import { openOutage } from './gateway/outage.ts';
import { QueueDesk } from './gateway/queue-desk.ts';
import { hashSecret } from './io/secret-hash.ts';
import { systemClock } from './io/system-clock.ts';
import type { BusbarOptions } from './main.ts';
import { LogStore } from './store/log-store.ts';

export type Held = Awaited<ReturnType<typeof openHeld>>;

/** What is held for the CSMS, on disk. */
export const openHeld = async ({ config, log }: BusbarOptions) => {
  await mkdir(config.dataDir, { recursive: true });
  const path = join(config.dataDir, 'journal');
  const store = await LogStore.open(path, { monotonicMs: () => systemClock.monotonicMs() });
  const { unknownTokens, unknownBoot, replayPerSecond } = config.upstream;
  const outage = await openOutage({
    store,
    clock: systemClock,
    log,
    random: Math.random,
    hash: hashSecret,
    newSalt: randomUUID,
    settings: {
      unknownTokens,
      unknownBoot,
      replayPerSecond,
      mostBytes: config.journal.mostMegabytes * 1024 * 1024,
    },
  });
  const desk = new QueueDesk(outage.journal, store);
  const stopDropping = dropOldValues(outage.journal, config.journal.mostDays, systemClock, log);
  for (const { what, quarantine } of store.damage()) log.error(what, { quarantine });
  const raised: string[] = [];
  const alarms = (): readonly string[] => {
    const problem = store.problem();
    const parked = outage.journal.parkedChargers();
    return [
      ...(problem === undefined ? [] : [`Messages are not kept: ${problem}.`]),
      ...(parked.length === 0
        ? []
        : [`The CSMS does not take messages of ${parked.join(', ')}: see busbar queue ls.`]),
      ...store.damage().map(({ what }) => `Journal: ${what}.`),
      ...raised,
    ];
  };
  /** For what went wrong at the start and lasts until the next one. */
  const raise = (alarm: string): void => {
    raised.push(alarm);
  };
  const close = (): Promise<void> => {
    stopDropping();
    return store.close();
  };
  const shelf = await ProfileShelf.open(store, log);
  return { store, shelf, outage, desk, alarms, raise, close };
};
