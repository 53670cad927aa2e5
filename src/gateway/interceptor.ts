import { errorBytes, type Frame, resultBytes } from '../ocpp/frame.ts';
import type { OcppVersion } from '../ocpp/version.ts';

/** An answer that the gateway gives in place of the side that was asked. */
export type CallAnswer =
  | { readonly payload: object }
  | { readonly errorCode: string; readonly description: string };

export const answerBytes = (id: string, answer: CallAnswer): Buffer =>
  'payload' in answer
    ? resultBytes(id, answer.payload)
    : errorBytes(id, answer.errorCode, answer.description);

/** What the CSMS hears that may not ask this of a station; undefined: it may. */
export type Refusal = (action: string) => CallAnswer | undefined;

/** What becomes of a CALL that is not relayed as it came. */
export type Interception =
  /** Relayed with these bytes instead; id and action stay. */
  | { readonly do: 'alter'; readonly message: Buffer }
  /** Answered here; the other side never sees it. A promise settles after what it needs is on disk. */
  | { readonly do: 'answer'; readonly answer: CallAnswer | Promise<CallAnswer> };

/** Looks at the CALLs of the CSMS before they are relayed. */
export interface Interceptor {
  /** Undefined: relay the original bytes. Must not throw on any payload. */
  csmsCall(charger: string, version: OcppVersion, call: Frame): Interception | undefined;
}
