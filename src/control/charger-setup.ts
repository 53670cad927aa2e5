import type { Log } from '../core/log.ts';
import type { ChargerSpec } from '../core/site.ts';
import type { Clock } from '../core/time.ts';
import type { ChargerCalls } from '../gateway/observer.ts';
import { abilityCalls, readAbilities } from '../ocpp/abilities.ts';
import { setChargingProfileCall } from '../ocpp/charging-profile.ts';
import { statusTriggers } from '../ocpp/triggers.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import { fallbackProfile } from '../profiles/build.ts';
import { OWN_FALLBACK_PROFILE_ID, OWN_STACK_LEVEL } from './own-profiles.ts';
import { profileProblem } from './profile-problem.ts';
import type { SiteDraft } from './site-draft.ts';

/** Some chargers restart when they are asked at once after a boot; the fallback does not wait. */
export const ABILITIES_DELAY_MS = 5_000;
const SETUP_TIMEOUT_MS = 15_000;
const FALLBACK_RETRY_MS = 60_000;
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
    this.#installFallback(spec, version, current);
    if (booted && this.#bootsTooOften(charger)) {
      this.#log.warn('charger boots too often: not asked for its abilities', { charger });
      return;
    }
    this.#clock.after(ABILITIES_DELAY_MS, () => {
      if (!current()) return;
      this.#askAbilities(charger, version, current);
      if (!booted) this.#askState(spec, version);
    });
  }

  /** The connection is gone: nothing more is sent for it. */
  end(charger: string): void {
    this.#generation.set(charger, (this.#generation.get(charger) ?? 0) + 1);
  }

  #installFallback(spec: ChargerSpec, version: OcppVersion, current: () => boolean): void {
    const profile = fallbackProfile({
      id: OWN_FALLBACK_PROFILE_ID,
      amps: spec.fallbackAmps,
      stackLevel: OWN_STACK_LEVEL,
      unit: 'A',
      volts: this.#draft.site.voltageVolts,
      phases: spec.phases.length,
      nowMs: this.#clock.wallMs(),
    });
    const { action, payload } = setChargingProfileCall(version, 0, profile);
    const call = { action, payload, priority: 'safety', timeoutMs: SETUP_TIMEOUT_MS } as const;
    this.#calls.call(spec.id, call, (outcome) => {
      if (!current()) return;
      const problem = profileProblem(version, outcome);
      this.#draft.setProvenFallback(spec.id, problem === undefined);
      this.#remember(spec.id, problem === undefined);
      this.#changed();
      if (problem === undefined) {
        this.#log.info('fallback installed', { charger: spec.id, amps: spec.fallbackAmps });
        return;
      }
      this.#log.warn('fallback not accepted: budgeted at its rating', {
        charger: spec.id,
        amps: spec.maxAmps,
        problem,
      });
      this.#clock.after(FALLBACK_RETRY_MS, () => {
        if (current()) this.#installFallback(spec, version, current);
      });
    });
  }

  #askAbilities(charger: string, version: OcppVersion, current: () => boolean): void {
    const calls = abilityCalls(version);
    const answers: unknown[] = [];
    const next = (index: number): void => {
      const asked = calls[index];
      if (asked === undefined) {
        this.#draft.setAbilities(charger, readAbilities(version, answers));
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
