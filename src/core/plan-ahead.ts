import { stepBelow } from './allocation/steps.ts';
import { limitInForce } from './circuit-ticks.ts';
import type { Limit } from './limits/limit.ts';
import { windowLimits, windowsChangeIn, windowsInForce } from './rules/windows.ts';
import type {
  CircuitTick,
  ConnectorDecision,
  ConnectorTick,
  LaterAmps,
  LimitsAhead,
  TickInput,
} from './tick.ts';
import { addAmps, mapPhases, NO_AMPS, type PhaseAmps } from './units.ts';

/**
 * What each shared connector may take later, as far as the future is known: limits of an EMS that
 * begin or run out, hours of the policy, profiles of the CSMS. It goes down with the offer, so that a
 * charger that loses us follows the plan until its offer ends. A plan only ever takes away from
 * today's shares; who gains is decided when the time has come.
 */
export const withPlan = (
  input: TickInput,
  connectors: readonly ConnectorDecision[],
  circuits: readonly CircuitTick[],
  reserved: readonly PhaseAmps[],
): readonly ConnectorDecision[] => {
  const untilMs = input.nowMs + input.settings.lifeMs;
  const outlook = outlookOf(input, untilMs);
  const used = usedAmps(input, connectors);
  const shares = outlook.map(({ atMs, limits }) => ({
    atMs,
    ofCircuit: sharesThen(input, used, circuits, reserved, limits),
  }));
  return connectors.map((decision) => {
    const { tick, targetAmps } = decision;
    if (tick.role !== 'shared') return decision;
    const bySite = shares.map(({ atMs, ofCircuit }) => ({
      atMs,
      amps: targetAmps * shareOf(input, tick, ofCircuit),
    }));
    const byProfile = (tick.profileLimit?.later ?? []).filter(({ atMs }) => atMs < untilMs);
    const later = least(bySite, byProfile);
    return later.some(({ amps }) => amps < targetAmps) ? { ...decision, later } : decision;
  });
};

/** The steps that an offer of `amps` goes through by itself; only those that change something. */
export const plannedSteps = (
  { tick, later = [] }: ConnectorDecision,
  amps: number,
): readonly LaterAmps[] => {
  const steps: LaterAmps[] = [];
  let before = amps;
  for (const step of later) {
    const then = step.amps >= amps ? amps : stepBelow(tick.charger, step.amps);
    if (then !== before) steps.push({ atMs: step.atMs, amps: then });
    before = then;
  }
  return steps;
};

/** What holds of a plan at an instant; Infinity before its first step. */
export const plannedAt = (steps: readonly LaterAmps[] | undefined, atMs: number): number =>
  steps?.findLast((step) => step.atMs <= atMs)?.amps ?? Number.POSITIVE_INFINITY;

/** The limits on circuits at each instant at which they change. */
const outlookOf = (input: TickInput, untilMs: number): readonly LimitsAhead[] => {
  const { nowMs, wallMs, policy, policyState, site, ahead, limits } = input;
  const { local: clock } = policyState;
  const local = clock?.time;
  const root = site.circuits[0]?.id ?? '';
  const turns =
    clock === undefined
      ? []
      : windowsChangeIn(policy, clock.time).map(({ minutes, local: at }) => ({
          atMs: nowMs + (clock.minute + minutes) * 60_000 - wallMs,
          at,
        }));
  const instants = [...ahead, ...turns]
    .map(({ atMs }) => atMs)
    .filter((atMs) => atMs > nowMs && atMs < untilMs)
    .sort((a, b) => a - b);
  const now = local === undefined ? [] : windowLimits(windowsInForce(policy, local), root);
  return [...new Set(instants)].map((atMs) => {
    const ems = ahead.findLast((each) => each.atMs <= atMs)?.limits ?? limits;
    const turn = turns.findLast((each) => each.atMs <= atMs);
    const rules = turn === undefined ? now : windowLimits(windowsInForce(policy, turn.at), root);
    return { atMs, limits: [...ems, ...rules].filter((limit) => !dims(input, limit)) };
  });
};

/** A limit on all cars together is shared out by the policy, not by the circuit. */
const dims = ({ policy }: TickInput, { source }: Limit): boolean =>
  policy.dimming !== undefined && policy.dimming.source === source;

/** Share of today's offers that fits into each circuit under those limits, by phase. */
const sharesThen = (
  input: TickInput,
  usedAmps: readonly PhaseAmps[],
  circuits: readonly CircuitTick[],
  reserved: readonly PhaseAmps[],
  limits: readonly Limit[],
): readonly PhaseAmps[] =>
  input.site.circuits.map((circuit, index) => {
    const { limitAmps, limitWatts = Number.POSITIVE_INFINITY } = limitInForce(circuit, limits);
    const load = circuits[index]?.load.uncontrolledAmps ?? NO_AMPS;
    const taken = addAmps(load, reserved[index] ?? NO_AMPS);
    const used = usedAmps[index] ?? NO_AMPS;
    const volts = input.site.voltageVolts;
    const freeWatts = limitWatts - volts * (taken[0] + taken[1] + taken[2]);
    const byWatts = fitting(freeWatts, volts * (used[0] + used[1] + used[2]));
    return mapPhases((p) =>
      Math.min(byWatts, fitting(limitAmps[p] - circuit.marginAmps - taken[p], used[p])),
    );
  });

const fitting = (free: number, used: number): number =>
  used <= Math.max(0, free) ? 1 : Math.max(0, free) / used;

/** The targets of all that is shared, by circuit and phase. */
const usedAmps = (
  { site, tree }: TickInput,
  connectors: readonly ConnectorDecision[],
): readonly PhaseAmps[] => {
  const used = site.circuits.map((): [number, number, number] => [0, 0, 0]);
  for (const { tick, targetAmps } of connectors) {
    if (tick.role !== 'shared') continue;
    for (const index of tree.paths[tick.circuit] ?? []) {
      const row = used[index];
      if (row === undefined) continue;
      for (const p of [0, 1, 2] as const) if (tick.phases[p]) row[p] += targetAmps;
    }
  }
  return used;
};

const shareOf = (
  { tree }: TickInput,
  tick: ConnectorTick,
  ofCircuit: readonly PhaseAmps[],
): number => {
  let share = 1;
  for (const index of tree.paths[tick.circuit] ?? []) {
    for (const p of [0, 1, 2] as const) {
      if (tick.phases[p]) share = Math.min(share, ofCircuit[index]?.[p] ?? 1);
    }
  }
  return share;
};

/** The lower one of two courses at every instant; before its first step a course sets no limit. */
const least = (a: readonly LaterAmps[], b: readonly LaterAmps[]): readonly LaterAmps[] => {
  const instants = [...new Set([...a, ...b].map(({ atMs }) => atMs))].sort((x, y) => x - y);
  return instants.map((atMs) => ({
    atMs,
    amps: Math.min(plannedAt(a, atMs), plannedAt(b, atMs)),
  }));
};
