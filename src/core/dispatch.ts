import { stepAbove, stepBelow } from './allocation/steps.ts';
import { type Lease, lags, SETTLE_MS } from './chargers/enforcement.ts';
import { comesBack } from './contenders.ts';
import { plannedAt, plannedSteps } from './plan-ahead.ts';
import type { CircuitTick, Command, ConnectorDecision, ConnectorTick, TickInput } from './tick.ts';
import { AMPS_EPSILON, maxAmps, NO_AMPS, type PhaseAmps } from './units.ts';
import {
  book,
  type Ledger,
  raisesBlocked,
  roomFor,
  wattsHold,
  worstCaseLedger,
} from './worst-case-ledger.ts';

/** A step of a plan that is not wanted any more is taken back this long before its time. */
const OUTDATED_AHEAD_MS = 10_000;
/** A limit that became known goes into a plan at once, but plans change at most this often. */
const PLAN_LEAST_MS = 5_000;
/** Watts that were too many are asked for again, without anything to spare, after this long. */
const WATTS_AGAIN_MS = 10 * 60_000;

/**
 * From targets to commands. Reductions always go out. A raise goes out only as far as every
 * circuit above holds with the worst case of everybody else, so it waits by itself for the
 * reductions that it depends on to be confirmed.
 */
export const commandsFor = (
  input: TickInput,
  decisions: readonly ConnectorDecision[],
  circuits: readonly CircuitTick[],
  reserved: readonly PhaseAmps[],
): readonly Command[] => {
  const ledger = worstCaseLedger(input, decisions, circuits, reserved);
  const open = decisions.filter(({ tick }) => isOpen(input, tick));
  const awaited = awaitedCircuits(input, decisions);
  const reductions = open.flatMap((decision) => reduction(input, decision, ledger, awaited));
  const handled = new Set(reductions.map((command) => command.key));
  const raises = open
    .filter((decision) => wantsMore(input, decision) && !handled.has(decision.tick.key))
    .sort((a, b) => a.tick.worstAmps - b.tick.worstAmps || (a.tick.key < b.tick.key ? -1 : 1))
    .flatMap((decision) => raise(input, decision, ledger));
  for (const command of raises) handled.add(command.key);
  const renewals = open
    .filter(({ tick }) => !handled.has(tick.key))
    .flatMap((decision) => renewal(input, decision));
  return [...reductions, ...raises, ...renewals];
};

/** Commands can go to it now: in a transaction, nothing unanswered, not waiting after a failure. */
const isOpen = ({ nowMs }: TickInput, tick: ConnectorTick): boolean =>
  tick.around.online &&
  tick.state.transaction !== undefined &&
  tick.enforcement.pending === undefined &&
  nowMs >= tick.enforcement.retryAtMs;

const command = (decision: ConnectorDecision, amps: number, kind: Command['kind']): Command => {
  const { tick } = decision;
  const later = plannedSteps(decision, amps);
  return {
    key: tick.key,
    charger: tick.charger.id,
    connector: tick.connector,
    transactionId: tick.state.transaction?.id ?? '',
    amps,
    kind,
    ...(later.length === 0 ? {} : { later }),
    ...phasesToTell(tick),
  };
};

const phasesToTell = ({ use, charger }: ConnectorTick): Partial<Command> => {
  if (use === undefined) return {};
  const { phaseToUse } = charger.phaseSwitching ?? {};
  const named = use.told === 3 || phaseToUse === undefined ? {} : { phaseToUse };
  return { numberPhases: use.told, ...named };
};

const reduction = (
  input: TickInput,
  decision: ConnectorDecision,
  ledger: Ledger,
  awaited: ReadonlySet<string>,
): readonly Command[] => {
  const { tick, targetAmps } = decision;
  const held = tick.enforcement.accepted;
  if (tick.obedience === 'overdrawing') {
    const again = input.nowMs - (held?.sentAtMs ?? 0) >= SETTLE_MS;
    return again ? [command(decision, targetAmps, 'reduce')] : [];
  }
  // The first offer of a transaction, unless it is a raise above what is budgeted anyway.
  if (held === undefined || input.nowMs >= held.endsAtMs) {
    return targetAmps <= tick.worstAmps + AMPS_EPSILON
      ? [command(decision, targetAmps, 'reduce')]
      : [];
  }
  const drop = held.amps - targetAmps;
  if (drop <= AMPS_EPSILON) return [];
  if (decision.atOnce === true) return [command(decision, targetAmps, 'reduce')];
  if (isIdleStep(input, decision, ledger, awaited)) return [];
  const allowedAmps = tick.profileLimit?.amps ?? Number.POSITIVE_INFINITY;
  const violated =
    roomFor(input, ledger, tick) < -AMPS_EPSILON || held.amps > allowedAmps + AMPS_EPSILON;
  const worthIt = drop >= input.settings.deadBandAmps - AMPS_EPSILON;
  return violated || worthIt ? [command(decision, targetAmps, 'reduce')] : [];
};

/**
 * One step less, only since the load of others has moved by a breath: within half of the margin
 * nobody gains by it, and the step would be given back and taken again for as long as the load is
 * near its edge.
 */
const isIdleStep = (
  input: TickInput,
  decision: ConnectorDecision,
  ledger: Ledger,
  awaited: ReadonlySet<string>,
): boolean => {
  const { tick, targetAmps, reasons } = decision;
  const fromAmps = heldAmps(tick);
  const fuse = reasons.at(-1);
  return (
    // Other limits than those on the amps of a circuit have no margin, or are not in the ledger.
    fuse?.kind === 'circuit' &&
    !awaited.has(fuse.id) &&
    targetAmps > 0 &&
    targetAmps >= stepBelow(tick.charger, fromAmps - AMPS_EPSILON) &&
    fromAmps <= (tick.profileLimit?.amps ?? Number.POSITIVE_INFINITY) &&
    roomFor(input, ledger, tick, ledger.lent) >= -AMPS_EPSILON &&
    wattsHold(input, ledger, tick)
  );
};

/** Circuits on which somebody waits for amps that another is to give up. */
const awaitedCircuits = (
  input: TickInput,
  decisions: readonly ConnectorDecision[],
): ReadonlySet<string> => {
  const { tree, site } = input;
  const awaited = new Set<string>();
  for (const decision of decisions) {
    if (!wantsMore(input, decision)) continue;
    const { circuit } = decision.tick;
    for (const index of tree.paths[circuit] ?? []) awaited.add(site.circuits[index]?.id ?? '');
  }
  return awaited;
};

/** What a raise starts from. */
const heldAmps = ({ enforcement, worstAmps }: ConnectorTick): number =>
  enforcement.accepted?.amps ?? worstAmps;

const gapOf = ({ tick, targetAmps }: ConnectorDecision): number => targetAmps - heldAmps(tick);

/** It is to get more than it has, by more than is worth no message. */
const wantsMore = ({ settings }: TickInput, decision: ConnectorDecision): boolean =>
  decision.tick.role === 'shared' && gapOf(decision) >= settings.deadBandAmps - AMPS_EPSILON;

/** When its offer last went up, or down: what was just taken away is not given back at once. */
const lastTurnMs = ({ enforcement: { lastRaiseAtMs, changed } }: ConnectorTick): number =>
  Math.max(
    lastRaiseAtMs ?? Number.NEGATIVE_INFINITY,
    changed !== undefined && changed.toAmps < changed.fromAmps
      ? changed.atMs
      : Number.NEGATIVE_INFINITY,
  );

/**
 * A limit in watts has no margin within which a step may stay: who gave one up for it gets it back
 * only with something to spare, or the two would follow each other for as long as the load is near it.
 */
const spareWatts = (
  { nowMs }: TickInput,
  { enforcement: { changed } }: ConnectorTick,
  { steadyWatts }: Ledger,
): readonly number[] =>
  changed !== undefined &&
  changed.toAmps < changed.fromAmps &&
  nowMs - changed.atMs < WATTS_AGAIN_MS
    ? steadyWatts
    : [];

/** What a raise leaves free of the room that there is now. */
const keptFreeFor = (
  input: TickInput,
  { tick, targetAmps }: ConnectorDecision,
  { forStarts, forSteps }: Ledger,
): readonly PhaseAmps[] => {
  const fromAmps = heldAmps(tick);
  // A start is for the least current only: room for steps keeps no car waiting.
  if (fromAmps <= 0) return comesBack(input, tick) ? forSteps : forStarts;
  // The last amps are for loads that are as steady as a start asks for: else they come and go.
  if (targetAmps - fromAmps > input.settings.raiseLeastAmps) return forSteps;
  return forSteps.map((amps, index) => maxAmps(amps, forStarts[index] ?? NO_AMPS));
};

const raise = (
  input: TickInput,
  decision: ConnectorDecision,
  ledger: Ledger,
): readonly Command[] => {
  const { tick, targetAmps } = decision;
  const { settings, nowMs } = input;
  // Whoever does not follow would be taken for obedient by a raise, and be lowered again.
  if (raisesBlocked(input, ledger, tick) || lags(tick.enforcement, tick.around)) return [];
  const fromAmps = heldAmps(tick);
  const gap = targetAmps - fromAmps;
  if (fromAmps > 0 && nowMs - lastTurnMs(tick) < settings.raiseIntervalMs) return [];
  const keptFree = keptFreeFor(input, decision, ledger);
  const spare = fromAmps > 0 ? spareWatts(input, tick, ledger) : [];
  const left = roomFor(input, ledger, tick, keptFree, spare);
  // What was taken away lately is still budgeted, but given back only where it is free. Not so after
  // a stop, and what a run before this one may have given is there to be used.
  const strict = fromAmps > 0 && tick.raiseWorstAmps <= tick.worstAmps;
  const room = strict ? left : Math.max(0, left);
  const pace = Math.max(settings.raiseLeastAmps, gap * settings.raiseShare);
  // A step that is larger than the pace is still one step.
  const nextAmps = stepAbove(tick.charger, Math.max(0, fromAmps));
  const paced = fromAmps <= 0 ? nextAmps : Math.max(nextAmps, fromAmps + Math.min(gap, pace));
  const amps = onStep(tick, Math.min(targetAmps, paced, tick.raiseWorstAmps + room));
  const grows = amps >= tick.charger.minAmps && amps - fromAmps > AMPS_EPSILON;
  if (!grows) return [];
  book(input, ledger, tick, Math.max(0, amps - tick.raiseWorstAmps));
  return [command(decision, amps, 'raise')];
};

const renewal = (input: TickInput, decision: ConnectorDecision): readonly Command[] => {
  const { nowMs } = input;
  const held = decision.tick.enforcement.accepted;
  // What does not end by itself need not be renewed; some of it wears out the charger's memory.
  if (held === undefined || held.endsAtMs === Number.POSITIVE_INFINITY) return [];
  const halfLifeMs = (held.endsAtMs - held.sentAtMs) / 2;
  const ageMs = nowMs - held.sentAtMs;
  const due =
    ageMs >= halfLifeMs ||
    isOutdated(decision, held, nowMs) ||
    (ageMs >= PLAN_LEAST_MS && lacksStep(input, decision, held));
  return due ? [command(decision, held.amps, 'renew')] : [];
};

/** The charger is about to take a step down, or took it, that is not in the plan any more. */
const isOutdated = (decision: ConnectorDecision, held: Lease, nowMs: number): boolean => {
  const atMs = nowMs + OUTDATED_AHEAD_MS;
  const toldAmps = plannedAt(held.later, atMs);
  const wantedAmps = plannedAt(plannedSteps(decision, held.amps), atMs);
  return toldAmps < Math.min(wantedAmps, held.amps) - AMPS_EPSILON;
};

/** Without us the charger would stay above a limit that has become known since its last offer. */
const lacksStep = (
  { settings }: TickInput,
  decision: ConnectorDecision,
  { amps, later, endsAtMs, planless }: Lease,
): boolean =>
  planless !== true &&
  plannedSteps(decision, amps).some(
    (step) =>
      step.atMs < endsAtMs &&
      Math.min(amps, plannedAt(later, step.atMs)) >= step.amps + settings.deadBandAmps,
  );

const onStep = ({ charger }: ConnectorTick, amps: number): number =>
  stepBelow(charger, amps + AMPS_EPSILON);
