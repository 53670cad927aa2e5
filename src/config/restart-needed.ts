import { isDeepStrictEqual } from 'node:util';
import type { SiteConfig } from '../schema/site-config.ts';

/** Parts of `upstream` that a running gateway takes over (see docs/upstream.md). */
const TAKEN_OVER: ReadonlySet<string> = new Set(['url', 'mirrors', 'rules']);

/**
 * Places in the site file that changed and that hold from the next start on, e.g.
 * `upstream.controller`; empty when everything that changed is taken over at once.
 */
export const restartNeeded = (before: SiteConfig, after: SiteConfig): readonly string[] => {
  const places = differing(before, after).filter((key) => key !== 'upstream' && key !== 'chargers');
  const changed = differing(before.upstream, after.upstream);
  const upstream = new Set(changed.filter((key) => !isTakenOver(key, after)));
  // The controller's CSMS is that of the chargers unless it names another.
  const { controller } = after.upstream;
  const follows = controller !== undefined && controller.url === undefined;
  if (follows && changed.includes('url')) upstream.add('controller');
  const chargers = isDeepStrictEqual(withoutRoutes(before), withoutRoutes(after))
    ? []
    : ['chargers'];
  return [...places, ...[...upstream].map((key) => `upstream.${key}`), ...chargers];
};

/** The other changes: a reload takes them over. */
export const takenOver = (before: SiteConfig, after: SiteConfig): readonly string[] => {
  const upstream = differing(before.upstream, after.upstream).filter((key) =>
    isTakenOver(key, after),
  );
  const routes = isDeepStrictEqual(routesOf(before), routesOf(after)) ? [] : ['chargers.upstream'];
  return [...upstream.map((key) => `upstream.${key}`), ...routes];
};

/** The one station of the site keeps its CSMS. */
const isTakenOver = (key: string, { upstream }: SiteConfig): boolean =>
  TAKEN_OVER.has(key) && !(key === 'url' && upstream.mode === 'aggregate');

const differing = <T extends object>(a: T, b: T): readonly string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
    (key) => !isDeepStrictEqual(a[key as keyof T], b[key as keyof T]),
  );

const withoutRoutes = ({ chargers }: SiteConfig) =>
  chargers.map(({ upstream: _route, ...charger }) => charger);
const routesOf = ({ chargers }: SiteConfig) =>
  chargers.flatMap(({ id, upstream }) => (upstream === undefined ? [] : [[id, upstream]]));
