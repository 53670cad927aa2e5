import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { reservedOf } from '../../src/core/budget.ts';
import { arrivals, type CarHere, givingWay } from '../../src/core/next-car.ts';
import type { Contender } from '../../src/core/sharing/share.ts';
import { NO_AMPS, type PhaseAmps, sameAmps } from '../../src/core/units.ts';
import { main, seenOf } from './one-tick.ts';
import { contender } from './sharing/contenders.ts';

describe('the room for the next car', () => {
  const car = (minAmps: number, phases: CarHere['phases'] = [true, true, true]): CarHere => ({
    minAmps,
    phases,
  });
  const kept = sameAmps(6);

  test('keeps room for the largest fallbacks, as many as may start at once', () => {
    const idle = (fallbackAmps: number, phases = [0, 1, 2]) => ({
      noCar: 'available' as const,
      spec: { fallbackAmps, phases },
    });
    const { ticks } = seenOf({ cars: [idle(6), idle(10, [0]), idle(8), { heldAmps: 16 }] });
    assert.deepEqual(arrivals(ticks, 1), [10, 8, 8]);
    assert.deepEqual(arrivals(ticks, 2), [18, 14, 14]);
    assert.deepEqual(arrivals(ticks, 0), NO_AMPS);
  });

  test('stays where every car that is here fits beside it', () => {
    assert.deepEqual(givingWay(kept, sameAmps(14), sameAmps(16), [car(6), car(8)]), kept);
    assert.deepEqual(givingWay(kept, sameAmps(3), sameAmps(16), []), kept, 'nobody is here');
  });

  test('gives way to a car that could otherwise never charge, by what that car needs', () => {
    assert.deepEqual(givingWay(kept, sameAmps(13), sameAmps(16), [car(6), car(8)]), sameAmps(5));
  });

  test('gives way to the one that needs most, of several that could each charge alone', () => {
    assert.deepEqual(givingWay(kept, sameAmps(13), sameAmps(40), [car(8), car(10)]), sameAmps(3));
    assert.deepEqual(givingWay(kept, sameAmps(13), sameAmps(40), [car(10), car(8)]), sameAmps(3));
  });

  test('gives way to cars that want amps now, on the circuits above them', () => {
    const barn = { ...main(16), id: 'barn', parent: 'main' };
    const { meter: _none, ...unmetered } = barn;
    const free = { noCar: 'available' as const, spec: { circuit: 'barn' } };
    const { input, below, circuits } = seenOf({
      site: { circuits: [main(40), { ...unmetered, assumedLoadAmps: sameAmps(3) }] },
      cars: [free],
    });
    // 16 A less 1 A and 3 A: 6 A beside the next car are too few for 8 A, which could have them.
    const kept = (changes: Partial<Contender> = {}) =>
      reservedOf(input, below, circuits, [
        contender('CP_9', '123', { circuit: 1, minAmps: 8, ...changes }),
      ]).nextCarAmps[1];
    const notYet = { kind: 'pending', id: 'night', text: 'at night' } as const;
    assert.deepEqual(kept(), sameAmps(4));
    assert.deepEqual(kept({ idle: true }), sameAmps(6));
    assert.deepEqual(kept({ notYet }), sameAmps(6));
    assert.deepEqual(kept({ maxAmps: 7.9 }), sameAmps(6));
    assert.deepEqual(kept({ maxAmps: 8 }), sameAmps(4));
    assert.deepEqual(kept({ circuit: 0 }), sameAmps(6), 'it is not below this one');
  });

  test('but no further than the fuse bears when the next car comes', () => {
    // 1.13 x 16 A is 2.08 A more: 3.92 A stay.
    assert.deepEqual(givingWay(kept, sameAmps(11.9), sameAmps(16), [car(8)]), kept, 'of no use');
    const [least] = givingWay(kept, sameAmps(11.92), sameAmps(16), [car(8)]);
    assert.ok(Math.abs(least - 3.92) < 1e-9, String(least));
  });

  test('on the phases of that car only', () => {
    const free: PhaseAmps = [13, 30, 13];
    const found = givingWay(kept, free, sameAmps(32), [car(8, [true, true, false])]);
    assert.deepEqual(found, [5, 6, 6]);
  });

  test('is never more than what was kept, and never less than the fuse needs', () => {
    const amps = fc.tuple(...[0, 1, 2].map(() => fc.double({ min: -10, max: 80, noNaN: true })));
    const cars = fc.array(
      fc.record({
        minAmps: fc.integer({ min: 1, max: 20 }),
        phases: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
      }),
    );
    fc.assert(
      fc.property(amps, cars, fc.integer({ min: 0, max: 40 }), (free, here, fallback) => {
        const found = givingWay(
          sameAmps(fallback),
          free as unknown as PhaseAmps,
          sameAmps(40),
          here,
        );
        for (const left of found) {
          assert.ok(left <= fallback);
          assert.ok(fallback - left <= 0.13 * 40 + 1e-9);
        }
      }),
    );
  });
});
