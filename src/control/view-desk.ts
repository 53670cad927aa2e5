import type { Obedience } from '../core/chargers/enforcement.ts';
import type { ConnectorKey, Cycle } from '../core/tick.ts';
import { type Clock, timestamp } from '../core/time.ts';
import { problemOf } from '../gateway/faults.ts';
import type { SiteView } from '../schema/view.ts';
import { siteView, type ViewContext } from './site-view.ts';

/** A view of the site is made and handed out this often at most; a new alarm is told at once. */
const PUBLISH_LEAST_MS = 500;

/** A finished cycle, of which a view can be made. */
export interface ViewedCycle extends Cycle {
  readonly tick: number;
  readonly tickMs: number;
}

/** What is asked for with every view, besides the cycle itself. */
export type ViewFacts = Omit<ViewContext, 'wallMs' | 'tick' | 'tickMs' | 'obedientSince'>;

export interface ViewDeskOptions {
  readonly clock: Clock;
  readonly siteId: string;
  readonly policyId: string;
  readonly facts: (nowMs: number) => ViewFacts;
  readonly published: (view: SiteView) => void;
}

/** Makes views of the last cycle that came to a decision, and hands them out at a bearable pace. */
export class ViewDesk {
  readonly #options: ViewDeskOptions;
  /** Since when, RFC 3339, each connector has been as obedient as it is. */
  readonly #obedience = new Map<ConnectorKey, { obedience: Obedience; since: string }>();
  #last: ViewedCycle | undefined;
  /** Why nothing was decided since; empty: it was. */
  #undecided = '';
  #view: SiteView | undefined;
  #publishedAtMs = Number.NEGATIVE_INFINITY;
  #publishedAlarms = '';

  constructor(options: ViewDeskOptions) {
    this.#options = options;
  }

  decided(last: ViewedCycle): void {
    this.#last = last;
    this.#undecided = '';
    this.#view = undefined;
    const since = timestamp(this.#options.clock.wallMs());
    for (const { tick } of last.decision.connectors) {
      const { obedience } = tick;
      if (this.#obedience.get(tick.key)?.obedience === obedience) continue;
      this.#obedience.set(tick.key, { obedience, since });
    }
  }

  /** A cycle ended without a decision: the view stays that of the last one, with this alarm. */
  undecided(alarm: string): void {
    this.#undecided = alarm;
    this.#view = undefined;
  }

  /** Cycles come as often as something happens; nobody looks as often, unless something is wrong. */
  publish(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const alarms = [this.#undecided, ...(this.#last?.decision.alarms ?? [])].join('\n');
    const soon = nowMs - this.#publishedAtMs < PUBLISH_LEAST_MS;
    if (soon && alarms === this.#publishedAlarms) return;
    this.#publishedAtMs = nowMs;
    this.#publishedAlarms = alarms;
    this.#options.published(this.view());
  }

  view(): SiteView {
    this.#view ??= this.#make();
    return this.#view;
  }

  #make(): SiteView {
    const { clock, facts } = this.#options;
    const last = this.#last;
    const known = facts(last?.input.nowMs ?? clock.monotonicMs());
    const alarms = this.#undecided === '' ? known.alarms : [this.#undecided, ...known.alarms];
    if (last === undefined) return this.#nothing({ ...known, alarms });
    try {
      return siteView(last.input, last.decision, {
        ...known,
        alarms,
        wallMs: last.input.wallMs,
        tick: last.tick,
        tickMs: last.tickMs,
        obedientSince: (key) => this.#obedience.get(key)?.since ?? timestamp(clock.wallMs()),
      });
    } catch (error) {
      const problem = `The site cannot be shown (${problemOf(error)}): it goes on unseen.`;
      return this.#nothing({ ...known, alarms: [problem, ...alarms] });
    }
  }

  /** Before the first decision there is nothing to show but what is wrong. */
  #nothing({ version, chosenPolicy, counters, alarms }: ViewFacts): SiteView {
    const { clock, siteId, policyId } = this.#options;
    return {
      id: siteId,
      at: timestamp(clock.wallMs()),
      version,
      tick: 0,
      tickMs: 0,
      alarms: [...alarms],
      policy: policyId,
      chosenPolicy: chosenPolicy ?? null,
      surplusWatts: null,
      circuits: [],
      meters: [],
      chargers: [],
      limits: [],
      counters: { ...counters },
    };
  }
}
