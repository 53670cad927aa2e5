import type { ChargerEvent } from '../core/chargers/charger-event.ts';
import { observeRequest2x, REQUESTS_2X } from './v2x/observe.ts';
import { ANSWERS_16, observeAnswer16, observeRequest16, REQUESTS_16 } from './v16/observe.ts';
import type { OcppVersion } from './version.ts';

/** Whether the payload of a charger's request says anything; others are never parsed. */
export const observesRequest = (version: OcppVersion, action: string): boolean =>
  (version === '1.6' ? REQUESTS_16 : REQUESTS_2X).has(action);

/** Whether the CSMS's answer to a charger's request says anything. */
export const observesAnswer = (version: OcppVersion, action: string): boolean =>
  version === '1.6' && ANSWERS_16.has(action);

/** What a charger's request says about the site. `atMs` is the monotonic time of receipt. */
export const observeRequest = (
  version: OcppVersion,
  action: string,
  request: unknown,
  atMs: number,
): readonly ChargerEvent[] =>
  version === '1.6'
    ? observeRequest16(action, request, atMs)
    : observeRequest2x(action, request, atMs);

/** What the CSMS's answer adds to it. */
export const observeAnswer = (
  version: OcppVersion,
  action: string,
  request: unknown,
  response: unknown,
): readonly ChargerEvent[] => (version === '1.6' ? observeAnswer16(action, request, response) : []);
