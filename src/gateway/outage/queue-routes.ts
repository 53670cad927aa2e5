import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time.ts';
import type { ApiRequest, ApiRoute } from '../../schema/api-route.ts';
import { PAGE_MOST, type QueueDesk } from './queue-desk.ts';

const NAME_MOST = 100;

/** The queue over HTTP: what `busbar queue` and operators' tools use. */
export const queueRoutes = (desk: QueueDesk, clock: Clock, log: Log): readonly ApiRoute[] => [
  {
    method: 'GET',
    path: '/api/v1/queue',
    description: 'What is held for the CSMS, per charger',
    handle: () => ({ body: desk.list() }),
  },
  {
    method: 'GET',
    path: '/api/v1/queue/:charger',
    description: 'Held messages of a charger',
    query: {
      after: 'Sequence number; absent: from the first',
      limit: `Most messages, up to ${PAGE_MOST}`,
      parked: 'true: those set aside instead of those that wait',
    },
    handle: async ({ params, query }) => {
      const page = pageOf(query);
      if (page === undefined) return { status: 400, problem: 'after and limit are numbers' };
      return { body: await desk.messages(params['charger'] ?? '', page) };
    },
  },
  {
    method: 'DELETE',
    path: '/api/v1/queue/:charger/:seq',
    description: 'Lets go of one message for good',
    query: { by: 'Who does it; needed, and recorded with the message' },
    handle: async ({ params, query }) => {
      const { charger = '' } = params;
      const by = (query['by'] ?? '').trim().slice(0, NAME_MOST);
      if (by === '') return { status: 400, problem: 'say who drops it: ?by=NAME' };
      const seq = Number(params['seq']);
      const dropped =
        Number.isSafeInteger(seq) && (await desk.drop(charger, seq, by, clock.wallMs()));
      if (!dropped) return { status: 404, problem: `${charger} has no message ${params['seq']}` };
      log.warn('held message dropped by an operator', { charger, seq, by });
      return { body: { dropped: true } };
    },
  },
];

const pageOf = (query: ApiRequest['query']) => {
  const after = Number(query['after'] ?? 0);
  const limit = Number(query['limit'] ?? PAGE_MOST);
  if (!Number.isSafeInteger(after) || !Number.isSafeInteger(limit) || limit < 1) return undefined;
  return { after, limit, parked: query['parked'] === 'true' };
};
