import { isDeepStrictEqual } from 'node:util';
import type { SiteConfig } from '../schema/site-config.ts';

/** Parts of `upstream` that a running gateway takes over (see docs/upstream.md). */
const TAKEN_OVER: ReadonlySet<string> = new Set(['url', 'mirrors', 'rules']);

/**
 * Places in the site file that changed and that hold from the next start on, e.g.
 * `upstream.controller`; empty when everything that changed is taken over at once.
 */
export const restartNeeded = (before: SiteConfig, after: SiteConfig): readonly string[] => {
  const differing = <T extends object>(a: T, b: T): readonly string[] =>
    [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
      (key) => !isDeepStrictEqual(a[key as keyof T], b[key as keyof T]),
    );
  const routes = ({ chargers }: SiteConfig) =>
    chargers.map(({ upstream: _route, ...charger }) => charger);
  const places = differing(before, after).filter((key) => key !== 'upstream' && key !== 'chargers');
  const upstream = differing(before.upstream, after.upstream)
    .filter((key) => !TAKEN_OVER.has(key) || (key === 'url' && after.upstream.mode === 'aggregate'))
    .map((key) => `upstream.${key}`);
  const chargers = isDeepStrictEqual(routes(before), routes(after)) ? [] : ['chargers'];
  return [...places, ...upstream, ...chargers];
};
