// From where on a step of the site's meter counts, and what of it outlives what.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { STEP_WATCH_MS } from '../../src/core/chargers/meter-evidence.ts';
import type { PhaseAmps } from '../../src/core/units.ts';
import { Bench, raised, SECOND, settle } from './meter-evidence-bench.ts';

/** Offered 6 A and drawing 5 over a still building; then told another offer. */
const offered = (toAmps: number, fromAmps = 6): Bench => {
  const bench = new Bench();
  bench.offer(fromAmps);
  bench.run(5, 5);
  bench.offer(toAmps);
  return bench;
};
const after = (bench: Bench, amps: number | PhaseAmps) => {
  settle(bench, amps);
  return bench.verdict;
};

describe('a step is judged', () => {
  test('from 5 A on', () => {
    assert.equal(after(offered(10.9), 9.9), undefined);
    assert.equal(after(offered(11), 10), 'followed');
  });

  test('from three times the noise on, which wears off', () => {
    const noisy = (toAmps: number, secondsBefore: number) => {
      const bench = new Bench();
      bench.offer(6);
      bench.run(3, 5);
      bench.run(1, 9);
      bench.run(secondsBefore, 5);
      bench.offer(toAmps);
      return after(bench, toAmps - 1);
    };
    assert.equal(noisy(13.1, 1), undefined);
    assert.equal(noisy(13.9, 1), 'followed');
    assert.equal(noisy(11.1, 5), undefined);
    assert.equal(noisy(11.1, 20), 'followed');
  });

  test('when a car had nine seconds for it', () => {
    const bench = raised();
    bench.offer(8);
    bench.run(8, 19);
    assert.equal(bench.verdict, undefined);
    bench.run(1, 19);
    assert.equal(bench.verdict, 'defied');
  });

  test('as followed when more than half of it comes, and never for another offer', () => {
    assert.equal(after(offered(16), 5 + 5.9), undefined);
    assert.equal(after(offered(16), 5 + 6.1), 'followed');
    const bench = raised();
    bench.offer(16);
    assert.equal(bench.verdict, 'followed', '4 A cannot be seen');
    bench.offer(15);
    assert.equal(bench.verdict, undefined, '5 A can');
  });

  test('as defied when hardly any of a reduction comes', () => {
    const reduced = (fallAmps: number) => {
      const bench = raised();
      bench.offer(6);
      return after(bench, 19 - fallAmps);
    };
    assert.equal(reduced(4.8), 'defied');
    assert.equal(reduced(5), undefined);
  });

  test('as defied when far more of a raise comes than was offered', () => {
    assert.equal(after(offered(20, 0), 5 + 27.9), 'followed');
    assert.equal(after(offered(20, 0), 5 + 28.1), 'defied');
    assert.equal(after(offered(32, 26), 5 + 20), 'followed', 'which may be a car that slept');
  });

  test('together with others that follow within a minute', () => {
    const twice = (seconds: number) => {
      const bench = offered(9);
      bench.run(seconds, 8);
      bench.offer(12);
      return after(bench, 11);
    };
    assert.equal(twice(58), 'followed');
    assert.equal(twice(60), undefined);
  });

  test('on the phase that shows the least of it', () => {
    assert.equal(after(offered(16), [15, 15, 5]), undefined);
    assert.equal(after(offered(16), [15, 5, 15]), undefined);
    assert.equal(after(offered(16), [5, 15, 15]), undefined);
    for (const amps of [
      [8, 19, 19],
      [19, 8, 19],
      [19, 19, 8],
    ] as const) {
      const bench = raised();
      bench.offer(8);
      assert.equal(after(bench, amps), 'defied');
    }
  });

  test('once: an offer that is only renewed is none', () => {
    const bench = raised();
    bench.offer(20);
    settle(bench, 33);
    assert.equal(bench.verdict, 'followed');
    assert.equal(bench.text, 'site meter: 1 step followed');
  });

  test('by readings that are fresh', () => {
    const old = (ageMs: number) => {
      const bench = new Bench();
      bench.ageMs = ageMs;
      bench.offer(6);
      bench.run(5, 5);
      bench.offer(20);
      return after(bench, 19);
    };
    assert.equal(old(2_900), 'followed');
    assert.equal(old(3_000), undefined);
  });

  test('while all others draw what they drew', () => {
    const beside = (fromAmps: number, toAmps: number) => {
      const bench = raised();
      bench.othersAmps = fromAmps;
      bench.run(1, 19);
      bench.offer(8);
      bench.run(2, 19);
      bench.othersAmps = toAmps;
      return after(bench, 19);
    };
    assert.equal(beside(10, 11), 'defied');
    assert.notEqual(beside(10, 11.1), 'defied');
    assert.notEqual(beside(11.1, 10), 'defied');
    const alone = raised();
    alone.ownAmps = 42;
    alone.offer(8);
    alone.run(2, 19);
    alone.ownAmps = 24;
    assert.equal(after(alone, 19), 'defied', 'it is none of the others');
  });

  test('unless another one was told something lately', () => {
    const told = (beforeMs: number, otherFirst = false) => {
      const bench = raised();
      bench.otherFirst = otherFirst;
      bench.offer(8);
      // The first look after the offer.
      bench.otherChangedAtMs = bench.nowMs + SECOND - beforeMs;
      return after(bench, 19);
    };
    assert.equal(told(STEP_WATCH_MS), 'defied');
    for (const otherFirst of [false, true]) {
      assert.notEqual(told(STEP_WATCH_MS - 1, otherFirst), 'defied');
    }
  });
});

describe('what is known of a car', () => {
  test('outlives a gap of the meter, but not what it draws', () => {
    const bench = raised();
    bench.run(5, undefined);
    assert.equal(bench.verdict, 'followed');
    assert.equal(bench.text, 'site meter: 1 step followed');
  });

  test('is of its transaction only', () => {
    for (const amps of [19, undefined]) {
      const bench = raised();
      bench.transaction = '8';
      assert.equal(bench.verdict, undefined);
      bench.run(1, amps);
      assert.equal(bench.verdict, undefined);
      assert.equal(bench.text === '', amps === undefined);
    }
  });

  test('counts until it measured itself, since its last change', () => {
    const bench = raised();
    const changedAtMs = bench.enforcement.changed?.atMs ?? 0;
    bench.measuredAtMs = changedAtMs - 1;
    assert.equal(bench.verdict, 'followed');
    bench.measuredAtMs = changedAtMs;
    assert.equal(bench.verdict, undefined);
  });

  for (const [what, measuredAmps, beforeChangeMs, verdict] of [
    ['clears it', 7.8, 0, undefined],
    ['above its offer does not', 12, 0, 'defied'],
    ['of before its change does not', 7.8, 1, 'defied'],
  ] as const) {
    test(`of blame a measurement of its own ${what}`, () => {
      const bench = raised();
      bench.offer(8);
      settle(bench, 19);
      bench.measuredAtMs = (bench.enforcement.changed?.atMs ?? 0) - beforeChangeMs;
      bench.measuredAmps = measuredAmps;
      bench.run(1, 19);
      bench.measuredAtMs = undefined;
      assert.equal(bench.verdict, verdict);
      if (verdict === undefined) assert.match(bench.text, /0 steps followed/);
    });
  }

  test('and of what it draws: measured low, a step that does not come is no proof', () => {
    const bench = raised();
    bench.measuredAtMs = bench.nowMs;
    bench.measuredAmps = 6;
    bench.run(1, 19);
    bench.offer(8);
    assert.notEqual(after(bench, 19), 'defied');
  });

  test('is forgiven once its current fell below its offer by itself', () => {
    const bench = raised();
    bench.offer(8);
    settle(bench, 19);
    bench.run(1, 15);
    assert.equal(bench.verdict, 'defied', '10 A are more than 8');
    bench.run(1, 13);
    assert.equal(bench.verdict, undefined);
  });

  test('is not forgiven by an offer below what it draws, but by one above', () => {
    const bench = raised();
    bench.offer(8);
    settle(bench, 19);
    bench.offer(10);
    settle(bench, 19);
    assert.equal(bench.verdict, 'defied');
    bench.offer(16);
    bench.run(60, 19);
    assert.equal(bench.verdict, undefined);
  });
});
