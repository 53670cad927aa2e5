import { IDENTITY } from '../schema/config-parts.ts';

const OF_A_STATION = new RegExp(IDENTITY);
/** A raw path longer than this is nobody's. */
const RAW_PATH_MOST = 1_024;

/** The path of a charger's request: its last segment decoded for comparison, and as it was sent. */
export interface ChargerPath {
  readonly identity: string;
  readonly rawSegment: string;
  readonly rawQuery: string;
}

/** Undefined: not a path that a charger would use. */
export const identityInPath = (rawPath: string): ChargerPath | undefined => {
  if (rawPath.length > RAW_PATH_MOST) return undefined;
  const queryAt = rawPath.indexOf('?');
  const path = queryAt < 0 ? rawPath : rawPath.slice(0, queryAt);
  const rawSegment = path.slice(path.lastIndexOf('/') + 1);
  try {
    const identity = decodeURIComponent(rawSegment);
    if (!OF_A_STATION.test(identity)) return undefined;
    return { identity, rawSegment, rawQuery: queryAt < 0 ? '' : rawPath.slice(queryAt) };
  } catch {
    return undefined;
  }
};

/** `ws://csms.example/ocpp` and segment `CP_1` give `ws://csms.example/ocpp/CP_1`. */
export const upstreamUrl = (base: string, rawSegment: string, rawQuery: string): string =>
  `${base.replace(/\/+$/, '')}/${rawSegment}${rawQuery}`;
