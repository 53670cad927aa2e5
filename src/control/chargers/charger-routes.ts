import { timestamp } from '../../core/time.ts';
import type { ApiRoute } from '../../schema/api-route.ts';
import type { ProfileShelf } from '../profiles/profile-shelf.ts';
import type { ProbeDesk } from './probe-desk.ts';

/** Chargers over HTTP: what the CSMS set, and how they take limits. */
export const chargerRoutes = (probes: ProbeDesk, shelf: ProfileShelf): readonly ApiRoute[] => [
  {
    method: 'GET',
    path: '/api/v1/chargers/:charger/profiles',
    description: 'Charging profiles of the CSMS that are kept for a charger, as it sent them',
    handle: ({ params: { charger = '' } }) =>
      probes.knows(charger)
        ? {
            body: shelf.book(charger).map(({ connector, receivedAtMs, version, asSent }) => ({
              connector,
              receivedAt: timestamp(receivedAtMs),
              version,
              profile: asSent,
            })),
          }
        : { status: 404, problem: `no charger ${charger}` },
  },
  {
    method: 'POST',
    path: '/api/v1/chargers/:charger/probe',
    description: 'Finds out how a charger takes limits',
    query: { active: 'true tries profiles as well' },
    handle: async ({ params: { charger = '' }, query }) => {
      const report = await probes.run(charger, query['active'] === 'true');
      return 'problem' in report ? { status: 409, problem: report.problem } : { body: report };
    },
  },
];
