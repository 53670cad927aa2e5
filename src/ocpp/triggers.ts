import type { OcppCall } from './payload.ts';
import type { OcppVersion } from './version.ts';

/** TriggerMessage calls that make a charger report status and meter values of its connectors. */
export const statusTriggers = (
  version: OcppVersion,
  connectors: readonly number[],
): readonly OcppCall[] =>
  connectors.flatMap((connector) =>
    ['StatusNotification', 'MeterValues'].map((requestedMessage) => ({
      action: 'TriggerMessage',
      payload:
        version === '1.6'
          ? { requestedMessage, connectorId: connector }
          : { requestedMessage, evse: triggeredEvse(requestedMessage, connector) },
    })),
  );

/** 2.x: a status is asked of one connector of an EVSE, meter values of the EVSE (F06.FR.12). */
const triggeredEvse = (requestedMessage: string, evse: number): object =>
  requestedMessage === 'StatusNotification' ? { id: evse, connectorId: 1 } : { id: evse };
