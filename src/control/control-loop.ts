import { Scratch } from '../core/allocation/scratch.ts';
import { decide } from '../core/decide.ts';
import { type LimitAnswer, type LimitCommand, submitLimit } from '../core/limit-book.ts';
import type { Log } from '../core/log.ts';
import type { Reading } from '../core/reading.ts';
import type { Policy } from '../core/sharing/policy.ts';
import type { Wish } from '../core/sharing/wish.ts';
import type { Site } from '../core/site.ts';
import type { ControlSettings } from '../core/tick.ts';
import type { Cancel, Clock } from '../core/time.ts';
import type { ChargerCalls } from '../gateway/observer.ts';
import type { ChargerView, SiteView } from '../schema/view.ts';
import { ChargerSetup } from './charger-setup.ts';
import { Enforcer } from './enforcer.ts';
import { LinkWatch } from './link-watch.ts';
import { SiteDraft } from './site-draft.ts';
import { siteView } from './site-view.ts';

/** A tick comes at least this often, and at most this often however much happens. */
export const TICK_MS = 1_000;
export const TICK_LEAST_MS = 100;

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
  readonly backlogOf?: (charger: string) => ChargerView['backlog'];
  /** Sentences about what is wrong outside of control: the disk, messages set aside. */
  readonly alarms?: () => readonly string[];
  readonly counters?: () => Readonly<Record<string, number>>;
  /** Meter values of one charger looked at in a second; see LinkWatch. */
  readonly measurementsPerSecond?: number;
  /** How power is shared; by need when absent. */
  readonly policy?: Policy;
  /** Every finished tick, with the view of the site made from it. */
  readonly published: (view: SiteView) => void;
}

const NOTHING_HELD = { held: 0, bytes: 0, oldestAt: null, thinned: 0, parked: 0 };

/** The tick: freeze, decide, send, publish. Runs at its own pace, never inside an event. */
export class ControlLoop {
  readonly links: LinkWatch;
  readonly #options: ControlOptions;
  readonly #draft: SiteDraft;
  readonly #enforcer: Enforcer;
  readonly #scratch = new Scratch();
  #view: SiteView | undefined;
  #tick = 0;
  #lastTickAtMs = Number.NEGATIVE_INFINITY;
  #cancel: Cancel | undefined;
  #dueAtMs = Number.POSITIVE_INFINITY;
  #running = false;

  constructor(options: ControlOptions) {
    const { site, clock, calls, settings, log, provenFallbacks, rememberFallback } = options;
    this.#options = options;
    const { policy } = options;
    this.#draft = new SiteDraft(site, settings, provenFallbacks, clock.monotonicMs(), policy);
    const shared = { draft: this.#draft, calls, clock, log, changed: () => this.#soon() };
    this.#enforcer = new Enforcer({ ...shared, settings });
    const setup = new ChargerSetup({ ...shared, rememberFallback });
    const { measurementsPerSecond } = options;
    this.links = new LinkWatch({
      ...shared,
      setup,
      ...(measurementsPerSecond === undefined ? {} : { measurementsPerSecond }),
    });
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

  takeReading(reading: Reading): void {
    this.#draft.takeReading(reading);
    this.#soon();
  }

  setLimit(source: string, command: LimitCommand): LimitAnswer {
    const { clock, log } = this.#options;
    const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
    const { book, answer } = submitLimit(this.#draft.book, this.#draft.site, source, command, now);
    this.#draft.book = book;
    log.info('limit from EMS', { source, accepted: answer.accepted, reason: answer.reason });
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

  #tickNow(): SiteView {
    const { clock, version, published, backlogOf, counters, alarms } = this.#options;
    const nowMs = clock.monotonicMs();
    const input = this.#draft.freeze(nowMs, clock.wallMs());
    const decision = decide(input, this.#scratch);
    this.#draft.keep(decision);
    this.#enforcer.carryOut(decision);
    this.#tick += 1;
    this.#lastTickAtMs = nowMs;
    const view = siteView(input, decision, {
      wallMs: clock.wallMs(),
      version,
      tick: this.#tick,
      tickMs: clock.monotonicMs() - nowMs,
      book: this.#draft.book,
      upstreamOf: (charger) => this.links.upstreamOf(charger),
      backlogOf: backlogOf ?? (() => NOTHING_HELD),
      alarms: alarms?.() ?? [],
      counters: {
        limitChanges: this.#enforcer.limitChanges,
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
