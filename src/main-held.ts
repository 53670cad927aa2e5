import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ProfileShelf } from './control/profiles/profile-shelf.ts';
import { dropOldValues } from './gateway/outage/old-values.ts';
import { openOutage, outageAlarms } from './gateway/outage/outage.ts';
import { QueueDesk } from './gateway/outage/queue-desk.ts';
import { hashSecret } from './io/secret-hash.ts';
import { systemClock } from './io/system-clock.ts';
import type { BusbarOptions } from './main.ts';
import { LogStore } from './store/log-store.ts';

export type Held = Awaited<ReturnType<typeof openHeld>>;

/** What is held for the CSMS, on disk: opened before anything else of the data folder. */
export const openHeld = async (options: BusbarOptions) => {
  const { config } = options;
  await openDataFolder(config.dataDir);
  const path = join(config.dataDir, 'journal');
  const store = await LogStore.open(path, { monotonicMs: () => systemClock.monotonicMs() });
  try {
    return await readHeld(options, store);
  } catch (error) {
    await store.close();
    throw error;
  }
};

const readHeld = async ({ config, log }: BusbarOptions, store: LogStore) => {
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
  const shelf = await ProfileShelf.open(store, log);
  const readOnly = await unwritable(config.dataDir);
  const stopDropping = dropOldValues(outage.journal, config.journal.mostDays, systemClock, log);
  for (const { what, quarantine } of store.damage()) log.error(what, { quarantine });
  const raised: string[] = [...readOnly];
  const alarms = (): readonly string[] => {
    const problem = store.problem();
    return [
      ...(problem === undefined ? [] : [`Messages are not kept: ${problem}.`]),
      ...outageAlarms(outage),
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
  return { store, shelf, outage, desk, alarms, raise, close };
};

/** Makes the folder of what survives a restart, or tells in words of the site file why it is none. */
const openDataFolder = async (dataDir: string): Promise<void> => {
  try {
    await mkdir(dataDir, { recursive: true });
    await access(dataDir, constants.R_OK | constants.X_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = FOLDER_PROBLEMS[code ?? ''] ?? message;
    throw new Error(`dataDir ${dataDir}: ${why}, or change dataDir`, { cause: error });
  }
};

const FOLDER_PROBLEMS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not use it: give it to the user that runs busbar',
  EEXIST: 'it is a file: remove it',
  ENOTDIR: 'a part of it is a file: remove that',
  EROFS: 'it is on a disk that cannot be written: mount it writable',
};

/** A disk that turned read-only must not keep a site from charging: it is an alarm. */
const unwritable = async (dataDir: string): Promise<readonly string[]> => {
  for (const folder of [dataDir, join(dataDir, 'journal')]) {
    try {
      await access(folder, constants.W_OK);
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') continue;
      return [
        `Nothing is kept: ${folder} cannot be written (${code}); billing in an outage fails.`,
      ];
    }
  }
  return [];
};
