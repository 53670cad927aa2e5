import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allocate } from '../../src/core/allocation/allocate.ts';
import type {
  AllocatedOffer,
  AllocationCircuit,
  AllocationProblem,
  RankedDemand,
} from '../../src/core/allocation-problem.ts';
import { DEFAULT_POLICY } from '../../src/core/sharing/policy.ts';
import { share } from '../../src/core/sharing/share.ts';
import { newTurn } from '../../src/core/sharing/turns.ts';
import { type MixedSite, mixedSiteArbitrary } from './mixed-site.ts';

const RUNS = { numRuns: 400 };
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

const assertHolds = (circuit: AllocationCircuit, loads: readonly Load[]): void => {
  const { id, freeAmps, freeWatts, phasorSum, unbalance } = circuit;
  const sums = LINES.map((line) => lineAmps(loads, line, false));
  for (const line of LINES) {
    const amps = lineAmps(loads, line, phasorSum === true);
    const most = Math.max(0, freeAmps[line]) + TOLERANCE;
    assert.ok(amps <= most, `${id} line ${line}: ${amps} of ${freeAmps[line]} A`);
  }
  const watts = loads.reduce(
    (sum, { demand, amps }) => sum + amps * demand.volts * (demand.wattsPhases ?? countOf(demand)),
    0,
  );
  const mostWatts = Math.max(0, freeWatts ?? Number.POSITIVE_INFINITY) + TOLERANCE * 1000;
  assert.ok(watts <= mostWatts, `${id}: ${watts} of ${freeWatts} W`);
  if (unbalance === undefined) return;
  const base = unbalance.baseAmps ?? [0, 0, 0];
  for (const [above, below] of PAIRS) {
    const difference = (sums[above] ?? 0) + base[above] - (sums[below] ?? 0) - base[below];
    const adds = loads.some(
      ({ demand: { phases }, amps }) => amps > 0 && phases[above] && !phases[below],
    );
    // What others charge may be too far apart already: then nobody adds to it.
    const most = unbalance.limitAmps + TOLERANCE;
    assert.ok(!adds || difference <= most, `${id}: ${difference} A between ${above} and ${below}`);
  }
};

const assertAllHold = (
  { circuits, demands }: AllocationProblem,
  offers: readonly AllocatedOffer[],
): void => {
  circuits.forEach((circuit, at) => {
    const isBelow = (from: number): boolean =>
      from >= 0 && (from === at || isBelow(circuits[from]?.parent ?? -1));
    const loads = demands.map((demand, i) => ({ demand, amps: offers[i]?.amps ?? Number.NaN }));
    assertHolds(
      circuit,
      loads.filter(({ demand }) => isBelow(demand.circuit)),
    );
  });
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
      assertAllHold(site.problem, allocate(site.problem).offers);
      assertAllHold(site.problem, shared(site));
    }),
    RUNS,
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
