import type { UnbalanceLimit } from './allocation/problem.ts';
import { measuredAfterSettling } from './chargers/enforcement.ts';
import { drawBounds } from './connector-ticks.ts';
import { spread, UNKNOWN_PHASE } from './meters/site-phases.ts';
import type { Circuit } from './site.ts';
import type { ConnectorTick, TickInput } from './tick.ts';
import { addAmps, mapPhases, NO_AMPS, type PhaseAmps } from './units.ts';

/**
 * The limit on the difference of phases counts charging only, also of those that are not steered. An
 * offer on the low phase makes room on the high one, but not that of a car which takes nothing, nor
 * what a charger that is not steered may take; and who was taken to load both may load only one. Who
 * takes a little less than its offer counts with the offer, which soon follows it: if shares went by
 * every measurement here, cars that are each other's counterweights would chase each other.
 */
export const unbalanceOf = (
  { id, unbalanceAmps: limitAmps }: Circuit,
  below: readonly ConnectorTick[],
): UnbalanceLimit | undefined => {
  if (limitAmps === undefined) return undefined;
  const counted = below.filter(({ role }) => role !== 'idle');
  const baseAmps = counted
    .filter(({ role }) => role === 'reserved')
    .reduce((sum, tick) => addAmps(sum, countedAmps(tick)), NO_AMPS);
  const apart = (above: 0 | 1 | 2): PhaseAmps =>
    mapPhases((p) => counted.reduce((sum, tick) => sum + apartBy(tick, above, p), 0));
  const text = `${id}: phases within ${limitAmps} A of each other`;
  const apartAmps = [apart(0), apart(1), apart(2)] as const;
  return { limitAmps, baseAmps, apartAmps, reasons: [{ kind: 'unbalance', id, text }] };
};

/** A car that draws no more than this, although it is offered enough, sleeps or is full. */
const RESTS_AMPS = 1;

/** What the sharing takes it to load the phases with. */
const countedAmps = ({ role, enforcement, phases, ...tick }: ConnectorTick): PhaseAmps => {
  if (role === 'shared') return spread(phases, enforcement.accepted?.amps ?? 0);
  return isMeasured(tick) ? (tick.drawSiteAmps ?? tick.worstSiteAmps) : tick.worstSiteAmps;
};

const isMeasured = ({ around }: Pick<ConnectorTick, 'around'>): boolean =>
  around.measuredAmps !== undefined;

/** By how much one phase may be further above another than is counted, because of one car. */
const apartBy = (tick: ConnectorTick, above: 0 | 1 | 2, below: 0 | 1 | 2): number => {
  const { phases, drawSiteAmps: draw, around } = tick;
  if (above === below || !phases[below]) return 0;
  // Its offer counts on every difference already.
  if (tick.role === 'shared' && tick.phaseUnknown) return 0;
  const counted = countedAmps(tick);
  if (!phases[above]) return counted[below] - weightOf(tick, counted, below);
  // Of a car on both that nobody measures it is believed that it loads them alike, unless seen.
  if (!isMeasured(tick)) return tick.phaseUnknown ? tick.worstAmps : 0;
  const apart = draw === undefined ? (around.measuredAmps ?? 0) : draw[above] - draw[below];
  return Math.max(0, apart - (counted[above] - counted[below]));
};

/** Amps with which a car on the low phase surely counts. */
const weightOf = (tick: ConnectorTick, counted: PhaseAmps, phase: 0 | 1 | 2): number => {
  const { role, around, enforcement } = tick;
  if (role !== 'shared') return isMeasured(tick) ? drawBounds(tick).lowerAmps[phase] : 0;
  const rests =
    measuredAfterSettling(enforcement, around) && (around.measuredAmps ?? Number.NaN) <= RESTS_AMPS;
  return rests ? 0 : counted[phase];
};

/**
 * Most that a car may have alone, as far as it is not known on which phases it charges: until it was
 * seen it may load one of three. Undefined: no limit.
 */
export const alonePhaseLimit = (
  { site, tree }: Pick<TickInput, 'site' | 'tree'>,
  { charger, state, wiring, circuit }: ConnectorTick,
): { readonly id: string; readonly amps: number } | undefined => {
  if (charger.phases.length < 2 || charger.lineToLine === true) return undefined;
  const active = state.transaction?.activeTerminals;
  const isKnown = active !== undefined && !wiring.includes(UNKNOWN_PHASE);
  // On all three of them it loads every phase, however they are wired.
  if (isKnown || active?.every((each) => each) === true) return undefined;
  return (tree.paths[circuit] ?? [])
    .map((index) => site.circuits[index])
    .flatMap((each) =>
      each?.unbalanceAmps === undefined ? [] : [{ id: each.id, amps: each.unbalanceAmps }],
    )
    .sort((a, b) => a.amps - b.amps)[0];
};
