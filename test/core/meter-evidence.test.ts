import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NO_ENFORCEMENT } from '../../src/core/chargers/enforcement.ts';
import { Bench, raised, settle } from './meter-evidence-bench.ts';

describe('a step on the meter', () => {
  test('up by what was offered confirms; before it nothing is known', () => {
    const fresh = new Bench();
    fresh.offer(6);
    fresh.run(20, 5);
    assert.equal(fresh.verdict, undefined);
    const bench = raised();
    assert.equal(bench.verdict, 'followed');
    assert.equal(bench.text, 'site meter: 1 step followed');
  });

  test('down by what was taken away confirms again', () => {
    const bench = raised();
    bench.offer(8);
    settle(bench, 8);
    assert.equal(bench.verdict, 'followed');
    assert.equal(bench.text, 'site meter: 2 steps followed');
  });

  test('that does not come, of a car that has to be drawing more, blames it', () => {
    const bench = raised();
    bench.offer(8);
    bench.run(3, 19);
    assert.equal(bench.verdict, undefined, 'not before it had the time');
    settle(bench, 19);
    assert.equal(bench.verdict, 'defied');
    bench.offer(8);
    settle(bench, 19);
    assert.equal(bench.text, 'site meter: 2 steps not followed');
    bench.offer(8);
    settle(bench, 7);
    assert.equal(bench.verdict, 'followed', 'told again, and it obeyed');
  });

  test('that comes by a small part only is none: it was not followed', () => {
    const bench = raised();
    bench.offer(8);
    settle(bench, 16);
    assert.equal(bench.verdict, 'defied', '3 A of 12 A');
    const half = raised();
    half.offer(8);
    settle(half, 13.5);
    assert.equal(half.verdict, undefined, 'nobody can tell');
    const most = raised();
    most.offer(8);
    settle(most, 9.5);
    assert.equal(most.verdict, 'followed', '9.5 A of 12 A');
  });

  test('the other way is none', () => {
    const bench = raised();
    bench.offer(8);
    settle(bench, 31);
    assert.equal(bench.verdict, 'defied');
  });

  test('far beyond a raise blames it', () => {
    const bench = new Bench();
    bench.offer(6);
    bench.run(5, 5);
    bench.offer(12);
    settle(bench, 37);
    assert.equal(bench.verdict, 'defied');
  });

  test('small ones count together', () => {
    const bench = new Bench();
    bench.offer(6);
    bench.run(5, 5);
    for (const amps of [9, 12, 15]) {
      bench.offer(amps);
      settle(bench, amps - 1);
    }
    assert.equal(bench.verdict, 'followed');
  });
});

describe('nobody is blamed', () => {
  const cases: readonly (readonly [string, (bench: Bench) => void])[] = [
    [
      'whose car never took its offer',
      (bench) => {
        bench.run(1, 19);
        bench.evidence = new Map();
        bench.enforcement = NO_ENFORCEMENT;
        bench.offer(20);
        settle(bench, 19);
      },
    ],
    [
      'whose current fell by itself before',
      (bench) => {
        bench.run(5, 6);
        bench.run(5, 19);
      },
    ],
    [
      'while another one was told something',
      (bench) => {
        bench.otherChangedAtMs = bench.nowMs;
      },
    ],
    [
      'while the building stirs',
      (bench) => {
        for (let i = 0; i < 5; i += 1) {
          bench.run(1, 25);
          bench.run(1, 19);
        }
      },
    ],
    ['after a gap of the meter', (bench) => bench.run(5, undefined)],
  ];
  for (const [why, prepare] of cases) {
    test(why, () => {
      const bench = raised();
      prepare(bench);
      bench.offer(8);
      settle(bench, 19);
      assert.notEqual(bench.verdict, 'defied');
    });
  }

  test('while others were measured to move', () => {
    const bench = raised();
    bench.offer(8);
    bench.run(2, 19);
    bench.othersAmps = 30;
    settle(bench, 19);
    assert.notEqual(bench.verdict, 'defied');
  });

  test('that has measured itself since', () => {
    const bench = raised();
    bench.offer(8);
    settle(bench, 19);
    bench.measuredAtMs = bench.nowMs;
    assert.equal(bench.verdict, undefined);
  });

  test('that came with a step of the building, once it has measured itself', () => {
    const bench = raised();
    bench.offer(8);
    settle(bench, 19);
    assert.equal(bench.verdict, 'defied');
    bench.measuredAtMs = bench.nowMs;
    bench.measuredAmps = 7.8;
    bench.run(3, 19);
    assert.equal(bench.verdict, undefined);
    // The next change is judged by itself.
    bench.offer(10);
    bench.run(3, 19);
    assert.equal(bench.verdict, undefined);
  });

  test('on phases that it does not use', () => {
    const bench = raised();
    bench.phases = [true, false, false];
    bench.offer(8);
    settle(bench, [8, 19, 19]);
    assert.equal(bench.verdict, 'followed');
  });
});
