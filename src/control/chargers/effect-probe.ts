import type { ConnectorState } from '../../core/chargers/charger-state.ts';
import type { LearnedTraits } from '../../core/chargers/charger-traits.ts';
import { tolerated } from '../../core/chargers/enforcement.ts';
import { toldPhases, toldVolts } from '../../core/chargers/told-limit.ts';
import type { ChargerSpec } from '../../core/site.ts';
import { connectorKey } from '../../core/tick.ts';
import type { Clock } from '../../core/time.ts';
import type { ChargerCalls } from '../../gateway/observer.ts';
import { statusTriggers } from '../../ocpp/triggers.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import type { RateUnit } from '../../profiles/profile.ts';
import { offerCall } from '../offers/offer-calls.ts';
import type { SiteDraft } from '../site-draft.ts';
import { ask } from './ask.ts';
import { profileProblem } from './profile-problem.ts';

/** A trial ends by itself after this. */
const TRIAL_SECONDS = 20;
/** A car that follows has done so, and a charger that measures has told it. */
const EFFECT_SECONDS = 18;
/** Its end is looked for so long after it. */
const END_SECONDS = 20;
/** The offer before is waited for again, and an offer that is about to be renewed. */
const RESTORE_SECONDS = 60;
const RENEWED_SECONDS = 70;
/** An offer younger than this is not renewed within a trial. */
const YOUNG_MS = 15_000;
/** A trial has to differ by so much from what is drawn, and from the fallback. */
const APART_AMPS = 4;
/** Cars draw a little less than they are offered. */
const DRAWN_SHARE = 0.9;
/** It is asked for its measurement so often while it is looked at. */
const ASK_EVERY_SECONDS = 5;

export interface EffectReport {
  readonly tried: readonly { readonly what: string; readonly answer: string }[];
  readonly learned: LearnedTraits;
}

interface Watched {
  readonly spec: ChargerSpec;
  readonly version: OcppVersion;
  readonly connector: number;
  readonly transactionId: string;
}

type Effect = 'followed' | 'no effect' | 'disturbed' | 'not measured' | `refused: ${string}`;

/**
 * What a TxProfile really does: a running car is given less for 20 s, in amps and in watts, and
 * its current is watched. Only ever less than its offer, so that no budget is touched; a command
 * of the site in between ends the trial.
 */
export class EffectProbe {
  readonly #calls: ChargerCalls;
  readonly #clock: Clock;
  readonly #draft: SiteDraft;
  readonly #changed: () => void;

  constructor(options: {
    calls: ChargerCalls;
    clock: Clock;
    draft: SiteDraft;
    changed: () => void;
  }) {
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#draft = options.draft;
    this.#changed = options.changed;
  }

  async run(spec: ChargerSpec, version: OcppVersion): Promise<EffectReport> {
    const running = [...(this.#draft.charger(spec.id)?.connectors.values() ?? [])].find(
      ({ transaction }) => transaction !== undefined,
    );
    const tried: { what: string; answer: string }[] = [];
    if (running?.transaction === undefined) return { tried, learned: {} };
    const watched = {
      spec,
      version,
      connector: running.connector,
      transactionId: running.transaction.id,
    };
    const note = (what: string, answer: string): void => {
      tried.push({ what, answer });
    };
    const offeredAmps = this.#offeredAmps(watched);
    const amps = await this.#trial(watched, 'A');
    note('TxProfile in A, its effect', amps);
    const ends = amps === 'followed' ? await this.#ends(watched) : undefined;
    if (ends !== undefined) {
      note(`duration of ${TRIAL_SECONDS} s, by its current`, ends ? 'honoured' : 'ignored');
    }
    await this.#restore(watched, offeredAmps);
    const watts = await this.#wattsTrial(watched);
    note('TxProfile in W, its effect', watts);
    await this.#restore(watched, offeredAmps);
    return { tried, learned: learnedOf(amps, watts, ends) };
  }

  /** In a unit that it may not know it may forget its limit: only while it is offered all. */
  #wattsTrial(watched: Watched): Promise<Effect | 'not tried'> {
    const { spec } = watched;
    return this.#offeredAmps(watched) >= spec.maxAmps || spec.dcEfficiency !== undefined
      ? this.#trial(watched, 'W')
      : Promise.resolve('not tried');
  }

  async #trial(watched: Watched, unit: RateUnit): Promise<Effect> {
    const { spec, version, connector, transactionId } = watched;
    if (!(await this.#untilYoung(watched))) return 'disturbed';
    const drawnAmps = await this.#drawnAmps(watched);
    const amps = drawnAmps === undefined ? undefined : trialAmps(spec, drawnAmps);
    if (amps === undefined) return 'not measured';
    const before = this.#sentAtMs(watched);
    const nowMs = this.#clock.wallMs();
    const way = { by: 'profile', purpose: 'tx', unit } as const;
    const call = offerCall(version, way, this.#draft.traits(spec.id), {
      ...{ connector, transactionId, amps, nowMs, topLevel: 0 },
      lifeSeconds: TRIAL_SECONDS,
      volts: toldVolts(spec, this.#draft.site.voltageVolts),
      phases: toldPhases(spec),
      ageSeconds: this.#ageSeconds(watched),
    });
    const problem = profileProblem(await ask(this.#calls, spec.id, call));
    if (problem !== undefined) return `refused: ${problem}`;
    const seen = await this.#watch(watched, EFFECT_SECONDS, (drawn) => drawn <= tolerated(amps));
    if (this.#sentAtMs(watched) !== before) return 'disturbed';
    return seen === undefined ? 'not measured' : seen ? 'followed' : 'no effect';
  }

  /** By then it is at its fallback, or its trial did not end; undefined when both look alike. */
  async #ends(watched: Watched): Promise<boolean | undefined> {
    const { spec } = watched;
    const drawn = await this.#drawnAmps(watched);
    const before = this.#sentAtMs(watched);
    if (drawn === undefined || drawn < spec.fallbackAmps + APART_AMPS / 2) return undefined;
    const gone = (amps: number): boolean => amps <= tolerated(spec.fallbackAmps);
    const seen = await this.#watch(watched, END_SECONDS, gone);
    return this.#sentAtMs(watched) === before ? seen : undefined;
  }

  /** Everything is offered anew, and waited for. */
  async #restore(watched: Watched, offeredAmps: number): Promise<void> {
    const before = await this.#drawnAmps(watched);
    this.#draft.forgetOffers(watched.spec.id);
    this.#changed();
    await this.#until(RESTORE_SECONDS, () => this.#offeredAmps(watched) >= offeredAmps);
    const least = Math.min((before ?? 0) + APART_AMPS, offeredAmps * DRAWN_SHARE);
    await this.#watch(watched, EFFECT_SECONDS, (amps) => amps >= least);
  }

  #untilYoung(watched: Watched): Promise<boolean> {
    return this.#until(RENEWED_SECONDS, () => {
      const sentAtMs = this.#sentAtMs(watched);
      return sentAtMs !== undefined && this.#clock.monotonicMs() - sentAtMs <= YOUNG_MS;
    });
  }

  /** Whether a measurement says so in time; undefined when there was none since. */
  async #watch(
    watched: Watched,
    seconds: number,
    holds: (amps: number) => boolean,
  ): Promise<boolean | undefined> {
    const fromMs = this.#clock.monotonicMs();
    let measured: boolean | undefined;
    for (let second = 1; second <= seconds && measured !== true; second += 1) {
      if (second % ASK_EVERY_SECONDS === 0) this.#askMeter(watched);
      await this.#pause();
      const state = this.#state(watched);
      if ((state?.measuredAtMs ?? 0) <= fromMs) continue;
      measured = holds(mostOf(state));
    }
    return measured;
  }

  async #drawnAmps(watched: Watched): Promise<number | undefined> {
    let amps: number | undefined;
    await this.#watch(watched, 2 * ASK_EVERY_SECONDS + 1, (drawn) => {
      amps = drawn;
      return true;
    });
    return amps;
  }

  async #until(seconds: number, holds: () => boolean): Promise<boolean> {
    for (let second = 0; second < seconds; second += 1) {
      if (holds()) return true;
      await this.#pause();
    }
    return holds();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#clock.after(1_000, resolve));
  }

  #askMeter({ spec, version, connector }: Watched): void {
    if (!this.#draft.traits(spec.id).triggered) return;
    for (const trigger of statusTriggers(version, [connector]).slice(1)) {
      void ask(this.#calls, spec.id, trigger);
    }
  }

  #state({ spec, connector, transactionId }: Watched): ConnectorState | undefined {
    const state = this.#draft.charger(spec.id)?.connectors.get(connector);
    return state?.transaction?.id === transactionId ? state : undefined;
  }

  #ageSeconds(watched: Watched): number {
    const startedAtMs = this.#state(watched)?.transaction?.startedAtMs;
    const nowMs = this.#clock.monotonicMs();
    return (nowMs - (startedAtMs ?? nowMs)) / 1000;
  }

  #offeredAmps(watched: Watched): number {
    return this.#draft.enforcement(keyOf(watched))?.accepted?.amps ?? 0;
  }

  #sentAtMs(watched: Watched): number | undefined {
    return this.#draft.enforcement(keyOf(watched))?.accepted?.sentAtMs;
  }
}

const keyOf = ({ spec, connector }: Watched): string => connectorKey(spec.id, connector);

const mostOf = (state: ConnectorState | undefined): number =>
  Math.max(0, ...(state?.terminalAmps ?? []));

/** Well below what is drawn, if possible well above the fallback; undefined: it draws too little. */
const trialAmps = ({ fallbackAmps, minAmps }: ChargerSpec, drawnAmps: number) => {
  const between = Math.floor((fallbackAmps + drawnAmps) / 2);
  const clear = between >= fallbackAmps + APART_AMPS && between <= drawnAmps - APART_AMPS;
  const amps = clear ? between : minAmps;
  return amps <= drawnAmps - APART_AMPS ? amps : undefined;
};

const learnedOf = (
  amps: Effect,
  watts: Effect | 'not tried',
  ends: boolean | undefined,
): LearnedTraits => ({
  ...(amps === 'followed' && watts === 'no effect' ? { rateUnit: 'A' as const } : {}),
  ...(amps === 'no effect' && watts === 'followed' ? { rateUnit: 'W' as const } : {}),
  ...(amps === 'no effect' && watts !== 'followed'
    ? { purposes: ['tx-default', 'tx'] as const }
    : {}),
  ...(ends === false ? { honoursDuration: false } : {}),
});
