import { familyOf } from '../../ocpp/aggregate/rules.ts';
import type { Frame } from '../../ocpp/frame.ts';
import { type Payload, readInteger, readObject } from '../../ocpp/payload.ts';
import type { Floor } from './floor.ts';
import { madeResult } from './made-answers.ts';
import { joinedReports, type ReportNames } from './profile-reports.ts';
import type { Seat } from './seat.ts';
import { payloadOf } from './up-desk.ts';

/** The station's own source of calls and reports; no identity contains a tilde. */
export const OWN = '~station';

export interface ProfileQuestionsOptions {
  readonly floor: Floor;
  /** Asks the station itself, and one charger. */
  readonly own: (call: Frame) => Promise<Frame>;
  readonly ask: (seat: Seat, call: Frame) => Promise<Frame>;
  readonly say: (action: string, payload: object) => void;
}

/** GetChargingProfiles: chargers of 2.x report, for those of 1.6 the gateway does. */
export class ProfileQuestions {
  readonly #options: ProfileQuestionsOptions;

  constructor(options: ProfileQuestionsOptions) {
    this.#options = options;
  }

  /** K09 without an EVSE: the site and every charger; their reports follow as one series. */
  async all(call: Frame, asked: Payload): Promise<Frame> {
    const { seats, reports } = this.#options.floor;
    const requestId = readInteger(asked['requestId']) ?? 0;
    if (!reports.begin(requestId)) return NONE;
    const answers = [
      { source: OWN, answer: this.#options.own(call) },
      ...[...seats.values()].map((seat) => ({
        source: seat.charger,
        answer: this.#collected(seat, call, asked),
      })),
    ];
    const sources: string[] = [];
    for (const { source, answer } of answers) {
      if (payloadOf(await answer)?.['status'] === 'Accepted') sources.push(source);
    }
    const pages = reports.end(requestId, sources);
    if (sources.length === 0) return NONE;
    void pages.then((found) => this.#report(found));
    return ACCEPTED;
  }

  /** One EVSE of a 1.6 charger, by the charger's own number. */
  ofKept({ charger }: Seat, local: number, asked: Payload): Frame {
    const pages = this.#options.floor.keptProfiles(charger, { ...asked, evseId: local });
    if (pages.length === 0) return NONE;
    this.#report(new Map([[charger, pages.map(readObject)]]));
    return ACCEPTED;
  }

  async #collected(seat: Seat, call: Frame, asked: Payload): Promise<Frame> {
    if (familyOf(seat.version) === '2.x') return this.#options.ask(seat, call);
    const { keptProfiles, reports } = this.#options.floor;
    const pages = keptProfiles(seat.charger, asked);
    for (const page of pages) reports.take(seat.charger, readObject(page));
    return pages.length === 0 ? NONE : ACCEPTED;
  }

  /** After the answer, also when all reports are there already. */
  #report(pages: ReadonlyMap<string, readonly Payload[]>): void {
    const { floor, say } = this.#options;
    const { numbers, ledger, clock } = floor;
    const names: ReportNames = {
      evse: (source, local) => numbers.numberOf(source, local),
      transaction: (source, local) => ledger.find(source, local)?.upstreamId,
    };
    const joined = joinedReports(pages, names);
    clock.after(0, () => {
      for (const report of joined) say('ReportChargingProfiles', report);
    });
  }
}

const NONE = madeResult({ status: 'NoProfiles' });
const ACCEPTED = madeResult({ status: 'Accepted' });
