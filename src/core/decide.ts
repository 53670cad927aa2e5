import { siteAlarms } from './alarms.ts';
import type { AllocatedOffer } from './allocation/problem.ts';
import type { Scratch } from './allocation/scratch.ts';
import { freeCircuits, reservedOf } from './budget.ts';
import { defiancesAfter } from './chargers/defiance.ts';
import { meterEvidenceAfter } from './chargers/meter-evidence.ts';
import { phaseAlarms, phaseReasons, phaseUsesAfter } from './chargers/phase-room.ts';
import { wakeUpReasons, wakeUpsAfter } from './chargers/wake-up.ts';
import { circuitTicks, connectorsByCircuit } from './circuit-ticks.ts';
import { clockAlarms } from './clock-alarms.ts';
import { connectorTicks } from './connector-ticks.ts';
import { contenderOf, learnedNow, lookOf, turnsAfter } from './contenders.ts';
import { commandsFor } from './dispatch.ts';
import { withStationLimits } from './limits/station-limits.ts';
import { stepReserveText } from './meters/step-reserve.ts';
import { wiringAfter, wiringAlarms } from './meters/wiring-check.ts';
import {
  type Floors,
  floorAlarms,
  floorsAfter,
  type Hold,
  holdOf,
  withHold,
  withoutLoans,
} from './overload-floor.ts';
import { withPlan } from './plan-ahead.ts';
import { preferred } from './preferences.ts';
import type { ReasonChain } from './reason.ts';
import { withDemand, withPassingPower } from './rules/demand-tick.ts';
import { heldBack, type PolicyTick, policyTick, withCarBudget } from './rules/policy-tick.ts';
import { carsOn, sharedReasons, unsteeredOn } from './shared-reasons.ts';
import { type Contender, share } from './sharing/share.ts';
import { silentAlarms, wasSeen } from './silent-alarms.ts';
import { takenReasons } from './taken-reasons.ts';
import type { CircuitTick, ConnectorDecision, ConnectorTick, Decision, TickInput } from './tick.ts';
import { mapPhases, NO_AMPS } from './units.ts';

/**
 * One control cycle, as a pure function of a frozen snapshot: who may draw what (worst cases),
 * what is free (limits only tighten), who gets it (allocation), and which commands follow.
 * `scratch` is memory of the caller that is used again in every cycle.
 */
export const decide = (input: TickInput, scratch?: Scratch): Decision => {
  const ticks = connectorTicks(input);
  const rules = policyTick(input, ticks);
  const wiring = wiringAfter(input, ticks, input.wiring);
  const meterEvidence = meterEvidenceAfter(input, ticks, input.meterEvidence);
  const below = connectorsByCircuit(input, ticks);
  const seen = circuitTicks({ ...input, limits: rules.limits }, below);
  const { circuits, state: demand } = withDemand(input, below, seen.circuits);
  const shared = ticks.filter((tick) => tick.role === 'shared');
  const floors = floorsAfter(input.floors, circuits, input.site.circuits, input.nowMs);
  const wanting = shared.map((tick) => wantedBy(input, tick, circuits, rules, floors));
  const reserved = reservedOf(input, below, circuits, wanting);
  const { voltageVolts } = input.site;
  const lasting = withoutLoans(freeCircuits(input, below, circuits, reserved.amps), floors);
  const unbudgeted = withPassingPower(input, lasting, circuits);
  const budgeted = withCarBudget(voltageVolts, unbudgeted, rules, ticks, wanting);
  const { circuits: free, demands: contenders } = withStationLimits(
    input,
    ticks,
    shared,
    budgeted,
    wanting,
  );
  const { offers, entitledAmps } = share(input.policy, free, contenders, input.nowMs, scratch);
  const offerOf = new Map(offers.map((offer) => [offer.id, offer]));
  const phaseUse = phaseUsesAfter(ticks, free, contenders, offers);
  const isOn = ({ key }: ConnectorTick): boolean => (offerOf.get(key)?.amps ?? 0) > 0;
  const waiting = takenReasons(circuits, reserved, {
    cars: (circuit, p) => carsOn(below, circuit, p, isOn),
    unsteered: (circuit, p) => unsteeredOn(below, circuit, p),
  });
  const sharing = sharedReasons(below, circuits, isOn, reserved);
  const connectorsNow = ticks.map((tick) => {
    const decided = decisionOf(input, tick, offerOf.get(tick.key), circuits);
    const decision = withFloor(
      decided.targetAmps > 0 ? explainedBy(sharing, decided) : decided,
      holdOf(input, floors, tick),
    );
    return decision.targetAmps > 0 ? decision : explainedBy(waiting, decision);
  });
  const connectors = withPlan(input, connectorsNow, circuits, reserved.amps);
  return {
    connectors,
    circuits,
    commands: commandsFor(input, connectors, circuits, reserved.amps),
    carried: {
      background: seen.background,
      turns: turnsAfter(input, ticks, contenders, entitledAmps),
      policyState: demand === undefined ? rules.state : { ...rules.state, demand },
      learned: learnedNow(input, ticks),
      wiring,
      meterEvidence,
      phaseUse,
      floors,
      wakeUps: wakeUpsAfter(input, ticks, circuits, contenders, offerOf),
      defiances: defiancesAfter(input, ticks),
    },
    alarms: [
      ...floorAlarms(floors),
      ...siteAlarms(input, ticks, circuits),
      ...rules.alarms,
      ...wiringAlarms(ticks, wiring),
      ...phaseAlarms(phaseUse),
      ...clockAlarms(input),
      ...silentAlarms(input),
    ],
  };
};

const explainedBy = (
  explained: (chain: ReasonChain) => ReasonChain,
  decision: ConnectorDecision,
): ConnectorDecision => {
  const reasons = explained(decision.reasons);
  return reasons === decision.reasons ? decision : { ...decision, reasons };
};

/** What a connector brings into the sharing, as its driver, the policy and its fuses let it. */
const wantedBy = (
  input: TickInput,
  tick: ConnectorTick,
  circuits: readonly CircuitTick[],
  rules: PolicyTick,
  floors: Floors,
): Contender => {
  const own = contenderOf(input, tick, circuits);
  const asked = preferred(own, input.preferences.get(tick.key), input.nowMs);
  return withHold(heldBack(input, rules, asked), holdOf(input, floors, tick), tick);
};

/** Below a floor less goes out at once, and also who gets nothing at all is told why. */
const withFloor = (decision: ConnectorDecision, hold: Hold | undefined): ConnectorDecision => {
  if (hold?.toFloor !== true) return decision;
  const { tick, reasons } = decision;
  const said = tick.role !== 'shared' || reasons.some(({ text }) => text === hold.reason.text);
  return { ...decision, reasons: said ? reasons : [...reasons, hold.reason], atOnce: true };
};

const decisionOf = (
  input: TickInput,
  tick: ConnectorTick,
  offer: AllocatedOffer | undefined,
  circuits: readonly CircuitTick[],
): ConnectorDecision => {
  const { charger, enforcement } = tick;
  if (offer === undefined) {
    const steered = tick.around.inTransaction && tick.around.online;
    const leastAmps = Math.min(charger.minAmps, tick.worstAmps);
    const allowed = tick.profileLimit === undefined || tick.profileLimit.amps >= charger.minAmps;
    return {
      tick,
      targetAmps: steered ? (allowed ? leastAmps : 0) : charger.fallbackAmps,
      reasons: unsteeredReasons(input, tick),
    };
  }
  const waking = offer.amps > 0 ? wakeUpReasons(tick) : [];
  if (waking.length > 0 && tick.wakeUp?.pilotBreak?.phase === 'off') {
    return { tick, targetAmps: 0, reasons: [...waking, ...offer.reasons] };
  }
  const held = enforcement.accepted?.amps;
  const waits = held !== undefined && held < offer.amps - 0.5;
  const pending = waits ? pendingReasons(input, tick, offer.amps, circuits) : [];
  const phases = offer.amps > 0 ? phaseReasons(tick) : [];
  return {
    tick,
    targetAmps: offer.amps,
    reasons: [...waking, ...pending, ...phases, ...offer.reasons],
  };
};

/** Why an offer is not in force yet. */
const pendingReasons = (
  input: TickInput,
  tick: ConnectorTick,
  offerAmps: number,
  circuits: readonly CircuitTick[],
): ReasonChain => {
  const starts = tick.enforcement.accepted?.amps === 0;
  if (starts && fluctuates(input, tick, circuits)) return [lookOf(input, tick).reason];
  const text = `raise to ${offerAmps} A follows step by step${keptFree(input, tick, circuits)}`;
  return [{ kind: 'pending', id: tick.key, text }];
};

/** A raise leaves room for steps of the building on a circuit above it. */
const keptFree = (
  { tree }: TickInput,
  { circuit, phases }: ConnectorTick,
  circuits: readonly CircuitTick[],
): string => {
  const reserves = (tree.paths[circuit] ?? []).flatMap((index) => {
    const tick = circuits[index];
    const amps = tick?.load.stepReserveAmps ?? NO_AMPS;
    const text = stepReserveText(mapPhases((p) => (phases[p] ? amps[p] : 0)));
    return tick === undefined || text === undefined ? [] : [`, ${tick.id}: ${text}`];
  });
  return reserves.join('');
};

/** The load of others was larger a while ago: a start leaves room for that. */
const fluctuates = (
  { tree }: TickInput,
  { circuit, phases }: ConnectorTick,
  circuits: readonly CircuitTick[],
): boolean =>
  (tree.paths[circuit] ?? []).some((index) => {
    const load = circuits[index]?.load;
    if (load === undefined) return false;
    return [0, 1, 2].some(
      (p) => phases[p as 0] && load.forStartAmps[p as 0] - load.uncontrolledAmps[p as 0] > 0.5,
    );
  });

const unsteeredReasons = (input: TickInput, tick: ConnectorTick): ReasonChain => {
  const { charger, around, enforcement, obedience, worstAmps } = tick;
  const worst = `budgeted at ${Math.round(worstAmps * 10) / 10} A`;
  if (obedience === 'refused') {
    const problem = enforcement.problem ?? 'refused';
    return [{ kind: 'unproven', id: tick.key, text: `limit refused (${problem}): ${worst}` }];
  }
  if (obedience === 'overdrawing') {
    return [{ kind: 'unproven', id: tick.key, text: `draws more than offered: ${worst}` }];
  }
  if (enforcement.failures > 0) {
    const problem = enforcement.problem ?? 'no answer';
    return [{ kind: 'unproven', id: tick.key, text: `limit not confirmed (${problem}): ${worst}` }];
  }
  if (around.fallbackAmps === undefined) {
    const why = wasSeen(input, charger.id) ? 'no proven fallback' : 'was never here';
    return [{ kind: 'unproven', id: tick.key, text: `${why}: ${worst}` }];
  }
  const why = around.online ? 'no transaction' : 'charger silent';
  return [{ kind: 'fallback', id: charger.id, text: `${why}: fallback ${charger.fallbackAmps} A` }];
};
