import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decide } from '../../src/core/decide.ts';
import { observeStep, type StepHistory } from '../../src/core/meters/step-reserve.ts';
import { DEFAULT_POLICY } from '../../src/core/sharing/policy.ts';
import type { Decision } from '../../src/core/tick.ts';
import { sameAmps } from '../../src/core/units.ts';
import { inputOf, type PolicyCase, siteOf } from '../policies/one-fuse.ts';

const NOW_MS = 100 * 60_000;
const WATTS_PER_AMP = 690;
const TOLERANCE = 1e-6;

interface Garage {
  readonly fuseAmps: number;
  readonly buildingAmps: number;
  readonly offers: readonly number[];
}

const garageArbitrary: fc.Arbitrary<Garage> = fc.record({
  fuseAmps: fc.integer({ min: 16, max: 100 }),
  buildingAmps: fc.integer({ min: 0, max: 30 }),
  offers: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 6, max: 32 })), {
    minLength: 1,
    maxLength: 5,
  }),
});

const stepsOf = (amps: number): StepHistory => {
  let steps: StepHistory | undefined;
  for (let atMs = 0; atMs <= NOW_MS; atMs += 60_000) {
    steps = observeStep(steps, sameAmps(amps), 0.9, atMs);
  }
  return steps as StepHistory;
};

/** One tick of it, with room for a step of so many amps on every phase, or for none. */
const tick = ({ fuseAmps, buildingAmps, offers }: Garage, reserveAmps?: number): Decision => {
  const drawAmps = Math.min(...offers);
  const given: PolicyCase = {
    name: 'step',
    fuseAmps,
    cars: offers.map((wasAmps) => ({ wasAmps })),
    carWatts: drawAmps * offers.length * WATTS_PER_AMP,
    gridWatts: (buildingAmps + drawAmps * offers.length) * WATTS_PER_AMP,
    offers: [],
  };
  const plain = siteOf(given);
  const main = plain.circuits.map((each) => ({ ...each, stepReserveQuantile: 0.9 }));
  const site = reserveAmps === undefined ? plain : { ...plain, circuits: main };
  const amps = sameAmps(buildingAmps);
  const steps = reserveAmps === undefined ? {} : { steps: stepsOf(reserveAmps) };
  const background = new Map([['main', { amps, recent: [{ atMs: NOW_MS, amps }], ...steps }]]);
  const input = inputOf(DEFAULT_POLICY, given, site, { nowMs: NOW_MS, wallMs: 0 });
  return decide({ ...input, background, policyState: {} });
};

/** Amps of each car after the commands. */
const after = ({ connectors, commands }: Decision): readonly number[] =>
  connectors.map(
    ({ tick: { key, enforcement } }) =>
      commands.find((command) => command.key === key)?.amps ?? enforcement.accepted?.amps ?? 0,
  );

const total = (amps: readonly number[]): number => amps.reduce((sum, each) => sum + each, 0);
const reductions = ({ commands }: Decision) => commands.filter(({ kind }) => kind === 'reduce');

test('a reserve raises no offer, forces no reduction, and keeps its room free of raises', () => {
  let heldBack = 0;
  fc.assert(
    fc.property(garageArbitrary, fc.integer({ min: 0, max: 40 }), (garage, reserveAmps) => {
      const [without, reserved] = [tick(garage), tick(garage, reserveAmps)];
      const [plain, kept] = [after(without), after(reserved)];
      assert.deepEqual(reductions(reserved), reductions(without));
      assert.ok(total(kept) <= total(plain) + TOLERANCE, `${kept} above ${plain}`);
      if (kept.length === 1) assert.ok((kept[0] ?? 0) <= (plain[0] ?? 0));
      if (total(kept) < total(plain)) heldBack += 1;
      const raised = kept.some(
        (amps, i) => (garage.offers[i] ?? 0) > 0 && amps > (garage.offers[i] ?? 0),
      );
      const freeAmps = garage.fuseAmps - garage.buildingAmps - reserveAmps;
      if (raised) assert.ok(total(kept) <= freeAmps + TOLERANCE, `${kept} of ${freeAmps} A`);
    }),
    { numRuns: 400 },
  );
  assert.ok(heldBack > 0, 'some raise was held back');
});

test('a reserve delays no start', () => {
  fc.assert(
    fc.property(garageArbitrary, fc.integer({ min: 0, max: 40 }), (garage, reserveAmps) => {
      const starting = { ...garage, offers: garage.offers.map(() => 0) };
      assert.deepEqual(tick(starting, reserveAmps).commands, tick(starting).commands);
    }),
    { numRuns: 200 },
  );
});
