import { errorBytes, type Frame, readFrame, resultBytes } from '../../ocpp/frame.ts';

/** They go out under the id of the question (`answerAs`), which is not known where they are made. */
const ID = 'made';

/** Answers that no charger gave. */
export const madeResult = (payload: object): Frame => readFrame(resultBytes(ID, payload));
export const madeError = (code: string, why: string): Frame => readFrame(errorBytes(ID, code, why));
