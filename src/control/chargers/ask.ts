import type { CallOutcome, ChargerCalls } from '../../gateway/observer.ts';
import type { OcppCall } from '../../ocpp/payload.ts';

const TIMEOUT_MS = 15_000;

/** A call that can wait for those of the CSMS, and what became of it. */
export const ask = (calls: ChargerCalls, charger: string, call: OcppCall): Promise<CallOutcome> =>
  new Promise((resolve) => {
    calls.call(charger, { ...call, priority: 'housekeeping', timeoutMs: TIMEOUT_MS }, resolve);
  });
