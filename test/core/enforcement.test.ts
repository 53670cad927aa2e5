import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  accepted,
  type Enforcement,
  forgotten,
  inheritedEnforcement,
  LEASE_SKEW_MS,
  leaseAmps,
  NO_ENFORCEMENT,
  obedienceOf,
  postponed,
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

  test('what is measured above every offer counts at once, and not a bit less', () => {
    const raised = give(give(NO_ENFORCEMENT, 8, 0), 10, 30_000);
    const seen = around(31_000, { measuredAmps: 20, measuredAtMs: 31_000 });
    assert.equal(worstAmps(raised, seen), 20);
    assert.equal(obedienceOf(raised, seen), 'overdrawing');
    const beyond = around(31_000, { measuredAmps: 40, measuredAtMs: 31_000 });
    assert.equal(worstAmps(raised, beyond), 40, 'above its rating, too');
  });

  test('an offer ends at its instant: from then on nothing is proven', () => {
    const given = give(NO_ENFORCEMENT, 10, 0);
    const at = (nowMs: number) =>
      obedienceOf(given, around(nowMs, { measuredAmps: 9, measuredAtMs: nowMs }));
    assert.deepEqual([at(LIFE_MS - 1), at(LIFE_MS)], ['confirmed', 'unverified']);
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

describe('what stays in doubt', () => {
  test('of two unanswered offers is the larger one, until the later of their ends', () => {
    const first = unanswered(
      sent(give(NO_ENFORCEMENT, 8, 0), lease(25, 20_000)),
      'no answer',
      30_000,
    );
    const second = unanswered(sent(first, lease(10, 60_000)), 'no answer', 70_000);
    assert.equal(worstAmps(second, around(60_000 + LIFE_MS + 9_999)), 25);
    assert.equal(worstAmps(second, around(60_000 + LIFE_MS + 10_000)), 6);
    const reverse = unanswered(sent(first, lease(30, 21_000)), 'no answer', 70_000);
    assert.equal(worstAmps(reverse, around(71_000)), 30);
  });

  test('is over with the next offer that is accepted', () => {
    const doubt = unanswered(sent(NO_ENFORCEMENT, lease(25, 0)), 'no answer', 10_000);
    const known = give(doubt, 8, 20_000);
    assert.equal(worstAmps(known, around(20_001)), 25, 'the car may still follow the doubtful one');
    assert.equal(worstAmps(known, around(35_000)), 8);
    assert.deepEqual([known.failures, known.retryAtMs, known.problem], [0, 0, undefined]);
  });

  test('of a charger that may have lost its offer is the largest that it may hold', () => {
    const raised = sent(give(NO_ENFORCEMENT, 8, 0), lease(25, 20_000));
    const asked = forgotten(raised);
    assert.equal(asked.accepted, undefined);
    assert.equal(worstAmps(asked, around(20_001)), 25, 'it may have taken the last one');
    const endsAtMs = 20_000 + LIFE_MS + LEASE_SKEW_MS;
    assert.equal(worstAmps(asked, around(endsAtMs - 1)), 25, 'its clock may be behind');
    assert.equal(worstAmps(asked, around(endsAtMs)), 6);
    const doubt = forgotten(give(unanswered(raised, 'no answer', 30_000), 8, 40_000));
    assert.equal(worstAmps(doubt, around(40_001)), 25, 'the car may not have followed yet');
    assert.equal(worstAmps(doubt, around(55_000)), 8);
    const twice = forgotten(
      unanswered(sent(give(NO_ENFORCEMENT, 8, 0), lease(20, 5_000)), 'x', 6_000),
    );
    assert.equal(worstAmps(twice, around(7_000)), 20);
    const inherited = forgotten({
      ...give(NO_ENFORCEMENT, 8, 0),
      inherited: { amps: 30, untilMs: 60_000 },
    });
    assert.equal(raiseWorstAmps(inherited, around(20_000)), 30);
    assert.equal(forgotten(NO_ENFORCEMENT), NO_ENFORCEMENT);
  });

  test('without a question in flight nothing changes', () => {
    const held = give(NO_ENFORCEMENT, 8, 0);
    assert.equal(accepted(held, around(1_000)), held);
    assert.equal(unanswered(held, 'no answer', 1_000).doubtful, undefined);
    const asked = postponed(sent(held, lease(16, 1_000)));
    assert.equal(worstAmps(asked, around(1_001)), 8);
    assert.equal(asked.failures, 0);
  });

  test('a renewal is no change, a raise is none that has to settle', () => {
    const held = give(NO_ENFORCEMENT, 8, 0);
    const renewed = give(held, 8, 60_000);
    assert.deepEqual(
      [renewed.changed, renewed.lastRaiseAtMs, renewed.recent],
      [held.changed, 0, held.recent],
    );
    const raised = give(renewed, 16, 70_000);
    assert.deepEqual([raised.recent, raised.lastRaiseAtMs], [[], 70_000]);
    assert.deepEqual(raised.changed, { atMs: 70_000, fromAmps: 8, toAmps: 16 });
    const lowered = give(raised, 6, 80_000);
    assert.equal(lowered.lastRaiseAtMs, 70_000);
    assert.deepEqual(lowered.recent, [{ amps: 16, untilMs: 80_000 }]);
    // What settled long ago is not carried on.
    assert.equal(give(lowered, 6, 94_999).recent.length, 1);
    assert.equal(give(lowered, 6, 95_000).recent.length, 0);
  });
});

describe('the bounds of what is believed', () => {
  const held = give(NO_ENFORCEMENT, 10, 0);
  const drawing = (amps: number, changes: Partial<Surroundings> = {}): Surroundings =>
    around(30_000, { measuredAmps: amps, measuredAtMs: 29_000, ...changes });

  test('a tenth above the offer is tolerance, and 1 A of small ones', () => {
    assert.equal(obedienceOf(held, drawing(11)), 'confirmed');
    assert.equal(worstAmps(held, drawing(11)), 10);
    assert.equal(obedienceOf(held, drawing(11.01)), 'overdrawing');
    const large = give(NO_ENFORCEMENT, 30, 0);
    assert.equal(obedienceOf(large, drawing(32.9)), 'confirmed');
    assert.equal(obedienceOf(large, drawing(33.1)), 'overdrawing');
    assert.equal(worstAmps(large, drawing(40)), 40, 'also above its rating');
    assert.equal(worstAmps(held, drawing(5, { seenByMeter: 'defied' })), 32);
  });

  test('without a transaction an offer is worth nothing, here or away', () => {
    const none = { inTransaction: false };
    assert.equal(worstAmps(give(NO_ENFORCEMENT, 20, 0), around(30_000, none)), 6);
    assert.equal(worstAmps(held, drawing(9, none)), 9);
    assert.equal(worstAmps(held, drawing(20, { ...none, online: false })), 10);
    assert.equal(obedienceOf(held, around(LIFE_MS, {})), 'unverified');
    assert.equal(obedienceOf(held, drawing(9, { measuredAtMs: 0 })), 'confirmed');
  });

  test('a reduction settles only by a measurement of after it', () => {
    const reduced = give(give(NO_ENFORCEMENT, 20, 0), 8, 20_000);
    const seen = (amps: number, measuredAtMs: number) =>
      worstAmps(reduced, around(22_000, { measuredAmps: amps, measuredAtMs }));
    assert.deepEqual(
      [seen(8, 20_000), seen(8, 20_001), seen(9, 20_001), seen(9.1, 20_001)],
      [20, 8, 8, 20],
    );
    // The current of before, as long as it may still be measured, is no disobedience.
    const late = (measuredAtMs: number) =>
      obedienceOf(reduced, around(36_000, { measuredAmps: 20, measuredAtMs }));
    assert.deepEqual([late(34_999), late(35_000)], ['pending', 'overdrawing']);
  });

  test('what it was last measured at stays budgeted when it had the time to follow', () => {
    const reduced = give(give(NO_ENFORCEMENT, 20, 0), 8, 20_000);
    // The next measurement may be a minute away.
    const worst = (measuredAtMs: number, amps = 19) =>
      worstAmps(reduced, around(40_000, { measuredAmps: amps, measuredAtMs }));
    assert.deepEqual([worst(28_000), worst(34_000), worst(35_000)], [19, 19, 19]);
    // A moment after the change it says nothing yet: 15 s later the old current is let go.
    assert.equal(worst(27_999), 8);
    assert.equal(worst(30_000, 9), 8);
  });

  test('an offer begins and ends by the clock of the charger', () => {
    const paused = lease(0, 0);
    const amps = (nowMs: number, clockAheadMs?: number): number =>
      leaseAmps(paused, around(nowMs, clockAheadMs === undefined ? {} : { clockAheadMs }));
    // 10 s early and late by any clock.
    assert.deepEqual([amps(109_999), amps(110_000)], [0, 6]);
    // One that is ahead ends it early, one that is a minute behind has not begun.
    assert.deepEqual([amps(89_999, 30_000), amps(90_000, 30_000)], [0, 6]);
    assert.deepEqual([amps(1_000, -59_999), amps(1_000, -60_000)], [0, 6]);
    // By so much later it ends.
    const held20 = lease(20, 0);
    const ends = (nowMs: number, clockAheadMs: number): number =>
      leaseAmps(held20, around(nowMs, { clockAheadMs }));
    assert.deepEqual([ends(129_999, 0), ends(130_000, 0)], [20, 6]);
    assert.deepEqual([ends(159_999, -40_000), ends(160_000, -40_000)], [20, 6]);
    assert.deepEqual([ends(129_999, 5_000), ends(130_000, 5_000)], [20, 6]);
  });

  test('so do doubts, and what an earlier run may have given', () => {
    const doubt = unanswered(sent(NO_ENFORCEMENT, lease(25, 0)), 'no answer', 10_000);
    const worst = (nowMs: number): number =>
      worstAmps(doubt, around(nowMs, { clockAheadMs: -40_000 }));
    assert.deepEqual([worst(159_999), worst(160_000)], [25, 6]);
    const inherited = inheritedEnforcement(32, 0, LIFE_MS);
    const raise = (nowMs: number): number =>
      raiseWorstAmps(inherited, around(nowMs, { clockAheadMs: -40_000 }));
    assert.deepEqual([raise(159_999), raise(160_000)], [32, 6]);
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
