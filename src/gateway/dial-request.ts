import { type OcppVersion, subprotocolOf } from '../ocpp/version.ts';
import { upstreamUrl } from './identity.ts';
import type { DialRequest } from './socket.ts';

/** The CSMS has this long to answer a handshake. */
export const DIAL_TIMEOUT_MS = 10_000;

/** The Authorization header of basic authentication (OCPP-J §6.2: the user is the identity). */
export const basicAuthorization = (identity: string, password: string | Buffer): string => {
  const credentials = Buffer.concat([Buffer.from(`${identity}:`), Buffer.from(password)]);
  return `Basic ${credentials.toString('base64')}`;
};

/** A dial with an identity of our own choice, rather than in the words of a charger that knocks. */
export const dialRequest = (
  base: string,
  identity: string,
  version: OcppVersion,
  password: string | undefined,
): DialRequest => ({
  url: upstreamUrl(base, encodeURIComponent(identity), ''),
  subprotocols: [subprotocolOf(version)],
  timeoutMs: DIAL_TIMEOUT_MS,
  ...(password === undefined ? {} : { authorization: basicAuthorization(identity, password) }),
});
