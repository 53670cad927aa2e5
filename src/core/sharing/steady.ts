import type { AllocationCircuit } from '../allocation-problem.ts';
import type { Reason } from '../reason.ts';
import { subtractAmps } from '../units.ts';
import type { Contender, Shared } from './share.ts';

type Share = (circuits: readonly AllocationCircuit[], contenders: readonly Contender[]) => Shared;

/**
 * Shares so that a load which swings does not switch cars on and off:
 * - A car that is to start has to fit beside the load of the whole look before a start. Until it does,
 *   those that charge keep its amps: it could not take them yet.
 * - A car that charges is not stopped for less than what a circuit keeps of its margin for that.
 */
export const steadily = (
  share: Share,
  circuits: readonly AllocationCircuit[],
  contenders: readonly Contender[],
): Shared => {
  const shared = withoutLateStarts(share, circuits, contenders);
  const starts = contenders.some((each, i) => !isOn(each) && offered(shared, i));
  const stops = contenders.some((each, i) => isOn(each) && isStopped(each, shared, i));
  // Where one starts in the place of another it is that one's turn.
  if (!stops || starts) return shared;
  const stays = contenders.map((each) => (isOn(each) ? each : { ...each, notYet: NO_ROOM }));
  const kept = share(circuits.map(withMargin), stays);
  const keepsMore = contenders.some((_each, i) => offered(kept, i) && !offered(shared, i));
  const stopsMore = contenders.some((_each, i) => !offered(kept, i) && offered(shared, i));
  if (!keepsMore || stopsMore) return shared;
  const offers = contenders.flatMap((each, i) => (isOn(each) ? kept : shared).offers[i] ?? []);
  return { offers, entitledAmps: shared.entitledAmps };
};

/** Never shown: the offers of those that are off are taken from elsewhere. */
const NO_ROOM: Reason = { kind: 'minimum', id: '', text: 'waits' };

const withoutLateStarts = (
  share: Share,
  circuits: readonly AllocationCircuit[],
  contenders: readonly Contender[],
): Shared => {
  let shared = share(circuits, contenders);
  if (!circuits.some(({ lookAmps }) => lookAmps !== undefined)) return shared;
  let now = contenders;
  for (const length of ['long', 'short'] as const) {
    const looks = (each: Contender): boolean =>
      each.look?.length === length && each.notYet === undefined;
    if (!now.some((each, i) => looks(each) && offered(shared, i))) continue;
    const sure = share(circuits.map(withLook(length)), now);
    const ready = now.map((each, i) =>
      looks(each) && !offered(sure, i) ? { ...each, notYet: each.look?.reason } : each,
    );
    if (ready.some((each, i) => each !== now[i])) shared = share(circuits, ready);
    now = ready;
  }
  return shared;
};

const isOn = ({ turn, previousAmps }: Contender): boolean => turn.on && previousAmps > 0;
const offered = ({ offers }: Shared, i: number): boolean => (offers[i]?.amps ?? 0) > 0;
const isStopped = (each: Contender, shared: Shared, i: number): boolean =>
  each.maxAmps >= each.minAmps && !offered(shared, i);

const withLook =
  (length: 'long' | 'short') =>
  (circuit: AllocationCircuit): AllocationCircuit =>
    circuit.lookAmps === undefined
      ? circuit
      : { ...circuit, freeAmps: subtractAmps(circuit.freeAmps, circuit.lookAmps[length]) };

const withMargin = (circuit: AllocationCircuit): AllocationCircuit => {
  const { freeAmps, keepOnAmps = 0 } = circuit;
  const [l1, l2, l3] = freeAmps;
  return { ...circuit, freeAmps: [l1 + keepOnAmps, l2 + keepOnAmps, l3 + keepOnAmps] };
};
