import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time.ts';
import { readObject } from '../../ocpp/payload.ts';
import { dynamicFigures } from '../../ocpp/profile-requests.ts';
import { dynamicallyUpdated } from './dynamic-update.ts';
import type { CallCsms } from './profile-desk.ts';
import type { ProfileShelf, ShelvedProfile } from './profile-shelf.ts';

/** A CSMS that wants to be asked more often than this is asked this often. */
const INTERVAL_LEAST_MS = 5_000;
/** Questions remembered; beyond it all are forgotten, and asked once too early. */
const ASKED_MOST = 10_000;

/**
 * Asks the CSMS for new figures of dynamic profiles that say how often they want it
 * (PullDynamicScheduleUpdate, K28.FR.04): the gateway holds them in the charger's place.
 */
export class DynamicPull {
  readonly #shelf: ProfileShelf;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #callCsms: CallCsms;
  readonly #changed: () => void;
  /** Monotonic time of the last question, by charger and profile. */
  readonly #askedAtMs = new Map<string, number>();

  constructor(options: {
    shelf: ProfileShelf;
    clock: Clock;
    log: Log;
    callCsms: CallCsms;
    changed: () => void;
  }) {
    this.#shelf = options.shelf;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#callCsms = options.callCsms;
    this.#changed = options.changed;
  }

  /** Asks for what is due; cheap when nothing is. */
  due(charger: string): void {
    for (const each of this.#shelf.book(charger)) {
      const { kind, updateIntervalSeconds = 0 } = each.profile;
      if (kind === 'dynamic' && updateIntervalSeconds > 0) this.#ask(charger, each);
    }
  }

  #ask(charger: string, { profile, receivedAtMs }: ShelvedProfile): void {
    const key = `${charger}/${profile.id}`;
    const intervalMs = Math.max(INTERVAL_LEAST_MS, (profile.updateIntervalSeconds ?? 0) * 1000);
    const nowMs = this.#clock.monotonicMs();
    const ageMs = this.#clock.wallMs() - (profile.updatedAtMs ?? receivedAtMs);
    const askedMs = nowMs - (this.#askedAtMs.get(key) ?? Number.NEGATIVE_INFINITY);
    if (Math.min(ageMs, askedMs) < intervalMs) return;
    if (this.#askedAtMs.size >= ASKED_MOST) this.#askedAtMs.clear();
    this.#askedAtMs.set(key, nowMs);
    const payload = { chargingProfileId: profile.id };
    this.#callCsms(charger, 'PullDynamicScheduleUpdate', payload, (outcome) => {
      if (outcome.outcome === 'answered') this.#take(charger, profile.id, outcome.payload);
    });
  }

  #take(charger: string, id: number, payload: unknown): void {
    const answer = readObject(payload);
    const known = this.#shelf.book(charger).find(({ profile }) => profile.id === id);
    if (answer['status'] !== 'Accepted' || known === undefined) return;
    const read = dynamicFigures(readObject(answer['scheduleUpdate']));
    if ('problem' in read) return;
    const made = dynamicallyUpdated(known, read.figures, this.#clock.wallMs());
    if ('problem' in made) return;
    this.#shelf.put(charger, made.updated, []).catch((error: unknown) => {
      this.#log.error('dynamic profile not saved', { charger, problem: String(error) });
    });
    this.#changed();
  }
}
