const PREFIX = 'BUSBAR__';

/**
 * The file's values with those of the environment on top: `BUSBAR__LISTEN__HTTP=0.0.0.0:80` sets
 * `listen.http`, `BUSBAR__CIRCUITS__0__LIMITAMPS=40` the first circuit's limit. Names are matched
 * without regard to case; numbers and true/false are read as such.
 */
export const overridesFrom = (
  raw: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, unknown> => {
  const value = structuredClone(raw) as Record<string, unknown>;
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || text === undefined) continue;
    put(value, name.slice(PREFIX.length).split('__'), scalar(text));
  }
  return value;
};

const put = (target: object, steps: readonly string[], value: unknown): void => {
  const [step, ...rest] = steps;
  if (step === undefined || step === '') return;
  const holder = target as Record<string, unknown>;
  const key = keyIn(holder, step);
  if (rest.length === 0) {
    holder[key] = value;
    return;
  }
  const next = holder[key];
  const child = typeof next === 'object' && next !== null ? next : {};
  holder[key] = child;
  put(child, rest, value);
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
