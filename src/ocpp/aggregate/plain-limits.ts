import { type Payload, readList, readNumber, readObject } from '../payload.ts';

/**
 * What a profile of 2.1 says besides plain limits, by the name of the field; undefined: nothing that an
 * older version cannot say. Left out it would be another limit: a higher one on L2, one of another
 * hour, one that stays when it should end. Without its random delay a limit is the same.
 */
export const beyondLimits = (profile: Payload): string | undefined => {
  if (profile['maxOfflineDuration'] !== undefined) return 'maxOfflineDuration';
  const schedules = readList(profile['chargingSchedule']).map(readObject);
  for (const schedule of schedules) {
    if (schedule['useLocalTime'] === true) return 'useLocalTime';
    if (schedule['limitAtSoC'] !== undefined) return 'limitAtSoC';
    for (const period of readList(schedule['chargingSchedulePeriod']).map(readObject)) {
      const mode = period['operationMode'] ?? 'ChargingOnly';
      if (mode !== 'ChargingOnly') return `operationMode ${mode}`;
      if (readNumber(period['limit']) === undefined) return 'periods without a limit';
      const phase = ['limit_L2', 'limit_L3'].find((name) => period[name] !== undefined);
      if (phase !== undefined) return phase;
    }
  }
  return undefined;
};
