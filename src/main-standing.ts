import { join } from 'node:path';
import type { Log } from './core/log.ts';
import { NOTHING_STANDING, readStanding, type Standing } from './schema/standing.ts';
import { openDocument } from './store/documents.ts';

/** Pauses, priorities, wishes, ordered limits and the chosen policy, kept over a restart. */
export const openStanding = async (dataDir: string, log: Log) => {
  const file = join(dataDir, 'standing.json');
  const document = await openDocument<{ standing: unknown }>(file, { standing: NOTHING_STANDING });
  const { standing: kept, problem = document.problem } = readStanding(document.data.standing);
  if (problem !== undefined) log.warn('requests of the run before', { file, problem });
  const save = (standing: Standing): Promise<void> =>
    document.update((data) => {
      data.standing = standing;
    });
  return { kept, save };
};
