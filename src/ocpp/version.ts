import type { OcppVersion } from '../core/chargers/charger-state.ts';

export type { OcppVersion };
export const OCPP_VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1', '2.1'];

/** WebSocket subprotocol name of a version (OCPP-J 2.1 §3.3). */
export const subprotocolOf = (version: OcppVersion): string => `ocpp${version}`;

/** Version for a subprotocol that Busbar understands, else undefined. */
export const versionOf = (subprotocol: string): OcppVersion | undefined =>
  OCPP_VERSIONS.find((version) => subprotocolOf(version) === subprotocol);
