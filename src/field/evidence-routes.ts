import type { ApiRoute } from '../schema/api-route.ts';
import type { Evidence } from '../schema/evidence.ts';

/** What is known of each case in the list; the minutes are in the record itself. */
export interface EvidenceSummary extends Omit<Evidence, 'minutes'> {
  readonly minuteCount: number;
}

export const summaryOf = ({ minutes, ...record }: Evidence): EvidenceSummary => ({
  ...record,
  minuteCount: minutes.length,
});

/** `/api/v1/evidence`: the records of dimming, to look at and to hand over. */
export const evidenceRoutes = (list: () => Promise<readonly Evidence[]>): readonly ApiRoute[] => [
  {
    method: 'GET',
    path: '/api/v1/evidence',
    description: 'Cases in which a source dimmed, oldest first, without their minutes',
    handle: async () => ({ body: (await list()).map(summaryOf) }),
  },
  {
    method: 'GET',
    path: '/api/v1/evidence/:id',
    description: 'One case with its minute trace',
    handle: async ({ params }) => {
      const record = (await list()).find(({ id }) => id === params['id']);
      return record === undefined
        ? { status: 404, problem: `no case ${params['id']}; see /api/v1/evidence` }
        : { body: record };
    },
  },
];
