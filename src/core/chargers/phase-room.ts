import type { AllocatedOffer, AllocationCircuit } from '../allocation/problem.ts';
import { type PhaseSet, phaseCount, UNKNOWN_PHASE } from '../meters/site-phases.ts';
import type { ReasonChain } from '../reason.ts';
import type { Contender } from '../sharing/share.ts';
import type { ConnectorKey, ConnectorTick } from '../tick.ts';
import {
  type PhaseRoom,
  type PhaseUse,
  type PhaseUses,
  phasesSeen,
  phaseUseAfter,
} from './phase-switch.ts';

/** A car on one phase is moved up only where its minimum and this much more fit on three. */
const SPARE_AMPS = 1;
const ALL: PhaseSet = [true, true, true];

/** On how many phases each connector that can be switched is told to charge after this tick. */
export const phaseUsesAfter = (
  ticks: readonly ConnectorTick[],
  circuits: readonly AllocationCircuit[],
  contenders: readonly Contender[],
  offers: readonly AllocatedOffer[],
): PhaseUses => {
  const after = new Map<ConnectorKey, PhaseUse>();
  let taken: readonly Sums[] | undefined;
  const wanting = new Map(contenders.map((contender, i) => [contender.id, i]));
  for (const tick of ticks) {
    if (tick.use === undefined) continue;
    const { phaseSwitching } = tick.charger;
    const use = phasesSeen(tick.use, tick.state);
    const index = wanting.get(tick.key);
    const contender = contenders[index ?? -1];
    if (phaseSwitching === undefined || contender === undefined || use.stay === '') {
      after.set(tick.key, use);
      continue;
    }
    taken ??= minimumsTaken(circuits, contenders, offers);
    const own = (offers[index ?? -1]?.amps ?? 0) > 0 ? contender : undefined;
    const room = roomOf(circuits, taken, contender, own, use);
    after.set(tick.key, phaseUseAfter(use, room, phaseSwitching, tick));
  }
  return after;
};

/** Why it charges on fewer phases than it has, or pauses. */
export const phaseReasons = ({ key, use }: ConnectorTick): ReasonChain => {
  if (use === undefined || use.told === 3) return [];
  const text = use.changing
    ? 'pauses to change to three phases'
    : 'on one phase: less than its minimum on three';
  return [{ kind: 'phases', id: key, text }];
};

/** Chargers that were told to use one phase and used more. */
export const phaseAlarms = (uses: PhaseUses): readonly string[] =>
  [...uses].flatMap(([key, { refuted }]) =>
    refuted ? [`${key} charges on more phases than it is told: it is not switched any more`] : [],
  );

/** Amps of L1..L3 and watts. */
type Sums = [number, number, number, number];
const WATTS = 3;

/** What the cars that are on take of each circuit at least. */
const minimumsTaken = (
  circuits: readonly AllocationCircuit[],
  contenders: readonly Contender[],
  offers: readonly AllocatedOffer[],
): readonly Sums[] => {
  const taken = circuits.map((): Sums => [0, 0, 0, 0]);
  contenders.forEach((contender, i) => {
    if ((offers[i]?.amps ?? 0) <= 0) return;
    for (let at = contender.circuit; at >= 0; at = circuits[at]?.parent ?? -1) {
      const row = taken[at];
      if (row !== undefined) add(row, contender, 1);
    }
  });
  return taken;
};

const add = (row: Sums, contender: Contender, factor: 1 | -1): void => {
  const { phases, minAmps, volts } = contender;
  for (const p of [0, 1, 2] as const) if (phases[p]) row[p] += factor * minAmps;
  row[WATTS] += factor * minAmps * volts * powerPhasesOf(contender);
};

const powerPhasesOf = ({ phases, wattsPhases }: Contender): number =>
  wattsPhases ?? phaseCount(phases);

const roomOf = (
  circuits: readonly AllocationCircuit[],
  taken: readonly Sums[],
  contender: Contender,
  own: Contender | undefined,
  use: PhaseUse,
): PhaseRoom => {
  const { minAmps } = contender;
  const left: { readonly row: Sums }[] = [];
  for (let at = contender.circuit; at >= 0; at = circuits[at]?.parent ?? -1) {
    const circuit = circuits[at];
    if (circuit === undefined) break;
    const { freeAmps, freeWatts = Number.POSITIVE_INFINITY } = circuit;
    const row: Sums = [...(taken[at] ?? [0, 0, 0, 0])];
    if (own !== undefined) add(row, own, -1);
    const [a, b, c, watts] = row;
    left.push({ row: [freeAmps[0] - a, freeAmps[1] - b, freeAmps[2] - c, freeWatts - watts] });
  }
  const fits = (phases: PhaseSet, amps: number, powerPhases: number): boolean =>
    left.every(
      ({ row }) =>
        [0, 1, 2].every((p) => !phases[p as 0] || row[p as 0] >= amps) &&
        row[WATTS] >= amps * contender.volts * powerPhases,
    );
  return {
    threeFits: fits(ALL, minAmps + (use.told === 1 ? SPARE_AMPS : 0), ALL.length),
    // Which one it will be is known only of a charger that was seen on one.
    oneFits: fits(onePhase(contender, use), minAmps, 1),
  };
};

const onePhase = ({ wiring }: Contender, { oneTerminal }: PhaseUse): PhaseSet => {
  const phase = wiring?.[oneTerminal ?? -1];
  return phase === undefined || phase === UNKNOWN_PHASE
    ? ALL
    : [phase === 0, phase === 1, phase === 2];
};
