import type { ChargerEvent } from '../core/chargers/charger-event.ts';
import type { Log } from '../core/log.ts';
import type { Cancel, Clock } from '../core/time.ts';
import type { Manners } from '../gateway/gateway.ts';
import type {
  ChargerCalls,
  LinkObserver,
  RelayedAnswer,
  RelayedRequest,
  UpstreamState,
} from '../gateway/observer.ts';
import { observeAnswer, observeRequest, observesAnswer, observesRequest } from '../ocpp/observe.ts';
import { readObject } from '../ocpp/payload.ts';
import { toldTime } from '../ocpp/told-time.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import type { ChargerSetup } from './chargers/charger-setup.ts';
import { isOwnId } from './offers/own-profiles.ts';
import { OutageStart } from './outage-start.ts';
import type { ProfileDesk } from './profiles/profile-desk.ts';
import type { SiteDraft } from './site-draft.ts';

/** A charger that reconnected without a boot is spoken to after this long at the latest. */
const SILENT_RECONNECT_MS = 3_000;

/**
 * Meter values of one charger that are looked at in a second. A charger sends one every ten
 * seconds or so; one that floods is relayed all the same, but costs no parsing beyond this.
 */
const MEASUREMENTS_PER_SECOND = 10;

/** They may carry the time of a change long ago. */
const STATUS = new Set(['NotifyEvent', 'StatusNotification']);
const STARTS = new Set(['RemoteStartTransaction', 'RequestStartTransaction']);
const CHANGES = new Set([
  'ClearChargingProfile',
  'SetChargingProfile',
  'UpdateDynamicSchedule',
  'UsePriorityCharging',
]);

/** Watches the relayed traffic: keeps the draft up to date and starts the setup of chargers. */
export class LinkWatch implements LinkObserver {
  readonly #draft: SiteDraft;
  readonly #setup: ChargerSetup;
  readonly #desk: ProfileDesk;
  readonly #starts: OutageStart;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #changed: (urgent?: boolean) => void;
  readonly #wished: () => void;
  readonly #upstream = new Map<string, UpstreamState>();
  /** Chargers that connected and did not boot so far. */
  readonly #waiting = new Map<string, Cancel>();
  readonly #rebooted = new Set<string>();
  /** Meter values looked at in the present second, per charger. */
  readonly #measured = new Map<string, { second: number; count: number }>();
  readonly #measurementsPerSecond: number;
  transactions = 0;

  constructor(options: {
    draft: SiteDraft;
    setup: ChargerSetup;
    desk: ProfileDesk;
    calls: ChargerCalls;
    clock: Clock;
    log: Log;
    /** The next tick should come soon; not urgent: within half a second will do. */
    changed: (urgent?: boolean) => void;
    /** A car said what it wants: to be kept over a restart. */
    wished: () => void;
    measurementsPerSecond?: number;
  }) {
    this.#measurementsPerSecond = options.measurementsPerSecond ?? MEASUREMENTS_PER_SECOND;
    this.#draft = options.draft;
    this.#setup = options.setup;
    this.#desk = options.desk;
    this.#starts = new OutageStart(options);
    this.#clock = options.clock;
    this.#log = options.log;
    this.#changed = options.changed;
    this.#wished = options.wished;
  }

  upstreamOf(charger: string): UpstreamState {
    return this.#upstream.get(charger) ?? 'none';
  }

  /** Something may be said to the CSMS in its name: its boot is accepted, nothing older is held. */
  maySpeak(charger: string): boolean {
    const booted = !this.#waiting.has(charger) && !this.#rebooted.has(charger);
    return booted && this.upstreamOf(charger) === 'connected';
  }

  /** How a charger wants its connection kept, by its make. */
  mannersOf(charger: string): Manners {
    return this.#draft.traits(charger);
  }

  chargerConnected(charger: string, version: OcppVersion, atMs: number): void {
    this.#draft.setOnline(charger, true, atMs, version);
    if (!this.#draft.traits(charger).keepsProfilesOffline) this.#draft.forgetOffers(charger);
    this.#log.info('charger connected', { charger, version });
    this.#waiting.get(charger)?.();
    const cancel = this.#clock.after(SILENT_RECONNECT_MS, () => {
      this.#waiting.delete(charger);
      this.#setup.begin(charger, version, false);
    });
    this.#waiting.set(charger, cancel);
    this.#changed();
  }

  chargerGone(charger: string, reason: string, atMs: number): void {
    this.#waiting.get(charger)?.();
    this.#waiting.delete(charger);
    this.#setup.end(charger);
    this.#draft.setOnline(charger, false, atMs);
    // One that forgets its profiles with its connection draws what it can.
    if (!this.#draft.traits(charger).keepsProfilesOffline) {
      this.#draft.fallbacks.set(charger, false);
    }
    this.#log.info('charger gone', { charger, reason });
    this.#changed();
  }

  upstreamChanged(charger: string, state: UpstreamState): void {
    this.#upstream.set(charger, state);
    if (state !== 'outage') this.#starts.end(charger);
    this.#desk.upstreamChanged(charger, state);
  }

  request(relayed: RelayedRequest): void {
    const { charger, from, action, version, atMs } = relayed;
    if (from !== 'charger') return;
    if (action === 'BootNotification') this.#holdSetup(charger);
    if (action === 'NotifyPriorityCharging' && version === '2.1') {
      this.#desk.priorityAtCharger(charger, readPayload(relayed));
    }
    if (!observesRequest(version, action)) return;
    if (action === 'MeterValues' && this.#floods(charger, atMs)) return;
    const payload = readPayload(relayed);
    // No JSON: it says nothing, not even that the charger is of no make.
    if (payload === undefined) return;
    const time = toldTime(version, action, payload);
    if (time !== undefined) {
      const aheadMs = time - this.#clock.wallMs();
      this.#draft.toldTime(charger, aheadMs, atMs, !STATUS.has(action));
      if (action === 'MeterValues' && this.#draft.isHistory(charger, aheadMs)) return;
    }
    this.#take(charger, observeRequest(version, action, payload, atMs), atMs);
  }

  answer(relayed: RelayedAnswer): void {
    const { charger, from, action, version } = relayed.request;
    if (from === 'csms') {
      this.#watchCsms(charger, version, action, relayed);
      return;
    }
    if (action === 'BootNotification') this.#bootAnswered(charger, version, relayed);
    if (action === 'Authorize' && version === '1.6' && this.upstreamOf(charger) === 'outage') {
      this.#starts.authorized(charger, readPayload(relayed.request), readPayload(relayed));
    }
    if (!observesAnswer(version, action)) return;
    const request = readPayload(relayed.request);
    const events = observeAnswer(version, action, request, readPayload(relayed));
    this.#take(charger, events, relayed.atMs);
  }

  #floods(charger: string, atMs: number): boolean {
    const second = Math.floor(atMs / 1000);
    const seen = this.#measured.get(charger);
    if (seen === undefined || seen.second !== second) {
      this.#measured.set(charger, { second, count: 1 });
      return false;
    }
    seen.count += 1;
    return seen.count > this.#measurementsPerSecond;
  }

  /** Before its boot was answered, a charger may not be spoken to (OCPP 1.6 §4.2, B01.FR.08). */
  #holdSetup(charger: string): void {
    this.#waiting.get(charger)?.();
    this.#waiting.delete(charger);
    this.#rebooted.add(charger);
  }

  #bootAnswered(charger: string, version: OcppVersion, relayed: RelayedAnswer): void {
    if (readObject(readPayload(relayed))['status'] !== 'Accepted') return;
    if (this.#rebooted.delete(charger)) this.#draft.forgetOffers(charger);
    this.#setup.begin(charger, version, true);
  }

  /** A CSMS that clears profiles takes ours with them: they are put back at once. */
  #watchCsms(charger: string, version: OcppVersion, action: string, relayed: RelayedAnswer): void {
    if (!STARTS.has(action) && !CHANGES.has(action)) return;
    const { status } = readObject(readPayload(relayed));
    if (status === undefined) return;
    if (status !== 'Accepted') {
      if (STARTS.has(action)) this.#desk.startRefused(charger, startedAt(relayed.request));
      return;
    }
    if (!CHANGES.has(action)) return;
    this.#log.info('CSMS changed charging profiles of the charger', { charger, action });
    const request = readPayload(relayed.request);
    this.#desk.relayed(charger, version, action, request);
    if (action === 'ClearChargingProfile' || replacesMaximum(request)) {
      this.#draft.forgetOffers(charger);
      if (this.#desk.overlays(charger)) this.#setup.repair(charger, version);
      else {
        this.#draft.fallbacks.set(charger, false);
        this.#setup.begin(charger, version, false);
      }
    }
    this.#changed();
  }

  #take(charger: string, events: readonly ChargerEvent[], atMs: number): void {
    for (const event of events) {
      if (event.type === 'transaction-started') this.transactions += 1;
      const resumes = this.#draft.traits(charger).resendOnResume && this.#resumes(charger, event);
      this.#draft.apply(charger, event, atMs);
      if (resumes) this.#draft.forgetOffers(charger);
      if (event.type === 'car-needs') {
        this.#draft.takeNeeds(charger, event, this.#clock.wallMs());
        this.#wished();
      }
    }
    // Chargers report their draw all the time; only what begins or ends is in a hurry.
    if (events.length > 0) this.#changed(events.some(({ type }) => type !== 'measured'));
  }

  #resumes(charger: string, event: ChargerEvent): boolean {
    if (event.type !== 'status' && event.type !== 'charging-state') return false;
    if (event.status !== 'charging') return false;
    const connectors = [...(this.#draft.charger(charger)?.connectors.values() ?? [])];
    return connectors.some(
      ({ status }) => status === 'suspended-ev' || status === 'suspended-evse',
    );
  }
}

/** In 1.6 a maximum of the CSMS on our level has replaced ours (§3.13.2), and so does our id. */
const replacesMaximum = (request: unknown): boolean => {
  const { csChargingProfiles, chargingProfile } = readObject(request);
  const profile = readObject(csChargingProfiles ?? chargingProfile);
  const id = profile['chargingProfileId'] ?? profile['id'];
  return MAXIMA.has(profile['chargingProfilePurpose']) || (typeof id === 'number' && isOwnId(id));
};
const MAXIMA = new Set<unknown>(['ChargePointMaxProfile', 'ChargingStationMaxProfile']);

/** The connector or EVSE of a remote start; 0 when it names none. */
const startedAt = (request: RelayedRequest): number => {
  const { connectorId, evseId } = readObject(readPayload(request));
  const named = connectorId ?? evseId;
  return typeof named === 'number' ? named : 0;
};

const readPayload = (relayed: { payload(): unknown }): unknown => {
  try {
    return relayed.payload();
  } catch {
    return undefined;
  }
};
