import { unknownText } from '../core/near-name.ts';
import type { ApiAnswer, ApiRequest, ApiRoute } from '../schema/api-route.ts';
import type { SiteView } from '../schema/view.ts';
import { explain, type History, type Moment } from './history.ts';

/** Of a large site not all chargers are named in a problem. */
const SHOWN_MOST = 20;
/** Clocks of those who ask may differ from ours by this. */
const AHEAD_MOST_MS = 60_000;

/** `/api/v1/explain/...` and `/api/v1/history`: why a charger gets what it gets, now and before. */
export const historyRoutes = (history: History, view: () => SiteView): readonly ApiRoute[] => [
  {
    method: 'GET',
    path: '/api/v1/explain/:charger',
    description: 'Why a charger gets what it gets, now or at a past time',
    query: { connector: 'Number; absent: all', at: 'RFC 3339; absent: now' },
    handle: (request) => explained(history, view(), request),
  },
  {
    method: 'GET',
    path: '/api/v1/history',
    description: 'Measured amps and limits of every circuit in the last minutes, oldest first',
    handle: () => ({
      body: { explainedSince: history.since() ?? null, samples: history.recent() },
    }),
  },
];

const explained = (history: History, now: SiteView, { params, query }: ApiRequest): ApiAnswer => {
  const charger = params['charger'] ?? '';
  const connector = query['connector'] === undefined ? undefined : Number(query['connector']);
  const atMs = query['at'] === undefined ? undefined : Date.parse(query['at']);
  if (atMs !== undefined && Number.isNaN(atMs)) {
    return { status: 400, problem: 'at must be a time like 2026-01-05T17:00:00Z' };
  }
  if (atMs !== undefined && atMs > Date.parse(now.at) + AHEAD_MOST_MS) {
    return { status: 400, problem: `at lies ahead: it is ${now.at} here` };
  }
  const moment = atMs === undefined ? now : history.at(atMs);
  if (moment === undefined) {
    return { status: 404, problem: `nothing is kept from before ${history.since() ?? 'now'}` };
  }
  const body = explain(moment, charger, connector);
  if (body.length > 0) return { body };
  return { status: 404, problem: unknownProblem(moment, charger, connector) };
};

const unknownProblem = (
  { chargers }: Moment,
  charger: string,
  connector: number | undefined,
): string => {
  const found = chargers.find(({ id }) => id === charger);
  if (found !== undefined && connector !== undefined) {
    const known = found.connectors.map((each) => each.connector).join(', ') || 'none';
    return `${charger} has no connector ${connector}; it has ${known}`;
  }
  if (found !== undefined) return `nothing is known of the connectors of ${charger} yet`;
  const ids = chargers.map(({ id }) => id);
  return unknownText('charger', charger, ids, SHOWN_MOST);
};
