import { errorCodeIn } from '../../ocpp/aggregate/bridge-words.ts';
import type { Family } from '../../ocpp/aggregate/rules.ts';
import { errorBytes, type Frame, parseError, readFrame, resultBytes } from '../../ocpp/frame.ts';

/** They go out under the id of the question (`answerAs`), which is not known where they are made. */
const ID = 'made';

/** Answers that no charger gave. */
export const madeResult = (payload: object): Frame => readFrame(resultBytes(ID, payload));
export const madeError = (code: string, why: string): Frame => readFrame(errorBytes(ID, code, why));

/** An error in the words of the other family; one that is the same there stays as it came. */
export const errorFor = (family: Family, error: Frame): Frame => {
  const { code, description } = parseError(error);
  const other = errorCodeIn(family, code);
  return other === code ? error : madeError(other, description);
};
