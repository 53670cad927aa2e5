import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  BREAK_MS,
  newWakeUp,
  type WakeFacts,
  type WakeUp,
  wakeUpAfter,
} from '../../../src/core/sharing/wake-ladder.ts';

const HOUR_S = 3_600;

/** A car that is offered 16 A, and looked at every second by a charger that obeys at once. */
class Stay {
  wakeUp: WakeUp = newWakeUp('1');
  /** Seconds at which a break began. */
  readonly breaks: number[] = [];
  #seconds = 0;
  #offSinceMs: number | undefined;

  pass(seconds: number, drawnAmps: number, more: Partial<WakeFacts> = {}): this {
    for (let i = 0; i < seconds; i += 1) {
      this.#seconds += 1;
      const nowMs = this.#seconds * 1000;
      const before = this.wakeUp;
      const off = before.pilotBreak?.phase === 'off' || more.shareAmps === 0;
      this.#offSinceMs = off ? (this.#offSinceMs ?? nowMs) : undefined;
      this.wakeUp = wakeUpAfter(before, {
        nowMs,
        drawnAmps: off ? 0 : drawnAmps,
        measuredAtMs: nowMs,
        settled: true,
        offeredAmps: off ? 0 : 16,
        orderedAmps: off ? 0 : 16,
        shareAmps: 16,
        minAmps: 6,
        offSinceMs: this.#offSinceMs,
        possible: true,
        ...more,
      });
      const began = this.wakeUp.pilotBreak !== undefined && before.pilotBreak === undefined;
      if (began) this.breaks.push(this.#seconds);
    }
    return this;
  }

  pause(seconds: number): this {
    return this.pass(seconds, 0, { shareAmps: 0 });
  }
}

const waits = ({ breaks }: Stay): readonly number[] =>
  breaks.map((atSecond, i) => atSecond - (breaks[i - 1] ?? 0));

describe('a car that has not charged since it came', () => {
  test('gets three breaks with growing waits, an hour of peace, and three rounds at most', () => {
    const stay = new Stay().pass(12 * HOUR_S, 0);
    assert.equal(stay.breaks.length, 9);
    const [first, second, third, again] = waits(stay) as [number, number, number, number];
    assert.ok(first >= 60 && second >= 120 && third >= 240 && again >= HOUR_S, `${waits(stay)}`);
    assert.ok(third < 300 && again < HOUR_S + 60, `${waits(stay)}`);
  });

  test('gets none where it cannot be', () => {
    assert.deepEqual(new Stay().pass(HOUR_S, 0, { possible: false }).breaks, []);
  });

  test('gets none while it is offered less than it seems to need, or is not settled', () => {
    assert.deepEqual(new Stay().pass(HOUR_S, 0, { minAmps: 20 }).breaks, []);
    assert.deepEqual(new Stay().pass(HOUR_S, 0, { settled: false }).breaks, []);
    assert.deepEqual(new Stay().pass(HOUR_S, 0, { drawnAmps: undefined }).breaks, []);
  });

  test('gets none before it was offered enough for a minute', () => {
    const stay = new Stay();
    for (let i = 0; i < 10; i += 1) stay.pass(50, 0).pass(5, 0, { offeredAmps: 4 });
    assert.deepEqual(stay.breaks, []);
  });
});

describe('a car that has charged', () => {
  test('and takes nothing more is full', () => {
    assert.deepEqual(new Stay().pass(60, 15).pass(HOUR_S, 0).breaks, []);
  });

  test('is full also when it is paused after that', () => {
    assert.deepEqual(new Stay().pass(60, 15).pass(90, 0).pause(600).pass(HOUR_S, 0).breaks, []);
  });

  test('may sleep when it was stopped while it charged, be it in a rest of seconds', () => {
    assert.equal(new Stay().pass(60, 15).pause(600).pass(90, 0).breaks.length, 1);
    assert.equal(new Stay().pass(60, 15).pass(20, 0).pause(600).pass(90, 0).breaks.length, 1);
  });

  test('and wakes gets no further break, and a new ladder after the next pause', () => {
    const stay = new Stay().pass(60, 15).pause(600).pass(90, 0);
    assert.equal(stay.pass(2 * HOUR_S, 15).breaks.length, 1);
    assert.equal(stay.pause(600).pass(600, 0).breaks.length, 4);
    assert.equal(stay.wakeUp.tries, 3);
  });
});

describe('a break', () => {
  const inBreak = () => new Stay().pass(61, 0);

  test('lasts ten seconds from when the charger holds 0 A', () => {
    const stay = inBreak();
    assert.equal(stay.wakeUp.pilotBreak?.phase, 'off');
    assert.equal(stay.wakeUp.pilotBreak?.amps, 16);
    stay.pass(BREAK_MS / 1000, 0);
    assert.equal(stay.wakeUp.pilotBreak?.phase, 'off');
    stay.pass(1, 0);
    assert.equal(stay.wakeUp.pilotBreak?.phase, 'back');
    stay.pass(1, 0);
    assert.equal(stay.wakeUp.pilotBreak, undefined);
  });

  test('is over when the car begins by itself', () => {
    const stay = inBreak().pass(1, 8, { drawnAmps: 8 });
    assert.equal(stay.wakeUp.pilotBreak?.phase, 'back');
  });

  test('is given up where the charger does not take it', () => {
    const stay = inBreak().pass(59, 0, { offSinceMs: undefined, orderedAmps: 16 });
    assert.equal(stay.wakeUp.pilotBreak?.phase, 'off');
    stay.pass(2, 0, { offSinceMs: undefined });
    assert.equal(stay.wakeUp.pilotBreak, undefined);
  });

  test('does not keep its amps from others for long where they do not fit any more', () => {
    const stay = inBreak().pass(11, 0).pass(59, 0, { orderedAmps: 0 });
    assert.equal(stay.wakeUp.pilotBreak?.phase, 'back');
    stay.pass(1, 0, { orderedAmps: 0 });
    assert.equal(stay.wakeUp.pilotBreak, undefined);
    assert.equal(inBreak().pass(1, 0, { shareAmps: 0 }).wakeUp.pilotBreak, undefined);
  });

  test('is never one of more than three in an hour, whatever happens to the offer', () => {
    const spell = fc.record({
      seconds: fc.integer({ min: 1, max: 400 }),
      shareAmps: fc.constantFrom(0, 6, 16),
      settled: fc.boolean(),
      possible: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(spell, { maxLength: 40 }), (spells) => {
        const stay = new Stay();
        for (const { seconds, ...facts } of spells) stay.pass(seconds, 0, facts);
        stay.breaks.forEach((atSecond, i) => {
          const third = stay.breaks[i + 3];
          assert.ok(third === undefined || third - atSecond >= HOUR_S);
        });
      }),
      { numRuns: 50 },
    );
  });
});
