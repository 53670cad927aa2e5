import {
  hearSource,
  type LimitAnswer,
  type LimitCommand,
  submitLimit,
} from '../core/limits/limit-book.ts';
import type { Reading } from '../core/meters/reading.ts';
import {
  type PreferenceAnswer,
  type PreferenceCommand,
  takePreference,
} from '../core/preferences.ts';
import { DEFAULT_POLICY } from '../core/sharing/policy.ts';
import type { Wish } from '../core/sharing/wish.ts';
import type { ChargerSpec } from '../core/site.ts';
import type { TickInput } from '../core/tick.ts';
import type { Cancel, Clock, Times } from '../core/time.ts';
import { Faults, problemOf } from '../gateway/faults.ts';
import type { SiteView } from '../schema/view.ts';
import { Asides, type EachOne, withLinks } from './asides.ts';
import { ChargerSetup } from './chargers/charger-setup.ts';
import { ProbeDesk } from './chargers/probe-desk.ts';
import type { ControlOptions } from './control-options.ts';
import { LinkWatch } from './link-watch.ts';
import { Enforcer } from './offers/enforcer.ts';
import type { PolicyChoice } from './policy-choice.ts';
import { LimitReports } from './profiles/limit-reports.ts';
import { ProfileDesk } from './profiles/profile-desk.ts';
import { RemoteStop } from './remote-stop.ts';
import { SiteDraft } from './site-draft.ts';
import { LIMITS_SAVED_AFTER_MS, SAVED_AFTER_MS, StandingKeeper } from './standing-keeper.ts';
import { UNDECIDED_MOST_MS, Undecided } from './undecided.ts';
import { ViewDesk, type ViewFacts } from './view-desk.ts';

/** A tick comes at least this often, and at most this often however much happens. */
const TICK_MS = 1_000;
const TICK_LEAST_MS = 100;
/** A charger that only tells its draw is heard together with others: large sites have many. */
const TICK_MEASURED_MS = 500;
/** Sources whose last limit is remembered for the log; anybody may invent names. */
const TOLD_MOST = 256;

const NOTHING_HELD = { held: 0, bytes: 0, oldestAt: null, thinned: 0, parked: 0 };

/**
 * The tick: freeze, decide, send, publish. Runs at its own pace, never inside an event.
 *
 * A decision that one charger makes impossible is made without that one (see `Asides`). A tick that
 * throws all the same ends there, and the next one tries again: what a restart would cost is every
 * charger's link and, where the cause is still there after it, every link again and again. Nothing is
 * raised or renewed meanwhile, so offers run out by their own life, as they would without a gateway;
 * what does not end by itself is told to (see `failsafeOrders`). The relay and the journal go on.
 * Only a loop that does not turn at all is left to the watchdog.
 */
export class ControlLoop {
  readonly links: LinkWatch;
  /** Takes in the charging profiles of the CSMS: the gateway asks it before it relays a call. */
  readonly profiles: ProfileDesk;
  readonly probes: ProbeDesk;
  readonly #options: ControlOptions;
  readonly #draft: SiteDraft;
  readonly #enforcer: Enforcer;
  readonly #remoteStop: RemoteStop;
  readonly #keeper: StandingKeeper;
  readonly #reports: LimitReports | undefined;
  readonly #faults: Faults;
  readonly #views: ViewDesk;
  readonly #asides: Asides;
  readonly #undecided: Undecided;
  #triedAtMs = Number.NEGATIVE_INFINITY;
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
    this.#faults = options.faults ?? new Faults(clock, log);
    this.#asides = new Asides(this.#faults);
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
      faults: this.#faults,
      ...(raisesPerDay === undefined ? {} : { raisesPerDay }),
    });
    const [draft, enforcer, faults] = [this.#draft, this.#enforcer, this.#faults];
    this.#undecided = new Undecided({ draft, enforcer, clock, faults });
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
    this.#views = new ViewDesk({
      clock,
      siteId: site.id,
      policyId: (policy ?? DEFAULT_POLICY).id,
      facts: (atMs) => this.#facts(atMs),
      published: options.published,
    });
  }

  start(): void {
    this.#running = true;
    this.tickNow();
  }

  stop(): void {
    this.#running = false;
    this.#cancel?.();
  }

  /** Stops, and writes down what has to outlive the process. */
  async close(): Promise<void> {
    this.stop();
    await this.#keeper.flush();
    this.#keeper.stop();
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
    if (this.#triedAtMs === Number.NEGATIVE_INFINITY) this.tickNow();
    return this.#views.view();
  }

  /** A charger as configured, but for what its make narrows. */
  spec(charger: string): ChargerSpec | undefined {
    return this.#draft.spec(charger);
  }

  /** Why nothing is decided, in plain words; undefined when it is. */
  problem(): string | undefined {
    return this.#undecided.problem();
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

  /** One that cannot be judged is none: the meter gets old. */
  takeReading(reading: Reading): void {
    this.#faults.contain(`meter ${reading.meter}`, () => this.#draft.takeReading(reading));
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
    const { circuit, amps, watts } = command;
    if (news) log.info('limit from EMS', { source, circuit, amps, watts, accepted, reason });
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
    this.#schedule(Math.max(0, this.#triedAtMs + leastMs - clock.monotonicMs()));
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

  /** One cycle, also before it is due. Never throws. */
  tickNow(): void {
    const { clock, turned } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#triedAtMs = nowMs;
    let input: TickInput | undefined;
    try {
      input = this.#freeze(nowMs);
      this.#cycle(input);
      this.#undecided.over();
    } catch (error) {
      this.#faults.note('decision of the site', error);
      const problem = problemOf(error);
      this.#undecided.goesOn(nowMs, problem, input);
      this.#views.undecided(this.problem() ?? problem);
    }
    this.#faults.contain('view of the site', () => this.#views.publish());
    turned?.();
    this.#schedule(TICK_MS);
  }

  #freeze(nowMs: number): TickInput {
    const { clock, siteLimits } = this.#options;
    const { each } = this.#asides;
    const eachMeter: EachOne = (meter, step) => void this.#faults.contain(`meter ${meter}`, step);
    this.#draft.prepare(nowMs, each, eachMeter);
    const limits = this.profiles.limits(each);
    return this.#draft.freeze(nowMs, clock.wallMs(), limits, siteLimits);
  }

  #cycle(input: TickInput): void {
    const { clock } = this.#options;
    const { nowMs } = input;
    const faults = this.#faults;
    const decided = this.#asides.decide(input);
    const { decision } = decided;
    const woken = this.#draft.keep(decision);
    if (woken !== undefined) {
      this.#keeper.changed(woken === 'tried' ? SAVED_AFTER_MS : LIMITS_SAVED_AFTER_MS);
    }
    this.profiles.decided(decided);
    this.#enforcer.carryOut(decision);
    const aside = this.#asides.leftOutFor(UNDECIDED_MOST_MS, nowMs);
    const chargers = input.site.chargers.filter(({ id }) => aside.has(id));
    if (chargers.length > 0) this.#undecided.tellFallback(chargers, nowMs);
    const versionOf = (charger: string) => this.#draft.charger(charger)?.version;
    faults.contain('remote stop', () => this.#remoteStop.watch(decided, versionOf));
    faults.contain('limit reports', () => this.#reports?.look(decided));
    this.#tick += 1;
    this.#lastTickAtMs = nowMs;
    const shown = faults.contain('view of the site', () => withLinks(decided.input, input));
    this.#views.decided({
      input: shown ?? decided.input,
      decision,
      tick: this.#tick,
      tickMs: clock.monotonicMs() - nowMs,
    });
  }

  #facts(atMs: number): ViewFacts {
    const { version, backlogOf, counters, alarms } = this.#options;
    return {
      version,
      book: this.#draft.book,
      chosenPolicy: this.#draft.chosenPolicy(atMs),
      traitsOf: (charger) => this.#draft.traits(charger),
      wayOf: (charger, key) => this.#enforcer.wayOf(charger, key),
      upstreamOf: (charger) => this.links.upstreamOf(charger),
      backlogOf: backlogOf ?? (() => NOTHING_HELD),
      alarms: [...this.#faults.alarms(), ...(alarms?.() ?? [])],
      counters: {
        limitChanges: this.#enforcer.limitChanges,
        sparedWrites: this.#enforcer.sparedWrites,
        remoteStops: this.#remoteStop.stops,
        transactions: this.links.transactions,
        faults: this.#faults.count,
        ...counters?.(),
      },
    };
  }
}

const timesOf = (clock: Clock): Times => ({
  monotonicMs: clock.monotonicMs(),
  wallMs: clock.wallMs(),
});
