import { readFileSync } from 'node:fs';
import { type SiteConfig, SiteConfigSchema } from '../schema/site-config.ts';
import { validator } from '../schema/validator.ts';
import { overridesFrom } from './environment.ts';
import { resolveSecrets } from './secrets.ts';
import { unreadableText } from './unreadable-file.ts';
import { parseYaml } from './yaml.ts';

/** Something wrong with the site file, at a place, with what to do about it. */
export interface ConfigProblem {
  readonly severity: 'error' | 'warning';
  /** e.g. `circuits[1].limitAmps`; empty for the file as a whole. */
  readonly place: string;
  readonly line: number;
  readonly text: string;
}

export interface LoadedConfig {
  /** Undefined when there are errors. */
  readonly config: SiteConfig | undefined;
  readonly problems: readonly ConfigProblem[];
  /** Line of a place in the file, for checks made later. */
  lineOf(path: readonly (string | number)[]): number;
}

/**
 * Reads a site file: defaults, then the file, then `BUSBAR__A__B` from the environment, then
 * `${env:NAME}` and `${file:/path}` in texts. Never throws; everything wrong is a problem.
 */
export const loadConfig = (
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
): LoadedConfig => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return failed([fileProblem(1, unreadableText(file, error))]);
  }
  return readConfig(text, environment);
};

/** As `loadConfig`, of a text that was read already. */
export const readConfig = (
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): LoadedConfig => {
  const yaml = parseYaml(text);
  if (yaml.problems.length > 0) {
    return failed(yaml.problems.map(({ line, text: problem }) => fileProblem(line, problem)));
  }
  const raw = yaml.value;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return failed([fileProblem(1, 'the file is empty or not a mapping: start with "version: 1"')]);
  }
  const version = (raw as Record<string, unknown>)['version'];
  if (typeof version === 'number' && version > 1) {
    const line = yaml.lineOf(['version']);
    const problem = `version ${version} is newer than this program knows (1): update Busbar`;
    return failed([{ severity: 'error', place: 'version', line, text: problem }]);
  }
  const overridden = overridesFrom(raw as Record<string, unknown>, environment);
  const { value, problems: secretProblems } = resolveSecrets(overridden.value, environment);
  const validated = validator(SiteConfigSchema)(value);
  // A reference that leads nowhere has the wrong form too, which says nothing more.
  const unresolved = new Set(secretProblems.map(({ path }) => placeOf(path)));
  const others = validated.problems.filter(({ path }) => !unresolved.has(placeOf(path)));
  const problems = [...overridden.problems, ...secretProblems, ...others].map(
    ({ path, text: problem }): ConfigProblem => {
      // It stands nowhere in the file.
      const name = overridden.names.get(path.join('/'));
      return {
        severity: 'error',
        place: placeOf(path),
        line: yaml.lineOf(path),
        text: name === undefined ? problem : `${name} in the environment: ${problem}`,
      };
    },
  );
  return {
    config: problems.length === 0 ? (validated.value as SiteConfig) : undefined,
    problems,
    lineOf: yaml.lineOf,
  };
};

/** `circuits[1].limitAmps`. */
export const placeOf = (path: readonly (string | number)[]): string =>
  path.reduce<string>((place, step) => {
    if (typeof step === 'number') return `${place}[${step}]`;
    return place === '' ? step : `${place}.${step}`;
  }, '');

const fileProblem = (line: number, text: string): ConfigProblem => ({
  severity: 'error',
  place: '',
  line,
  text,
});

const failed = (problems: readonly ConfigProblem[]): LoadedConfig => ({
  config: undefined,
  problems,
  lineOf: () => 1,
});
