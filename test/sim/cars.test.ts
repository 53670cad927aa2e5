import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Car, type CarModel } from '../../src/sim/car.ts';

/** Amps on the first phase after `seconds` under one offer, in steps of 100 ms. */
const drive = (car: Car, seconds: number, offeredAmps: number): number => {
  let amps = 0;
  for (let i = 0; i < seconds * 10; i += 1) [amps] = car.step(100, offeredAmps, 230);
  return amps;
};
const near = (actual: number, expected: number, tolerance = 0.1): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not about ${expected}`);

describe('a car', () => {
  it('follows an offer within seconds and draws a little less than offered', () => {
    const car = new Car({ maxAmps: 32, followSeconds: 2, share: 0.97 });
    assert.ok(drive(car, 1, 16) < 16 * 0.97 * 0.5);
    near(drive(car, 12, 16), 15.52);
    near(drive(car, 2, 8), 7.76 + (15.52 - 7.76) * Math.exp(-1));
    near(drive(car, 12, 8), 7.76);
  });

  it('raises its current no faster than its ramp', () => {
    const car = new Car({ maxAmps: 32, followSeconds: 0.1, rampAmpsPerSecond: 2 });
    near(drive(car, 3, 32), 6, 0.3);
    near(drive(car, 3, 32), 12, 0.3);
  });

  it('loads as many phases as it has, and no more than the charger wires', () => {
    const shape = (phases: 1 | 2 | 3, terminals: number): readonly boolean[] =>
      new Car({ phases }).step(10_000, 16, 230, terminals).map((amps) => amps > 0);
    assert.deepEqual(shape(1, 3), [true, false, false]);
    assert.deepEqual(shape(2, 3), [true, true, false]);
    assert.deepEqual(shape(3, 3), [true, true, true]);
    assert.deepEqual(shape(3, 1), [true, false, false]);
  });

  for (const minAmps of [6, 8, 10]) {
    it(`that needs ${minAmps} A takes nothing below and starts at it`, () => {
      const car = new Car({ minAmps });
      assert.equal(drive(car, 30, minAmps - 1), 0);
      near(drive(car, 30, minAmps), minAmps * 0.97);
    });
  }

  it('lets go within three seconds when it is paused', () => {
    const car = new Car();
    drive(car, 30, 16);
    assert.equal(drive(car, 3, 0), 0);
  });

  it('takes less and less above four fifths of its need, then nothing', () => {
    const car = new Car({ needWh: 1_000, phases: 1, maxAmps: 16 });
    near(drive(car, 780, 16), 15.52, 0.2);
    const inTail = drive(car, 150, 16);
    assert.ok(inTail < 12 && inTail > 1, `${inTail}`);
    assert.equal(drive(car, 3_600, 16), 0);
    assert.ok(car.full);
    near(car.takenWh, 1_000, 5);
  });

  it('that sleeps stays asleep after a long pause until it is nudged', () => {
    const car = new Car({ sleeps: true });
    near(drive(car, 30, 16), 15.52);
    drive(car, 30, 0);
    near(drive(car, 30, 16), 15.52);
    drive(car, 90, 0);
    assert.equal(drive(car, 300, 16), 0);
    assert.ok(car.asleep);
    car.nudge();
    near(drive(car, 30, 16), 15.52);
  });

  it('that sleeps and wakes by a break notices a short one, not the end of a long pause', () => {
    const car = new Car({ sleeps: true, wakesByBreak: true });
    drive(car, 30, 16);
    drive(car, 90, 0);
    assert.equal(drive(car, 60, 16), 0);
    drive(car, 2, 0);
    assert.equal(drive(car, 60, 16), 0);
    drive(car, 10, 0);
    near(drive(car, 30, 16), 15.52);
  });

  it('that is stubborn ignores a lower offer, but not a stop', () => {
    const car = new Car({ stubborn: true });
    drive(car, 30, 16);
    near(drive(car, 60, 8), 15.52);
    assert.equal(drive(car, 5, 0), 0);
  });

  it('never draws more than it is offered nor than it can', () => {
    const models = fc.record({
      phases: fc.constantFrom(1 as const, 2 as const, 3 as const),
      maxAmps: fc.double({ min: 6, max: 32, noNaN: true }),
      minAmps: fc.constantFrom(6, 8, 10),
      followSeconds: fc.double({ min: 1, max: 6, noNaN: true }),
      share: fc.double({ min: 0.5, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(models, fc.double({ min: 0, max: 40, noNaN: true }), (model, offer) => {
        const car = new Car(model satisfies Partial<CarModel>);
        const amps = drive(car, 60, offer);
        assert.ok(amps <= Math.max(offer, 0) + 1e-9 && amps <= model.maxAmps + 1e-9);
      }),
      { numRuns: 50 },
    );
  });
});
