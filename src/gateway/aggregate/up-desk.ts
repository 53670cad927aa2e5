import { timestamp } from '../../core/time.ts';
import { edited, namesIn, type Rename } from '../../ocpp/aggregate/edit.ts';
import { narrowed, narrows, noPartnerIn, ONLY_IN_21 } from '../../ocpp/aggregate/narrow-v21.ts';
import { familyOf, type UpRule, upRule } from '../../ocpp/aggregate/rules.ts';
import {
  errorBytes,
  type Frame,
  parsePayload,
  payloadBytes,
  resultBytes,
} from '../../ocpp/frame.ts';
import { type Payload, readInteger, readObject, readText } from '../../ocpp/payload.ts';
import { withMessageId } from '../../ocpp/transaction-id.ts';
import type { Unanswered } from './fair-lane.ts';
import type { Floor } from './floor.ts';
import type { Seat } from './seat.ts';
import { sendOn } from './send-on.ts';

type RelayRule = Extract<UpRule, { do: 'relay' }>;

/** 1.6 errata: a transaction that the CSMS gave no id to; its figures are taken all the same. */
const UNKNOWN_TRANSACTION = -1;

/** Answers a charger of another family than the CSMS; undefined: by the rules as it is. */
export type UpBridge = (seat: Seat, call: Frame) => Promise<Buffer | undefined>;

/** Calls of chargers: to the CSMS under the station's numbers, and the answers back. */
export class UpDesk {
  readonly #floor: Floor;
  readonly #bridge: UpBridge;

  constructor(floor: Floor, bridge: UpBridge) {
    this.#floor = floor;
    this.#bridge = bridge;
  }

  /** The bytes of the answer; undefined when none may be given. */
  async answer(seat: Seat, call: Frame): Promise<Buffer | undefined> {
    const { family, clock, heartbeatSeconds } = this.#floor;
    const own = familyOf(seat.version);
    const rule = upRule(own, call.action);
    const currentTime = timestamp(clock.wallMs());
    if (rule === undefined) {
      return errorBytes(call.id, 'NotImplemented', `${call.action} is not known here`);
    }
    switch (rule.do) {
      case 'boot': {
        const boot = { status: 'Accepted', currentTime, interval: heartbeatSeconds() };
        return resultBytes(call.id, boot);
      }
      case 'time':
        return resultBytes(call.id, { currentTime });
      case 'noted':
        return resultBytes(call.id, {});
      case 'refuse':
        return errorBytes(call.id, 'NotSupported', rule.reason);
    }
    if (own !== family) return this.#bridge(seat, call);
    return this.#relay(seat, call, rule);
  }

  async #relay(seat: Seat, call: Frame, rule: RelayRule): Promise<Buffer | undefined> {
    const { charger } = seat;
    const { edits } = rule;
    const { numbers, newId, version } = this.#floor;
    if (narrows(seat.version, version) && ONLY_IN_21.has(call.action)) {
      return errorBytes(call.id, 'NotSupported', noPartnerIn(call.action, version));
    }
    const payload = payloadOf(call);
    if (payload === undefined) {
      return errorBytes(call.id, formatError(seat), 'the payload is not JSON');
    }
    const report = call.action === 'ReportChargingProfiles';
    if (report && this.#floor.reports.take(charger, payload)) return resultBytes(call.id, {});
    const names = namesIn(payload, edits);
    if (rule.outletOnly === true && names.every(({ as }) => as !== 'outlet')) {
      return this.#wholeCharger(seat, call, payload);
    }
    for (const { as, value } of names) {
      if (as !== 'outlet') {
        await this.#adopt(charger, String(value), payload);
        continue;
      }
      if (Number(value) === 0) return this.#wholeCharger(seat, call, payload);
      if (await numbers.ensure(charger, Number(value))) continue;
      const text = `no connector or EVSE ${value} can be given a number`;
      return errorBytes(call.id, 'PropertyConstraintViolation', text);
    }
    const named = edited(withMessageId(call, newId()), edits, this.renaming(charger));
    const out = narrows(seat.version, version) ? narrowed(named) : named;
    const nothing = call.action === 'MeterValues' && payloadOf(out)?.['meterValue'] === undefined;
    if (nothing) return resultBytes(call.id, {});
    const answer = await sendOn(this.#floor, seat, out);
    if (typeof answer === 'string') return unanswered(call, answer);
    if (answer.kind !== 'result') return answerAs(answer, call.id);
    await this.#after(seat, call.action, payload, answer);
    return answerAs(narrows(version, seat.version) ? narrowed(answer) : answer, call.id);
  }

  /** The station's names for a charger's. */
  renaming(charger: string): Rename {
    const { numbers, ledger, family } = this.#floor;
    return (as, value) => {
      if (as === 'outlet') return numbers.numberOf(charger, Number(value));
      const id = ledger.find(charger, String(value))?.upstreamId;
      if (family === '2.x') return id;
      // What is still unknown has the number of another charger's transaction.
      return id === undefined && Number(value) > 0 ? UNKNOWN_TRANSACTION : Number(id ?? value);
    };
  }

  /**
   * A transaction is its charger's before the CSMS hears of it, also one that began before there was
   * this station. Of 1.6 the CSMS makes the ids: one that is another charger's is not taken.
   */
  async #adopt(charger: string, localId: string, payload: Payload): Promise<void> {
    const { ledger, family, newId } = this.#floor;
    const known = ledger.find(charger, localId);
    const startedAt = readText(payload['timestamp']) ?? '';
    const starts = payload['eventType'] === 'Started';
    const again = starts && known?.ended === true && known.startedAt !== startedAt;
    if (known !== undefined && !again) return;
    const taken = ledger.byUpstream(localId);
    const free = taken === undefined || taken.charger === charger;
    if (family === '1.6' && (!free || !(Number(localId) > 0))) return;
    const { connectorId, evseId, evse } = payload;
    const outlet = readInteger(connectorId ?? evseId ?? readObject(evse)['id']) ?? 0;
    const upstreamId = free ? localId : newId();
    await ledger.put({
      charger,
      localId,
      upstreamId,
      outlet,
      seqNo: 0,
      ...(starts ? { startedAt } : {}),
    });
  }

  /** Connector 0 of a charger is not the station's: it speaks for all its connectors. */
  #wholeCharger({ charger }: Seat, call: Frame, payload: Payload): Buffer {
    if (call.action === 'StatusNotification') {
      const status = readText(payload['status']) ?? readText(payload['connectorStatus']);
      this.#floor.board.whole(charger, status);
    }
    return resultBytes(call.id, {});
  }

  async #after({ charger }: Seat, action: string, asked: Payload, answer: Frame): Promise<void> {
    const { ledger } = this.#floor;
    if (action === 'StartTransaction') {
      const id = readInteger(payloadOf(answer)?.['transactionId']);
      if (id === undefined) return;
      const outlet = readInteger(asked['connectorId']) ?? 0;
      await ledger.taken({
        charger,
        localId: String(id),
        upstreamId: String(id),
        outlet,
        seqNo: 0,
      });
      return;
    }
    const localId =
      action === 'StopTransaction'
        ? String(asked['transactionId'])
        : action === 'TransactionEvent' && asked['eventType'] === 'Ended'
          ? readText(readObject(asked['transactionInfo'])['transactionId'])
          : undefined;
    const entry = localId === undefined ? undefined : ledger.find(charger, localId);
    if (entry !== undefined && entry.ended !== true) await ledger.taken({ ...entry, ended: true });
  }
}

/** Undefined when it is not a JSON object. */
export const payloadOf = (frame: Frame): Payload | undefined => {
  try {
    return readObject(parsePayload(frame));
  } catch {
    return undefined;
  }
};

/** The same answer to another message id, its other bytes as they came. */
export const answerAs = (answer: Frame, id: string): Buffer =>
  Buffer.concat([
    Buffer.from(`[${answer.kind === 'result' ? 3 : 4},${JSON.stringify(id)},`),
    answer.payloadStart < answer.payloadEnd ? payloadBytes(answer) : Buffer.from('{}'),
    Buffer.of(0x5d),
  ]);

/** Silence is passed on: the link takes the CSMS for gone, and keeps what must not be lost. */
export const unanswered = (call: Frame, why: Unanswered): Buffer | undefined =>
  why === 'full' ? errorBytes(call.id, 'InternalError', 'too many calls wait') : undefined;

export const formatError = ({ version }: Seat): string =>
  version === '1.6' ? 'FormationViolation' : 'FormatViolation';
