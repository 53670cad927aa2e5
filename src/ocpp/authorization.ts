import { optional, type Payload, readObject, readText, readTime } from './payload.ts';
import type { OcppVersion } from './version.ts';

/** Entries of a local list, of a charger or the site: what a message of 1 MiB holds at most, about. */
export const LOCAL_LIST_MOST = 20_000;

/** What the CSMS said of a token. */
export interface TokenVerdict {
  /** AuthorizationStatus: Accepted, Blocked, Expired, Invalid, ... */
  readonly status: string;
  /** parentIdTag or groupIdToken: cards of one group may stop each other's transactions. */
  readonly group?: string;
  readonly groupType?: string;
  readonly expiresAtWallMs?: number;
}

/** The charger's own settings for authorising without the CSMS; undefined where it did not tell. */
export interface OfflineSwitches {
  readonly authorizeOffline?: boolean;
  readonly acceptUnknown?: boolean;
  readonly listEnabled?: boolean;
  readonly cacheEnabled?: boolean;
  readonly stopOnInvalid?: boolean;
}

/** What is known of a token: by the charger's list, the list of the site, and earlier answers. */
export interface KnownToken {
  readonly list?: TokenVerdict;
  readonly site?: TokenVerdict;
  readonly cache?: TokenVerdict;
}

/** Site setting for tokens that nobody knows: the charger's own switch, or always one of the two. */
export type UnknownTokens = 'charger' | 'accept' | 'reject';

/** Tokens are case-insensitive (CiString20 in 1.6, C01 in 2.x). */
export const tokenKey = (token: string): string => token.toUpperCase();

export interface Token {
  readonly id: string;
  /** Only in 2.x. */
  readonly type?: string;
}

export const tokenIn = (version: OcppVersion, payload: unknown): Token | undefined => {
  const message: Payload = readObject(payload);
  if (version === '1.6') {
    const id = readText(message['idTag']);
    return id === undefined ? undefined : { id };
  }
  const token = readObject(message['idToken']);
  const type = readText(token['type']);
  if (type === undefined) return undefined;
  return { id: readText(token['idToken']) ?? '', type };
};

/**
 * Whether a driver may charge while the CSMS is away, as the charger itself would decide it (1.6
 * §3.5.2-3.5.4, 2.x C10-C15): the charger's list beats that of the site, which beats the cache; an
 * entry that is not accepted or has expired is refused; an unknown token is let in only where that
 * is allowed.
 */
export const authorizeOffline = (
  token: Token,
  known: KnownToken,
  switches: OfflineSwitches,
  unknown: UnknownTokens,
  nowWallMs: number,
): TokenVerdict => {
  // 2.x C06: a start without a token, by a button or a key, needs no authorisation.
  if (token.type === 'NoAuthorization') return { status: 'Accepted' };
  if (switches.authorizeOffline === false) return { status: 'Invalid' };
  const list = switches.listEnabled === false ? undefined : known.list;
  const cache = switches.cacheEnabled === false ? undefined : known.cache;
  const verdict = list ?? known.site ?? cache;
  if (verdict !== undefined) {
    const expired = verdict.expiresAtWallMs !== undefined && verdict.expiresAtWallMs <= nowWallMs;
    return expired && verdict.status === 'Accepted' ? { ...verdict, status: 'Expired' } : verdict;
  }
  const accepted =
    unknown === 'accept' || (unknown === 'charger' && switches.acceptUnknown === true);
  return { status: accepted ? 'Accepted' : 'Invalid' };
};

/** idTagInfo (1.6) or idTokenInfo (2.x). */
export const verdictPayload = (version: OcppVersion, verdict: TokenVerdict): object => {
  const { status, group, groupType, expiresAtWallMs } = verdict;
  const expiry =
    expiresAtWallMs === undefined ? undefined : new Date(expiresAtWallMs).toISOString();
  if (version === '1.6') {
    return {
      status,
      ...(expiry === undefined ? {} : { expiryDate: expiry }),
      ...(group === undefined ? {} : { parentIdTag: group }),
    };
  }
  return {
    status,
    ...(expiry === undefined ? {} : { cacheExpiryDateTime: expiry }),
    ...(group === undefined
      ? {}
      : { groupIdToken: { idToken: group, type: groupType ?? 'Central' } }),
  };
};

/** The verdict in idTagInfo or idTokenInfo; undefined when there is none. */
export const readVerdict = (version: OcppVersion, info: unknown): TokenVerdict | undefined => {
  const fields = readObject(info);
  const status = readText(fields['status']);
  if (status === undefined) return undefined;
  const group = readObject(fields['groupIdToken']);
  const groupId = readText(version === '1.6' ? fields['parentIdTag'] : group['idToken']);
  const groupType = readText(group['type']);
  const expiresAtWallMs = readTime(
    fields[version === '1.6' ? 'expiryDate' : 'cacheExpiryDateTime'],
  );
  return {
    status,
    ...(groupId === undefined ? {} : { group: groupId }),
    ...(groupType === undefined ? {} : { groupType }),
    ...optional('expiresAtWallMs', expiresAtWallMs),
  };
};
