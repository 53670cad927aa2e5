import {
  accepted,
  type Enforcement,
  refused,
  type Surroundings,
  sent,
  unanswered,
} from '../core/enforcement.ts';
import type { Log } from '../core/log.ts';
import type { Command, ConnectorTick, ControlSettings, Decision } from '../core/tick.ts';
import type { Clock } from '../core/time.ts';
import type { CallOutcome, ChargerCalls } from '../gateway/observer.ts';
import { setChargingProfileCall } from '../ocpp/charging-profile.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import { leaseProfile } from '../profiles/build.ts';
import { OWN_LEASE_PROFILE_ID, OWN_STACK_LEVEL } from './own-profiles.ts';
import { profileProblem } from './profile-problem.ts';
import type { SiteDraft } from './site-draft.ts';

/** A charger that takes longer to answer a profile counts as unanswered. */
export const PROFILE_TIMEOUT_MS = 10_000;

/** Sends the commands of a tick as expiring TxProfiles and books the answers. */
export class Enforcer {
  readonly #draft: SiteDraft;
  readonly #calls: ChargerCalls;
  readonly #clock: Clock;
  readonly #settings: ControlSettings;
  readonly #log: Log;
  readonly #changed: () => void;
  limitChanges = 0;

  constructor(options: {
    draft: SiteDraft;
    calls: ChargerCalls;
    clock: Clock;
    settings: ControlSettings;
    log: Log;
    /** Called when an answer may allow the next step. */
    changed: () => void;
  }) {
    this.#draft = options.draft;
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#settings = options.settings;
    this.#log = options.log;
    this.#changed = options.changed;
  }

  carryOut(decision: Decision): void {
    const ticks = new Map(decision.connectors.map(({ tick }) => [tick.key, tick]));
    for (const command of decision.commands) {
      const tick = ticks.get(command.key);
      if (tick !== undefined) this.#send(command, tick);
    }
  }

  #send(command: Command, tick: ConnectorTick): void {
    const version = this.#draft.charger(command.charger)?.version;
    if (version === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    const lease = {
      amps: command.amps,
      sentAtMs: nowMs,
      endsAtMs: nowMs + this.#settings.lifeMs,
    };
    const { action, payload } = setChargingProfileCall(
      version,
      command.connector,
      leaseProfile({
        id: OWN_LEASE_PROFILE_ID + command.connector,
        transactionId: command.transactionId,
        amps: command.amps,
        lifeSeconds: this.#settings.lifeMs / 1000,
        stackLevel: OWN_STACK_LEVEL,
        unit: 'A',
        volts: this.#draft.site.voltageVolts,
        phases: tick.charger.phases.length,
        nowMs: this.#clock.wallMs(),
      }),
    );
    if (command.kind !== 'renew') this.limitChanges += 1;
    this.#draft.updateEnforcement(command.key, (e) => sent(e, lease));
    const priority = command.kind === 'reduce' ? 'safety' : 'housekeeping';
    const call = { action, payload, priority, timeoutMs: PROFILE_TIMEOUT_MS } as const;
    this.#calls.call(command.charger, call, (outcome) => {
      this.#book(command, lease, tick, outcome, version);
      this.#changed();
    });
  }

  #book(
    command: Command,
    lease: { readonly sentAtMs: number },
    tick: ConnectorTick,
    outcome: CallOutcome,
    version: OcppVersion,
  ): void {
    const nowMs = this.#clock.monotonicMs();
    const around: Surroundings = { ...tick.around, nowMs };
    const problem = profileProblem(version, outcome);
    this.#draft.updateEnforcement(command.key, (e): Enforcement => {
      // The transaction ended, or another one began, while the answer was on its way.
      if (e.pending?.sentAtMs !== lease.sentAtMs) return e;
      if (problem === undefined) return accepted(e, around);
      return outcome.outcome === 'answered' || outcome.outcome === 'error'
        ? refused(e, problem, nowMs)
        : unanswered(e, problem, nowMs);
    });
    const fields = { charger: command.charger, connector: command.connector, amps: command.amps };
    if (problem === undefined) this.#log.debug('offer accepted', fields);
    else this.#log.warn('offer not accepted', { ...fields, problem });
  }
}
