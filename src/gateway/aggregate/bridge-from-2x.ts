import { dataText } from '../../ocpp/aggregate/bridge-parts.ts';
import {
  authorize16,
  meterValues16Call,
  readEvent,
  startTransaction16,
  status16,
  stopTransaction16,
} from '../../ocpp/aggregate/bridge-up-v2x.ts';
import { dataTransfer, securityEvent } from '../../ocpp/aggregate/bridge-up-v16.ts';
import { idTagOf, statusOfState } from '../../ocpp/aggregate/bridge-words.ts';
import { callBytes, errorBytes, type Frame, readFrame, resultBytes } from '../../ocpp/frame.ts';
import { type Payload, readInteger, readText } from '../../ocpp/payload.ts';
import { carry, carryOn } from './bridge-call.ts';
import type { Floor } from './floor.ts';
import type { Seat } from './seat.ts';
import { sendOn } from './send-on.ts';
import type { LedgerEntry } from './transaction-ledger.ts';
import { formatError, payloadOf } from './up-desk.ts';

type Event = ReturnType<typeof readEvent>;

/** A token that 1.6 cannot carry is refused like an unknown one: nobody is billed for another. */
const INVALID = { idTokenInfo: { status: 'Invalid' } };

/**
 * Calls of 2.x chargers to a 1.6 CSMS. A transaction starts there with its first event that has a
 * token; what was metered before is kept for its start.
 */
export class BridgeFrom2x {
  readonly #floor: Floor;

  constructor(floor: Floor) {
    this.#floor = floor;
  }

  async answer(seat: Seat, call: Frame): Promise<Buffer | undefined> {
    const asked = payloadOf(call);
    if (asked === undefined) {
      return errorBytes(call.id, formatError(seat), 'the payload is not JSON');
    }
    switch (call.action) {
      case 'Authorize':
        return this.#authorize(seat, call, asked);
      case 'DataTransfer': {
        const { data } = asked;
        const text = dataText(data);
        return carryOn(
          this.#floor,
          seat,
          call,
          dataTransfer({ ...asked, ...(text && { data: text }) }),
        );
      }
      case 'SecurityEventNotification':
        return carryOn(this.#floor, seat, call, securityEvent(asked));
      case 'StatusNotification':
      case 'MeterValues':
        return this.#atOutlet(seat, call, asked);
      case 'TransactionEvent':
        return this.#event(seat, call, asked);
      default:
        return errorBytes(call.id, 'NotSupported', `${call.action} has no partner in OCPP 1.6`);
    }
  }

  async #authorize(seat: Seat, call: Frame, asked: Payload): Promise<Buffer | undefined> {
    const idTag = idTagOf(asked['idToken']);
    if (idTag === undefined || asked['certificate'] !== undefined) {
      return resultBytes(call.id, INVALID);
    }
    return carryOn(this.#floor, seat, call, authorize16(idTag));
  }

  async #atOutlet(seat: Seat, call: Frame, asked: Payload): Promise<Buffer | undefined> {
    const { numbers, ledger, board } = this.#floor;
    const { charger } = seat;
    const outlet = readInteger(asked['evseId']) ?? 0;
    if (outlet === 0) return resultBytes(call.id, {});
    if (!(await numbers.ensure(charger, outlet))) {
      return errorBytes(call.id, 'PropertyConstraintViolation', `no number for ${outlet}`);
    }
    const connectorId = numbers.numberOf(charger, outlet) ?? 0;
    const running = ledger.running(charger, outlet);
    if (call.action === 'MeterValues') {
      const id = running?.upstreamId === undefined ? undefined : Number(running.upstreamId);
      return carryOn(
        this.#floor,
        seat,
        call,
        meterValues16Call(asked['meterValue'], connectorId, id),
      );
    }
    const word = readText(asked['connectorStatus']) ?? 'Unavailable';
    const idle = board.statusOf(connectorId) === 'Finishing' ? 'Finishing' : 'Preparing';
    const occupied = statusOfState(running?.chargingState) ?? idle;
    const status = word === 'Occupied' ? occupied : word;
    return carryOn(this.#floor, seat, call, status16(connectorId, status, asked['timestamp']));
  }

  async #event(seat: Seat, call: Frame, asked: Payload): Promise<Buffer | undefined> {
    const { numbers } = this.#floor;
    const event = readEvent(asked);
    if (event.localId === undefined) {
      return errorBytes(call.id, 'OccurrenceConstraintViolation', 'no transactionId');
    }
    const entry = await this.#entry(seat.charger, event.localId, event);
    if (!(await numbers.ensure(seat.charger, entry.outlet))) {
      return errorBytes(call.id, 'PropertyConstraintViolation', `no number for ${entry.outlet}`);
    }
    if (entry.ended === true && event.type !== 'Ended') return resultBytes(call.id, {});
    const bytes = await this.#tell(seat, call, asked, event, entry);
    if (bytes !== undefined && asked['offline'] !== true) this.#showState(seat, event, entry);
    return bytes;
  }

  async #tell(
    seat: Seat,
    call: Frame,
    asked: Payload,
    event: Event,
    entry: LedgerEntry,
  ): Promise<Buffer | undefined> {
    const { numbers } = this.#floor;
    const idTag = idTagOf(asked['idToken']);
    const connectorId = numbers.numberOf(entry.charger, entry.outlet) ?? 0;
    if (entry.upstreamId === undefined) {
      if (event.hasToken && idTag === undefined) return resultBytes(call.id, INVALID);
      if (idTag === undefined) return this.#notBegun(call, event, entry);
      return this.#start(seat, call, asked, entry, { connectorId, idTag });
    }
    const id = Number(entry.upstreamId);
    if (event.type === 'Ended') return this.#stop(seat, call, asked, event, entry);
    // The answer to a repeated start has to say something of the token again.
    const values = meterValues16Call(asked['meterValue'], connectorId, id);
    if (idTag === undefined) return carryOn(this.#floor, seat, call, values);
    if (event.type === 'Updated' && values !== undefined) {
      const sent = await carry(this.#floor, seat, call, values);
      if (sent.said === undefined) return sent.bytes;
    }
    return carryOn(this.#floor, seat, call, authorize16(idTag));
  }

  /** Nobody is charged for what ended before anybody was authorised. */
  async #notBegun(call: Frame, event: Event, entry: LedgerEntry): Promise<Buffer> {
    if (event.type === 'Ended') await this.#floor.ledger.put({ ...entry, ended: true });
    return resultBytes(call.id, {});
  }

  async #start(
    seat: Seat,
    call: Frame,
    asked: Payload,
    entry: LedgerEntry,
    at: { readonly connectorId: number; readonly idTag: string },
  ): Promise<Buffer | undefined> {
    const { meterStartWh = 0, startedAt = '' } = entry;
    const out = startTransaction16({ ...at, meterStartWh, startedAt }, asked);
    const { bytes, said } = await carry(this.#floor, seat, call, out);
    const id = readInteger(said?.['transactionId']);
    if (said !== undefined && id === undefined) {
      return errorBytes(call.id, 'InternalError', 'the CSMS gave no transaction id');
    }
    if (id === undefined) return bytes;
    const started = { ...entry, upstreamId: String(id), idTag: at.idTag };
    await this.#floor.ledger.taken(started);
    if (asked['eventType'] !== 'Ended') return bytes;
    return this.#stop(seat, call, asked, readEvent(asked), started);
  }

  async #stop(
    seat: Seat,
    call: Frame,
    asked: Payload,
    event: Event,
    entry: LedgerEntry,
  ): Promise<Buffer | undefined> {
    const meterStopWh = event.registers.at(-1) ?? entry.lastWh ?? entry.meterStartWh ?? 0;
    const idTag = idTagOf(asked['idToken']);
    const out = stopTransaction16(asked, Number(entry.upstreamId), { meterStopWh, idTag });
    const { bytes, said } = await carry(this.#floor, seat, call, out);
    if (said !== undefined) await this.#floor.ledger.taken({ ...entry, ended: true });
    return bytes;
  }

  /** What is known of the transaction with this event. */
  async #entry(charger: string, localId: string, event: Event): Promise<LedgerEntry> {
    const { ledger } = this.#floor;
    const found = ledger.find(charger, localId);
    const starts = event.type === 'Started' && event.timestamp !== found?.startedAt;
    // A charger that counts from one after a restart means another transaction.
    const known = starts && found?.ended === true ? undefined : found;
    const { evseId, registers, timestamp, chargingState } = event;
    const lastWh = registers.at(-1) ?? known?.lastWh;
    const state = chargingState ?? known?.chargingState;
    const entry: LedgerEntry = {
      ...(known ?? { charger, localId, seqNo: 0, startedAt: timestamp }),
      outlet: evseId ?? known?.outlet ?? 1,
      meterStartWh: known?.meterStartWh ?? registers[0] ?? 0,
      ...(lastWh === undefined ? {} : { lastWh }),
      ...(state === undefined ? {} : { chargingState: state }),
    };
    return JSON.stringify(entry) === JSON.stringify(known) ? entry : ledger.put(entry);
  }

  /** 1.6 tells with the connector's status what 2.x tells with the transaction. */
  #showState(seat: Seat, event: Event, entry: LedgerEntry): void {
    const { numbers, board, newId } = this.#floor;
    const number = numbers.numberOf(seat.charger, entry.outlet);
    const begun = event.type !== 'Ended';
    const status = begun ? statusOfState(event.chargingState) : 'Finishing';
    if (number === undefined || status === undefined || board.statusOf(number) === status) return;
    const { action, payload } = status16(number, status, event.timestamp);
    void sendOn(this.#floor, seat, readFrame(callBytes(newId(), action, payload)));
  }
}
