import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_POLICY, type Policy } from '../../../src/core/sharing/policy.ts';
import { share } from '../../../src/core/sharing/share.ts';
import {
  credited,
  DWELL_ON_MS,
  newTurn,
  switched,
  type Turn,
} from '../../../src/core/sharing/turns.ts';
import { contender, fuse } from './contenders.ts';

const STEP_MS = 10_000;
const MINUTE_MS = 60_000;

/** Lets cars share a fuse for some hours; ampere-hours of each, and when each was switched. */
const shareFor = (hours: number, ids: readonly string[], amps: number, policy = DEFAULT_POLICY) => {
  const turns = new Map<string, Turn>(ids.map((id) => [id, newTurn(id)]));
  const ampHours = new Map<string, number>();
  const stretches: { readonly on: boolean; readonly ms: number }[] = [];
  const offered = new Map<string, number>();
  for (let nowMs = 0; nowMs < hours * 60 * MINUTE_MS; nowMs += STEP_MS) {
    const cars = ids.map((id, i) =>
      contender(id, '123', {
        turn: turns.get(id) ?? newTurn(id),
        previousAmps: offered.get(id) ?? 0,
        cameAtMs: i,
      }),
    );
    const { offers, entitledAmps } = share(policy, [fuse(amps)], cars, nowMs);
    assert.ok(offers.reduce((sum, offer) => sum + offer.amps, 0) <= amps);
    offers.forEach((offer, i) => {
      const before = turns.get(offer.id) ?? newTurn(offer.id);
      const step = { elapsedMs: STEP_MS, offeredAmps: offer.amps, minAmps: 6 };
      const after = credited(before, { ...step, entitledAmps: entitledAmps?.[i] });
      const turn = switched(after, offer.amps > 0, nowMs);
      if (turn.on !== before.on && before.sinceMs !== undefined) {
        stretches.push({ on: before.on, ms: nowMs - before.sinceMs });
      }
      turns.set(offer.id, turn);
      offered.set(offer.id, offer.amps);
      ampHours.set(offer.id, (ampHours.get(offer.id) ?? 0) + (offer.amps * STEP_MS) / 3_600_000);
    });
  }
  return { ampHours: [...ampHours.values()], stretches, turns };
};

const TEN = Array.from({ length: 10 }, (_, i) => `car-${i}`);

describe('ten cars on a feeder that fits four', () => {
  const { ampHours, stretches, turns } = shareFor(4, TEN, 25);

  test('get nearly the same energy in four hours', () => {
    const mean = ampHours.reduce((a, b) => a + b, 0) / ampHours.length;
    const spread = (Math.max(...ampHours) - Math.min(...ampHours)) / mean;
    assert.ok(spread <= 0.15, `spread ${spread.toFixed(3)} of ${mean.toFixed(1)} Ah`);
  });

  test('use the feeder all the time', () => {
    const total = ampHours.reduce((a, b) => a + b, 0);
    assert.ok(total >= 4 * 24, `${total} Ah`);
  });

  test('are on for a quarter of an hour at least, and rest between', () => {
    assert.ok(stretches.length > 10);
    for (const { on, ms } of stretches) {
      assert.ok(ms >= (on ? DWELL_ON_MS : 5 * MINUTE_MS), `${on ? 'on' : 'off'} for ${ms} ms`);
    }
  });

  test('are switched on no more often than contactors bear', () => {
    for (const { startsAtMs } of turns.values()) assert.ok(startsAtMs.length <= 4 * 4);
  });
});

test('when the feeder shrinks, dwelling cars are cut too', () => {
  const car = (id: string) =>
    contender(id, '123', { previousAmps: 6, turn: switched(newTurn(id), true, 0) });
  const { offers } = share(DEFAULT_POLICY, [fuse(7)], [car('a'), car('b')], 1000);
  assert.deepEqual(
    offers.map(({ amps }) => amps),
    [7, 0],
  );
});

test('one for which a pause is trouble goes off last of all, and only of its class', () => {
  const turn = { ...switched(newTurn('a'), true, 0), owedHours: -8 };
  const on = { ...switched(newTurn('b'), true, 8.9e6), owedHours: 8 };
  for (const order of ['turns', 'first-come'] as const) {
    const amps = (staysOn: boolean, priorityClass = 0, room = 7) =>
      share(
        { ...DEFAULT_POLICY, order },
        [fuse(room)],
        [
          contender('a', '123', { previousAmps: 6, turn, staysOn, cameAtMs: 9 }),
          contender('b', '123', { previousAmps: 6, turn: on, priorityClass, cameAtMs: 1 }),
          contender('c', '123', { turn: { ...newTurn('c'), owedHours: 9 }, priorityClass }),
        ],
        9e6,
      ).offers.map((offer) => Math.sign(offer.amps));
    assert.equal(amps(false)[0], 0, order);
    assert.deepEqual(amps(true), [1, 0, 0], order);
    assert.equal(amps(true, 1)[0], 0, 'a class above goes first');
    assert.deepEqual(amps(true, 0, 5), [0, 0, 0], 'a limit below the minimum');
    const off = contender('a', '123', { turn: newTurn('a'), staysOn: true });
    const { offers } = share(
      DEFAULT_POLICY,
      [fuse(7)],
      [off, contender('b', '123', { turn: on, previousAmps: 6 })],
      9e6,
    );
    assert.equal(offers[0]?.amps, 0, 'one that is off takes nobody out');
  }
});

test('who needs its last quarter of an hour is not switched off for one that waits', () => {
  const on = { ...switched(newTurn('a'), true, 0), owedHours: -5 };
  const facts = { previousAmps: 6, turn: on, urgencyNow: 0.1, leftWh: 1000 };
  const waits = contender('b', '123', { turn: { ...newTurn('b'), owedHours: 5 } });
  const amps = (leftWh: number) =>
    share(
      DEFAULT_POLICY,
      [fuse(7)],
      [contender('a', '123', { ...facts, leftWh }), waits],
      9e6,
    ).offers.map((offer) => offer.amps);
  assert.deepEqual(amps(1_000), [7, 0]);
  // 32 A on three phases are 22 kW: 5.5 kWh in a quarter of an hour.
  assert.deepEqual(amps(5_400), [7, 0]);
  assert.deepEqual(amps(5_600), [0, 7]);
  assert.deepEqual(amps(20_000), [0, 7]);
});

test('a car that was switched on four times in an hour waits, and says so', () => {
  const startsAtMs = [0, 1, 2, 3].map((n) => n * 10 * MINUTE_MS);
  const offerTo = (firstOnMs: number | undefined) => {
    const turn = { ...newTurn('a', startsAtMs), firstOnMs };
    const car = contender('a', '1', { turn });
    return share(DEFAULT_POLICY, [fuse(32)], [car], 40 * MINUTE_MS).offers[0];
  };
  const own = offerTo(0);
  assert.equal(own?.amps, 0);
  assert.match(own?.reasons.at(-1)?.text ?? '', /may start again in 20 min/);
  assert.equal(offerTo(undefined)?.amps, 32, 'the starts were those of cars before it');
  assert.equal(offerTo(startsAtMs[1])?.amps, 32, 'the first start was that of a car before it');
});

test('a connector that was stopped soon after its start waits for longer, and says so', () => {
  const turn = { ...newTurn('a'), sinceMs: 0, shortRuns: 3 };
  const { offers } = share(DEFAULT_POLICY, [fuse(32)], [contender('a', '1', { turn })], MINUTE_MS);
  assert.equal(offers[0]?.amps, 0);
  assert.deepEqual(
    offers[0]?.reasons.map(({ text }) => text),
    ['stopped 3 times soon after its start: may start again in 14 min'],
  );
});

describe('first come', () => {
  const policy: Policy = {
    ...DEFAULT_POLICY,
    id: 'first',
    objective: 'in-order',
    order: 'first-come',
  };

  test('takes all it can, the next one what is left', () => {
    const cars = [contender('b', '123', { cameAtMs: 2 }), contender('a', '123', { cameAtMs: 1 })];
    assert.deepEqual(
      share(policy, [fuse(40)], cars, 0).offers.map(({ amps }) => amps),
      [8, 32],
    );
  });

  test('is never rotated', () => {
    const { ampHours } = shareFor(2, TEN, 25, policy);
    assert.deepEqual(
      ampHours.slice(1),
      Array.from({ length: 9 }, () => 0),
    );
  });
});
