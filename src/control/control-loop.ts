import { Scratch } from '../core/allocation/scratch.ts';
import { decide } from '../core/decide.ts';
import type { Obedience } from '../core/enforcement.ts';
import type { Limit } from '../core/limit.ts';
import {
  hearSource,
  type LimitAnswer,
  type LimitCommand,
  submitLimit,
} from '../core/limit-book.ts';
import type { Log } from '../core/log.ts';
import {
  type PreferenceAnswer,
  type PreferenceCommand,
  takePreference,
} from '../core/preferences.ts';
import type { Reading } from '../core/reading.ts';
import type { Policy } from '../core/sharing/policy.ts';
import type { Wish } from '../core/sharing/wish.ts';
import type { ChargerSpec, Site } from '../core/site.ts';
import type { ConnectorKey, ControlSettings, Decision } from '../core/tick.ts';
import type { Cancel, Clock } from '../core/time.ts';
import type { ChargerCalls } from '../gateway/observer.ts';
import type { ChargerView, SiteView } from '../schema/view.ts';
import { ChargerSetup } from './charger-setup.ts';
import { Enforcer } from './enforcer.ts';
import { type LimitReportSettings, LimitReports } from './limit-reports.ts';
import { LinkWatch } from './link-watch.ts';
import { ProbeDesk } from './probe-desk.ts';
import { type CallCsms, ProfileDesk } from './profile-desk.ts';
import type { ProfileShelf } from './profile-shelf.ts';
import { RemoteStop } from './remote-stop.ts';
import { type ChargerMakes, SiteDraft } from './site-draft.ts';
import { siteView } from './site-view.ts';

/** A tick comes at least this often, and at most this often however much happens. */
export const TICK_MS = 1_000;
export const TICK_LEAST_MS = 100;
/** Sources whose last limit is remembered for the log; anybody may invent names. */
const TOLD_MOST = 256;

export interface ControlOptions {
  readonly site: Site;
  readonly clock: Clock;
  readonly calls: ChargerCalls;
  readonly settings: ControlSettings;
  readonly log: Log;
  readonly version: string;
  /** Chargers known from an earlier run to hold their fallback. */
  readonly provenFallbacks: ReadonlySet<string>;
  readonly rememberFallback: (charger: string, proven: boolean) => void;
  /** What is known of makes of chargers; absent: every charger keeps to the standard. */
  readonly makes?: ChargerMakes;
  /** Transactions that do not keep their limit are stopped after this long; absent: never. */
  readonly remoteStopAfterSeconds?: number | undefined;
  /** Raises per charger and day in purposes that wear out its memory. */
  readonly raisesPerDay?: number;
  /** The CSMS's charging profiles of every charger. */
  readonly shelf: ProfileShelf;
  /** Absent: nothing can be told to the CSMS in a charger's name. */
  readonly callCsms?: CallCsms;
  /** The CSMS is told what the site leaves its chargers; absent: it is not. */
  readonly limitReports?: LimitReportSettings | undefined;
  readonly backlogOf?: (charger: string) => ChargerView['backlog'];
  /** Sentences about what is wrong outside of control: the disk, messages set aside. */
  readonly alarms?: () => readonly string[];
  readonly counters?: () => Readonly<Record<string, number>>;
  /** For limits with a random beginning; a seeded one in simulations. */
  readonly random?: () => number;
  /** Meter values of one charger looked at in a second; see LinkWatch. */
  readonly measurementsPerSecond?: number;
  /** How power is shared; by need when absent. */
  readonly policy?: Policy;
  /** Limits that the CSMS set for the site as a whole. */
  readonly siteLimits?: () => readonly Limit[];
  /** Every finished tick, with the view of the site made from it. */
  readonly published: (view: SiteView) => void;
}

const NOTHING_HELD = { held: 0, bytes: 0, oldestAt: null, thinned: 0, parked: 0 };

/** The tick: freeze, decide, send, publish. Runs at its own pace, never inside an event. */
export class ControlLoop {
  readonly links: LinkWatch;
  /** Takes in the charging profiles of the CSMS: the gateway asks it before it relays a call. */
  readonly profiles: ProfileDesk;
  readonly probes: ProbeDesk;
  readonly #options: ControlOptions;
  readonly #draft: SiteDraft;
  readonly #enforcer: Enforcer;
  readonly #remoteStop: RemoteStop;
  readonly #reports: LimitReports | undefined;
  readonly #obedience = new Map<ConnectorKey, { obedience: Obedience; sinceMs: number }>();
  readonly #scratch = new Scratch();
  #view: SiteView | undefined;
  readonly #toldLimits = new Map<string, string>();
  #tick = 0;
  #lastTickAtMs = Number.NEGATIVE_INFINITY;
  #cancel: Cancel | undefined;
  #dueAtMs = Number.POSITIVE_INFINITY;
  #running = false;

  constructor(options: ControlOptions) {
    const { site, clock, calls, settings, log, provenFallbacks, rememberFallback } = options;
    this.#options = options;
    const { makes, raisesPerDay, policy } = options;
    const nowMs = clock.monotonicMs();
    this.#draft = new SiteDraft(site, settings, provenFallbacks, nowMs, makes, policy);
    const shared = { draft: this.#draft, calls, clock, log, changed: () => this.#soon() };
    const { remoteStopAfterSeconds: afterSeconds } = options;
    this.#remoteStop = new RemoteStop({ calls, clock, log, afterSeconds });
    this.#enforcer = new Enforcer({
      ...shared,
      settings,
      ...(raisesPerDay === undefined ? {} : { raisesPerDay }),
    });
    const setup = new ChargerSetup({ ...shared, rememberFallback });
    this.probes = new ProbeDesk({ ...shared, setup });
    const { measurementsPerSecond, shelf, callCsms, limitReports } = options;
    this.profiles = new ProfileDesk({
      ...shared,
      shelf,
      ...(callCsms === undefined ? {} : { callCsms }),
    });
    this.links = new LinkWatch({
      ...shared,
      setup,
      desk: this.profiles,
      ...(measurementsPerSecond === undefined ? {} : { measurementsPerSecond }),
    });
    if (callCsms !== undefined && limitReports !== undefined) {
      const maySpeak = (charger: string) => this.links.maySpeak(charger);
      this.#reports = new LimitReports({ settings: limitReports, clock, log, callCsms, maySpeak });
    }
  }

  start(): void {
    this.#running = true;
    this.#tickNow();
  }

  stop(): void {
    this.#running = false;
    this.#cancel?.();
  }

  /** Monotonic ms since the last finished tick: what a watchdog looks at. */
  tickAgeMs(): number {
    return this.#options.clock.monotonicMs() - this.#lastTickAtMs;
  }

  view(): SiteView {
    return this.#view ?? this.#tickNow();
  }

  /** A transaction goes on without energy (1.6 §4.8 with StopTransactionOnInvalidId false). */
  withhold(charger: string, transactionId: string): void {
    this.#options.log.warn('energy withheld: the CSMS does not accept the driver', {
      charger,
      transactionId,
    });
    this.#draft.withhold(charger, transactionId);
    this.#soon();
  }

  /** Takes in a charger that was not configured. */
  adopt(spec: ChargerSpec): void {
    const { clock, log } = this.#options;
    this.#draft.adopt(spec, clock.monotonicMs());
    log.warn('unknown charger adopted', { charger: spec.id, circuit: spec.circuit });
    this.#soon();
  }

  /** Something that the next tick depends on has changed. */
  wake(): void {
    this.#soon();
  }

  takeReading(reading: Reading): void {
    this.#draft.takeReading(reading);
    this.#soon();
  }

  setLimit(source: string, command: LimitCommand): LimitAnswer {
    const { clock, log } = this.#options;
    const now = {
      monotonicMs: clock.monotonicMs(),
      wallMs: clock.wallMs(),
      random: (this.#options.random ?? Math.random)(),
    };
    const { book, answer } = submitLimit(this.#draft.book, this.#draft.site, source, command, now);
    this.#draft.book = book;
    const { applied, accepted, reason } = answer;
    const told = JSON.stringify([applied?.amps, applied?.watts, applied?.startsAt, reason]);
    // A source that only repeats itself every second is not told every second.
    const news = this.#toldLimits.get(source) !== told;
    if (news) log.info('limit from EMS', { source, accepted, reason });
    if (this.#toldLimits.size < TOLD_MOST || this.#toldLimits.has(source)) {
      this.#toldLimits.set(source, told);
    }
    if (answer.accepted) this.#soon();
    return answer;
  }

  /** A source with a heartbeat is there; false for one without. */
  heartbeat(source: string): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    const book = hearSource(this.#draft.book, this.#draft.site, source, nowMs);
    if (book !== undefined) this.#draft.book = book;
    return book !== undefined;
  }

  /** Pauses, resumes or ranks connectors. */
  setPreference(command: PreferenceCommand): PreferenceAnswer {
    const { clock, log } = this.#options;
    const { site } = this.#draft;
    const nowMs = clock.monotonicMs();
    const { preferences, answer } = takePreference(this.#draft.preferences, site, command, nowMs);
    this.#draft.preferences = preferences;
    log.info('request', { ...command, accepted: answer.accepted, reason: answer.reason });
    if (answer.accepted) this.#soon();
    return answer;
  }

  /**
   * What the car at a connector wants, in place of what was wished before: it steers shares and
   * turns within the limits, until its transaction ends. False when there is no such connector.
   */
  setWish(charger: string, connector: number, wish: Wish): boolean {
    const known = this.#draft.setWish(charger, connector, wish);
    this.#options.log.info('wish', { charger, connector, known, ...wish });
    if (known) this.#soon();
    return known;
  }

  /** Power is shared in another way from the next tick on. */
  setPolicy(policy: Policy): void {
    this.#draft.setPolicy(policy);
    this.#options.log.info('policy', { policy: policy.id });
    this.#soon();
  }

  #soon(): void {
    const { clock } = this.#options;
    this.#schedule(Math.max(0, this.#lastTickAtMs + TICK_LEAST_MS - clock.monotonicMs()));
  }

  #schedule(delayMs: number): void {
    if (!this.#running) return;
    const { clock } = this.#options;
    const dueAtMs = clock.monotonicMs() + delayMs;
    if (dueAtMs >= this.#dueAtMs) return;
    this.#cancel?.();
    this.#dueAtMs = dueAtMs;
    this.#cancel = clock.after(delayMs, () => {
      this.#dueAtMs = Number.POSITIVE_INFINITY;
      this.#tickNow();
    });
  }

  #noteObedience({ connectors }: Decision): void {
    const sinceMs = this.#options.clock.wallMs();
    for (const { tick } of connectors) {
      const { obedience } = tick;
      if (this.#obedience.get(tick.key)?.obedience === obedience) continue;
      this.#obedience.set(tick.key, { obedience, sinceMs });
    }
  }

  #tickNow(): SiteView {
    const { clock, version, published, backlogOf, counters, alarms, siteLimits } = this.#options;
    const nowMs = clock.monotonicMs();
    const input = this.#draft.freeze(
      nowMs,
      clock.wallMs(),
      this.profiles.limits(),
      siteLimits?.() ?? [],
    );
    const decision = decide(input, this.#scratch);
    this.#draft.keep(decision);
    this.profiles.decided(input, decision);
    this.#noteObedience(decision);
    this.#enforcer.carryOut(decision);
    this.#remoteStop.watch(
      decision,
      input.site,
      (charger) => this.#draft.charger(charger)?.version,
    );
    this.#reports?.look(input, decision);
    this.#tick += 1;
    this.#lastTickAtMs = nowMs;
    const view = siteView(input, decision, {
      wallMs: clock.wallMs(),
      version,
      tick: this.#tick,
      tickMs: clock.monotonicMs() - nowMs,
      book: this.#draft.book,
      obedientSince: (key) => this.#obedience.get(key)?.sinceMs ?? clock.wallMs(),
      traitsOf: (charger) => this.#draft.traits(charger),
      wayOf: (charger, key) => this.#enforcer.wayOf(charger, key),
      upstreamOf: (charger) => this.links.upstreamOf(charger),
      backlogOf: backlogOf ?? (() => NOTHING_HELD),
      alarms: alarms?.() ?? [],
      counters: {
        limitChanges: this.#enforcer.limitChanges,
        sparedWrites: this.#enforcer.sparedWrites,
        remoteStops: this.#remoteStop.stops,
        transactions: this.links.transactions,
        ...counters?.(),
      },
    });
    this.#view = view;
    published(view);
    this.#schedule(TICK_MS);
    return view;
  }
}
