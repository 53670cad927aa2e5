import { absentAnswer, outletKey } from '../../ocpp/aggregate/absent.ts';
import { combined } from '../../ocpp/aggregate/combine.ts';
import { type Edit, edited, namesIn, type Rename } from '../../ocpp/aggregate/edit.ts';
import { narrowed, narrows, tooNew } from '../../ocpp/aggregate/narrow-v21.ts';
import { OWN_TRIGGERS } from '../../ocpp/aggregate/own-answers.ts';
import { type Combine, type DownRule, downRule, familyOf } from '../../ocpp/aggregate/rules.ts';
import { callBytes, errorBytes, type Frame, readFrame } from '../../ocpp/frame.ts';
import { type Payload, readInteger, readObject, readText } from '../../ocpp/payload.ts';
import { setMember } from '../../ocpp/splice.ts';
import { resetReason } from '../../ocpp/station/words.ts';
import { withMessageId } from '../../ocpp/transaction-id.ts';
import { answerBytes, type Refusal } from '../interceptor.ts';
import type { Floor } from './floor.ts';
import { madeError, madeResult } from './made-answers.ts';
import type { OwnDesk } from './own-desk.ts';
import { ProfileQuestions } from './profile-questions.ts';
import type { Seat } from './seat.ts';
import type { LedgerEntry } from './transaction-ledger.ts';
import { answerAs, payloadOf } from './up-desk.ts';

/** A charger has this long to answer a call of the CSMS. */
const CHARGER_ANSWER_MS = 30_000;

/** Asks a charger of another family than the CSMS, and translates its answer. */
export type DownBridge = (
  seat: Seat,
  call: Frame,
  ask: (call: Frame) => Promise<Frame>,
) => Promise<Frame>;

export interface DownDeskOptions {
  readonly floor: Floor;
  readonly bridge: DownBridge;
  readonly own: OwnDesk;
  readonly refusal?: Refusal | undefined;
  /** Sends a message of the station itself. */
  readonly say: (action: string, payload: object) => void;
  /** False: the station was accepted and does not boot again. */
  readonly boot: () => boolean;
  /** All chargers are reset: the station boots. */
  readonly reset: (reason: string) => void;
}

type OutletRule = Extract<DownRule, { to: 'outlet' }>;

/** Calls of the CSMS: to the charger they are for, to all of them, or answered by the station. */
export class DownDesk {
  readonly #options: DownDeskOptions;
  readonly #profiles: ProfileQuestions;

  constructor(options: DownDeskOptions) {
    this.#options = options;
    this.#profiles = new ProfileQuestions({
      ...options,
      own: (call) => this.#own(call),
      ask: (seat, call) => this.#ask(seat, call, []),
    });
  }

  async answer(call: Frame): Promise<Buffer> {
    const { floor, refusal } = this.#options;
    const refused = refusal?.(call.action);
    if (refused !== undefined) return answerBytes(call.id, refused);
    const payload = payloadOf(call);
    if (payload === undefined) {
      const code = floor.family === '1.6' ? 'FormationViolation' : 'FormatViolation';
      return errorBytes(call.id, code, 'the payload is not JSON');
    }
    const rule = downRule(floor.family, call.action);
    if (rule === undefined) {
      return errorBytes(call.id, 'NotImplemented', `${call.action} is not known here`);
    }
    if (rule.to === 'nobody') return errorBytes(call.id, 'NotSupported', rule.reason);
    return answerAs(await this.#byRule(rule, call, payload), call.id);
  }

  #byRule(
    rule: Exclude<DownRule, { to: 'nobody' }>,
    call: Frame,
    payload: Payload,
  ): Frame | Promise<Frame> {
    switch (rule.to) {
      case 'station':
        return this.#own(call);
      case 'every':
        return this.#every(call, rule.combine);
      case 'transaction':
        return this.#transaction(rule.edits, call, payload);
      case 'outlet':
        return this.#outlet(rule, call, payload);
    }
  }

  async #own(call: Frame): Promise<Frame> {
    return readFrame(answerBytes(call.id, await this.#options.own.answer(call)));
  }

  #absent(call: Frame, why: string): Frame {
    return madeResult(absentAnswer(this.#options.floor.family, call.action, why));
  }

  #transaction(edits: readonly Edit[], call: Frame, payload: Payload): Frame | Promise<Frame> {
    const { ledger, seats } = this.#options.floor;
    const [name] = namesIn(payload, edits);
    if (name === undefined) return this.#anyInQueue(call);
    const entry = ledger.byUpstream(String(name.value));
    const seat = entry === undefined ? undefined : seats.get(entry.charger);
    const asks = call.action === 'GetTransactionStatus' && entry !== undefined;
    if (asks && (seat === undefined || seat.version === '1.6')) return this.#statusOf(entry);
    if (seat === undefined)
      return this.#absent(call, 'no such transaction, or its charger is away');
    return this.#ask(seat, call, edits);
  }

  /** E14 of the whole station: its own messages count as much as those of chargers. */
  #anyInQueue(call: Frame): Frame | Promise<Frame> {
    const { numbers, holds } = this.#options.floor;
    if (numbers.all().some(({ charger }) => holds(charger)))
      return madeResult({ messagesInQueue: true });
    return this.#every(call, { by: 'any', key: 'messagesInQueue' });
  }

  /** E14 of a transaction whose charger cannot be asked, or has no words for it. */
  #statusOf({ charger, ended }: LedgerEntry): Frame {
    const messagesInQueue = this.#options.floor.holds(charger);
    return madeResult({ ongoingIndicator: ended !== true, messagesInQueue });
  }

  #outlet(rule: OutletRule, call: Frame, payload: Payload): Frame | Promise<Frame> {
    const { numbers, seats, ledger } = this.#options.floor;
    const number = readInteger(valueAt(payload, rule.outlet)) ?? 0;
    const triggered = this.#triggered(call.action, payload, number);
    if (triggered !== undefined) return triggered;
    if (number === 0) return this.#noOutlet(rule, call, payload);
    const outlet = numbers.outletOf(number);
    const seat = outlet === undefined ? undefined : seats.get(outlet.charger);
    if (outlet === undefined || seat === undefined) {
      const why = outlet === undefined ? 'no such connector or EVSE' : 'its charger is away';
      return this.#absent(call, `${number}: ${why}`);
    }
    if (call.action === 'GetChargingProfiles' && seat.version === '1.6') {
      return this.#profiles.ofKept(seat, outlet.local, payload);
    }
    // A transaction of another charger must not reach this one, whatever its number says.
    const foreign = namesIn(payload, rule.edits).some(
      ({ as, value }) =>
        as === 'transaction' && ledger.byUpstream(String(value))?.charger !== seat.charger,
    );
    if (foreign) return this.#absent(call, 'no such transaction there');
    return this.#askOne(seat, call, rule);
  }

  /** What chargers would say ends at the station: it says it itself, or nobody does. */
  #triggered(action: string, payload: Payload, number: number): Frame | undefined {
    const asks = action === 'TriggerMessage' || action === 'ExtendedTriggerMessage';
    const message = asks ? (readText(payload['requestedMessage']) ?? '') : '';
    const own = Object.hasOwn(OWN_TRIGGERS, message) ? OWN_TRIGGERS[message] : undefined;
    if (own === undefined || (number > 0 && (own === 'boot' || own === 'beat'))) return undefined;
    if (own === 'none') return madeResult({ status: 'NotImplemented' });
    if (own === 'boot')
      return madeResult({ status: this.#options.boot() ? 'Accepted' : 'Rejected' });
    this.#options.say(message, own === 'idle' ? { status: 'Idle' } : {});
    return madeResult({ status: 'Accepted' });
  }

  async #askOne(seat: Seat, call: Frame, { edits, answerEdits }: OutletRule): Promise<Frame> {
    const answer = await this.#ask(seat, call, edits, answerEdits);
    if (call.action === 'ReserveNow') await this.#reserved(seat, call, answer);
    return answer;
  }

  /** A reservation that was another charger's so far is none there any more. */
  async #reserved({ charger }: Seat, call: Frame, answer: Frame): Promise<void> {
    const { seats, reservations, newId } = this.#options.floor;
    const asked = payloadOf(call) ?? {};
    const reservationId = readInteger(asked['reservationId'] ?? asked['id']);
    if (reservationId === undefined || payloadOf(answer)?.['status'] !== 'Accepted') return;
    const holder = reservations.holderOf(reservationId);
    await reservations.made(reservationId, charger);
    const before = holder === undefined || holder === charger ? undefined : seats.get(holder);
    if (before === undefined) return;
    const cancel = callBytes(newId(), 'CancelReservation', { reservationId });
    await this.#ask(before, readFrame(cancel), []);
  }

  #noOutlet(rule: OutletRule, call: Frame, payload: Payload): Frame | Promise<Frame> {
    const { family, seats } = this.#options.floor;
    const { action } = call;
    const all = action === 'GetChargingProfiles' && payload['evseId'] === undefined;
    if (all) return this.#profiles.all(call, payload);
    if (rule.zero === 'refuse') return madeError('NotSupported', rule.reason ?? '');
    if (rule.zero === 'site' || namesSiteLimit(action, payload)) return this.#own(call);
    const combine = rule.combine ?? NO_ORDER;
    if (rule.zero === 'every') return this.#every(call, combine);
    if (rule.zero === 'both') return this.#every(call, combine, this.#own(call));
    const free = this.#freeOutlet(action);
    const seat = free === undefined ? undefined : seats.get(free.charger);
    if (free === undefined || seat === undefined) return this.#absent(call, 'none is free');
    const key = outletKey(family);
    const bytes = setMember(call.bytes, call.payloadStart, key, String(free.number));
    return this.#askOne(seat, readFrame(bytes), rule);
  }

  /** Where a car waits, else where one could come; a reservation is for one that comes. */
  #freeOutlet(action: string) {
    const { numbers, seats, ledger, board } = this.#options.floor;
    const here = numbers
      .all()
      .filter(({ charger, local }) => seats.has(charger) && !ledger.running(charger, local));
    const withStatus = (...wanted: readonly string[]) =>
      here.find(({ number }) => wanted.includes(board.statusOf(number) ?? ''));
    const waiting = action === 'ReserveNow' ? undefined : withStatus('Preparing', 'Occupied');
    return waiting ?? withStatus('Available');
  }

  async #every(call: Frame, combine: Combine, ...own: readonly Promise<Frame>[]): Promise<Frame> {
    if (call.action === 'CancelReservation') {
      const id = readInteger(payloadOf(call)?.['reservationId']);
      if (id !== undefined) await this.#options.floor.reservations.cancelled(id);
    }
    const seats = [...this.#options.floor.seats.values()];
    const asked = seats.map((seat) => this.#ask(seat, call, []));
    const answers = await Promise.all([...own, ...asked]);
    const all = combined(
      combine,
      answers.map((answer) => (answer.kind === 'result' ? payloadOf(answer) : undefined)),
    );
    if (call.action === 'Reset' && all['status'] === 'Accepted') {
      this.#options.reset(resetReason(payloadOf(call)?.['type']));
    }
    return madeResult(all);
  }

  /** One charger's answer, in the messages, numbers and ids of the CSMS. */
  async #ask(
    seat: Seat,
    call: Frame,
    edits: readonly Edit[],
    answerEdits: readonly Edit[] = [],
  ): Promise<Frame> {
    const { floor, bridge } = this.#options;
    const local = edited(withMessageId(call, floor.newId()), edits, this.#local(seat));
    const ask = (frame: Frame) => this.#asked(seat, frame);
    const bridged = familyOf(seat.version) !== floor.family;
    const answer = await (bridged ? bridge(seat, local, ask) : this.#askNarrowed(seat, local));
    if (answer.kind !== 'result') return answer;
    return edited(answer, answerEdits, this.#global(seat.charger));
  }

  /** A charger of 2.0.1 under a CSMS of 2.1 is asked what it understands, and the other way round. */
  async #askNarrowed(seat: Seat, call: Frame): Promise<Frame> {
    const { version } = this.#options.floor;
    if (narrows(version, seat.version)) {
      const why = tooNew(call.action, payloadOf(call) ?? {});
      if (why !== undefined) return madeError('NotSupported', why);
      return this.#asked(seat, narrowed(call));
    }
    const answer = await this.#asked(seat, call);
    const narrow = answer.kind === 'result' && narrows(seat.version, version);
    return narrow ? narrowed(answer) : answer;
  }

  async #asked(seat: Seat, call: Frame): Promise<Frame> {
    const answer = await seat.ask(call, CHARGER_ANSWER_MS);
    if (typeof answer === 'string') {
      return madeError('GenericError', `${seat.charger} did not answer: ${answer}`);
    }
    const broken = answer.kind === 'result' && payloadOf(answer) === undefined;
    return broken ? madeError('GenericError', `${seat.charger} answered what is no JSON`) : answer;
  }

  #local({ charger, version }: Seat): Rename {
    const { numbers, ledger, family } = this.#options.floor;
    const asNumber = family === '1.6' && version === '1.6';
    return (as, value) => {
      if (as === 'outlet') {
        const outlet = numbers.outletOf(Number(value));
        return outlet?.charger === charger ? outlet.local : undefined;
      }
      const entry = ledger.byUpstream(String(value));
      if (entry?.charger !== charger) return undefined;
      return asNumber ? Number(entry.localId) : entry.localId;
    };
  }

  #global(charger: string): Rename {
    const { numbers, ledger } = this.#options.floor;
    return (as, value) =>
      as === 'outlet'
        ? numbers.numberOf(charger, Number(value))
        : ledger.find(charger, String(value))?.upstreamId;
  }
}

const NO_ORDER: Combine = { by: 'worst', order: ['Accepted', 'Rejected'] };

const valueAt = (payload: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => readObject(value)[key], payload);

const namesSiteLimit = (action: string, payload: Payload): boolean => {
  if (action !== 'SetChargingProfile') return false;
  const profile = readObject(payload['csChargingProfiles'] ?? payload['chargingProfile']);
  const purpose = readText(profile['chargingProfilePurpose']) ?? '';
  return purpose !== 'TxDefaultProfile' && purpose !== 'TxProfile';
};
