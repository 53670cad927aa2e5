import type { PreferenceAnswer, PreferenceCommand } from '../core/preferences.ts';
import type { SiteRequest } from '../schema/request-messages.ts';

/** What requests are carried out by: the control loop. */
export interface RequestTaker {
  setPreference(command: PreferenceCommand): PreferenceAnswer;
}

/** Carries out one request. `by` names who asked, for the reason chain. */
export const carryOut = (taker: RequestTaker, request: SiteRequest, by: string): PreferenceAnswer =>
  taker.setPreference(commandOf(request, by));

const commandOf = (request: SiteRequest, by: string): PreferenceCommand => {
  const { charger, connector } = request.body;
  const target = { charger, ...(connector === undefined ? {} : { connector }) };
  switch (request.verb) {
    case 'pause':
      return { ...target, ...life(request.body.ttlSeconds), kind: 'pause', by };
    case 'resume':
      return { ...target, kind: 'resume' };
    case 'priority': {
      const { weight, class: priorityClass, ttlSeconds } = request.body;
      return {
        ...target,
        ...life(ttlSeconds),
        kind: 'priority',
        ...(weight === undefined ? {} : { weight }),
        ...(priorityClass === undefined ? {} : { priorityClass }),
      };
    }
  }
};

const life = (ttlSeconds: number | undefined): { readonly ttlSeconds?: number } =>
  ttlSeconds === undefined ? {} : { ttlSeconds };
