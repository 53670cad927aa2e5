import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Enforcement, NO_ENFORCEMENT } from '../../src/core/chargers/enforcement.ts';
import {
  evidenceText,
  type MeterEvidences,
  meterEvidenceAfter,
  meterVerdict,
  STEP_WATCH_MS,
} from '../../src/core/chargers/meter-evidence.ts';
import { circuitTree } from '../../src/core/circuit-tree.ts';
import type { ConnectorTick, TickInput } from '../../src/core/tick.ts';
import { type PhaseAmps, sameAmps } from '../../src/core/units.ts';
import { garage } from '../scenarios/virtual-garage.ts';

const site = garage(2);
const tree = circuitTree(site);
const SECOND = 1_000;

/** One connector under a meter that is read every second, and another beside it. */
class Bench {
  evidence: MeterEvidences = new Map();
  nowMs = 0;
  enforcement: Enforcement = NO_ENFORCEMENT;
  phases: readonly [boolean, boolean, boolean] = [true, true, true];
  measuredAtMs: number | undefined;
  measuredAmps: number | undefined;
  otherChangedAtMs = Number.NEGATIVE_INFINITY;
  othersAmps = 0;

  offer(toAmps: number): void {
    const fromAmps = this.enforcement.accepted?.amps ?? 6;
    const atMs = this.nowMs;
    this.enforcement = {
      ...this.enforcement,
      accepted: { amps: toAmps, sentAtMs: atMs, endsAtMs: atMs + 120_000 },
      ...(toAmps === fromAmps ? {} : { changed: { atMs, fromAmps, toAmps } }),
    };
  }

  /** Reads the meter every second; `amps` is what it shows, or undefined in a gap. */
  run(seconds: number, amps: number | PhaseAmps | undefined): void {
    for (let i = 0; i < seconds; i += 1) {
      this.nowMs += SECOND;
      const shown = typeof amps === 'number' ? sameAmps(amps) : amps;
      const latest = { meter: 'grid', atMs: this.nowMs, quality: 'good' as const, amps: shown };
      const readings = new Map(shown === undefined ? [] : [['grid', { latest }]]);
      const input = { site, tree, readings, nowMs: this.nowMs } as unknown as TickInput;
      this.evidence = meterEvidenceAfter(input, [this.tick, this.#other], this.evidence);
    }
  }

  get tick(): ConnectorTick {
    return {
      key: 'CP_1/1',
      circuit: 0,
      phases: this.phases,
      enforcement: this.enforcement,
      state: { transaction: { id: '7', startedAtMs: 0 }, statusAtMs: 0 },
      around: {
        nowMs: this.nowMs,
        online: true,
        measuredAtMs: this.measuredAtMs,
        measuredAmps: this.measuredAmps,
      },
    } as unknown as ConnectorTick;
  }

  get #other(): ConnectorTick {
    const atMs = this.otherChangedAtMs;
    return {
      key: 'CP_2/1',
      circuit: 0,
      phases: this.phases,
      enforcement: { ...NO_ENFORCEMENT, changed: { atMs, fromAmps: 6, toAmps: 16 } },
      state: { statusAtMs: Number.NEGATIVE_INFINITY },
      around: { nowMs: this.nowMs, online: true },
      drawSiteAmps: sameAmps(this.othersAmps / 3),
    } as unknown as ConnectorTick;
  }

  get verdict() {
    return meterVerdict(this.evidence.get('CP_1/1'), this.tick);
  }

  get text(): string {
    const known = this.evidence.get('CP_1/1');
    return known === undefined ? '' : evidenceText(known);
  }
}

/** A car of which a raise to 20 A was seen on the meter, over 5 A of the building. */
const raised = (): Bench => {
  const bench = new Bench();
  bench.offer(6);
  bench.run(5, 5);
  bench.offer(20);
  bench.run(STEP_WATCH_MS / SECOND + 1, 19);
  return bench;
};
const settle = (bench: Bench, amps: number | PhaseAmps): void =>
  bench.run(STEP_WATCH_MS / SECOND + 1, amps);

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
