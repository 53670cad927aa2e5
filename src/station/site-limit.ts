import type { Limit, ScheduledLimits } from '../core/limits/limit.ts';
import { sameAmps } from '../core/units.ts';
import type { CallAnswer } from '../gateway/interceptor.ts';
import {
  compositeAnswer,
  errorCodeOf,
  profileReports,
  statusAnswer,
} from '../ocpp/profile-answers.ts';
import type { ProfileFault } from '../ocpp/profile-fields.ts';
import { readClearProfile, readComposite, readGetProfiles } from '../ocpp/profile-requests.ts';
import { profileIn, readSetChargingProfile } from '../ocpp/read-profile.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import { matching, replacedBy } from '../profiles/book.ts';
import { compositeSchedule, limitAt, type ProfileContext } from '../profiles/composite.ts';
import type { ChargingProfile } from '../profiles/profile.ts';
import { type ProfilePlace, type Refusal, refusalOf } from '../profiles/validate.ts';
import type { ProfileKeeper } from './profile-keeper.ts';

/** What the site's profiles are evaluated against. */
export interface SitePlace {
  readonly circuit: string;
  readonly fuseAmps: number;
  readonly context: Omit<ProfileContext, 'connector' | 'phases' | 'ratedAmps'>;
  /** Epoch ms. */
  readonly nowMs: () => number;
  /** The least that holds on the circuit now, whoever said it: what a composite may promise. */
  readonly inForceAmps: () => number;
  /** The limit may have changed: the next tick should come soon. */
  readonly changed: () => void;
}

const NOT_FOR_A_SITE: Refusal = {
  rule: 'a controller without connectors takes the maximum of the station only',
  reasonCode: 'InvalidProfile',
};
const NOT_KEPT = { reasonCode: 'InternalError', rule: 'the disk cannot be written' } as const;
/** Changes that are looked ahead; a day has fewer. */
const CHANGES_MOST = 48;
/** How the limit is called in reasons. */
const SOURCE = 'csms';

/**
 * The limit that the CSMS sets for the whole site: the maximum profiles of connector (EVSE) 0 of the
 * controller's own station (K04, 1.6 §3.13). Kept on disk and merged like any other limit.
 */
export class SiteLimit implements ScheduledLimits {
  readonly #keeper: ProfileKeeper;
  readonly #place: SitePlace;

  constructor(keeper: ProfileKeeper, place: SitePlace) {
    this.#keeper = keeper;
    this.#place = place;
  }

  /** Phase to neutral. */
  get volts(): number {
    return this.#place.context.voltageVolts;
  }

  /** The limit at an instant; nothing while no profile limits. */
  limits(atMs = this.#place.nowMs()): readonly Limit[] {
    const book = this.#keeper.book();
    if (book.length === 0) return [];
    const { limitAmps, sources } = limitAt(book, this.#context(), atMs);
    if (limitAmps === undefined) return [];
    return [
      {
        source: SOURCE,
        circuit: this.#place.circuit,
        kind: 'csms-profile',
        amps: sameAmps(limitAmps),
        reason: `site profile ${sources[0]?.id ?? ''}`.trim(),
      },
    ];
  }

  changes(fromMs: number, untilMs: number): readonly number[] {
    const book = this.#keeper.book();
    const found: number[] = [];
    let atMs = fromMs;
    while (book.length > 0 && found.length < CHANGES_MOST) {
      atMs = limitAt(book, this.#context(), atMs).untilMs;
      if (atMs >= untilMs) break;
      found.push(atMs);
    }
    return found;
  }

  async set(version: OcppVersion, payload: unknown): Promise<CallAnswer> {
    const read = readSetChargingProfile(version, payload);
    if ('problem' in read) return fault(version, read);
    const { connector, profile } = read;
    const refusal = this.#refusal(version, connector, profile);
    if (refusal !== undefined) return { payload: statusAnswer(version, 'Rejected', refusal) };
    const nowMs = this.#place.nowMs();
    const asSent = profileIn(version, payload);
    const added = { connector, receivedAtMs: nowMs, version, profile, asSent };
    const gone = replacedBy(this.#keeper.book(), added, version);
    return this.#kept(version, this.#keeper.put(added, gone));
  }

  async clear(version: OcppVersion, payload: unknown): Promise<CallAnswer> {
    const criteria = readClearProfile(version, payload);
    if ('problem' in criteria) return fault(version, criteria);
    const gone = matching(this.#keeper.book(), criteria);
    if (gone.length === 0) return { payload: statusAnswer(version, 'Unknown') };
    return this.#kept(version, this.#keeper.drop(gone));
  }

  composite(version: OcppVersion, payload: unknown): CallAnswer {
    const request = readComposite(version, payload);
    if ('problem' in request) return fault(version, request);
    const { connector, durationSeconds, unit = 'A' } = request;
    if (connector !== 0) {
      const refusal = { reasonCode: 'UnknownEvse', rule: 'there is no connector but 0' } as const;
      return { payload: statusAnswer(version, 'Rejected', refusal) };
    }
    const fromMs = Math.floor(this.#place.nowMs() / 1000) * 1000;
    const caps = [{ amps: this.#place.inForceAmps() }];
    const book = this.#keeper.book();
    const schedule = compositeSchedule(book, this.#context(), fromMs, durationSeconds, unit, caps);
    return { payload: compositeAnswer(version, 0, schedule) };
  }

  /** The answer to GetChargingProfiles, and the reports that follow it (K09). */
  profiles(payload: unknown): { readonly answer: CallAnswer; readonly reports: readonly object[] } {
    const request = readGetProfiles(payload);
    if ('problem' in request) return { answer: fault('2.0.1', request), reports: [] };
    const found = request.ofCsms ? matching(this.#keeper.book(), request.criteria) : [];
    if (found.length === 0) return { answer: { payload: { status: 'NoProfiles' } }, reports: [] };
    const reports = profileReports(request.requestId, found);
    return { answer: { payload: { status: 'Accepted' } }, reports };
  }

  async #kept(version: OcppVersion, written: Promise<void>): Promise<CallAnswer> {
    this.#place.changed();
    try {
      await written;
      return { payload: statusAnswer(version, 'Accepted') };
    } catch {
      return { payload: statusAnswer(version, 'Rejected', NOT_KEPT) };
    }
  }

  #refusal(version: OcppVersion, connector: number, profile: ChargingProfile): Refusal | undefined {
    const installed = this.#keeper.book();
    const place: ProfilePlace = { version, connector, connectors: 0, installed };
    const refusal = refusalOf(profile, place);
    return refusal ?? (profile.purpose === 'station-max' ? undefined : NOT_FOR_A_SITE);
  }

  #context(): ProfileContext {
    const { context, fuseAmps } = this.#place;
    // A site leaves no phase out: watts that were meant for one are those of all together.
    return { ...context, connector: 0, phases: 3, fixedPhases: true, ratedAmps: fuseAmps };
  }
}

const fault = (version: OcppVersion, problem: ProfileFault): CallAnswer => ({
  errorCode: errorCodeOf(version, problem),
  description: problem.problem,
});
