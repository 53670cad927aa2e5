import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allocate } from '../../src/core/allocation/allocate.ts';
import type {
  AllocatedOffer,
  AllocationCircuit,
  AllocationProblem,
  RankedDemand,
  UnbalanceLimit,
} from '../../src/core/allocation/problem.ts';
import { DEFAULT_POLICY } from '../../src/core/sharing/policy.ts';
import { share } from '../../src/core/sharing/share.ts';
import { newTurn } from '../../src/core/sharing/turns.ts';
import { type MixedSite, mixedSiteArbitrary } from './mixed-site.ts';

const RUNS = { numRuns: 300 };
const TOLERANCE = 1e-4;
const LINES = [0, 1, 2] as const;
const PAIRS = LINES.flatMap((above) => LINES.map((below) => [above, below] as const));

type Load = { readonly demand: RankedDemand; readonly amps: number };

/** Angle of the current in a line, degrees: that of the voltage that drives it. */
const angleOf = ({ phases, lineToLine }: RankedDemand, line: 0 | 1 | 2): number => {
  const lineAngle = -120 * line;
  if (lineToLine !== true) return lineAngle;
  return phases[((line + 1) % 3) as 0 | 1 | 2] ? lineAngle + 30 : lineAngle - 30;
};

const lineAmps = (loads: readonly Load[], line: 0 | 1 | 2, asPhasors: boolean): number => {
  let x = 0;
  let y = 0;
  for (const { demand, amps } of loads) {
    if (!demand.phases[line]) continue;
    const angle = asPhasors ? (angleOf(demand, line) * Math.PI) / 180 : 0;
    x += amps * Math.cos(angle);
    y += amps * Math.sin(angle);
  }
  return Math.hypot(x, y);
};

const countOf = ({ phases }: RankedDemand): number => phases.filter(Boolean).length;

/** How far the worst limit of a circuit is exceeded, in amps; below zero while there is room. */
const excessOf = (circuit: AllocationCircuit, loads: readonly Load[]): number => {
  const { freeAmps, freeWatts, phasorSum, unbalance } = circuit;
  const over = LINES.flatMap((line) =>
    loads.some(({ demand, amps }) => amps > 0 && demand.phases[line])
      ? [lineAmps(loads, line, phasorSum === true) - freeAmps[line]]
      : [],
  );
  const watts = loads.reduce(
    (sum, { demand, amps }) => sum + amps * demand.volts * (demand.wattsPhases ?? countOf(demand)),
    0,
  );
  if (watts > 0 && freeWatts !== undefined) over.push((watts - freeWatts) / 230);
  if (unbalance !== undefined) over.push(...differencesOver(unbalance, loads));
  return Math.max(...over, Number.NEGATIVE_INFINITY);
};

const differencesOver = (
  { limitAmps, baseAmps: base = [0, 0, 0] }: UnbalanceLimit,
  loads: readonly Load[],
): readonly number[] => {
  const sums = LINES.map((line) => base[line] + lineAmps(loads, line, false));
  // What others charge may be too far apart already: then nobody adds to it.
  const adds = (above: 0 | 1 | 2, below: 0 | 1 | 2): boolean =>
    loads.some(({ demand, amps }) => amps > 0 && demand.phases[above] && !demand.phases[below]);
  return PAIRS.filter(([above, below]) => adds(above, below)).map(
    ([above, below]) => (sums[above] ?? 0) - (sums[below] ?? 0) - limitAmps,
  );
};

/** The worst of all circuits, or of the one that is named. */
const excess = (
  { circuits, demands }: AllocationProblem,
  offers: readonly number[],
  only?: string,
): number => {
  const isBelow = (from: number, at: number): boolean =>
    from >= 0 && (from === at || isBelow(circuits[from]?.parent ?? -1, at));
  const loads = demands.map((demand, i) => ({ demand, amps: offers[i] ?? Number.NaN }));
  return Math.max(
    ...circuits.map((circuit, at) =>
      only === undefined || circuit.id === only
        ? excessOf(
            circuit,
            loads.filter(({ demand }) => isBelow(demand.circuit, at)),
          )
        : Number.NEGATIVE_INFINITY,
    ),
  );
};

/** The least offer above these amps; infinite when there is none. */
const nextOf = ({ minAmps, maxAmps, stepAmps, stepsAmps }: RankedDemand, amps: number): number => {
  // 199 steps of 0.1 and one more are 20, not 20.000000000000004, which is above a most of 20.
  const step = Number(((Math.floor(amps / stepAmps + 1e-6) + 1) * stepAmps).toFixed(6));
  const listed = stepsAmps?.find((value) => value > amps && value >= minAmps);
  const next = stepsAmps === undefined ? Math.max(minAmps, step) : listed;
  return next !== undefined && next <= maxAmps ? next : Number.POSITIVE_INFINITY;
};

const assertOnSteps = ({ demands }: AllocationProblem, offers: readonly AllocatedOffer[]): void => {
  demands.forEach(({ id, minAmps, maxAmps, stepAmps, stepsAmps }, i) => {
    const { amps = Number.NaN } = offers[i] ?? {};
    if (amps === 0) return;
    const onStep =
      stepsAmps?.includes(amps) ??
      (amps === minAmps || Math.abs(amps / stepAmps - Math.round(amps / stepAmps)) < 1e-6);
    assert.ok(onStep && amps >= minAmps && amps <= maxAmps, `${id} is offered ${amps} A`);
  });
};

const shared = ({ problem, idle }: MixedSite): readonly AllocatedOffer[] =>
  share(
    { ...DEFAULT_POLICY, objective: problem.objective ?? 'fair', weight: 'need' },
    problem.circuits,
    problem.demands.map(({ admissionScore, mustKeep, urgency, ...demand }) => ({
      ...demand,
      idle: idle.has(demand.id),
      urgencyNow: urgency,
      turn: {
        ...newTurn(demand.id),
        on: mustKeep === true,
        owedHours: admissionScore,
        sinceMs: mustKeep === true ? 0 : undefined,
      },
      cameAtMs: admissionScore,
    })),
    1000,
  ).offers;

test('no line, watt or difference limit of a mixed site is exceeded, and offers are on steps', () => {
  fc.assert(
    fc.property(mixedSiteArbitrary, (site) => {
      for (const offers of [allocate(site.problem).offers, shared(site)]) {
        assertOnSteps(site.problem, offers);
        const over = excess(
          site.problem,
          offers.map(({ amps }) => amps),
        );
        assert.ok(over <= TOLERANCE, `${over} A too much`);
      }
    }),
    RUNS,
  );
});

test('nobody on a mixed site could take one more step, and the reason names who is in the way', () => {
  fc.assert(
    fc.property(mixedSiteArbitrary, (site) => {
      // What one car takes may make room for another where differences are limited.
      const circuits = site.problem.circuits.map(({ unbalance: _, ...circuit }) => circuit);
      const problem = { ...site.problem, circuits };
      for (const offers of [allocate(problem).offers, shared({ ...site, problem })]) {
        problem.demands.forEach((demand, i) => {
          assertFull(problem, demand, offers, i);
        });
      }
    }),
    { numRuns: 150 },
  );
});

const assertFull = (
  problem: AllocationProblem,
  demand: RankedDemand,
  offers: readonly AllocatedOffer[],
  index: number,
): void => {
  const { amps = Number.NaN, reasons: [first] = [] } = offers[index] ?? {};
  const next = nextOf(demand, amps);
  if (next === Number.POSITIVE_INFINITY) {
    const isExact = problem.objective !== 'fair' && amps > 0;
    const atMost = isExact ? 'step' : first?.kind;
    assert.equal(first?.kind, amps >= demand.maxAmps ? 'charger' : atMost, demand.id);
    return;
  }
  const tried = offers.map((offer, k) => (k === index ? next : offer.amps));
  const over = excess(problem, tried);
  assert.ok(over > -TOLERANCE, `${demand.id} could have ${next} A: ${over} A left`);
  const waits = amps === 0 && demand.minAmps > 0;
  if (waits) assert.equal(first?.kind, 'minimum', demand.id);
  // Shares are cut to steps after the row that bounds them is known.
  if (problem.objective === 'fair' && !waits) return;
  const overThere = excess(problem, tried, first?.id.split(' ')[0]);
  assert.ok(overThere > -TOLERANCE, `${demand.id}: ${first?.text} has ${overThere} A left`);
};

test('cars that take nothing take nothing from others', () => {
  fc.assert(
    fc.property(mixedSiteArbitrary, ({ problem, idle }) => {
      const demands = problem.demands.filter(({ id }) => !idle.has(id));
      const others = shared({ problem: { ...problem, demands }, idle: new Set() });
      const all = shared({ problem, idle });
      assert.deepEqual(byId(all.filter(({ id }) => !idle.has(id))), byId(others));
    }),
    { numRuns: 150 },
  );
});

test('the order of the demands of a mixed site does not change the offers', () => {
  const places = fc.shuffledSubarray(
    Array.from({ length: 20 }, (_, i) => i),
    { minLength: 20 },
  );
  fc.assert(
    fc.property(mixedSiteArbitrary, places, ({ problem, idle }, order) => {
      const demands = order.flatMap((i) => problem.demands[i] ?? []);
      const other = { ...problem, demands };
      for (const offersOf of [(p: AllocationProblem) => allocate(p).offers, sharedBy(idle)]) {
        assert.deepEqual(byId(offersOf(other)), byId(offersOf(problem)));
      }
    }),
    RUNS,
  );
});

const sharedBy = (idle: ReadonlySet<string>) => (problem: AllocationProblem) =>
  shared({ problem, idle });

const byId = (offers: readonly AllocatedOffer[]) =>
  Object.fromEntries(offers.map(({ id, amps }) => [id, Math.round(amps * 1e5) / 1e5]));
