import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { unknownText } from '../core/near-name.ts';
import { combined, type Policy, type PolicyWindow } from '../core/sharing/policy.ts';
import { type PolicyFile, PolicyFileSchema, WEEKDAYS } from '../schema/policy-file.ts';
import type { SiteConfig } from '../schema/site-config.ts';
import { validator } from '../schema/validator.ts';
import { placeOf } from './load.ts';
import { unreadableText } from './unreadable-file.ts';
import { parseYaml } from './yaml.ts';

export interface LoadedPolicy {
  /** Undefined when there is a problem. */
  readonly policy: Policy | undefined;
  readonly problems: readonly string[];
}

/**
 * The policy of a site: names of files in the folder of policies, or paths beside the site file
 * (beginning with `./` or `/`). Several are combined. Never throws.
 */
export const loadPolicy = (
  names: string | readonly string[],
  folder: string,
  siteFile: string,
): LoadedPolicy => {
  const list = typeof names === 'string' ? [names] : names;
  const loaded = list.map((name) => readPolicy(name, folder, siteFile));
  const problems = loaded.flatMap((each) => each.problems);
  if (problems.length > 0) return { policy: undefined, problems };
  return { policy: combined(loaded.flatMap(({ policy }) => policy ?? [])), problems };
};

/** Names of the policies of this installation. */
export const policyNames = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -'.yaml'.length))
    .sort();

/** What a policy needs of the site and does not find there. */
export const policyGaps = (
  policy: Policy | undefined,
  { circuits, ems }: Pick<SiteConfig, 'circuits' | 'ems'>,
): readonly string[] => {
  if (policy === undefined) return [];
  const { windows, surplus, demand, dimming } = policy;
  const [root] = circuits.filter(({ parent }) => parent === undefined);
  const gaps: string[] = [];
  const named = [...windows.map(({ circuit }) => circuit), demand?.circuit];
  for (const name of named) {
    if (name !== undefined && !circuits.some(({ id }) => id === name)) {
      gaps.push(`the policy ${policy.id} limits an unknown circuit "${name}"`);
    }
  }
  const measured = circuits.find(({ id }) => id === demand?.circuit) ?? root;
  if ((surplus !== undefined && root?.meter === undefined) || (demand && !measured?.meter)) {
    gaps.push(`the policy ${policy.id} needs a meter on its circuit`);
  }
  if (
    dimming !== undefined &&
    ![...ems.sources, ...ems.inputs].some(({ id }) => id === dimming.source)
  ) {
    gaps.push(`the policy ${policy.id} listens to "${dimming.source}": add it to ems.sources`);
  }
  return gaps;
};

const readPolicy = (name: string, folder: string, siteFile: string): LoadedPolicy => {
  const own = /^\.{0,2}\//.test(name);
  if (!own && !policyNames(folder).includes(name)) {
    const unknown = unknownText('policy', name, policyNames(folder));
    return failed(`${unknown}; or a file: ./my-policy.yaml`);
  }
  const file = own ? resolve(dirname(siteFile), name) : join(folder, `${name}.yaml`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const shipped = basename(file, '.yaml');
    return failed(
      own && policyNames(folder).includes(shipped)
        ? `there is no file ${name}; did you mean ${shipped}, without path and .yaml?`
        : unreadableText(file, error, name),
    );
  }
  return parsePolicy(text, basename(file, '.yaml'), file);
};

/** A policy from the text of its file; `file` is named in problems. */
export const parsePolicy = (text: string, id: string, file: string): LoadedPolicy => {
  const yaml = parseYaml(text);
  const [broken] = yaml.problems;
  if (broken !== undefined) return failed(`${file}:${broken.line}: ${broken.text}`);
  const { value, problems } = validator(PolicyFileSchema)(yaml.value);
  if (problems.length > 0) {
    const told = problems.map(
      ({ path, text: problem }) => `${file}:${yaml.lineOf(path)}: ${placeOf(path)} ${problem}`,
    );
    return { policy: undefined, problems: told };
  }
  return { policy: policyOf(id, value as PolicyFile), problems: [] };
};

const policyOf = (id: string, file: PolicyFile): Policy => {
  const { objective, weight, order, classes, windows, surplus, demand, dimming } = file;
  return {
    id,
    objective,
    weight,
    order,
    classes,
    windows: windows.map(windowOf),
    ...(surplus === undefined ? {} : { surplus }),
    ...(demand === undefined ? {} : { demand: demand as NonNullable<Policy['demand']> }),
    ...(dimming === undefined ? {} : { dimming: dimming as NonNullable<Policy['dimming']> }),
  };
};

const windowOf = ({ days, from, to, ...rest }: PolicyFile['windows'][number]): PolicyWindow =>
  ({
    ...rest,
    days: days.map((day) => WEEKDAYS.indexOf(day)),
    fromMinute: minuteOf(from),
    toMinute: minuteOf(to),
  }) as PolicyWindow;

const minuteOf = (text: string): number => {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return hours * 60 + minutes;
};

const failed = (problem: string): LoadedPolicy => ({ policy: undefined, problems: [problem] });
