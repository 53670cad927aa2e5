import type { OcppCall } from '../ocpp/payload.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import type { Faults } from './faults.ts';

/** Where a charger's link to the CSMS stands. */
export type UpstreamState =
  | 'none'
  /** The CSMS answered its handshake, and does not let it in. */
  | 'refused'
  | 'connecting'
  | 'connected'
  | 'outage'
  /** The CSMS is back and gets what was held for it; new transaction messages go behind it. */
  | 'replaying';

/**
 * What the gateway tells the rest of the house about its links. Called after the frame went on its
 * way, so a slow observer never delays a relay. `atMs` is monotonic.
 */
export interface LinkObserver {
  chargerConnected(charger: string, version: OcppVersion, atMs: number): void;
  chargerGone(charger: string, reason: string, atMs: number): void;
  upstreamChanged(charger: string, state: UpstreamState, atMs: number): void;
  /** A CALL or SEND was relayed. `payload` parses lazily and throws on invalid JSON. */
  request(relayed: RelayedRequest): void;
  /** A CALLRESULT that belongs to a relayed CALL was relayed. */
  answer(relayed: RelayedAnswer): void;
}

/** What an observer makes of a message must not cost the message, nor the link, nor the process. */
export const containedObserver = (observer: LinkObserver, faults: Faults): LinkObserver => {
  const partOf = (charger: string): string => `what is heard of ${charger}`;
  const tell = (charger: string, step: () => void): void => {
    faults.contain(partOf(charger), step);
  };
  return {
    chargerConnected: (charger, version, atMs) =>
      tell(charger, () => observer.chargerConnected(charger, version, atMs)),
    chargerGone: (charger, reason, atMs) =>
      tell(charger, () => observer.chargerGone(charger, reason, atMs)),
    upstreamChanged: (charger, state, atMs) =>
      tell(charger, () => observer.upstreamChanged(charger, state, atMs)),
    // Spelled out: these two are called for every frame.
    request: (relayed) => {
      try {
        observer.request(relayed);
      } catch (error) {
        faults.note(partOf(relayed.charger), error);
      }
    },
    answer: (relayed) => {
      try {
        observer.answer(relayed);
      } catch (error) {
        faults.note(partOf(relayed.request.charger), error);
      }
    },
  };
};

export interface RelayedRequest {
  readonly charger: string;
  readonly version: OcppVersion;
  readonly from: 'charger' | 'csms';
  readonly action: string;
  /** The CALL or SEND as it came; absent when it did not come as OCPP. */
  readonly message?: Buffer;
  payload(): unknown;
  readonly atMs: number;
}

export interface RelayedAnswer {
  readonly request: RelayedRequest;
  payload(): unknown;
  readonly atMs: number;
}

/**
 * A CALL of our own to a charger. Its id is a UUID and its answer never leaves the gateway.
 * safety: reductions of current, before everything else. housekeeping: after the CSMS's calls.
 */
export interface OwnCall extends OcppCall {
  readonly priority: 'safety' | 'housekeeping';
  readonly timeoutMs: number;
}

export type CallOutcome =
  | { readonly outcome: 'answered'; readonly payload: unknown }
  | { readonly outcome: 'error'; readonly code: string; readonly description: string }
  | { readonly outcome: 'timeout' }
  /** Not sent, or the charger left before it answered: it may or may not have taken effect. */
  | { readonly outcome: 'offline' };

/** What control may ask of the gateway. `done` is called exactly once. */
export interface ChargerCalls {
  call(charger: string, call: OwnCall, done: (outcome: CallOutcome) => void): void;
}
