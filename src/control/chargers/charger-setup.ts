import { UNKNOWN_ABILITIES } from '../../core/chargers/charger-state.ts';
import { toldVolts } from '../../core/chargers/told-limit.ts';
import type { Log } from '../../core/log.ts';
import type { ChargerSpec } from '../../core/site.ts';
import type { Cancel, Clock } from '../../core/time.ts';
import type { ChargerCalls } from '../../gateway/observer.ts';
import { abilityCalls, readAbilities } from '../../ocpp/abilities.ts';
import { statusTriggers } from '../../ocpp/triggers.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import {
  clearDefaultsCall,
  clearOfferCall,
  fallbackCalls,
  offerWays,
  sharesPlaceWithFallback,
} from '../offers/offer-calls.ts';
import type { SiteDraft } from '../site-draft.ts';
import { profileProblem, restWanted } from './profile-problem.ts';

/** Some chargers restart when they are asked at once after a boot; the fallback does not wait. */
const ABILITIES_DELAY_MS = 5_000;
const SETUP_TIMEOUT_MS = 15_000;
/** A fallback that was refused is tried again in another way, with waits that double. */
const FALLBACK_RETRY_FIRST_MS = 10_000;
const FALLBACK_RETRY_MOST_MS = 3_600_000;
/** More boots than this within the window and the charger is left alone: probing may cause them. */
const BOOTS_MOST = 3;
const BOOTS_WINDOW_MS = 10 * 60_000;

/**
 * What every charger is told and asked once per connection: first its fallback
 * (TxDefaultProfile), then what it is able to do, then its present state.
 */
export class ChargerSetup {
  readonly #draft: SiteDraft;
  readonly #calls: ChargerCalls;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #changed: () => void;
  readonly #remember: (charger: string, proven: boolean) => void;
  /** Setup of a connection stops when a newer one begins. */
  readonly #generation = new Map<string, number>();
  readonly #boots = new Map<string, readonly number[]>();
  readonly #retries = new Map<string, Cancel>();

  constructor(options: {
    draft: SiteDraft;
    calls: ChargerCalls;
    clock: Clock;
    log: Log;
    changed: () => void;
    /** Keeps across restarts that a charger holds its fallback. */
    rememberFallback: (charger: string, proven: boolean) => void;
  }) {
    this.#draft = options.draft;
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#changed = options.changed;
    this.#remember = options.rememberFallback;
  }

  /** The charger may be spoken to: it booted and was accepted, or came back without a boot. */
  begin(charger: string, version: OcppVersion, booted: boolean): void {
    const spec = this.#draft.site.chargers.find((candidate) => candidate.id === charger);
    if (spec === undefined) return;
    const generation = (this.#generation.get(charger) ?? 0) + 1;
    this.#generation.set(charger, generation);
    const current = () => this.#generation.get(charger) === generation;
    const { asked, triggered } = this.#draft.traits(charger);
    this.#installFallback(spec, version, current, 0);
    if (booted && this.#bootsTooOften(charger)) {
      this.#log.warn('charger boots too often: not asked for its abilities', { charger });
      return;
    }
    this.#clock.after(ABILITIES_DELAY_MS, () => {
      if (!current()) return;
      if (asked) this.#askAbilities(spec, version, current);
      if (!booted && triggered) this.#askState(spec, version);
    });
  }

  /**
   * The CSMS has taken away or replaced what limits the charger as a whole. In a transaction the
   * next tick offers anew; without one the fallback is put back.
   */
  repair(charger: string, version: OcppVersion): void {
    const connectors = [...(this.#draft.charger(charger)?.connectors.values() ?? [])];
    if (connectors.some(({ transaction }) => transaction !== undefined)) return;
    this.reinstall(charger, version);
  }

  /** Puts the fallback in (again), as the charger is now known to take it. */
  reinstall(charger: string, version: OcppVersion): void {
    const spec = this.#draft.site.chargers.find((candidate) => candidate.id === charger);
    if (spec === undefined) return;
    const generation = this.#generation.get(charger);
    this.#installFallback(spec, version, () => this.#generation.get(charger) === generation, 0);
  }

  /** The connection is gone: nothing more is sent for it. */
  end(charger: string): void {
    this.#generation.set(charger, (this.#generation.get(charger) ?? 0) + 1);
  }

  /** `attempt` counts from 0; a later call for the same charger takes the place of this one. */
  #installFallback(
    spec: ChargerSpec,
    version: OcppVersion,
    current: () => boolean,
    attempt: number,
  ): void {
    this.#retries.get(spec.id)?.();
    this.#retries.delete(spec.id);
    const calls = this.#fallbackCalls(spec, version, attempt);
    const next = (index: number): void => {
      const asked = calls[index];
      if (asked === undefined) {
        this.#fallbackAnswered(spec, undefined);
        return;
      }
      const call = { ...asked, priority: 'safety', timeoutMs: SETUP_TIMEOUT_MS } as const;
      this.#calls.call(spec.id, call, (outcome) => {
        if (!current()) return;
        const problem = profileProblem(outcome);
        if (problem === undefined || asked.action === 'ClearChargingProfile') {
          next(index + 1);
          return;
        }
        this.#fallbackAnswered(spec, problem);
        const waitMs = Math.min(FALLBACK_RETRY_FIRST_MS * 2 ** attempt, FALLBACK_RETRY_MOST_MS);
        const restMs = restWanted(outcome);
        const retry = this.#clock.after(Math.max(waitMs, restMs ?? 0), () => {
          if (!current()) return;
          const tried = restMs === undefined ? attempt + 1 : attempt;
          this.#installFallback(spec, version, current, tried);
        });
        this.#retries.set(spec.id, retry);
      });
    };
    if (calls.length === 0) this.#fallbackAnswered(spec, 'charger of this make takes no limits');
    else next(0);
  }

  #fallbackCalls(spec: ChargerSpec, version: OcppVersion, attempt: number) {
    const traits = this.#draft.traits(spec.id);
    const state = this.#draft.charger(spec.id);
    if (state === undefined || offerWays(traits, state.abilities, spec).length === 0) return [];
    const around = {
      connectors: Math.max(spec.connectors, state.connectors.size),
      volts: toldVolts(spec, this.#draft.site.voltageVolts),
      nowMs: this.#clock.wallMs(),
    };
    // An offer of an earlier run that does not end by itself would stand above the fallback.
    const left =
      traits.purposes[0] === 'tx-default' &&
      traits.vendorLimit === undefined &&
      spec.csmsProfiles !== 'overlay'
        ? [...state.connectors.values()]
            .filter(({ transaction }) => transaction === undefined)
            .map(({ connector }) => clearOfferCall(version, connector))
        : [];
    // A default that somebody else left in the charger may lie above ours and outlive every offer.
    const foreign =
      attempt === 0 &&
      !this.#draft.fallbacks.has(spec.id) &&
      traits.vendorLimit === undefined &&
      spec.csmsProfiles !== 'overlay'
        ? [clearDefaultsCall(version)]
        : [];
    return [
      ...foreign,
      ...left,
      ...fallbackCalls(version, spec, traits, state.abilities, around, attempt),
    ];
  }

  #fallbackAnswered(spec: ChargerSpec, problem: string | undefined): void {
    this.#draft.fallbacks.set(spec.id, problem === undefined);
    this.#remember(spec.id, problem === undefined);
    // In some ways the fallback has taken the place of the offer.
    const abilities = this.#draft.charger(spec.id)?.abilities ?? UNKNOWN_ABILITIES;
    const [way] = offerWays(this.#draft.traits(spec.id), abilities, spec);
    if (sharesPlaceWithFallback(way)) this.#draft.forgetOffers(spec.id);
    this.#changed();
    const fields = { charger: spec.id };
    if (problem === undefined) {
      this.#log.info('fallback installed', { ...fields, amps: spec.fallbackAmps });
    } else {
      const text = 'fallback not accepted: budgeted at its rating';
      this.#log.warn(text, { ...fields, amps: spec.maxAmps, problem });
    }
  }

  #askAbilities(spec: ChargerSpec, version: OcppVersion, current: () => boolean): void {
    const { id: charger } = spec;
    const calls = abilityCalls(version);
    const answers: unknown[] = [];
    const next = (index: number): void => {
      const asked = calls[index];
      if (asked === undefined) {
        this.#draft.setAbilities(charger, readAbilities(version, answers));
        // What it said of its units may be why it refused.
        if (!this.#draft.fallbacks.has(charger)) {
          this.#installFallback(spec, version, current, 0);
        }
        return;
      }
      const call = { ...asked, priority: 'housekeeping', timeoutMs: SETUP_TIMEOUT_MS } as const;
      this.#calls.call(charger, call, (outcome) => {
        if (!current()) return;
        answers.push(outcome.outcome === 'answered' ? outcome.payload : undefined);
        next(index + 1);
      });
    };
    next(0);
  }

  /** A charger that came back without a boot does not report its state by itself. */
  #askState(spec: ChargerSpec, version: OcppVersion): void {
    const connectors = [...(this.#draft.charger(spec.id)?.connectors.keys() ?? [])];
    for (const trigger of statusTriggers(version, connectors)) {
      const call = { ...trigger, priority: 'housekeeping', timeoutMs: SETUP_TIMEOUT_MS } as const;
      this.#calls.call(spec.id, call, () => {});
    }
  }

  #bootsTooOften(charger: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const recent = (this.#boots.get(charger) ?? []).filter((at) => at > nowMs - BOOTS_WINDOW_MS);
    this.#boots.set(charger, [...recent, nowMs].slice(-BOOTS_MOST - 1));
    return recent.length >= BOOTS_MOST;
  }
}
