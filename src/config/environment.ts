import type { SchemaProblem } from '../schema/validator.ts';

const PREFIX = 'BUSBAR__';

/**
 * The file's values with those of the environment on top: `BUSBAR__LISTEN__HTTP=0.0.0.0:80` sets
 * `listen.http`, `BUSBAR__CIRCUITS__0__LIMITAMPS=40` the first circuit's limit. Names are matched
 * without regard to case; numbers and true/false are read as such.
 */
export const overridesFrom = (
  raw: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
): Overridden => {
  const value = structuredClone(raw) as Record<string, unknown>;
  const names = new Map<string, string>();
  const problems: SchemaProblem[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || text === undefined) continue;
    const { path, problem } = put(value, name.slice(PREFIX.length).split('__'), scalar(text));
    if (problem === undefined) names.set(path.join('/'), name);
    else problems.push({ path: path.slice(0, -1), text: `${name} in the environment: ${problem}` });
  }
  return { value, names, problems };
};

export interface Overridden {
  readonly value: Record<string, unknown>;
  /** Which variable set a place, by its steps joined by `/`. */
  readonly names: ReadonlyMap<string, string>;
  readonly problems: readonly SchemaProblem[];
}

interface Placed {
  readonly path: readonly (string | number)[];
  readonly problem?: string;
}

const put = (target: object, steps: readonly string[], value: unknown): Placed => {
  const [step, ...rest] = steps;
  if (step === undefined || step === '')
    return { path: [step ?? ''], problem: 'its name ends early' };
  const holder = target as Record<string, unknown>;
  const key = Array.isArray(target) ? Number(step) : keyIn(holder, step);
  // Anything else would be set beside the entries, where nobody looks.
  if (Array.isArray(target) && !(Number.isInteger(key) && Number(key) <= target.length)) {
    return { path: [step], problem: `"${step}" is no entry of the list: they count from 0` };
  }
  if (rest.length === 0) {
    holder[key] = value;
    return { path: [key] };
  }
  const next = holder[key];
  const child = typeof next === 'object' && next !== null ? next : {};
  holder[key] = child;
  const { path, ...below } = put(child, rest, value);
  return { path: [key, ...path], ...below };
};

/** Keys of the file are camelCase: an existing one, else the well-known spelling, else lower case. */
const keyIn = (holder: Readonly<Record<string, unknown>>, step: string): string =>
  [...Object.keys(holder), ...CAMEL_CASE].find(
    (key) => key.toLowerCase() === step.toLowerCase() && !key.startsWith('__'),
  ) ?? step.toLowerCase();

const CAMEL_CASE = [
  'limitAmps',
  'limitWatts',
  'marginAmps',
  'assumedLoadAmps',
  'stepReserveQuantile',
  'pollMs',
  'ctRatio',
  'phaseOrder',
  'maxAmps',
  'minAmps',
  'fallbackAmps',
  'fallbackTrusted',
  'stepAmps',
  'pingSeconds',
  'clientId',
  'failsafeAmps',
  'failsafeWatts',
  'lifeSeconds',
  'arrivalReserve',
  'dataDir',
  'logLevel',
  'unknownChargers',
] as const;

const scalar = (text: string): unknown => {
  if (text === 'true' || text === 'false') return text === 'true';
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
};
