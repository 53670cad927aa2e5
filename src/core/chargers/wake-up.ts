import type { AllocatedOffer } from '../allocation/problem.ts';
import { orderedAmps } from '../contenders.ts';
import type { ReasonChain } from '../reason.ts';
import type { Contender } from '../sharing/share.ts';
import {
  BREAK_MS,
  breakEnded,
  newWakeUp,
  TRIES_MOST,
  type WakeFacts,
  type WakeUp,
  wakeUpAfter,
} from '../sharing/wake-ladder.ts';
import type { CircuitTick, ConnectorKey, ConnectorTick, TickInput } from '../tick.ts';
import type { ConnectorStatus } from './charger-event.ts';
import { leaseAmps, measuredAfterSettling } from './enforcement.ts';

/** In other states the charger itself holds the car back, or there is nobody to wake. */
const WAKING_STATES: ReadonlySet<ConnectorStatus> = new Set([
  'preparing',
  'charging',
  'suspended-ev',
]);

/** Who sleeps, and who is being woken up, after this tick. */
export const wakeUpsAfter = (
  input: TickInput,
  ticks: readonly ConnectorTick[],
  circuits: readonly CircuitTick[],
  contenders: readonly Contender[],
  offers: ReadonlyMap<ConnectorKey, AllocatedOffer>,
): ReadonlyMap<ConnectorKey, WakeUp> => {
  const after = new Map<ConnectorKey, WakeUp>();
  const leastOf = new Map(contenders.map(({ id, minAmps }) => [id, minAmps]));
  for (const tick of ticks) {
    const stay = tick.state.transaction?.id;
    if (stay === undefined) {
      // What is known from the run before counts once its charger tells of the transaction again.
      const kept = input.wakeUps.get(tick.key);
      if (kept !== undefined) after.set(tick.key, breakEnded(kept, input.nowMs));
      continue;
    }
    const before = tick.wakeUp ?? newWakeUp(stay);
    const minAmps = leastOf.get(tick.key);
    // A charger that is not steered now is not told anything, and what it does shows nothing.
    if (minAmps === undefined) {
      after.set(tick.key, breakEnded(before, input.nowMs));
      continue;
    }
    const shareAmps = offers.get(tick.key)?.amps ?? 0;
    after.set(tick.key, wakeUpAfter(before, factsOf(input, tick, circuits, minAmps, shareAmps)));
  }
  return after;
};

/** That it takes nothing and what is done about it; empty while nothing is. */
export const wakeUpReasons = ({ key, wakeUp }: ConnectorTick): ReasonChain => {
  if (wakeUp?.pilotBreak === undefined) return [];
  const text =
    `takes nothing: woken up by a pause of ${BREAK_MS / 1000} s ` +
    `(${wakeUp.tries} of ${TRIES_MOST})`;
  return [{ kind: 'car', id: key, text }];
};

const factsOf = (
  input: TickInput,
  tick: ConnectorTick,
  circuits: readonly CircuitTick[],
  minAmps: number,
  shareAmps: number,
): WakeFacts => {
  const { around, enforcement, obedience } = tick;
  const { accepted, pending, changed } = enforcement;
  const off = accepted?.amps === 0 && pending === undefined && input.nowMs < accepted.endsAtMs;
  return {
    nowMs: input.nowMs,
    drawnAmps: around.measuredAmps,
    measuredAtMs: around.measuredAtMs,
    settled:
      pending === undefined &&
      obedience === 'confirmed' &&
      measuredAfterSettling(enforcement, around),
    offeredAmps: leaseAmps(accepted, around),
    orderedAmps: orderedAmps(tick),
    shareAmps,
    minAmps,
    offSinceMs: off ? (changed?.atMs ?? accepted.sentAtMs) : undefined,
    possible: isPossible(input, tick, circuits),
  };
};

const isPossible = (
  input: TickInput,
  tick: ConnectorTick,
  circuits: readonly CircuitTick[],
): boolean => {
  const { charger, state, around, obedience, enforcement, use } = tick;
  return (
    around.online &&
    obedience === 'confirmed' &&
    enforcement.pending === undefined &&
    input.nowMs >= enforcement.retryAtMs &&
    orderedAmps(tick) >= charger.minAmps &&
    WAKING_STATES.has(state.status) &&
    charger.zeroAmpPause === undefined &&
    // A car at a DC charger is talked to, not signalled to.
    charger.dcEfficiency === undefined &&
    use?.changing !== true &&
    // A child gateway tells by itself what it wants.
    input.preferences.get(tick.key)?.wanted === undefined &&
    // What is taken away could not be given back.
    (input.tree.paths[tick.circuit] ?? []).every((index) => {
      const circuit = circuits[index];
      return circuit?.load.trust === 'fresh' && !input.floors.has(circuit.id);
    })
  );
};
