import { readList, readObject, readTime } from './payload.ts';
import type { OcppVersion } from './version.ts';

/**
 * The time that a charger gives a message, epoch ms by its own clock; undefined when it gives none, or
 * says that the message is an old one. It may lie in the past all the same: 1.6 does not mark what was
 * held while the charger was offline.
 */
export const toldTime = (
  version: OcppVersion,
  action: string,
  request: unknown,
): number | undefined => {
  const payload = readObject(request);
  switch (action) {
    case 'MeterValues':
      return readTime(readObject(readList(payload['meterValue']).at(-1))['timestamp']);
    case 'StartTransaction':
    case 'StatusNotification':
      return readTime(payload['timestamp']);
    case 'TransactionEvent':
      return payload['offline'] === true ? undefined : readTime(payload['timestamp']);
    case 'NotifyEvent':
      return version === '1.6' ? undefined : readTime(payload['generatedAt']);
    default:
      return undefined;
  }
};
