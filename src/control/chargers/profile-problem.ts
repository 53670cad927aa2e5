import type { CallOutcome } from '../../gateway/observer.ts';
import { profileAnswer, rateLimitSeconds } from '../../ocpp/charging-profile.ts';

/** Why a profile was not taken, in words; undefined when the charger accepted it. */
export const profileProblem = (outcome: CallOutcome): string | undefined => {
  switch (outcome.outcome) {
    case 'answered': {
      const { accepted, reason } = profileAnswer(outcome.payload);
      return accepted ? undefined : (reason ?? 'rejected');
    }
    case 'error':
      return `${outcome.code}${outcome.description ? `: ${outcome.description}` : ''}`;
    case 'timeout':
      return 'no answer';
    case 'offline':
      return 'connection lost';
  }
};

/** How long the charger wants to be left alone, ms; undefined: it did not say so. */
export const restWanted = (outcome: CallOutcome): number | undefined => {
  const seconds = outcome.outcome === 'answered' ? rateLimitSeconds(outcome.payload) : undefined;
  return seconds === undefined ? undefined : seconds * 1000;
};
