import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { nearestName } from '../core/near-name.ts';

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

/** `cannot write FILE: ` and why. */
export const unwritableText = (file: string, error: unknown): string => {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const folder = resolve(dirname(file));
  const causes: Readonly<Record<string, string>> = {
    ENOENT: `there is no folder ${folder}`,
    EISDIR: 'it is a folder',
    EACCES: 'this user may not write there',
    EROFS: 'the disk may not be written to',
  };
  return `cannot write ${file}: ${causes[code] ?? message}`;
};

const nearby = (file: string, shown: string): string => {
  const folder = resolve(dirname(file));
  if (!existsSync(folder)) return ` (nor a folder ${folder})`;
  const kind = kindOf(file);
  const alike = filesIn(folder).filter((name) => kindOf(name) === kind);
  const stems = alike.map(stemOf);
  const near = nearestName(stemOf(file), stems);
  const meant = alike[stems.indexOf(near ?? '')];
  if (meant !== undefined) return `; did you mean ${beside(shown, meant)}?`;
  if (alike.length === 0) return ` in ${folder}`;
  const more = alike.length > NEIGHBOURS_SHOWN ? ', ...' : '';
  return `; in ${folder} are ${alike.slice(0, NEIGHBOURS_SHOWN).join(', ')}${more}`;
};

/** `.yml` is as good as `.yaml`, and none means that as well. */
const kindOf = (file: string): string => extname(file).replace(/^$|^\.yml$/, '.yaml');
const stemOf = (file: string): string => basename(file, extname(file));

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
