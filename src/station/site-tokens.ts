import type { CallAnswer } from '../gateway/interceptor.ts';
import { factsOfCsmsCall, type ListChange } from '../ocpp/csms-fact.ts';
import type { Payload } from '../ocpp/payload.ts';
import type { OcppVersion } from '../ocpp/version.ts';

/** What the gateway knows of drivers, for all chargers of the site, while the CSMS is away. */
export interface SiteTokens {
  /** 0: no list, or an empty one. */
  siteListVersion(): number;
  /** False: too many entries. */
  changeSiteList(change: ListChange): boolean;
  clearTokens(): void;
}

const status = (word: string): CallAnswer => ({ payload: { status: word } });

/** SendLocalList to the controller (D01, 1.6 §5.15): one list for all chargers of the site. */
export const sendSiteList = (
  version: OcppVersion,
  payload: Payload,
  tokens: SiteTokens | undefined,
): CallAnswer => {
  if (tokens === undefined) return status(version === '1.6' ? 'NotSupported' : 'Failed');
  const [fact] = factsOfCsmsCall(version, 'SendLocalList', payload, { status: 'Accepted' });
  if (fact?.type !== 'list') return status('Failed');
  const { change } = fact;
  if (!change.full && change.version <= tokens.siteListVersion()) return status('VersionMismatch');
  return status(tokens.changeSiteList(change) ? 'Accepted' : 'Failed');
};

/** ClearCache to the controller: what was learned of drivers from any charger is forgotten. */
export const clearSiteCache = (tokens: SiteTokens | undefined): CallAnswer => {
  tokens?.clearTokens();
  return status(tokens === undefined ? 'Rejected' : 'Accepted');
};
