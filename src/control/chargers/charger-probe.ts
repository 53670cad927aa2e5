import type { Abilities } from '../../core/chargers/charger-state.ts';
import type { LearnedTraits } from '../../core/chargers/charger-traits.ts';
import { toldPhases } from '../../core/chargers/told-limit.ts';
import type { Log } from '../../core/log.ts';
import type { ChargerSpec } from '../../core/site.ts';
import { type Clock, timestamp } from '../../core/time.ts';
import type { ChargerCalls } from '../../gateway/observer.ts';
import { abilityCalls, readAbilities } from '../../ocpp/abilities.ts';
import { setChargingProfileCall } from '../../ocpp/charging-profile.ts';
import { readObject } from '../../ocpp/payload.ts';
import { compositeCall, compositeLimits } from '../../ocpp/profile-requests.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import { fallbackProfile } from '../../profiles/build.ts';
import type { RateUnit } from '../../profiles/profile.ts';
import { OWN_FALLBACK_PROFILE_ID, OWN_PROBE_PROFILE_ID } from '../offers/own-profiles.ts';
import { ask } from './ask.ts';
import { profileProblem } from './profile-problem.ts';

/** A profile that ends by itself after this, and the window in which its end is looked for. */
const TRIAL_SECONDS = 20;
const WINDOW_SECONDS = 60;

export interface ProbeReport {
  readonly charger: string;
  readonly at: string;
  /** false: only asked. true: profiles were tried as well. */
  readonly active: boolean;
  /** What it says of itself; null where it does not. */
  readonly says: {
    readonly rateUnits: readonly string[] | null;
    readonly maxStackLevel: number | null;
    readonly maxPeriods: number | null;
    readonly smartCharging: boolean | null;
    readonly compositeSchedule: boolean;
  };
  /** What was tried, and what it answered. */
  readonly tried: readonly { readonly what: string; readonly answer: string }[];
  /** What is remembered of it from now on. */
  readonly learned: LearnedTraits;
}

export interface ProbedCharger {
  readonly spec: ChargerSpec;
  readonly version: OcppVersion;
  readonly volts: number;
}

/**
 * Finds out how a charger takes limits: first by asking, then, if it is wanted and no car charges,
 * by profiles of less than its fallback that it gets and loses again (field facts §4.3).
 */
export class ChargerProbe {
  readonly #calls: ChargerCalls;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(options: { calls: ChargerCalls; clock: Clock; log: Log }) {
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  async run(probed: ProbedCharger, active: boolean): Promise<ProbeReport> {
    const abilities = await this.#abilities(probed);
    const composite = await this.#composite(probed);
    const trial = active ? await this.#try(probed, abilities) : { tried: [], learned: {} };
    const charger = probed.spec.id;
    this.#log.info('charger probed', { charger, active, learned: JSON.stringify(trial.learned) });
    return {
      charger,
      at: timestamp(this.#clock.wallMs()),
      active,
      says: {
        rateUnits: abilities.known ? abilities.rateUnits : null,
        maxStackLevel: abilities.maxStackLevel ?? null,
        maxPeriods: abilities.maxPeriods ?? null,
        smartCharging: abilities.smartCharging ?? null,
        compositeSchedule: composite !== undefined,
      },
      ...trial,
    };
  }

  async #try(probed: ProbedCharger, abilities: Abilities) {
    const tried: { what: string; answer: string }[] = [];
    const attempt = async (what: string, trial: Trial): Promise<boolean> => {
      const problem = await this.#set(probed, trial);
      tried.push({ what, answer: problem ?? 'accepted' });
      return problem === undefined;
    };
    const top = abilities.maxStackLevel ?? 0;
    const basic = { connector: 0, level: 0 };
    const amps = await attempt('default in A, connector 0', { ...basic, unit: 'A' });
    const watts = await attempt('default in W, connector 0', { ...basic, unit: 'W' });
    const each = { connector: 1, level: 0 };
    const perConnector = !amps && !watts;
    const takesAmps = amps || (perConnector && (await attempt(ON_ONE.A, { ...each, unit: 'A' })));
    const takesWatts = watts || (perConnector && (await attempt(ON_ONE.W, { ...each, unit: 'W' })));
    const takesAny = takesAmps || takesWatts;
    const unit: RateUnit = takesAmps ? 'A' : 'W';
    const connector = perConnector ? 1 : 0;
    const takesTop =
      top > 0 && (await attempt(`stack level ${top}`, { connector, level: top, unit }));
    const level = takesTop ? top : 0;
    const ends = await this.#endsByItself(probed, { connector, level, unit });
    if (ends !== undefined) {
      tried.push({ what: `duration of ${TRIAL_SECONDS} s`, answer: ends ? 'honoured' : 'ignored' });
    }
    await this.#clear(probed);
    const learned: LearnedTraits = {
      ...(takesAmps !== takesWatts ? { rateUnit: unit } : {}),
      ...(perConnector && takesAny ? { defaultPerConnector: true } : {}),
      ...(top > 0 && !takesTop && takesAny ? { maxStackLevel: 0 } : {}),
      ...(ends === false ? { honoursDuration: false } : {}),
    };
    return { tried, learned };
  }

  /** By its own composite schedule; undefined when it has none, or took no profile. */
  async #endsByItself(probed: ProbedCharger, trial: Trial): Promise<boolean | undefined> {
    const timed = { ...trial, durationSeconds: TRIAL_SECONDS };
    if ((await this.#set(probed, timed)) !== undefined) return undefined;
    const limits = await this.#composite(probed);
    if (limits === undefined || limits.length === 0) return undefined;
    return limits.some(({ startSeconds }) => startSeconds > 0 && startSeconds <= TRIAL_SECONDS + 1);
  }

  /** Undefined: accepted. */
  #set({ spec, version, volts }: ProbedCharger, trial: Trial): Promise<string | undefined> {
    const { fallbackAmps } = spec;
    const own = fallbackProfile({
      // In the place of the fallback it has its id, or 2.x would call it a duplicate.
      id: trial.level === 0 ? OWN_FALLBACK_PROFILE_ID + trial.connector : OWN_PROBE_PROFILE_ID,
      // Less than the fallback, so that it shows and harms nobody.
      amps: (fallbackAmps > 2 ? fallbackAmps : spec.minAmps) - (trial.durationSeconds ? 2 : 1),
      stackLevel: trial.level,
      unit: trial.unit,
      volts,
      phases: toldPhases(spec),
      nowMs: this.#clock.wallMs(),
    });
    const { durationSeconds } = trial;
    const startMs = Math.floor(this.#clock.wallMs() / 1000) * 1000;
    const profile =
      durationSeconds === undefined
        ? own
        : { ...own, schedule: { ...own.schedule, startMs, durationSeconds } };
    const call = setChargingProfileCall(version, trial.connector, profile);
    return ask(this.#calls, spec.id, call).then((outcome) => profileProblem(outcome));
  }

  async #clear({ spec, version }: ProbedCharger): Promise<void> {
    const id = OWN_PROBE_PROFILE_ID;
    const payload = version === '1.6' ? { id } : { chargingProfileId: id };
    await ask(this.#calls, spec.id, { action: 'ClearChargingProfile', payload });
  }

  async #composite({ spec, version }: ProbedCharger) {
    const outcome = await ask(this.#calls, spec.id, compositeCall(version, 1, WINDOW_SECONDS));
    if (outcome.outcome !== 'answered') return undefined;
    return compositeLimits(version, readObject(outcome.payload));
  }

  async #abilities({ spec, version }: ProbedCharger): Promise<Abilities> {
    const answers: unknown[] = [];
    for (const call of abilityCalls(version)) {
      const outcome = await ask(this.#calls, spec.id, call);
      answers.push(outcome.outcome === 'answered' ? outcome.payload : undefined);
    }
    return readAbilities(version, answers);
  }
}

const ON_ONE = { A: 'default in A, connector 1', W: 'default in W, connector 1' } as const;

interface Trial {
  readonly connector: number;
  readonly level: number;
  readonly unit: RateUnit;
  readonly durationSeconds?: number;
}
