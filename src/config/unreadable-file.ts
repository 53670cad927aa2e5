import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { nearestName } from '../schema/distance.ts';

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
};
/** Of a folder with more files these are looked through. */
const NEIGHBOURS_MOST = 1_000;
const NEIGHBOURS_SHOWN = 8;

/**
 * `cannot read FILE: ` and why, with the file nearby that may have been meant. `error` is what
 * reading it threw; `shown` is how its user wrote it.
 */
export const unreadableText = (file: string, error: unknown, shown: string = file): string => {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const cause = CAUSES[code] ?? message;
  const hint = code === 'ENOENT' ? nearby(file, shown) : '';
  return `cannot read ${shown}: ${cause}${hint}`;
};

const nearby = (file: string, shown: string): string => {
  const folder = dirname(file);
  if (!existsSync(folder)) return ` (nor a folder ${folder})`;
  const kind = extname(file) || '.yaml';
  const alike = filesIn(folder).filter((name) => extname(name) === kind);
  const stems = alike.map((name) => basename(name, kind));
  const near = nearestName(basename(file, kind), stems);
  if (near !== undefined) return `; did you mean ${beside(shown, near + kind)}?`;
  if (alike.length === 0) return ` in ${folder}`;
  const more = alike.length > NEIGHBOURS_SHOWN ? ', ...' : '';
  return `; in ${folder} are ${alike.slice(0, NEIGHBOURS_SHOWN).join(', ')}${more}`;
};

const filesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder).sort().slice(0, NEIGHBOURS_MOST);
  } catch {
    return [];
  }
};

/** As the other one was written: ./a.yaml stays ./b.yaml. */
const beside = (shown: string, name: string): string => {
  const joined = join(dirname(shown), name);
  return shown.startsWith('./') ? `./${joined}` : joined;
};
