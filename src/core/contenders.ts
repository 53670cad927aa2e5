import { obeyedMost } from './chargers/defiance.ts';
import { leaseAmps, measuredAfterSettling } from './chargers/enforcement.ts';
import { phaseReasons } from './chargers/phase-room.ts';
import { phaseVolts } from './chargers/told-limit.ts';
import { alonePhaseLimit } from './counterweights.ts';
import { phaseCount } from './meters/site-phases.ts';
import type { Reason } from './reason.ts';
import { isIdle, type Learned, learnedAfter, newLearned } from './sharing/learned.ts';
import { classOf } from './sharing/policy.ts';
import type { Contender } from './sharing/share.ts';
import {
  credited,
  newTurn,
  returnsSoon,
  stoppedForRoom,
  switched,
  type Turn,
} from './sharing/turns.ts';
import { urgencyOf, WISH_MOST_WH, type Wish } from './sharing/wish.ts';
import type { CircuitTick, ConnectorKey, ConnectorTick, TickInput } from './tick.ts';
import { clamp } from './units.ts';

/** What a connector brings into the sharing: its bounds, its class, its need and its turn. */
export const contenderOf = (
  input: TickInput,
  tick: ConnectorTick,
  circuits: readonly CircuitTick[],
): Contender => {
  const { charger, state } = tick;
  const { transaction } = state;
  const kind = classOf(input.policy, charger.id, transaction?.idToken);
  const learned = learnedOf(input, tick);
  const need = needOf(input, tick);
  const turn = turnOf(input, tick);
  const minAmps = Math.max(charger.minAmps, learned.minAmps ?? 0, efficientAmps(tick));
  const { maxAmps, maxReason } = mostOf(input, tick, circuits, minAmps);
  return {
    id: tick.key,
    circuit: tick.circuit,
    phases: tick.phases,
    phaseUnknown: tick.phaseUnknown,
    wiring: tick.wiring,
    wattsPhases: tick.use?.told === 1 ? tick.powerPhases : undefined,
    lineToLine: charger.lineToLine,
    volts: phaseVolts(charger, input.site.voltageVolts),
    minAmps,
    maxAmps,
    maxReason,
    stepAmps: charger.stepAmps,
    stepsAmps: charger.stepsAmps,
    weight: charger.weight * kind.weight,
    // In a break of the pilot signal nothing of its share is given up.
    previousAmps: tick.wakeUp?.pilotBreak?.amps ?? orderedAmps(tick),
    priorityClass: kind.priority,
    idle: isIdle(learned, input.nowMs),
    staysOn: charger.zeroAmpPause === 'unsafe',
    urgencyNow: need.urgencyNow,
    leftWh: need.leftWh,
    stayMs: need.stayMs,
    turn,
    look: starts(tick) && !isInBreak(tick) ? lookOf(input, tick) : undefined,
    cameAtMs: transaction?.startedAtMs ?? input.nowMs,
  };
};

/** It was stopped for a passing lack of room, or to be woken: it needs no longer look than a raise. */
export const comesBack = (input: TickInput, tick: ConnectorTick): boolean =>
  isInBreak(tick) || returnsSoon(turnOf(input, tick), hasCharged(tick));

const isInBreak = ({ wakeUp }: ConnectorTick): boolean => wakeUp?.pilotBreak !== undefined;

/** It is off, and not even budgeted as one that may still be on. */
const starts = ({ charger, raiseWorstAmps }: ConnectorTick): boolean =>
  raiseWorstAmps < charger.minAmps;

/** In this stay, be it by what its charger gives before it is told anything. */
const hasCharged = ({ state: { transaction } }: ConnectorTick): boolean =>
  transaction?.activeTerminals !== undefined ||
  transaction?.carriedTerminals?.includes(true) === true;

/** How long the load of others is looked at before a start, and what is said meanwhile. */
export const lookOf = (
  input: TickInput,
  tick: ConnectorTick,
): { readonly length: 'long' | 'short'; readonly reason: Reason } => {
  const { raiseWindowMs, startLookMs } = input.settings;
  const length = comesBack(input, tick) ? 'short' : 'long';
  const seconds = (length === 'short' ? raiseWindowMs : startLookMs) / 1000;
  const text = `starts when ${tick.charger.minAmps} A have been free for ${seconds} s`;
  return { length, reason: { kind: 'pending', id: tick.key, text } };
};

/** minChargingRate, as far as the rating and the same profile's limit leave room for it. */
const efficientAmps = ({ profileLimit, charger }: ConnectorTick): number =>
  Math.min(profileLimit?.minAmps ?? 0, profileLimit?.amps ?? 0, charger.maxAmps);

/** The turns after this tick, by what each was really offered since the tick before. */
export const turnsAfter = (
  input: TickInput,
  ticks: readonly ConnectorTick[],
  contenders: readonly Contender[],
  entitledAmps: Float64Array | undefined,
): ReadonlyMap<ConnectorKey, Turn> => {
  const elapsedMs = Math.max(0, input.nowMs - (input.lastTickAtMs ?? input.nowMs));
  const entitledOf = new Map<ConnectorKey, number | undefined>();
  if (entitledAmps !== undefined) {
    contenders.forEach(({ id }, i) => {
      entitledOf.set(id, entitledAmps[i]);
    });
  }
  const wants = new Set(contenders.flatMap(({ id, maxAmps }) => (maxAmps > 0 ? [id] : [])));
  return new Map(
    ticks.map((tick) => {
      const offeredAmps = tick.state.transaction === undefined ? 0 : orderedAmps(tick);
      const { minAmps } = tick.charger;
      const step = { elapsedMs, offeredAmps, minAmps, entitledAmps: entitledOf.get(tick.key) };
      const turn = turnOf(input, tick);
      const before = input.turns.get(tick.key);
      const stops = before?.on === true && !turn.on && before.stay === turn.stay;
      const counted = stops && wants.has(tick.key) ? stoppedForRoom(turn, before) : turn;
      return [tick.key, credited(counted, step)];
    }),
  );
};

/** What was last ordered: a car that is being switched off counts as off, or two would be. */
export const orderedAmps = ({ enforcement: { pending, accepted } }: ConnectorTick): number =>
  pending?.amps ?? accepted?.amps ?? 0;

const turnOf = ({ turns, nowMs }: TickInput, tick: ConnectorTick): Turn => {
  const stay = tick.state.transaction?.id ?? '';
  const before = turns.get(tick.key);
  // The contactor stays the same when the next car comes.
  const turn = before?.stay === stay ? before : newTurn(stay, before?.startsAtMs);
  // A car that only pauses to change its phases, or to wake up, keeps its turn.
  const pauses = tick.use?.changing === true || isInBreak(tick);
  const on = orderedAmps(tick) > 0 || (turn.on && pauses);
  return switched(turn, stay !== '' && on, nowMs);
};

const mostOf = (
  input: TickInput,
  tick: ConnectorTick,
  circuits: readonly CircuitTick[],
  minAmps: number,
): { readonly maxAmps: number; readonly maxReason: Reason } => {
  const [changing] = tick.use?.changing === true ? phaseReasons(tick) : [];
  if (changing !== undefined) return { maxAmps: 0, maxReason: changing };
  const rated = ownMost(input, tick, circuits, minAmps);
  const obeyed = obeyedMost(input, tick, minAmps);
  const own = obeyed !== undefined && obeyed.maxAmps < rated.maxAmps ? obeyed : rated;
  const { profileLimit } = tick;
  return profileLimit !== undefined && profileLimit.amps < own.maxAmps
    ? { maxAmps: profileLimit.amps, maxReason: profileLimit.reason }
    : own;
};

const ownMost = (
  input: TickInput,
  tick: ConnectorTick,
  circuits: readonly CircuitTick[],
  minAmps: number,
): { readonly maxAmps: number; readonly maxReason: Reason } => {
  const { id, maxAmps, fallbackAmps } = tick.charger;
  const lost = (input.tree.paths[tick.circuit] ?? [])
    .map((index) => circuits[index])
    .find((each) => each?.load.trust === 'lost');
  if (lost !== undefined) {
    const cautiousAmps = Math.min(maxAmps, Math.max(fallbackAmps, minAmps));
    const text = `meter of ${lost.id} lost: ${cautiousAmps} A at most`;
    return { maxAmps: cautiousAmps, maxReason: { kind: 'meter', id: lost.id, text } };
  }
  const learned = learnedOf(input, tick);
  if (isIdle(learned, input.nowMs)) {
    const text = `takes nothing: ${minAmps} A while nobody else needs them`;
    return { maxAmps: Math.min(maxAmps, minAmps), maxReason: { kind: 'car', id: tick.key, text } };
  }
  // What it is tried with counts, although it has taken less so far.
  const capAmps = Math.max(minAmps, Math.ceil(learned.capAmps ?? maxAmps));
  const alone = alonePhaseLimit(input, tick);
  const aloneAmps = Math.max(minAmps, alone?.amps ?? maxAmps);
  if (alone !== undefined && aloneAmps < Math.min(maxAmps, capAmps)) {
    const text = `it may load one phase only, as far as is known: ${aloneAmps} A at most`;
    return { maxAmps: aloneAmps, maxReason: { kind: 'unbalance', id: alone.id, text } };
  }
  if (capAmps < maxAmps) {
    return {
      maxAmps: capAmps,
      maxReason: { kind: 'car', id: tick.key, text: `the car takes less: ${capAmps} A is enough` },
    };
  }
  return { maxAmps, maxReason: { kind: 'charger', id, text: `${id}: rated ${maxAmps} A` } };
};

/** What cars were seen to take, after this tick's measurements. */
export const learnedNow = (
  input: TickInput,
  ticks: readonly ConnectorTick[],
): ReadonlyMap<ConnectorKey, Learned> =>
  new Map(
    ticks
      .filter(({ state }) => state.transaction !== undefined)
      .map((tick) => {
        const { around, enforcement, charger, obedience } = tick;
        const seen = {
          nowMs: input.nowMs,
          offeredAmps: leaseAmps(enforcement.accepted, around),
          minAmps: charger.minAmps,
          drawnAmps: around.measuredAmps,
          measuredAtMs: around.measuredAtMs,
          settled: measuredAfterSettling(enforcement, around) && obedience === 'confirmed',
        };
        return [tick.key, learnedAfter(learnedOf(input, tick), seen)];
      }),
  );

const learnedOf = ({ learned, preferences }: TickInput, { key, state }: ConnectorTick): Learned => {
  const stay = state.transaction?.id ?? '';
  // Who tells what it wants, a child gateway, is not guessed at.
  if (preferences.get(key)?.wanted !== undefined) return newLearned(stay);
  const before = learned.get(key);
  return before?.stay === stay ? before : newLearned(stay);
};

/** What is known of its need: how much of its full power it takes, and for how long. */
export const needOf = (
  { wishes, wallMs, site }: TickInput,
  { key, charger, phases, state }: ConnectorTick,
): Pick<Contender, 'urgencyNow' | 'leftWh' | 'stayMs'> => {
  const wish = stillMeant(wishes.get(key), wallMs);
  const deliveredWh = deliveredOf(state);
  const fullWatts = charger.maxAmps * phaseVolts(charger, site.voltageVolts) * phaseCount(phases);
  const urgencyNow = urgencyOf({ wish, deliveredWh, fullWatts, wallMs });
  const { energyWh, departsAtWallMs } = wish ?? {};
  const leftWh = energyWh === undefined ? 0 : clamp(energyWh, 0, WISH_MOST_WH) - deliveredWh;
  return {
    urgencyNow,
    // Who has what it asked for and takes more has no end in sight.
    leftWh: leftWh > 0 ? leftWh : undefined,
    stayMs: departsAtWallMs === undefined ? undefined : departsAtWallMs - wallMs,
  };
};

/** Who is still there so long after its departure is not about to go: when it will, nobody knows. */
const OVERSTAY_MS = 15 * 60_000;

const stillMeant = (wish: Wish | undefined, wallMs: number): Wish | undefined => {
  if (wish?.departsAtWallMs === undefined || wallMs - wish.departsAtWallMs < OVERSTAY_MS) {
    return wish;
  }
  const { departsAtWallMs: _past, ...rest } = wish;
  return rest;
};

const deliveredOf = ({ transaction, energyWh }: ConnectorTick['state']): number =>
  transaction?.meterStartWh === undefined || energyWh === undefined
    ? 0
    : Math.max(0, energyWh - transaction.meterStartWh);
