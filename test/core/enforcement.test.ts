import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  accepted,
  type Enforcement,
  inheritedEnforcement,
  LEASE_SKEW_MS,
  NO_ENFORCEMENT,
  obedienceOf,
  raiseWorstAmps,
  refused,
  SETTLE_MS,
  type Surroundings,
  sent,
  unanswered,
  worstAmps,
} from '../../src/core/chargers/enforcement.ts';

const LIFE_MS = 120_000;
const around = (nowMs: number, changes: Partial<Surroundings> = {}): Surroundings => ({
  nowMs,
  online: true,
  inTransaction: true,
  fallbackAmps: 6,
  maxAmps: 32,
  measuredAmps: undefined,
  measuredAtMs: undefined,
  ...changes,
});
const lease = (amps: number, sentAtMs: number) => ({
  amps,
  sentAtMs,
  endsAtMs: sentAtMs + LIFE_MS,
});
const give = (e: Enforcement, amps: number, atMs: number): Enforcement =>
  accepted(sent(e, lease(amps, atMs)), around(atMs));

describe('the worst case of a connector', () => {
  test('without an offer it is the proven fallback, else the rating', () => {
    assert.equal(worstAmps(NO_ENFORCEMENT, around(0)), 6);
    assert.equal(worstAmps(NO_ENFORCEMENT, around(0, { fallbackAmps: undefined })), 32);
  });

  test('a raise counts from the moment it is sent', () => {
    const raised = sent(give(NO_ENFORCEMENT, 10, 0), lease(20, 20_000));
    assert.equal(worstAmps(raised, around(20_000)), 20);
  });

  test('a reduction counts only after the car had the time to follow', () => {
    const reduced = give(give(NO_ENFORCEMENT, 20, 0), 8, 20_000);
    assert.equal(worstAmps(reduced, around(20_001)), 20);
    assert.equal(worstAmps(reduced, around(20_000 + SETTLE_MS)), 8);
  });

  test('a reduction counts at once when the car is measured to follow', () => {
    const reduced = give(give(NO_ENFORCEMENT, 20, 0), 8, 20_000);
    const seen = around(22_000, { measuredAmps: 7.9, measuredAtMs: 21_900 });
    assert.equal(worstAmps(reduced, seen), 8);
  });

  test('an unanswered offer counts as long as it may live at the charger', () => {
    const doubt = unanswered(
      sent(give(NO_ENFORCEMENT, 8, 0), lease(25, 20_000)),
      'no answer',
      30_000,
    );
    assert.equal(worstAmps(doubt, around(30_000)), 25);
    assert.equal(worstAmps(doubt, around(20_000 + LIFE_MS + LEASE_SKEW_MS)), 6);
  });

  test('a refused offer leaves what was in force', () => {
    const kept = refused(sent(give(NO_ENFORCEMENT, 8, 0), lease(25, 20_000)), 'Rejected', 20_100);
    assert.equal(worstAmps(kept, around(20_200)), 8);
    assert.equal(obedienceOf(kept, around(20_200)), 'refused');
  });

  test('an expired offer falls to the fallback, to the larger one near its end', () => {
    const paused = give(NO_ENFORCEMENT, 0, 0);
    assert.equal(worstAmps(paused, around(LIFE_MS / 2)), 0);
    assert.equal(worstAmps(paused, around(LIFE_MS - 1)), 6);
    assert.equal(worstAmps(paused, around(LIFE_MS * 2)), 6);
  });

  test('a car that draws more than its offer is budgeted at what it draws', () => {
    const settled = give(NO_ENFORCEMENT, 8, 0);
    const seen = around(30_000, { measuredAmps: 15.5, measuredAtMs: 29_000 });
    assert.equal(worstAmps(settled, seen), 15.5);
    assert.equal(obedienceOf(settled, seen), 'overdrawing');
  });

  test('what an earlier run may have given holds back raises only', () => {
    const inherited = inheritedEnforcement(32, 0, LIFE_MS);
    assert.equal(worstAmps(inherited, around(1_000)), 6);
    assert.equal(raiseWorstAmps(inherited, around(1_000)), 32);
    assert.equal(raiseWorstAmps(inherited, around(LIFE_MS + LEASE_SKEW_MS)), 6);
  });
});

test('retries wait longer with every failure, up to a bound', () => {
  let e: Enforcement = NO_ENFORCEMENT;
  const waits: number[] = [];
  for (let i = 0; i < 6; i += 1) {
    e = refused(sent(e, lease(10, 0)), 'Rejected', 0);
    waits.push(e.retryAtMs);
  }
  assert.deepEqual(waits, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
});

test('an offer is confirmed by a measurement taken after it, not by its acceptance', () => {
  const e = give(NO_ENFORCEMENT, 10, 1_000);
  const later = 1_000 + SETTLE_MS + 1;
  assert.equal(obedienceOf(e, around(later)), 'unverified');
  const seen = around(later, { measuredAmps: 9.8, measuredAtMs: later - 1 });
  assert.equal(obedienceOf(e, seen), 'confirmed');
});

test('obedience is what is known, never more', () => {
  const offered = give(NO_ENFORCEMENT, 10, 0);
  const later = SETTLE_MS + 1;
  const cases: readonly (readonly [string, Enforcement, Partial<Surroundings>])[] = [
    ['silent', offered, { online: false }],
    ['idle', offered, { inTransaction: false }],
    // Nothing was sent yet, so nothing was refused either.
    ['unverified', NO_ENFORCEMENT, {}],
    ['unverified', offered, {}],
    ['confirmed', offered, { seenByMeter: 'followed' }],
    ['overdrawing', offered, { seenByMeter: 'defied' }],
    ['overdrawing', offered, { measuredAmps: 14, measuredAtMs: later }],
    ['pending', sent(offered, lease(16, later)), { seenByMeter: 'followed' }],
    ['refused', refused(sent(offered, lease(16, later)), 'no room', later), {}],
  ];
  for (const [state, e, changes] of cases) {
    assert.equal(obedienceOf(e, around(later, changes)), state);
  }
});
