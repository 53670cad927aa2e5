import type { PreferenceAnswer, PreferenceCommand } from '../core/preferences.ts';
import type { Policy } from '../core/sharing/policy.ts';
import type { Wish } from '../core/sharing/wish.ts';
import type { SiteRequest } from '../schema/request-messages.ts';

/** What requests are carried out by: the control loop. */
export interface RequestTaker {
  setPreference(command: PreferenceCommand): PreferenceAnswer;
  /** False when there is no such connector. */
  setWish(charger: string, connector: number, wish: Wish): boolean;
  /** Absent: as the site file says. */
  setPolicy(choice?: ChosenPolicy): void;
}

export interface ChosenPolicy {
  readonly name: string;
  readonly policy: Policy;
  /** Monotonic; absent: until another one is chosen. */
  readonly untilMs?: number;
}

type RequestOf<V extends SiteRequest['verb']> = Extract<SiteRequest, { readonly verb: V }>;

/** Carries out one request. `by` names who asked, for the reason chain. */
export const carryOut = (
  taker: RequestTaker,
  policies: ReadonlyMap<string, Policy>,
  request: SiteRequest,
  by: string,
  now: { readonly monotonicMs: number; readonly wallMs: number },
): PreferenceAnswer => {
  if (request.verb === 'wish') return takeWish(taker, request, now.wallMs);
  if (request.verb !== 'policy') return taker.setPreference(commandOf(request, by));
  return takePolicy(taker, policies, request, now.monotonicMs);
};

const takePolicy = (
  taker: RequestTaker,
  policies: ReadonlyMap<string, Policy>,
  { body }: RequestOf<'policy'>,
  nowMs: number,
): PreferenceAnswer => {
  const { policy: name, ttlSeconds } = body;
  if (name === undefined) {
    taker.setPolicy();
    return { accepted: true, reason: 'accepted: as the site file says' };
  }
  const policy = policies.get(name);
  if (policy === undefined) {
    const known = [...policies.keys()].join(', ') || 'none';
    return {
      accepted: false,
      reason: `"${name}" may not be chosen, but ${known}; see ems.policies`,
    };
  }
  const untilMs = ttlSeconds === undefined ? {} : { untilMs: nowMs + ttlSeconds * 1000 };
  taker.setPolicy({ name, policy, ...untilMs });
  return { accepted: true, reason: 'accepted' };
};

/** Nobody asks for less than some hundred metres; most who send it mean kilowatt-hours. */
const SUSPECT_WH = 150;

const takeWish = (
  taker: RequestTaker,
  { body }: RequestOf<'wish'>,
  wallMs: number,
): PreferenceAnswer => {
  const { charger, connector, energyWh, departAt } = body;
  const known = taker.setWish(charger, connector, {
    ...(energyWh === undefined ? {} : { energyWh }),
    ...(departAt === undefined ? {} : { departsAtWallMs: Date.parse(departAt) }),
  });
  if (!known) return { accepted: false, reason: `unknown connector ${charger}/${connector}` };
  const notes = [
    ...(departAt !== undefined && Date.parse(departAt) < wallMs
      ? ['departAt is over, it counts as now']
      : []),
    ...(energyWh !== undefined && energyWh > 0 && energyWh < SUSPECT_WH
      ? [`${energyWh} Wh is next to nothing: is it in kWh?`]
      : []),
  ];
  return { accepted: true, reason: ['accepted', ...notes.slice(0, 1)].join(': ') };
};

const commandOf = (
  request: RequestOf<'pause' | 'resume' | 'priority'>,
  by: string,
): PreferenceCommand => {
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
