import { type Abilities, UNKNOWN_ABILITIES } from '../../core/chargers/charger-state.ts';
import type { ChargerTraits } from '../../core/chargers/charger-traits.ts';
import {
  accepted,
  type Enforcement,
  postponed,
  refused,
  type Surroundings,
  sent,
  unanswered,
} from '../../core/chargers/enforcement.ts';
import { toldPhases, toldVolts } from '../../core/chargers/told-limit.ts';
import type { Log } from '../../core/log.ts';
import type { ChargerSpec } from '../../core/site.ts';
import type { Command, ConnectorKey, ConnectorTick, ControlSettings } from '../../core/tick.ts';
import type { Clock } from '../../core/time.ts';
import { type Faults, problemOf } from '../../gateway/faults.ts';
import type { CallOutcome, ChargerCalls } from '../../gateway/observer.ts';
import type { OcppCall } from '../../ocpp/payload.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import { profileProblem, restWanted } from '../chargers/profile-problem.ts';
import type { SiteDraft } from '../site-draft.ts';
import {
  clearOfferCall,
  isPersistent,
  lifeOf,
  type OfferWay,
  offerCall,
  offerWays,
  topLevelOf,
  wayName,
} from './offer-calls.ts';
import { OfferLadder } from './offer-ladder.ts';
import { laterOffers, type OfferPlan, offerPlan } from './offer-plan.ts';
import { WriteBudget } from './write-budget.ts';

/** A charger that takes longer to answer a profile counts as unanswered. */
const PROFILE_TIMEOUT_MS = 10_000;
/** An offer that does not end by itself is taken back this often until the charger agrees. */
const TAKE_BACK_RETRY_MS = 15_000;

interface Lingering {
  readonly way: OfferWay;
  retryAtMs: number;
}

/** What has to be known of a connector to tell it its limit. */
export type Steered = Pick<
  ConnectorTick,
  'key' | 'charger' | 'connector' | 'state' | 'around' | 'obedience'
> &
  Partial<Pick<ConnectorTick, 'profileLimit'>>;

/** What a tick wants done. */
export interface Orders {
  readonly commands: readonly Command[];
  /** Every connector of the site. */
  readonly connectors: readonly { readonly tick: Steered }[];
}

/** The ways of a charger, and what they follow from. */
interface KnownWays {
  readonly abilities: Abilities;
  readonly spec: ChargerSpec | undefined;
  readonly traits: ChargerTraits;
  readonly ways: readonly OfferWay[];
}

/** Sends the commands of a tick in the way that the charger takes them, and books the answers. */
export class Enforcer {
  readonly #draft: SiteDraft;
  readonly #calls: ChargerCalls;
  readonly #clock: Clock;
  readonly #settings: ControlSettings;
  readonly #log: Log;
  readonly #changed: () => void;
  readonly #faults: Faults;
  readonly #ladder = new OfferLadder();
  readonly #ways = new Map<string, KnownWays>();
  readonly #budget: WriteBudget;
  /** Offers that outlive their transaction, by connector; the time of the next attempt. */
  readonly #lingering = new Map<ConnectorKey, Lingering>();
  readonly #spared = new Map<ConnectorKey, number>();
  limitChanges = 0;
  /** Raises that were not sent, to spare the memory of a charger. */
  sparedWrites = 0;

  constructor(options: {
    draft: SiteDraft;
    calls: ChargerCalls;
    clock: Clock;
    settings: ControlSettings;
    log: Log;
    /** Called when an answer may allow the next step. */
    changed: () => void;
    faults: Faults;
    raisesPerDay?: number;
  }) {
    this.#draft = options.draft;
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#settings = options.settings;
    this.#log = options.log;
    this.#changed = options.changed;
    this.#faults = options.faults;
    this.#budget = new WriteBudget(options.raisesPerDay);
  }

  /** A fault with one connector is that connector's: the others get theirs. */
  carryOut({ commands, connectors }: Orders): void {
    const ticks = new Map(connectors.map(({ tick }) => [tick.key, tick]));
    for (const command of commands) {
      const tick = ticks.get(command.key);
      if (tick === undefined) continue;
      try {
        this.#send(command, tick);
      } catch (error) {
        this.#faults.note(`limit of ${command.key}`, error);
        this.#doubt(command.key, problemOf(error));
      }
    }
    for (const key of this.#lingering.keys()) {
      const tick = ticks.get(key);
      if (tick === undefined || tick.around.inTransaction) continue;
      this.#draft.fallbacks.offerLeft(key);
      if (!tick.around.online) continue;
      this.#faults.contain(`offer left at ${key}`, () => this.#takeBack(tick));
    }
  }

  /** It may have been sent or not: both are budgeted, and it is tried again. */
  #doubt(key: ConnectorKey, problem: string): void {
    const nowMs = this.#clock.monotonicMs();
    this.#draft.updateEnforcement(key, (e) => unanswered(e, problem, nowMs));
  }

  /** How a connector is told its limit at present, in a word. */
  wayOf(charger: string, key: ConnectorKey): string | undefined {
    const way = this.#ladder.wayOf(key, this.#waysOf(charger));
    return way === undefined ? undefined : wayName(way);
  }

  /** Asked for every connector of every view: worked out again only when a reason for it changed. */
  #waysOf(charger: string): readonly OfferWay[] {
    const abilities = this.#draft.charger(charger)?.abilities;
    if (abilities === undefined) return [];
    const spec = this.#draft.spec(charger);
    const traits = this.#draft.traits(charger);
    const known = this.#ways.get(charger);
    if (known?.abilities === abilities && known.spec === spec && known.traits === traits) {
      return known.ways;
    }
    const ways = offerWays(traits, abilities, spec);
    this.#ways.set(charger, { abilities, spec, traits, ways });
    return ways;
  }

  #topLevel(charger: string): number {
    const abilities = this.#draft.charger(charger)?.abilities ?? UNKNOWN_ABILITIES;
    return topLevelOf(this.#draft.traits(charger), abilities);
  }

  #send(command: Command, tick: Steered): void {
    const version = this.#draft.charger(command.charger)?.version;
    if (version === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    const overdrawing = tick.obedience === 'overdrawing';
    const ways = this.#waysOf(command.charger);
    this.#ladder.begin(command.key, command.transactionId);
    const current = this.#ladder.wayOf(command.key, ways);
    if (current !== undefined && isPersistent(current) && !this.#mayWrite(command)) return;
    const next = this.#ladder.next(command.key, ways, overdrawing);
    if (next === undefined) {
      const problem = 'charger of this make takes no limits';
      this.#draft.updateEnforcement(command.key, (e) => refused(e, problem, nowMs));
      return;
    }
    if (next.escalated) this.#log.warn('offer not followed', escalation(command, next));
    if (next.clearFirst && next.way.by === 'profile') {
      const clear = clearOfferCall(version, command.connector, next.way.purpose);
      this.#call(command, clear, () => {});
    }
    this.#offer(command, tick, next.way, version);
  }

  /** Raises have a budget. Renewals are paid from it, and never refused by it: they are few. */
  #mayWrite({ kind, charger, key, amps }: Command): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (kind !== 'reduce' && this.#budget.rests(charger, nowMs)) return false;
    if (kind === 'renew') this.#budget.takeRenewal(charger, nowMs);
    if (kind !== 'raise' || this.#budget.takeRaise(charger, nowMs)) return true;
    // The same raise comes up again in every tick.
    if (this.#spared.get(key) !== amps) this.sparedWrites += 1;
    this.#spared.set(key, amps);
    return false;
  }

  #offer(command: Command, tick: Steered, way: OfferWay, version: OcppVersion): void {
    const nowMs = this.#clock.monotonicMs();
    const traits = this.#draft.traits(command.charger);
    const { steps, lifeMs, planless } = this.#planOf(command, way, nowMs);
    const ends = lifeMs < Number.POSITIVE_INFINITY;
    const fallback = { afterSeconds: lifeMs / 1000, amps: tick.charger.fallbackAmps };
    const lease = {
      amps: command.amps,
      sentAtMs: nowMs,
      endsAtMs: nowMs + lifeMs,
      ...(steps.length === 0 ? {} : { later: steps }),
      ...(planless === undefined ? {} : { planless }),
      ...(command.numberPhases === undefined ? {} : { numberPhases: command.numberPhases }),
    };
    const call = offerCall(version, way, traits, {
      connector: command.connector,
      transactionId: command.transactionId,
      amps: command.amps,
      lifeSeconds: (ends ? lifeMs : this.#settings.lifeMs) / 1000,
      volts: toldVolts(tick.charger, this.#draft.site.voltageVolts),
      phases: toldPhases(tick.charger),
      ageSeconds: (nowMs - (tick.state.transaction?.startedAtMs ?? nowMs)) / 1000,
      nowMs: this.#clock.wallMs(),
      topLevel: this.#topLevel(command.charger),
      later: isPersistent(way) ? (ends ? [fallback] : []) : laterOffers(steps, nowMs),
      ...this.#phasesOf(command, tick),
    });
    if (command.kind !== 'renew') this.limitChanges += 1;
    if (isPersistent(way)) {
      this.#lingering.set(command.key, { way, retryAtMs: 0 });
    }
    this.#draft.updateEnforcement(command.key, (e) => sent(e, lease));
    this.#call(command, call, (outcome) => {
      if (isPersistent(way)) this.#leaveAlone(command.charger, outcome);
      try {
        this.#book(command, lease, tick, outcome);
      } catch (error) {
        this.#faults.note(`answer of ${command.key}`, error);
        this.#doubt(command.key, problemOf(error));
      }
      this.#changed();
    });
  }

  /** Purposes that wear out memory are not written for every plan. */
  #planOf({ charger, later = [] }: Command, way: OfferWay, nowMs: number): OfferPlan {
    const traits = this.#draft.traits(charger);
    const abilities = this.#draft.charger(charger)?.abilities ?? UNKNOWN_ABILITIES;
    const lifeMs = lifeOf(way, traits, abilities, this.#settings.lifeMs);
    if (isPersistent(way)) return { steps: [], lifeMs, planless: true };
    // A relative schedule carries no steps.
    const maxPeriods = traits.profileKind === 'relative' ? 1 : (abilities.maxPeriods ?? 1);
    return offerPlan(later, nowMs, lifeMs, maxPeriods);
  }

  /**
   * Of what the site decides and the CSMS allows (K01.FR.43) the fewer phases, for a charger that can
   * leave some out. Three need not be named: it is what counts when nothing is said (K01.FR.49).
   */
  #phasesOf(command: Command, { charger, profileLimit }: Steered) {
    const { phaseSwitching } = this.#draft.charger(charger.id)?.abilities ?? {};
    const ofCsms = phaseSwitching === true ? profileLimit?.numberPhases : undefined;
    if (ofCsms !== undefined && ofCsms <= (command.numberPhases ?? ofCsms)) {
      const { phaseToUse } = profileLimit ?? {};
      return { numberPhases: ofCsms, ...(phaseToUse === undefined ? {} : { phaseToUse }) };
    }
    if (command.numberPhases !== 1) return {};
    const { phaseToUse } = command;
    return { numberPhases: 1, ...(phaseToUse === undefined ? {} : { phaseToUse }) };
  }

  #call(
    command: Pick<Command, 'charger' | 'kind'>,
    { action, payload }: OcppCall,
    done: (outcome: CallOutcome) => void,
  ): void {
    const priority = command.kind === 'reduce' ? 'safety' : 'housekeeping';
    const call = { action, payload, priority, timeoutMs: PROFILE_TIMEOUT_MS } as const;
    this.#calls.call(command.charger, call, done);
  }

  #leaveAlone(charger: string, outcome: CallOutcome): void {
    const waitMs = restWanted(outcome);
    if (waitMs !== undefined) this.#budget.rest(charger, this.#clock.monotonicMs() + waitMs);
  }

  #book(
    command: Command,
    lease: { readonly sentAtMs: number },
    tick: Steered,
    outcome: CallOutcome,
  ): void {
    const nowMs = this.#clock.monotonicMs();
    const around: Surroundings = { ...tick.around, nowMs };
    const problem = profileProblem(outcome);
    const answered = outcome.outcome === 'answered' || outcome.outcome === 'error';
    // What can wait is asked again later, in the same way; a reduction tries another at once.
    const later = command.kind !== 'reduce' && this.#budget.rests(command.charger, nowMs);
    if (problem !== undefined && answered && !later) this.#ladder.refused(command.key);
    if (problem === undefined) this.#ladder.accepted(command.key);
    this.#draft.updateEnforcement(command.key, (e): Enforcement => {
      // The transaction ended, or another one began, while the answer was on its way.
      if (e.pending?.sentAtMs !== lease.sentAtMs) return e;
      if (problem === undefined) return accepted(e, around);
      if (later) return postponed(e);
      return answered ? refused(e, problem, nowMs) : unanswered(e, problem, nowMs);
    });
    const fields = { charger: command.charger, connector: command.connector, amps: command.amps };
    if (problem === undefined) this.#log.debug('offer accepted', fields);
    else this.#log.warn('offer not accepted', { ...fields, problem });
  }

  /**
   * The next car would start with the offer of the last one, not with the fallback: until the
   * charger agrees to let go of it, its fallback is not proven and it is budgeted at its rating.
   */
  #takeBack({ key, charger, connector }: Steered): void {
    const lingering = this.#lingering.get(key);
    const state = this.#draft.charger(charger.id);
    const nowMs = this.#clock.monotonicMs();
    if (lingering === undefined || state?.version === undefined) return;
    if (nowMs < lingering.retryAtMs) return;
    lingering.retryAtMs = nowMs + TAKE_BACK_RETRY_MS;
    const { version } = state;
    const { way } = lingering;
    const call =
      way.by === 'profile' && way.purpose !== 'station-max'
        ? clearOfferCall(version, connector)
        : offerCall(version, way, this.#draft.traits(charger.id), {
            connector,
            transactionId: '',
            amps: charger.fallbackAmps,
            lifeSeconds: 0,
            volts: toldVolts(charger, this.#draft.site.voltageVolts),
            phases: toldPhases(charger),
            ageSeconds: 0,
            nowMs: this.#clock.wallMs(),
            topLevel: this.#topLevel(charger.id),
          });
    this.#call({ charger: charger.id, kind: 'reduce' }, call, (outcome) => {
      // To clear what is not there any more is as good (1.6 §5.5).
      if (profileProblem(outcome) !== undefined && !saysUnknown(outcome)) return;
      this.#draft.fallbacks.offerTakenBack(key);
      // The next transaction may have got one of its own meanwhile.
      if (this.#lingering.get(key) === lingering) this.#lingering.delete(key);
      this.#changed();
    });
  }
}

const escalation = (
  command: Command,
  { way, clearFirst }: { way: OfferWay; clearFirst: boolean },
) => ({
  charger: command.charger,
  connector: command.connector,
  amps: command.amps,
  step: clearFirst ? 'cleared and sent again' : 'sent again',
  way: wayName(way),
});

const saysUnknown = (outcome: CallOutcome): boolean =>
  outcome.outcome === 'answered' &&
  (outcome.payload as { readonly status?: unknown } | null)?.status === 'Unknown';
