import { Scratch } from '../core/allocation/scratch.ts';
import { decide } from '../core/decide.ts';
import type { Obedience } from '../core/enforcement.ts';
import type { ScheduledLimits } from '../core/limit.ts';
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
import type { ConnectorKey, ControlSettings, Decision, TickInput } from '../core/tick.ts';
import { type Cancel, type Clock, timestamp } from '../core/time.ts';
import type { ChargerCalls } from '../gateway/observer.ts';
import type { Standing } from '../schema/standing.ts';
import type { ChargerView, SiteView } from '../schema/view.ts';
import { ChargerSetup } from './charger-setup.ts';
import { Enforcer } from './enforcer.ts';
import type { ChargerMakes } from './known-makes.ts';
import { type LimitReportSettings, LimitReports } from './limit-reports.ts';
import { LinkWatch } from './link-watch.ts';
import type { PolicyChoice } from './policy-choice.ts';
import { ProbeDesk } from './probe-desk.ts';
import { type CallCsms, ProfileDesk } from './profile-desk.ts';
import type { ProfileShelf } from './profile-shelf.ts';
import { RemoteStop } from './remote-stop.ts';
import { SiteDraft } from './site-draft.ts';
import { siteView } from './site-view.ts';
import type { Times } from './standing.ts';
import { LIMITS_SAVED_AFTER_MS, SAVED_AFTER_MS, StandingKeeper } from './standing-keeper.ts';

/** A tick comes at least this often, and at most this often however much happens. */
const TICK_MS = 1_000;
const TICK_LEAST_MS = 100;
/** A charger that only tells its draw is heard together with others: large sites have many. */
const TICK_MEASURED_MS = 500;
/** A view of the site is made and handed out this often at most; a new alarm is told at once. */
const PUBLISH_LEAST_MS = 500;
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
  /** That may be chosen in its place, by name. */
  readonly policies?: ReadonlyMap<string, Policy> | undefined;
  /** What outlives the process; absent: nothing does. */
  readonly standing?: {
    readonly kept: Standing;
    readonly save: (standing: Standing) => Promise<void>;
  };
  /** Limits that the CSMS set for the site as a whole. */
  readonly siteLimits?: ScheduledLimits | undefined;
  /** The view of the site after a tick: twice a second at most, and when an alarm came or went. */
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
  /** Since when, RFC 3339, each connector has been as obedient as it is. */
  readonly #obedience = new Map<ConnectorKey, { obedience: Obedience; since: string }>();
  readonly #keeper: StandingKeeper;
  readonly #reports: LimitReports | undefined;
  readonly #scratch = new Scratch();
  #last: LastTick | undefined;
  #view: SiteView | undefined;
  #publishedAtMs = Number.NEGATIVE_INFINITY;
  #publishedAlarms = '';
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
    const changed = (urgent = true): void => this.#soon(urgent ? TICK_LEAST_MS : TICK_MEASURED_MS);
    const shared = { draft: this.#draft, calls, clock, log, changed };
    this.#keeper = this.#openKeeper();
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
      wished: () => this.#kept(),
      ...(measurementsPerSecond === undefined ? {} : { measurementsPerSecond }),
    });
    if (callCsms !== undefined && limitReports !== undefined) {
      const maySpeak = (charger: string) => this.links.maySpeak(charger);
      this.#reports = new LimitReports({ settings: limitReports, clock, log, callCsms, maySpeak });
    }
  }

  start(): void {
    this.#running = true;
    this.tickNow();
  }

  stop(): void {
    this.#running = false;
    this.#cancel?.();
  }

  /** Writes down at once what has to outlive the process. */
  saveStanding(): Promise<void> {
    return this.#keeper.flush();
  }

  #openKeeper(): StandingKeeper {
    const { clock, log, standing, policies = new Map() } = this.#options;
    if (standing !== undefined) this.#draft.restore(standing.kept, policies, timesOf(clock));
    return new StandingKeeper({
      clock,
      log,
      read: () => this.#draft.standing(timesOf(clock)),
      save: standing?.save ?? (() => Promise.resolve()),
    });
  }

  /** Monotonic ms since the last finished tick: what a watchdog looks at. */
  tickAgeMs(): number {
    return this.#options.clock.monotonicMs() - this.#lastTickAtMs;
  }

  /** The site after the last cycle. */
  view(): SiteView {
    if (this.#last === undefined) this.tickNow();
    const last = this.#last;
    if (last === undefined) throw new Error('the first cycle left nothing');
    return this.#viewOf(last);
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
    const now = { ...timesOf(clock), random: (this.#options.random ?? Math.random)() };
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
    if (answer.accepted) {
      const ahead = applied?.startsAt !== undefined;
      this.#keeper.changed(ahead ? SAVED_AFTER_MS : LIMITS_SAVED_AFTER_MS);
      this.#soon();
    }
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
    // What a child site wants it says again by itself.
    if (answer.accepted && command.kind === 'want') this.#soon();
    else if (answer.accepted) this.#kept();
    return answer;
  }

  /**
   * What the car at a connector wants, in place of what was wished before: it steers shares and
   * turns within the limits, until its transaction ends. False when there is no such connector.
   */
  setWish(charger: string, connector: number, wish: Wish): boolean {
    const known = this.#draft.setWish(charger, connector, wish, this.#options.clock.wallMs());
    this.#options.log.info('wish', { charger, connector, known, ...wish });
    if (known) this.#kept();
    return known;
  }

  /** Power is shared in another way from the next tick on; absent: as the site file says. */
  setPolicy(choice?: PolicyChoice): void {
    this.#draft.setPolicy(choice);
    this.#options.log.info('policy', { policy: choice?.name ?? 'of the site file' });
    this.#kept();
  }

  #kept(): void {
    this.#keeper.changed(SAVED_AFTER_MS);
    this.#soon();
  }

  #soon(leastMs = TICK_LEAST_MS): void {
    const { clock } = this.#options;
    this.#schedule(Math.max(0, this.#lastTickAtMs + leastMs - clock.monotonicMs()));
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
      this.tickNow();
    });
  }

  #noteObedience({ connectors }: Decision): void {
    const since = timestamp(this.#options.clock.wallMs());
    for (const { tick } of connectors) {
      const { obedience } = tick;
      if (this.#obedience.get(tick.key)?.obedience === obedience) continue;
      this.#obedience.set(tick.key, { obedience, since });
    }
  }

  /** One cycle, also before it is due. */
  tickNow(): void {
    const { clock, siteLimits } = this.#options;
    const nowMs = clock.monotonicMs();
    const input = this.#draft.freeze(nowMs, clock.wallMs(), this.profiles.limits(), siteLimits);
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
    this.#last = { input, decision, tick: this.#tick, tickMs: clock.monotonicMs() - nowMs };
    this.#publish(this.#last);
    this.#schedule(TICK_MS);
  }

  /** Cycles come as often as something happens; nobody looks as often, unless something is wrong. */
  #publish(last: LastTick): void {
    const { nowMs } = last.input;
    const alarms = last.decision.alarms.join('\n');
    const soon = nowMs - this.#publishedAtMs < PUBLISH_LEAST_MS;
    if (soon && alarms === this.#publishedAlarms) return;
    this.#publishedAtMs = nowMs;
    this.#publishedAlarms = alarms;
    this.#options.published(this.#viewOf(last));
  }

  #viewOf(last: LastTick): SiteView {
    if (this.#view?.tick === last.tick) return this.#view;
    const { clock, version, backlogOf, counters, alarms } = this.#options;
    this.#view = siteView(last.input, last.decision, {
      wallMs: last.input.wallMs,
      version,
      tick: last.tick,
      tickMs: last.tickMs,
      book: this.#draft.book,
      chosenPolicy: this.#draft.chosenPolicy(last.input.nowMs),
      obedientSince: (key) => this.#obedience.get(key)?.since ?? timestamp(clock.wallMs()),
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
    return this.#view;
  }
}

/** A finished cycle, of which a view can be made. */
interface LastTick {
  readonly input: TickInput;
  readonly decision: Decision;
  readonly tick: number;
  readonly tickMs: number;
}

const timesOf = (clock: Clock): Times => ({
  monotonicMs: clock.monotonicMs(),
  wallMs: clock.wallMs(),
});
