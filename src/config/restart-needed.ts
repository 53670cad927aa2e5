import { isDeepStrictEqual } from 'node:util';
import type { SiteConfig } from '../schema/site-config.ts';

/** Settings of the controller's own identity that it takes over: it connects anew, no charger does. */
const CONTROLLER_TAKEN_OVER: ReadonlySet<string> = new Set([
  'url',
  'password',
  'vendor',
  'model',
  'serial',
]);

/** Parts of `upstream` that a running gateway takes over (see docs/upstream.md). */
const TAKEN_OVER: ReadonlySet<string> = new Set(['url', 'mirrors', 'rules']);

/**
 * Places in the site file that changed and that hold from the next start on, e.g.
 * `upstream.controller`; empty when everything that changed is taken over at once.
 */
export const restartNeeded = (before: SiteConfig, after: SiteConfig): readonly string[] => {
  const places = differing(before, after).filter((key) => key !== 'upstream' && key !== 'chargers');
  const changed = differing(before.upstream, after.upstream);
  const upstream = changed.filter((key) => key !== 'controller' && !isTakenOver(key, after));
  if (controllerChange(before, after) === 'restart') upstream.push('controller');
  const chargers = isDeepStrictEqual(withoutRoutes(before), withoutRoutes(after))
    ? []
    : ['chargers'];
  return [...places, ...upstream.map((key) => `upstream.${key}`), ...chargers];
};

/** The other changes: a reload takes them over. `started` is what the gateway was started with. */
export const takenOver = (
  before: SiteConfig,
  after: SiteConfig,
  started: SiteConfig = before,
): readonly string[] => {
  const upstream = differing(before.upstream, after.upstream).filter((key) =>
    isTakenOver(key, after),
  );
  const waits = controllerChange(started, after) === 'restart';
  if (!waits && controllerChange(before, after) !== 'none') upstream.push('controller');
  const routes = isDeepStrictEqual(routesOf(before), routesOf(after)) ? [] : ['chargers.upstream'];
  return [...upstream.map((key) => `upstream.${key}`), ...routes];
};

/** All or nothing: a password of another identity would be refused. */
export const controllerChange = (
  before: SiteConfig,
  after: SiteConfig,
): 'none' | 'taken over' | 'restart' => {
  const [was, is] = [controllerAt(before), controllerAt(after)];
  if (was === undefined || is === undefined) return was === is ? 'none' : 'restart';
  const changed = differing(was, is);
  if (changed.length === 0) return 'none';
  return changed.every((key) => CONTROLLER_TAKEN_OVER.has(key)) ? 'taken over' : 'restart';
};

/** Its CSMS is that of the chargers unless it names another. */
const controllerAt = ({ upstream: { controller, url } }: SiteConfig) =>
  controller === undefined ? undefined : { url, ...controller };

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
