import { nearestName } from '../core/near-name.ts';

/** Units as people write them at the end of a key. */
const POWER = /(kilo|k)?w(atts?)?$/i;
const ENERGY = /(kilo|k)?wh$/i;
const CURRENT = /a(mp(s|eres?)?)?$/i;
const TIME = /(ms|milliseconds|s|secs?|seconds?|min|minutes?|h|hours?)$/i;
/** The first that fits: kWh is no h. */
const FAMILIES = [ENERGY, POWER, CURRENT, TIME] as const;
/** Names of which others are made: limitWatts. */
const WHOLE_NAME_LENGTH = 4;

/** The key that was meant, also where it was given in another unit: maxKw is maxAmps. */
export const meantKey = (key: string, known: readonly string[]): string | undefined => {
  const near = nearestName(key, known) ?? known.find((each) => isEndOf(each, key));
  const family = familyOf(key);
  if (near !== undefined || family === undefined) return near;
  const alike = known.filter((each) => stemOf(each) === stemOf(key));
  const same = alike.find((each) => familyOf(each) === family);
  // Who thinks in power is told that it goes by current.
  return same ?? (family === POWER ? alike.find((each) => familyOf(each) === CURRENT) : undefined);
};

const isEndOf = (name: string, key: string): boolean =>
  name.length >= WHOLE_NAME_LENGTH && key.toLowerCase().endsWith(name.toLowerCase());

const familyOf = (key: string): RegExp | undefined => FAMILIES.find((family) => family.test(key));

const stemOf = (key: string): string => key.replace(familyOf(key) ?? '', '').toLowerCase();

const NUMBER_WITH_UNIT = /^\s*(-?\d+)(?:[.,](\d+))?\s*([a-z]*)\s*$/i;
/** By unit that was written: the keys that are in it, and how many of those make one. */
const UNITS: Readonly<Record<string, { readonly keys: RegExp; readonly times: number }>> = {
  '': { keys: /./, times: 1 },
  a: { keys: /amps$/i, times: 1 },
  w: { keys: /watts$/i, times: 1 },
  kw: { keys: /watts$/i, times: 1000 },
  wh: { keys: /Wh$/, times: 1 },
  kwh: { keys: /Wh$/, times: 1000 },
  v: { keys: /volt/i, times: 1 },
  s: { keys: /seconds$/i, times: 1 },
  ms: { keys: /Ms$/, times: 1 },
};

/** How a text that stands for a number is to be written; empty: it is none, or in another unit. */
export const numberHint = (key: string, data: unknown): string => {
  const [, whole, part, unit = ''] = NUMBER_WITH_UNIT.exec(String(data)) ?? [];
  const known = UNITS[unit.toLowerCase()];
  if (whole === undefined || known?.keys.test(key) !== true) return '';
  const number = Number(part === undefined ? whole : `${whole}.${part}`) * known.times;
  return `: write ${Number(number.toFixed(6))}${unit === '' ? ' without quotes' : ''}`;
};
