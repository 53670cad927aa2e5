import { timestamp } from '../../core/time.ts';
import {
  authorize2x,
  dataTransfer,
  type EventFacts,
  ended2x,
  meterValues2xCall,
  securityEvent,
  started2x,
  status2x,
  updated2x,
} from '../../ocpp/aggregate/bridge-up-v16.ts';
import { chargingStateOf } from '../../ocpp/aggregate/bridge-words.ts';
import { errorBytes, type Frame, resultBytes } from '../../ocpp/frame.ts';
import {
  type Payload,
  readInteger,
  readList,
  readObject,
  readText,
  readTime,
} from '../../ocpp/payload.ts';
import { carry, carryOn, digestOf } from './bridge-call.ts';
import type { Floor } from './floor.ts';
import type { Seat } from './seat.ts';
import type { LedgerEntry } from './transaction-ledger.ts';
import { formatError, payloadOf } from './up-desk.ts';

/** Remote starts whose transaction has not begun yet. */
const REMOTE_STARTS_MOST = 1_000;

/**
 * Calls of 1.6 chargers to a 2.x CSMS. Transactions get their 2.x id, and the charger its number,
 * before anything is sent; events are numbered here, a repeated message under its first number.
 */
export class BridgeFrom16 {
  readonly #floor: Floor;
  /** chargingState by outlet, as the charger's last status implies it. */
  readonly #states = new Map<string, string>();
  readonly #remoteStarts = new Map<string, { readonly idTag: string; readonly id: number }>();

  constructor(floor: Floor) {
    this.#floor = floor;
  }

  /** The CSMS numbered a start; the transaction that comes of it says so. */
  startedRemotely(charger: string, outlet: number, idTag: string, id: number): void {
    const [oldest] = this.#remoteStarts.keys();
    if (this.#remoteStarts.size >= REMOTE_STARTS_MOST && oldest !== undefined) {
      this.#remoteStarts.delete(oldest);
    }
    this.#remoteStarts.set(`${charger}/${outlet}`, { idTag, id });
  }

  /** Nothing comes of it. */
  notStarted(charger: string, outlet: number, id: number): void {
    const key = `${charger}/${outlet}`;
    if (this.#remoteStarts.get(key)?.id === id) this.#remoteStarts.delete(key);
  }

  async answer(seat: Seat, call: Frame): Promise<Buffer | undefined> {
    const asked = payloadOf(call);
    if (asked === undefined) {
      return errorBytes(call.id, formatError(seat), 'the payload is not JSON');
    }
    switch (call.action) {
      case 'Authorize':
        return carryOn(this.#floor, seat, call, authorize2x(asked));
      case 'DataTransfer':
        return carryOn(this.#floor, seat, call, dataTransfer(asked));
      case 'SecurityEventNotification':
        return carryOn(this.#floor, seat, call, securityEvent(asked));
      case 'StatusNotification':
      case 'MeterValues':
      case 'StartTransaction':
        return this.#atOutlet(seat, call, asked);
      case 'StopTransaction':
        return this.#stop(seat, call, asked);
      default:
        return errorBytes(call.id, 'NotSupported', `${call.action} has no partner in OCPP 2.x`);
    }
  }

  async #atOutlet(seat: Seat, call: Frame, asked: Payload): Promise<Buffer | undefined> {
    const { numbers, board, clock } = this.#floor;
    const { charger } = seat;
    const outlet = readInteger(asked['connectorId']) ?? 0;
    if (outlet === 0) {
      if (call.action === 'StatusNotification') board.whole(charger, readText(asked['status']));
      return resultBytes(call.id, {});
    }
    if (!(await numbers.ensure(charger, outlet))) {
      return errorBytes(call.id, 'PropertyConstraintViolation', `no number for ${outlet}`);
    }
    const evseId = numbers.numberOf(charger, outlet) ?? 0;
    if (call.action === 'StatusNotification') {
      const state = chargingStateOf(asked['status']);
      if (state === undefined) this.#states.delete(`${charger}/${outlet}`);
      else this.#states.set(`${charger}/${outlet}`, state);
      return carryOn(this.#floor, seat, call, status2x(asked, evseId, timestamp(clock.wallMs())));
    }
    if (call.action === 'StartTransaction') return this.#start(seat, call, asked);
    const transactionId = readInteger(asked['transactionId']);
    if (transactionId === undefined) {
      return carryOn(this.#floor, seat, call, meterValues2xCall(asked, evseId));
    }
    const entry = await this.#entry(charger, String(transactionId), outlet);
    const at = readText(readObject(readList(asked['meterValue'])[0])['timestamp']);
    const out = updated2x(asked, this.#facts(seat, entry, entry.seqNo, at));
    if (out === undefined) return resultBytes(call.id, {});
    const seqNo = await this.#numbered(entry, call);
    return carryOn(this.#floor, seat, call, updated2x(asked, this.#facts(seat, entry, seqNo, at)));
  }

  async #start(seat: Seat, call: Frame, asked: Payload): Promise<Buffer | undefined> {
    const { ledger, newId } = this.#floor;
    const { charger } = seat;
    const start = digestOf(call);
    const outlet = readInteger(asked['connectorId']) ?? 0;
    const remoteStartId = this.#remoteStart(charger, outlet, readText(asked['idTag']));
    const entry =
      ledger.byStart(charger, start) ??
      (await ledger.put({
        charger,
        localId: String(ledger.newInteger()),
        upstreamId: newId(),
        outlet,
        start,
        seqNo: 1,
        ...(remoteStartId === undefined ? {} : { remoteStartId }),
      }));
    const facts = this.#facts(seat, entry, 0, readText(asked['timestamp']));
    return carryOn(this.#floor, seat, call, started2x(asked, facts, Number(entry.localId)));
  }

  async #stop(seat: Seat, call: Frame, asked: Payload): Promise<Buffer | undefined> {
    const { ledger } = this.#floor;
    const localId = String(readInteger(asked['transactionId']) ?? '');
    const entry = await this.#entry(seat.charger, localId, 0);
    const seqNo = await this.#numbered(entry, call);
    const facts = this.#facts(seat, entry, seqNo, readText(asked['timestamp']));
    const { bytes, said } = await carry(this.#floor, seat, call, ended2x(asked, facts));
    const now = ledger.find(seat.charger, localId);
    if (said !== undefined && now !== undefined) await ledger.taken({ ...now, ended: true });
    return bytes;
  }

  /** A transaction that began before the station was one gets its id now. */
  async #entry(charger: string, localId: string, outlet: number): Promise<LedgerEntry> {
    const { ledger, newId } = this.#floor;
    const known = ledger.find(charger, localId);
    return known ?? ledger.put({ charger, localId, upstreamId: newId(), outlet, seqNo: 0 });
  }

  /** The number of the event, on disk before it is used: no gap and no number for two. */
  async #numbered(entry: LedgerEntry, call: Frame): Promise<number> {
    const digest = digestOf(call);
    if (entry.last?.digest === digest) return entry.last.seqNo;
    const { seqNo } = entry;
    await this.#floor.ledger.put({ ...entry, seqNo: seqNo + 1, last: { digest, seqNo } });
    return seqNo;
  }

  #facts(seat: Seat, entry: LedgerEntry, seqNo: number, at: string | undefined): EventFacts {
    const { numbers, connectedAtWallMs } = this.#floor;
    const { charger, outlet, upstreamId, remoteStartId } = entry;
    const happenedMs = readTime(at) ?? Number.NaN;
    // Many chargers tell whole seconds.
    const sinceMs = Math.floor(Math.max(connectedAtWallMs(), seat.sinceWallMs) / 1_000) * 1_000;
    const chargingState = this.#states.get(`${charger}/${outlet}`);
    return {
      transactionId: upstreamId ?? '',
      evseId: numbers.numberOf(charger, outlet) ?? numbers.numberOf(charger, 1) ?? 0,
      seqNo,
      offline: happenedMs < sinceMs,
      ...(chargingState === undefined ? {} : { chargingState }),
      ...(remoteStartId === undefined || seqNo > 0 ? {} : { remoteStartId }),
    };
  }

  #remoteStart(charger: string, outlet: number, idTag: string | undefined): number | undefined {
    const key = `${charger}/${outlet}`;
    const start = this.#remoteStarts.get(key);
    if (start === undefined || start.idTag !== idTag) return undefined;
    this.#remoteStarts.delete(key);
    return start.id;
  }
}
