import type { Log } from '../../core/log.ts';
import {
  type ConnectorKey,
  type Cycle,
  connectorKey,
  type ProfileLimit,
  type ProfileLimits,
} from '../../core/tick.ts';
import type { Clock } from '../../core/time.ts';
import type { Interception, Interceptor } from '../../gateway/interceptor.ts';
import type { CallOutcome, UpstreamState } from '../../gateway/observer.ts';
import { type Frame, parsePayload } from '../../ocpp/frame.ts';
import { errorCodeOf, unreadableCode } from '../../ocpp/profile-answers.ts';
import type { ProfileFault } from '../../ocpp/profile-fields.ts';
import {
  type PriorityRequest,
  readClearProfile,
  readDynamicUpdate,
  readPriorityNotice,
  readUsePriority,
} from '../../ocpp/profile-requests.ts';
import { profileIn, readSetChargingProfile } from '../../ocpp/read-profile.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import {
  endedByOffline,
  matching,
  ofEndedTransactions,
  type ProfileBook,
  replacedBy,
} from '../../profiles/book.ts';
import { limitAt } from '../../profiles/composite.ts';
import { PROFILES_KEPT_MOST } from '../../profiles/validate.ts';
import { Zone } from '../../profiles/zone.ts';
import { type EachOne, plainly } from '../asides.ts';
import type { SiteDraft } from '../site-draft.ts';
import { DynamicPull } from './dynamic-pull.ts';
import { dynamicallyUpdated } from './dynamic-update.ts';
import { deskActions } from './profile-actions.ts';
import {
  contextOf,
  laterLimits,
  type ProfileScope,
  profileLimitOf,
  unlimited,
} from './profile-scope.ts';
import type { ProfileShelf, ShelvedProfile } from './profile-shelf.ts';

/** A profile of a remote start waits this long for the transaction that it belongs to. */
const START_PROFILE_LIFE_MS = 10 * 60_000;

/** A clock that differs by less is steered, not set. */
const CLOCK_STEP_MS = 5_000;

/** Limits that come within this time go into an offer, so that it follows them without us. */
const PLAN_MS = 10 * 60_000;

/** A CALL of the gateway in the name of a charger, to its CSMS. */
export type CallCsms = (
  charger: string,
  action: string,
  payload: object,
  done: (outcome: CallOutcome) => void,
) => void;

export interface ProfileDeskOptions {
  readonly draft: SiteDraft;
  readonly shelf: ProfileShelf;
  readonly clock: Clock;
  readonly log: Log;
  /** Absent: profiles cannot be reported, and the CSMS is told so. */
  readonly callCsms?: CallCsms;
  /** A limit may have changed: the next tick should come soon. */
  readonly changed: () => void;
}

/**
 * Where the CSMS's charging profiles are taken in (virtualised mode): checked, kept, answered from
 * what is kept, and turned into limits of the next tick. The charger only sees ours.
 */
export class ProfileDesk implements Interceptor {
  readonly #options: ProfileDeskOptions;
  readonly #zone: Zone;
  /** Monotonic: an absence does not grow because a clock is set. */
  readonly #offlineSinceMs = new Map<string, number>();
  /** Wall less monotonic clock, as relative schedules were last brought in line with it. */
  #followedEpochMs: number | undefined;
  /** The same at the start of each transaction that this run wrote down. */
  readonly #epochAtStart = new Map<ConnectorKey, number>();
  /** Connectors whose transaction was seen by this run of the gateway. */
  readonly #seen = new Set<ConnectorKey>();
  readonly #pull: DynamicPull | undefined;
  #last: Cycle | undefined;

  constructor(options: ProfileDeskOptions) {
    this.#options = options;
    const { callCsms } = options;
    if (callCsms !== undefined) this.#pull = new DynamicPull({ ...options, callCsms });
    this.#zone = new Zone(options.draft.site.timezone);
  }

  csmsCall(charger: string, version: OcppVersion, call: Frame): Interception | undefined {
    const action = deskActions(version).get(call.action);
    if (action === undefined || this.overlays(charger)) return undefined;
    if (this.#takesNoLimits(charger)) return undefined;
    this.reconcile(charger);
    const scope = this.scope(charger);
    if (scope === undefined) return undefined;
    let payload: unknown;
    try {
      payload = parsePayload(call);
    } catch {
      const errorCode = unreadableCode(version);
      return { do: 'answer', answer: { errorCode, description: 'payload is not JSON' } };
    }
    const { shelf, clock, log, callCsms, changed } = this.#options;
    const result = action({
      charger,
      version,
      call,
      payload,
      scope,
      shelf,
      last: this.#last,
      nowMs: clock.wallMs(),
      log,
      changed,
      await: (profile) => shelf.setAwaited(charger, profile),
      ...(callCsms === undefined
        ? {}
        : {
            later: (name: string, body: object) => {
              clock.after(0, () => callCsms(charger, name, body, () => {}));
            },
          }),
    });
    if (result !== undefined && 'problem' in result) {
      const { problem: description } = result;
      return { do: 'answer', answer: { errorCode: errorCodeOf(version, result), description } };
    }
    return result;
  }

  /**
   * Overlay: the charger accepted a profile of the CSMS or cleared some. What it holds limits it,
   * and leaves the rest of its share to others.
   */
  relayed(charger: string, version: OcppVersion, action: string, payload: unknown): void {
    const { shelf, clock } = this.#options;
    if (!this.overlays(charger)) return;
    this.reconcile(charger);
    if (action === 'ClearChargingProfile') {
      const criteria = readClearProfile(version, payload);
      if (!('problem' in criteria)) this.#drop(charger, matching(shelf.book(charger), criteria));
      return;
    }
    if (action === 'UsePriorityCharging') {
      this.#prioritise(charger, readUsePriority(payload));
      return;
    }
    if (action === 'UpdateDynamicSchedule') {
      this.#update(charger, payload);
      return;
    }
    const read = readSetChargingProfile(version, payload);
    if ('problem' in read || shelf.book(charger).length >= PROFILES_KEPT_MOST) return;
    const { connector, profile } = read;
    const running = profile.purpose === 'tx' ? shelf.running(charger, connector)?.id : undefined;
    const added: ShelvedProfile = {
      connector,
      receivedAtMs: clock.wallMs(),
      version,
      profile: running === undefined ? profile : { ...profile, transactionId: running },
      asSent: profileIn(version, payload),
    };
    this.#keep(charger, added, replacedBy(shelf.book(charger), added, version));
  }

  /** K22: a driver asked for priority, or gave it back, at the charger itself. */
  priorityAtCharger(charger: string, payload: unknown): void {
    this.reconcile(charger);
    this.#prioritise(charger, readPriorityNotice(payload));
  }

  #prioritise(charger: string, request: PriorityRequest | ProfileFault): void {
    const { shelf, draft, changed } = this.#options;
    if ('problem' in request) return;
    for (const connector of draft.charger(charger)?.connectors.keys() ?? []) {
      const running = shelf.running(charger, connector);
      if (running?.id !== request.transactionId) continue;
      shelf.setRunning(charger, connector, { ...running, priority: request.activate });
      changed();
    }
  }

  #update(charger: string, payload: unknown): void {
    const { shelf, clock } = this.#options;
    const request = readDynamicUpdate(payload);
    if ('problem' in request) return;
    const known = shelf.book(charger).find(({ profile }) => profile.id === request.id);
    if (known?.profile.kind !== 'dynamic') return;
    const made = dynamicallyUpdated(known, request.figures, clock.wallMs());
    if ('updated' in made) this.#keep(charger, made.updated, []);
  }

  /** Profiles of the CSMS are relayed to this charger; the site's limit lies above them. */
  overlays(charger: string): boolean {
    return this.scope(charger)?.spec.csmsProfiles === 'overlay';
  }

  /** A make that cannot be limited answers for itself (K01.FR.29): a promise could not be kept. */
  #takesNoLimits(charger: string): boolean {
    const { purposes, vendorLimit } = this.#options.draft.traits(charger);
    return purposes.length === 0 && vendorLimit === undefined;
  }

  /** A remote start was refused: the profile that came with it will not be needed. */
  startRefused(charger: string, connector: number): void {
    this.#options.shelf.dropAwaited(charger, connector);
  }

  upstreamChanged(charger: string, state: UpstreamState): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (state !== 'connected') {
      if (!this.#offlineSinceMs.has(charger)) this.#offlineSinceMs.set(charger, nowMs);
      return;
    }
    const sinceMs = this.#offlineSinceMs.get(charger);
    this.#offlineSinceMs.delete(charger);
    if (sinceMs !== undefined) {
      this.#drop(charger, endedByOffline(this.#options.shelf.book(charger), nowMs - sinceMs));
    }
  }

  /** What the profiles allow now. Called once per tick, before it is frozen. */
  limits(each: EachOne = plainly): ProfileLimits {
    this.#followClock();
    const connectors = new Map<ConnectorKey, ProfileLimit>();
    const stations = new Map<string, ProfileLimit>();
    for (const { id } of this.#options.draft.site.chargers) {
      each(id, () => this.#limitsOf(id, connectors, stations));
    }
    return { connectors, stations };
  }

  #limitsOf(
    id: string,
    connectors: Map<ConnectorKey, ProfileLimit>,
    stations: Map<string, ProfileLimit>,
  ): void {
    const { shelf, clock } = this.#options;
    const nowMs = clock.wallMs();
    this.reconcile(id);
    const book = shelf.book(id);
    const scope = book.length === 0 ? undefined : this.scope(id);
    if (scope === undefined) return;
    if (this.#offlineSinceMs.get(id) === undefined) this.#pull?.due(id);
    const epochMs = this.#epoch();
    for (const connector of scope.state.connectors.keys()) {
      const context = contextOf(scope, connector, shelf.running(id, connector));
      const now = limitAt(book, context, nowMs);
      const later = laterLimits(book, context, now.untilMs, nowMs + PLAN_MS);
      const limit = profileLimitOf(now, scope) ?? unlimited(scope, later);
      if (limit === undefined) continue;
      connectors.set(connectorKey(id, connector), {
        ...limit,
        ...(later.length === 0
          ? {}
          : { later: later.map(({ atMs, amps }) => ({ atMs: atMs - epochMs, amps })) }),
      });
    }
    const whole = profileLimitOf(limitAt(book, contextOf(scope, 0, undefined), nowMs), scope);
    if (whole !== undefined) stations.set(id, whole);
  }

  /** Keeps what a tick decided, so that composite schedules tell what will be offered. */
  decided(cycle: Cycle): void {
    this.#last = cycle;
  }

  scope(charger: string): ProfileScope | undefined {
    const { draft } = this.#options;
    const spec = draft.spec(charger);
    const state = draft.charger(charger);
    if (spec === undefined || state === undefined) return undefined;
    const offlineSinceMs = this.#offlineSinceMs.get(charger);
    return {
      spec,
      state,
      zone: this.#zone,
      voltageVolts: draft.site.voltageVolts,
      ...(offlineSinceMs === undefined ? {} : { offlineSinceMs: offlineSinceMs + this.#epoch() }),
    };
  }

  /** Wall less monotonic clock, ms. */
  #epoch(): number {
    const { clock } = this.#options;
    return clock.wallMs() - clock.monotonicMs();
  }

  /** The clock was set: relative schedules go on from where they are. */
  #followClock(): void {
    const { shelf, draft } = this.#options;
    const epochMs = this.#epoch();
    if (Math.abs(epochMs - (this.#followedEpochMs ?? epochMs)) < CLOCK_STEP_MS) {
      this.#followedEpochMs ??= epochMs;
      return;
    }
    this.#followedEpochMs = epochMs;
    for (const { id, connectors } of draft.site.chargers.flatMap(
      (spec) => draft.charger(spec.id) ?? [],
    )) {
      for (const connector of connectors.keys()) {
        const key = connectorKey(id, connector);
        const stepMs = epochMs - (this.#epochAtStart.get(key) ?? epochMs);
        const running = shelf.running(id, connector);
        if (Math.abs(stepMs) < CLOCK_STEP_MS || running === undefined) continue;
        this.#epochAtStart.set(key, epochMs);
        const startedAtMs = running.startedAtMs + stepMs;
        shelf.setRunning(id, connector, { ...running, startedAtMs });
      }
    }
  }

  /** Follows the transactions of a charger: TxProfiles live and die with them (K02.FR.05). */
  reconcile(charger: string): void {
    const { draft, shelf, clock } = this.#options;
    const state = draft.charger(charger);
    if (state === undefined) return;
    for (const { connector, transaction, endedTransactionId } of state.connectors.values()) {
      const key = connectorKey(charger, connector);
      const known = shelf.running(charger, connector);
      if (transaction === undefined) {
        // After a restart nothing is known of a transaction until the charger speaks of it.
        if (known === undefined) continue;
        if (!this.#seen.has(key) && endedTransactionId !== known.id) continue;
        this.#ended(charger, connector, undefined);
        continue;
      }
      this.#seen.add(key);
      if (known?.id === transaction.id) continue;
      const ageMs = clock.monotonicMs() - transaction.startedAtMs;
      this.#ended(charger, connector, transaction.id);
      this.#epochAtStart.set(key, this.#epoch());
      shelf.setRunning(charger, connector, {
        id: transaction.id,
        startedAtMs: clock.wallMs() - ageMs,
        priority: false,
      });
      this.#takeAwaited(charger, connector, transaction.id);
    }
  }

  #ended(charger: string, connector: number, running: string | undefined): void {
    const { shelf } = this.#options;
    this.#drop(charger, ofEndedTransactions(shelf.book(charger), connector, running));
    shelf.setRunning(charger, connector, undefined);
    this.#epochAtStart.delete(connectorKey(charger, connector));
    if (running === undefined) this.#seen.delete(connectorKey(charger, connector));
  }

  #takeAwaited(charger: string, connector: number, transactionId: string): void {
    const { shelf, clock } = this.#options;
    const awaited = shelf.awaited(charger, connector);
    if (awaited === undefined) return;
    shelf.dropAwaited(charger, awaited.connector);
    if (clock.wallMs() > awaited.receivedAtMs + START_PROFILE_LIFE_MS) return;
    const profile = { ...awaited.profile, transactionId };
    const asSent = withId(awaited, transactionId);
    this.#keep(charger, { ...awaited, connector, profile, asSent }, []);
  }

  /** Nobody waits for the disk here: the charger holds it, or its transaction has begun. */
  #keep(charger: string, added: ShelvedProfile, gone: ProfileBook): void {
    const { shelf, log } = this.#options;
    shelf.put(charger, added, gone).catch((error: unknown) => {
      log.error('profile not saved', { charger, problem: String(error) });
    });
  }

  #drop(charger: string, gone: ProfileBook): void {
    if (gone.length === 0) return;
    const { shelf, log } = this.#options;
    shelf.drop(charger, gone).catch((error: unknown) => {
      log.error('profiles not removed from disk', { charger, problem: String(error) });
    });
  }
}

/** What a 2.x CSMS reads back of the profile of a remote start names its transaction (F01). */
const withId = ({ version, asSent }: ShelvedProfile, transactionId: string): object =>
  version === '1.6' ? asSent : { ...asSent, transactionId };
