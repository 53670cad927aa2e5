import type { OcppVersion } from '../version.ts';
import type { Edit } from './edit.ts';
import { DOWN_RULES_2X, UP_RULES_2X } from './rules-v2x.ts';
import { DOWN_RULES_16, UP_RULES_16 } from './rules-v16.ts';

/** What becomes of a charger's call, in the messages of the version that the CSMS speaks. */
export type UpRule =
  /** To the CSMS under the station's numbers and ids. */
  | {
      readonly do: 'relay';
      readonly edits: readonly Edit[];
      /** Without a connector or EVSE it is about the charger, not the station: noted. */
      readonly outletOnly?: boolean;
    }
  /** Answered by the station: its own boot and time count, not the charger's. */
  | { readonly do: 'boot' | 'time' }
  /** Taken note of, and not passed on. */
  | { readonly do: 'noted'; readonly reason: string }
  | { readonly do: 'refuse'; readonly reason: string };

/** How the answers of several chargers become one. */
export type Combine =
  /** The status that stands furthest back (worst) or in front (best) in `order`. */
  | { readonly by: 'worst' | 'best'; readonly order: readonly string[] }
  /** The least number under `key`. */
  | { readonly by: 'least'; readonly key: string }
  /** Whether it is so with any of them, under `key`. */
  | { readonly by: 'any'; readonly key: string };

/** Which charger a call of the CSMS is for. */
export type DownRule =
  /** By the number at `outlet`; `zero` when it is 0 or absent. */
  | {
      readonly to: 'outlet';
      readonly outlet: readonly string[];
      /** site: the site as a whole; both: the site and every charger. */
      readonly zero: 'every' | 'free' | 'refuse' | 'site' | 'both';
      readonly edits: readonly Edit[];
      readonly answerEdits?: readonly Edit[];
      readonly combine?: Combine;
      /** Why 0 is refused. */
      readonly reason?: string;
    }
  | { readonly to: 'transaction'; readonly edits: readonly Edit[] }
  | { readonly to: 'every'; readonly combine: Combine }
  /** Answered by the station itself. */
  | { readonly to: 'station' }
  | { readonly to: 'nobody'; readonly reason: string };

export type Family = '1.6' | '2.x';
export const familyOf = (version: OcppVersion): Family => (version === '1.6' ? '1.6' : '2.x');

const UP = { '1.6': UP_RULES_16, '2.x': UP_RULES_2X } as const;
const DOWN = { '1.6': DOWN_RULES_16, '2.x': DOWN_RULES_2X } as const;

export const upRules = (family: Family): Readonly<Record<string, UpRule>> => UP[family];
export const downRules = (family: Family): Readonly<Record<string, DownRule>> => DOWN[family];

/** Undefined: nobody knows this action. */
export const upRule = (family: Family, action: string): UpRule | undefined =>
  Object.hasOwn(UP[family], action) ? upRules(family)[action] : undefined;
export const downRule = (family: Family, action: string): DownRule | undefined =>
  Object.hasOwn(DOWN[family], action) ? downRules(family)[action] : undefined;
