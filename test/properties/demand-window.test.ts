import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DemandState, demandAfter } from '../../src/core/rules/demand-window.ts';

const LIMIT_WATTS = 20_000;
/** Meter, network, charger and car: cars follow this much later. */
const LAG_SECONDS = 6;
/** For what comes up less time than this before the end there may be too little left to lower. */
const LATE_SECONDS = 30;

test('the mean of a window is within its limit, whatever the building does in it', () => {
  const step = fc.record({
    second: fc.integer({ min: 0, max: 1_799 }),
    seconds: fc.integer({ min: 1, max: 900 }),
    watts: fc.integer({ min: 0, max: 9_000 }),
  });
  const building = fc.array(step, { maxLength: 12 });
  const wanted = fc.integer({ min: 0, max: 40_000 });
  const minutes = fc.constantFrom(5, 15, 30);
  fc.assert(
    fc.property(building, wanted, minutes, (steps, wantWatts, length) => {
      const rule = { minutes: length, limitWatts: LIMIT_WATTS };
      const lengthSeconds = length * 60;
      const othersAt = (second: number): number =>
        Math.min(
          15_000,
          steps.reduce(
            (sum, one) =>
              second >= one.second && second < one.second + one.seconds ? sum + one.watts : sum,
            1_000,
          ),
        );
      let state: DemandState | undefined;
      const given: number[] = [];
      let wh = 0;
      for (let second = 0; second <= 1_800; second += 1) {
        const others = othersAt(second);
        const cars = Math.min(wantWatts, given[second - LAG_SECONDS] ?? 0);
        const watts = others + cars;
        const wallMs = second * 1000;
        const seen = { wallMs, watts, othersWatts: others, onWatts: 0 };
        const next = demandAfter(rule, state, seen);
        state = next;
        given.push(next.carWatts);
        // What flowed in the second before this one.
        if (second > 0) wh += watts / 3600;
        if (second === 0 || second % lengthSeconds !== 0) continue;
        const last = Array.from({ length: LATE_SECONDS }, (_, i) => othersAt(second - i));
        const lateWh = ((Math.max(...last) - Math.min(...last)) * LATE_SECONDS) / 3600;
        assert.ok(wh <= (LIMIT_WATTS * length) / 60 + lateWh + 1, `${wh} Wh after ${second} s`);
        wh = 0;
      }
    }),
    { numRuns: 100 },
  );
});
