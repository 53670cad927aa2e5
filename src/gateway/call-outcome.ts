import { type Frame, parseError, readPayload } from '../ocpp/frame.ts';
import type { Connection } from './connection.ts';
import type { CallOutcome } from './observer.ts';

/** What an answer to one of our own calls says. */
export const outcomeOf = (frame: Frame): CallOutcome => {
  if (frame.kind === 'error') {
    const { code, description } = parseError(frame);
    return { outcome: 'error', code, description };
  }
  try {
    return { outcome: 'answered', payload: readPayload(frame) };
  } catch {
    return { outcome: 'error', code: 'FormatViolation', description: 'answer is not JSON' };
  }
};

/** A complaint (2.1) about an answer that was given here: who is there never gave it. */
export const isOfOurs = ({ kind, id }: Frame, { lane }: Connection): boolean =>
  kind === 'result-error' && !lane.knows(id);
