import { nearestName } from './distance.ts';

/** Units as people write them at the end of a key; those of power first, which come in kilo. */
const POWER = /(kilo|k)?w(atts?)?$/i;
const UNIT =
  /((kilo|k)?w(h|atts?)?|amps?|amperes?|a|ms|milliseconds|s|secs?|seconds?|min|minutes?|h|hours?)$/i;

/** The key that was meant, also where it was given in another unit: maxKw is maxAmps. */
export const meantKey = (key: string, known: readonly string[]): string | undefined => {
  const near = nearestName(key, known);
  if (near !== undefined || !UNIT.test(key)) return near;
  const alike = known.filter((each) => UNIT.test(each) && stemOf(each) === stemOf(key));
  return (POWER.test(key) ? alike.find((each) => POWER.test(each)) : undefined) ?? alike[0];
};

const stemOf = (key: string): string => key.replace(UNIT, '').toLowerCase();

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
