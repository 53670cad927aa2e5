import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time.ts';
import type { ApiRequest, ApiRoute } from '../../schema/api-route.ts';
import { PAGE_MOST, type QueueDesk } from './queue-desk.ts';
import type { Refusal, ResendDesk, Selection } from './resend-desk.ts';

const NAME_MOST = 100;
const STATUS_OF: Readonly<Record<Refusal['refusal'], number>> = {
  unknown: 404,
  conflict: 409,
  medium: 503,
};

export interface QueueDesks {
  readonly desk: QueueDesk;
  readonly again: ResendDesk;
  readonly clock: Clock;
  readonly log: Log;
}

/** The queue over HTTP: what `busbar queue` and operators' tools use. */
export const queueRoutes = (desks: QueueDesks): readonly ApiRoute[] => [
  ...heldRoutes(desks),
  resendRoute(desks, '', 'Sends everything that was set aside once more'),
  resendRoute(desks, '/:charger', 'Sends what was set aside of a charger once more'),
  resendRoute(desks, '/:charger/:seq', 'Sends one message that was set aside once more'),
];

/** Answers how many wait again, and which cannot: see `Resent`. */
const resendRoute = ({ again, log }: QueueDesks, of: string, description: string): ApiRoute => ({
  method: 'POST',
  path: `/api/v1/queue${of}/resend`,
  description,
  query: {
    by: 'Who does it; needed, and in the log',
    transaction: 'Only messages of this transaction, by the id that the charger uses',
  },
  handle: async ({ params, query }) => {
    const by = nameIn(query);
    if (by === undefined) return { status: 400, problem: 'say who sends it again: ?by=NAME' };
    const { charger, seq } = params;
    const { transaction: transactionId } = query;
    if (seq !== undefined && !Number.isSafeInteger(Number(seq))) {
      return { status: 404, problem: `${charger} has no message ${seq}` };
    }
    const selection: Selection = {
      ...(charger !== undefined && { charger }),
      ...(seq !== undefined && { seq: Number(seq) }),
      ...(transactionId !== undefined && { transactionId }),
    };
    const answer = await again.resend(selection);
    if ('problem' in answer) {
      return { status: STATUS_OF[answer.refusal], problem: answer.problem };
    }
    const { chargers, resent, staying } = answer;
    log.warn('messages set aside are sent again by an operator', { chargers, resent, staying, by });
    return { body: answer };
  },
});

const heldRoutes = ({ desk, clock, log }: QueueDesks): readonly ApiRoute[] => [
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
      const by = nameIn(query);
      if (by === undefined) return { status: 400, problem: 'say who drops it: ?by=NAME' };
      const seq = Number(params['seq']);
      const dropped =
        Number.isSafeInteger(seq) && (await desk.drop(charger, seq, by, clock.wallMs()));
      if (!dropped) return { status: 404, problem: `${charger} has no message ${params['seq']}` };
      log.warn('held message dropped by an operator', { charger, seq, by });
      return { body: { dropped: true } };
    },
  },
];

const nameIn = (query: ApiRequest['query']): string | undefined => {
  const name = (query['by'] ?? '').trim().slice(0, NAME_MOST);
  return name === '' ? undefined : name;
};

const pageOf = (query: ApiRequest['query']) => {
  const after = Number(query['after'] ?? 0);
  const limit = Number(query['limit'] ?? PAGE_MOST);
  if (!Number.isSafeInteger(after) || !Number.isSafeInteger(limit) || limit < 1) return undefined;
  return { after, limit, parked: query['parked'] === 'true' };
};
