import { placeOf } from '../../ocpp/aggregate/urgency.ts';
import { type Frame, parsePayload, readFrame, resultBytes } from '../../ocpp/frame.ts';
import { readObject } from '../../ocpp/payload.ts';
import type { Unanswered } from './fair-lane.ts';
import type { Floor } from './floor.ts';
import type { Seat } from './seat.ts';

/** A charger waits no longer than this for what the CSMS may hear later. */
const TAKEN_AFTER_MS = 2_000;

/**
 * Sends a charger's call to the CSMS when its turn comes. When many wait, a charger is not kept
 * waiting for what a newer message would replace (a status, values outside of transactions): it is
 * taken, and the newest of it goes out.
 */
export const sendOn = async (
  { send, clock, board }: Floor,
  seat: Seat,
  call: Frame,
): Promise<Frame | Unanswered> => {
  const place = placeOf(call);
  const status = place.urgency === 'status' ? readObject(parsePayload(call)) : undefined;
  const sent = send(seat.charger, call, place, seat).then((answer) => {
    if (status !== undefined && typeof answer !== 'string') board.told(status);
    return answer === 'superseded' ? taken(call) : answer;
  });
  if (place.subject === undefined) return sent;
  return new Promise((resolve) => {
    const cancel = clock.after(TAKEN_AFTER_MS, () => {
      if (status !== undefined) board.owes(status);
      resolve(taken(call));
    });
    void sent.then((answer) => {
      cancel();
      resolve(answer);
    });
  });
};

const taken = (call: Frame): Frame => readFrame(resultBytes(call.id, {}));
