import { createHash } from 'node:crypto';
import type { UpCall } from '../../ocpp/aggregate/bridge-up-v16.ts';
import { familyOf } from '../../ocpp/aggregate/rules.ts';
import { callBytes, type Frame, payloadBytes, readFrame, resultBytes } from '../../ocpp/frame.ts';
import type { Payload } from '../../ocpp/payload.ts';
import type { Floor } from './floor.ts';
import { errorFor } from './made-answers.ts';
import type { Seat } from './seat.ts';
import { sendOn } from './send-on.ts';
import { answerAs, payloadOf, unanswered } from './up-desk.ts';

/** What came of a translated call: the answer for the charger, and what the CSMS said. */
export interface Carried {
  readonly bytes: Buffer | undefined;
  /** Undefined: it did not take the message. */
  readonly said?: Payload;
}

/** Sends a translated call, and answers the charger's with the translated answer. */
export const carry = async (
  floor: Floor,
  seat: Seat,
  asked: Frame,
  call: UpCall,
): Promise<Carried> => {
  const frame = readFrame(callBytes(floor.newId(), call.action, call.payload));
  const answer = await sendOn(floor, seat, frame);
  if (typeof answer === 'string') return { bytes: unanswered(asked, answer) };
  if (answer.kind !== 'result') {
    return { bytes: answerAs(errorFor(familyOf(seat.version), answer), asked.id) };
  }
  const said = payloadOf(answer) ?? {};
  return { bytes: resultBytes(asked.id, call.answer(said)), said };
};

/** The same for a call of which only the answer matters; undefined: nothing to tell, it is taken. */
export const carryOn = async (
  floor: Floor,
  seat: Seat,
  asked: Frame,
  call: UpCall | undefined,
): Promise<Buffer | undefined> =>
  call === undefined ? resultBytes(asked.id, {}) : (await carry(floor, seat, asked, call)).bytes;

/** The same content is the same message, whatever its id. */
export const digestOf = (call: Frame): string =>
  createHash('sha256').update(call.action).update(payloadBytes(call)).digest('base64');
