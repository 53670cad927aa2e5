import {
  type ChargerTraits,
  type Nameplate,
  PLAIN_TRAITS,
} from '../core/chargers/charger-traits.ts';
import type { ChargerQuirk } from '../schema/charger-quirk.ts';

/** Quirk files by name without extension. */
export type QuirkFiles = ReadonlyMap<string, ChargerQuirk>;

/**
 * The quirks that a charger has, general ones first: those that name models or a firmware range are
 * more particular and overrule.
 */
const quirksOf = (
  files: QuirkFiles,
  plate: Nameplate,
): readonly (readonly [id: string, quirk: ChargerQuirk])[] =>
  [...files]
    .filter(([, { match }]) => matches(match, plate))
    .sort(
      ([idA, a], [idB, b]) => particular(a) - particular(b) || (idA < idB ? -1 : Number(idA > idB)),
    );

/** How offers reach a charger of that make. */
export const traitsOf = (files: QuirkFiles, plate: Nameplate): ChargerTraits => {
  const found = quirksOf(files, plate);
  const departures = found.map(([, quirk]) => {
    const { name: _n, match: _m, source: _s, confidence: _c, why: _w, advice: _a, ...rest } = quirk;
    return rest;
  });
  const quirks = found.map(([id, { why, advice }]) => ({
    id,
    why,
    ...(advice === undefined ? {} : { advice }),
  }));
  return Object.assign({}, PLAIN_TRAITS, ...departures, { quirks });
};

const particular = ({ match }: ChargerQuirk): number =>
  Number(match.models !== undefined) + 2 * Number(match.firmware !== undefined);

const matches = (match: ChargerQuirk['match'], { vendor, model, firmware }: Nameplate): boolean =>
  fits(match.vendor, vendor) &&
  (match.models?.some((pattern) => fits(pattern, model)) ?? true) &&
  (match.firmware === undefined ||
    (firmware !== undefined && withinRange(match.firmware, firmware)));

/** Whole text, any case, `*` for anything. */
const fits = (pattern: string, text: string): boolean => {
  const parts = pattern.toLowerCase().split('*');
  const [first = '', ...others] = parts;
  const whole = text.trim().toLowerCase();
  if (others.length === 0) return whole === first;
  if (!whole.startsWith(first)) return false;
  let at = first.length;
  for (const part of others.slice(0, -1)) {
    const found = whole.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  const last = others.at(-1) ?? '';
  return whole.length >= at + last.length && whole.endsWith(last);
};

const BOUND = /^(<=|>=|<|>)?([\d.]+)$/;

/** Every bound of `range` holds for the version number in `firmware`; false when it has none. */
const withinRange = (range: string, firmware: string): boolean => {
  const version = /\d+(?:\.\d+)*/.exec(firmware)?.[0];
  if (version === undefined) return false;
  return range.split(' ').every((bound) => {
    const [, sign = '=', wanted = ''] = BOUND.exec(bound) ?? [];
    const order = compareVersions(version, wanted);
    switch (sign) {
      case '<':
        return order < 0;
      case '<=':
        return order <= 0;
      case '>':
        return order > 0;
      case '>=':
        return order >= 0;
      default:
        return startsWithVersion(version, wanted);
    }
  });
};

const compareVersions = (a: string, b: string): number => {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
};

/** "56.2" means every 56.2.x. */
const startsWithVersion = (version: string, wanted: string): boolean => {
  const parts = version.split('.').map(Number);
  return wanted.split('.').every((part, i) => parts[i] === Number(part));
};
