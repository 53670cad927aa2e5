import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { classOf, DEFAULT_POLICY, type Policy } from '../../../src/core/sharing/policy.ts';
import { type Contender, share } from '../../../src/core/sharing/share.ts';
import { needFactor, urgencyOf } from '../../../src/core/sharing/wish.ts';
import { contender, fuse } from './contenders.ts';

const HOUR_MS = 3_600_000;
const amps = (policy: Policy, fuseAmps: number, cars: readonly Contender[]) =>
  Object.fromEntries(share(policy, [fuse(fuseAmps)], cars, 0).offers.map((o) => [o.id, o.amps]));

describe('a wish', () => {
  const wish = { energyWh: 11_040, departsAtWallMs: 2 * HOUR_MS };
  const facts = { wish, deliveredWh: 0, fullWatts: 11_040, wallMs: 0 };

  test('is as urgent as the share of full power that it takes', () => {
    assert.equal(urgencyOf(facts), 0.5);
    assert.equal(urgencyOf({ ...facts, deliveredWh: 5_520 }), 0.25);
    assert.equal(urgencyOf({ ...facts, wallMs: HOUR_MS }), 1);
  });

  test('that claims too much, or whose departure is over, is bounded', () => {
    assert.equal(urgencyOf({ ...facts, wish: { ...wish, energyWh: 1e12 } }), 3);
    assert.equal(urgencyOf({ ...facts, wallMs: 9 * HOUR_MS }), 3);
    assert.equal(urgencyOf({ ...facts, deliveredWh: 1e6 }), 0);
  });

  test('without energy or departure says nothing, and counts as full need', () => {
    assert.equal(urgencyOf({ ...facts, wish: { energyWh: 1000 } }), undefined);
    assert.equal(urgencyOf({ ...facts, wish: undefined }), undefined);
    assert.equal(needFactor(undefined), 1);
    assert.equal(needFactor(0), 0.2);
  });
});

describe('by need', () => {
  const hurried = contender('a', '123', { urgencyNow: 1 });
  const calm = contender('b', '123', { urgencyNow: 0.5 });

  test('shares follow needs', () => {
    assert.deepEqual(amps(DEFAULT_POLICY, 30, [hurried, calm]), { a: 20, b: 10 });
  });

  test('the hurried one is on when only one can be', () => {
    assert.deepEqual(amps(DEFAULT_POLICY, 10, [calm, hurried]), { a: 10, b: 0 });
  });

  test('equal shares do not look at needs', () => {
    const equal: Policy = { ...DEFAULT_POLICY, weight: 'equal' };
    assert.deepEqual(amps(equal, 30, [hurried, calm]), { a: 15, b: 15 });
  });
});

describe('classes', () => {
  const policy: Policy = {
    ...DEFAULT_POLICY,
    classes: [
      { id: 'staff', priority: 1, weight: 2, chargers: ['CP_1'], idTags: [] },
      { id: 'fleet', priority: 2, weight: 1, chargers: [], idTags: ['VAN'] },
    ],
  };

  test('are named by charger or tag; the first that fits counts', () => {
    assert.equal(classOf(policy, 'CP_1', 'VAN').id, 'staff');
    assert.equal(classOf(policy, 'CP_2', 'VAN').id, 'fleet');
    assert.equal(classOf(policy, 'CP_2', undefined).priority, 0);
  });

  test('the higher one is on first', () => {
    const cars = [contender('a'), contender('b', '123', { priorityClass: 1 })];
    assert.deepEqual(amps(policy, 10, cars), { a: 0, b: 10 });
  });
});

describe('throughput', () => {
  const most: Policy = { ...DEFAULT_POLICY, objective: 'throughput' };

  test('serves the car on three phases before one that blocks it on a single phase', () => {
    const cars = [contender('a', '1'), contender('b', '123', { maxAmps: 16 })];
    assert.deepEqual(amps(DEFAULT_POLICY, 16, cars), { a: 8, b: 8 });
    assert.deepEqual(amps(most, 16, cars), { a: 0, b: 16 });
  });

  test('fills the other phases with cars that fit there', () => {
    const cars = [
      contender('a', '1'),
      contender('b', '123', { maxAmps: 16 }),
      contender('c', '2', { maxAmps: 16 }),
    ];
    assert.deepEqual(amps(most, 32, cars), { a: 16, b: 16, c: 16 });
  });

  test('does not switch cars for a small gain', () => {
    const cars = [
      contender('a', '123', { urgencyNow: 0.5, previousAmps: 10 }),
      contender('b', '123', { urgencyNow: 0.55 }),
    ];
    assert.deepEqual(amps(most, 10, cars), { a: 10, b: 0 });
  });
});

describe('a car that takes nothing', () => {
  const idle = contender('a', '123', { idle: true, maxAmps: 6, previousAmps: 6 });

  test('keeps its minimum where nobody else wants the amps', () => {
    const other = contender('b', '123', { maxAmps: 16 });
    assert.deepEqual(amps(DEFAULT_POLICY, 22, [idle, other]), { a: 6, b: 16 });
  });

  test('leaves them to those that do', () => {
    assert.deepEqual(amps(DEFAULT_POLICY, 22, [idle, contender('b')]), { a: 0, b: 22 });
  });
});
