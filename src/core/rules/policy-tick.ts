import type { AllocationCircuit } from '../allocation/problem.ts';
import { phaseVolts } from '../chargers/told-limit.ts';
import { orderedAmps } from '../contenders.ts';
import { dimmingFloorWatts } from '../limits/dimming.ts';
import type { Limit } from '../limits/limit.ts';
import { phaseCount } from '../meters/site-phases.ts';
import type { Reason, ReasonChain } from '../reason.ts';
import type { PolicyWindow } from '../sharing/policy.ts';
import type { Contender } from '../sharing/share.ts';
import type { ConnectorKey, ConnectorTick, TickInput } from '../tick.ts';
import { carPower, othersWatts } from './car-power.ts';
import type { DemandState } from './demand-window.ts';
import { freshWatts } from './grid-power.ts';
import { type Hurried, hurriedAfter, hurryOf, SURPLUS } from './hurry.ts';
import { type OwnPower, ownPowerAfter } from './own-power.ts';
import { lastingSurplus, type SurplusState, surplusAfter, surplusBudget } from './surplus.ts';
import { clockText, type LocalTime, localTime, windowLimits, windowsInForce } from './windows.ts';

/** What the rules of a policy remember from tick to tick. */
export interface PolicyState {
  /** The local time, looked up once a minute. */
  readonly local?: { readonly minute: number; readonly time: LocalTime };
  readonly demand?: DemandState;
  readonly surplus?: SurplusState;
  /** Power at the meter of the root circuit without the cars, where a rule needs it. */
  readonly othersWatts?: number;
  /** What the roof gave lately, where cars are dimmed. */
  readonly own?: OwnPower;
  readonly hurried?: Hurried;
}

/** What the rules of the policy say in one tick. They only ever tighten. */
export interface PolicyTick {
  /** Every limit on circuits, those of the policy included. */
  readonly limits: readonly Limit[];
  /** Power of all cars together. */
  readonly budget: CarBudget | undefined;
  readonly windows: readonly PolicyWindow[];
  /** Surplus that a start may count on; undefined: starts do not wait for the sun. */
  readonly startWatts: number | undefined;
  readonly onWatts: number;
  readonly state: PolicyState;
  readonly alarms: readonly string[];
}

interface CarBudget {
  readonly watts: number;
  readonly reasons: ReasonChain;
  /** Cars that would not be ready in time are served beside it. */
  readonly sparesUrgent?: true;
}

export const policyTick = (input: TickInput, ticks: readonly ConnectorTick[]): PolicyTick => {
  const { policy, site, wallMs } = input;
  const root = site.circuits[0]?.id ?? '';
  const local = localNow(input);
  const windows = windowsInForce(policy, local);
  const hurried = hurriedAfter(input, ticks, windows);
  const onWatts = sumOf(input, ticks, minimumWatts);
  const load = othersNow(input, ticks);
  const surplus = surplusNow(input, load, onWatts);
  const dimming = dimmingNow(input, ticks, load);
  const solar = solarBudget(input, ticks, surplus, onWatts);
  const others = input.limits.filter(({ source }) => source !== dimming?.source);
  return {
    limits: [...others, ...windowLimits(windows, root)],
    budget: tighter(solar, dimming?.budget),
    windows,
    startWatts: startWatts(input, surplus),
    onWatts,
    state: {
      local: { minute: Math.floor(wallMs / 60_000), time: local },
      ...(surplus === undefined ? {} : { surplus }),
      ...(load.watts === undefined ? {} : { othersWatts: load.watts }),
      ...(dimming === undefined ? {} : { own: dimming.own }),
      ...(hurried.size === 0 ? {} : { hurried }),
    },
    alarms: dimming?.alarms ?? [],
  };
};

/** Cars that have time wait while a window says so, or until the sun has lasted. */
export const heldBack = (input: TickInput, rules: PolicyTick, contender: Contender): Contender => {
  const { urgencyNow, maxAmps, id, previousAmps, minAmps, volts, phases, wattsPhases } = contender;
  for (const { id: name, calmAmps, toMinute } of rules.windows) {
    if (calmAmps === undefined || urgencyNow === undefined || hurries(rules, name, id)) continue;
    if (calmAmps >= maxAmps) continue;
    const text = `${name}: has time, ${calmAmps} A until ${clockText(toMinute)}`;
    return held(contender, calmAmps, { kind: 'policy', id: name, text });
  }
  const rule = input.policy.surplus;
  if (rule === undefined || rules.startWatts === undefined || previousAmps > 0) return contender;
  if (rule.minimumAlways || hurries(rules, SURPLUS, id)) return contender;
  const ownWatts = minAmps * volts * (wattsPhases ?? phaseCount(phases));
  if (rules.startWatts >= rules.onWatts + ownWatts) return contender;
  const text = `waits for ${Math.round(ownWatts)} W of surplus`;
  return held(contender, 0, { kind: 'policy', id, text });
};

const hurries = ({ state }: PolicyTick, rule: string, key: ConnectorKey): boolean =>
  state.hurried?.has(hurryOf(rule, key)) === true;

const held = (contender: Contender, maxAmps: number, maxReason: Reason): Contender => ({
  ...contender,
  maxAmps,
  maxReason,
});

/** What is free on the root, when all cars together may draw only so much. */
export const withCarBudget = (
  siteVolts: number,
  circuits: readonly AllocationCircuit[],
  rules: PolicyTick,
  ticks: readonly ConnectorTick[],
  contenders: readonly Contender[],
): readonly AllocationCircuit[] => {
  const [root, ...rest] = circuits;
  const { budget } = rules;
  if (budget === undefined || root === undefined) return circuits;
  const taken = ticks
    .filter(({ role }) => role === 'reserved')
    .reduce(
      (sum, tick) =>
        sum + tick.worstAmps * phaseCount(tick.phases) * phaseVolts(tick.charger, siteVolts),
      0,
    );
  const urgent = contenders
    .filter(({ id }) => budget.sparesUrgent === true && hurries(rules, SURPLUS, id))
    .reduce((sum, { maxAmps, phases, volts }) => sum + maxAmps * phaseCount(phases) * volts, 0);
  const freeWatts = Math.max(0, budget.watts - taken) + urgent;
  const fewerWatts = (root.freeWatts ?? Number.POSITIVE_INFINITY) - freeWatts;
  if (fewerWatts <= 0) return circuits;
  const { passing, ...kept } = root;
  // What passes is the upper part: the budget leaves less of it, or none.
  const left = (passing?.watts ?? 0) - fewerWatts;
  const still = passing !== undefined && left > 0 ? { passing: { ...passing, watts: left } } : {};
  return [{ ...kept, freeWatts, wattsReason: budget.reasons, ...still }, ...rest];
};

const localNow = ({ wallMs, site, policyState, policy }: TickInput): LocalTime => {
  const known = policyState.local;
  if (known?.minute === Math.floor(wallMs / 60_000)) return known.time;
  if (policy.windows.length === 0) return { weekday: 0, minute: 0 };
  return localTime(wallMs, site.timezone);
};

const meterOf = ({ site, readings }: TickInput, circuit: string | undefined) => {
  const found = site.circuits.find(({ id }) => id === circuit) ?? site.circuits[0];
  return found?.meter === undefined ? undefined : readings.get(found.meter);
};

const dischargeWatts = (input: TickInput): number =>
  input.site.meters.reduce((sum, { id, role }) => {
    if (role !== 'battery') return sum;
    return sum + Math.max(0, -(freshWatts(input, input.readings.get(id)) ?? 0));
  }, 0);

/** Power at the root meter without the cars; `seen`: as it is now, else as it was last known. */
interface Others {
  readonly watts?: number;
  readonly seen: boolean;
}

const othersNow = (input: TickInput, ticks: readonly ConnectorTick[]): Others => {
  const { policy, policyState } = input;
  if (policy.surplus === undefined && policy.dimming === undefined) return { seen: false };
  const { othersWatts: before } = policyState;
  const gridWatts = freshWatts(input, meterOf(input, undefined));
  if (gridWatts !== undefined) {
    return { watts: othersWatts(before, gridWatts, carPower(input, ticks)), seen: true };
  }
  return before === undefined ? { seen: false } : { watts: before, seen: false };
};

const surplusNow = (input: TickInput, { watts = 0, seen }: Others, onWatts: number) => {
  const rule = input.policy.surplus;
  if (rule === undefined) return undefined;
  // What a battery gives is not of the sun: it would be emptied into cars while the grid shows zero.
  const spareWatts = seen ? -watts - dischargeWatts(input) : undefined;
  return surplusAfter(rule, input.policyState.surplus, { nowMs: input.nowMs, spareWatts, onWatts });
};

const solarBudget = (
  input: TickInput,
  ticks: readonly ConnectorTick[],
  state: SurplusState | undefined,
  onWatts: number,
): CarBudget | undefined => {
  const rule = input.policy.surplus;
  if (rule === undefined || state === undefined) return undefined;
  const always = rule.minimumAlways ? sumOf(input, ticks, leastWatts) : 0;
  const offeredWatts = sumOf(input, ticks, orderedWatts);
  const watts = Math.max(surplusBudget(rule, state, { onWatts, offeredWatts }), always);
  const text = `surplus of ${Math.max(0, Math.round(state.watts))} W`;
  return { watts, sparesUrgent: true, reasons: [{ kind: 'policy', id: input.policy.id, text }] };
};

const startWatts = ({ policy }: TickInput, state: SurplusState | undefined) =>
  policy.surplus === undefined || state === undefined
    ? undefined
    : (lastingSurplus(policy.surplus, state) ?? 0);

const dimmingNow = (input: TickInput, ticks: readonly ConnectorTick[], others: Others) => {
  const rule = input.policy.dimming;
  const limit = input.limits.find(({ source }) => source === rule?.source);
  if (rule === undefined || limit === undefined) return undefined;
  const stated = input.site.emsSources.find(({ id }) => id === rule.source)?.dimmingFloorWatts;
  const devices = rule.devices ?? ticks.length;
  const floorWatts = stated ?? dimmingFloorWatts({ devices, heatPumpWatts: 0, coolingWatts: 0 });
  const dimmedWatts = orderOf(limit, input.site.voltageVolts) ?? floorWatts;
  // The limit is on what is taken from the grid: what the roof gives comes on top (2.3), also when
  // the cars take it and nothing is exported any more.
  const givenWatts = others.seen ? Math.max(0, -(others.watts ?? 0)) : 0;
  const own = ownPowerAfter(input.policyState.own, givenWatts, input.nowMs);
  const text = `dimmed by ${rule.source} to ${Math.round(dimmedWatts)} W for all chargers`;
  const below =
    dimmedWatts < floorWatts
      ? [`${rule.source} dims to ${dimmedWatts} W, below the ${floorWatts} W that it has to leave`]
      : [];
  return {
    source: rule.source,
    own,
    budget: {
      watts: dimmedWatts + own.watts,
      reasons: [{ kind: 'ems', id: rule.source, text } as const],
    },
    alarms: below,
  };
};

/** What the operator says in watts or in amps; undefined: no number. */
const orderOf = ({ watts, amps }: Limit, volts: number): number | undefined => {
  const byAmps = amps === undefined ? undefined : (amps[0] + amps[1] + amps[2]) * volts;
  return watts === undefined || byAmps === undefined ? (watts ?? byAmps) : Math.min(watts, byAmps);
};

const tighter = (a: CarBudget | undefined, b: CarBudget | undefined): CarBudget | undefined => {
  if (a === undefined || b === undefined) return a ?? b;
  return a.watts <= b.watts ? a : b;
};

const sumOf = (
  { site }: TickInput,
  ticks: readonly ConnectorTick[],
  watts: (tick: ConnectorTick, volts: number) => number,
): number =>
  ticks.reduce((sum, tick) => sum + watts(tick, phaseVolts(tick.charger, site.voltageVolts)), 0);

const minimumWatts = (tick: ConnectorTick, volts: number): number =>
  orderedWatts(tick, volts) > 0 || tick.wakeUp?.pilotBreak !== undefined
    ? tick.charger.minAmps * volts * tick.powerPhases
    : 0;

const orderedWatts = (tick: ConnectorTick, volts: number): number =>
  tick.role === 'shared' ? orderedAmps(tick) * volts * tick.powerPhases : 0;

const leastWatts = (tick: ConnectorTick, volts: number): number =>
  tick.role === 'shared' ? tick.charger.minAmps * volts * tick.powerPhases : 0;
