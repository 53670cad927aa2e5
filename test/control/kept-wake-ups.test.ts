import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keptWakeUps, standingWakeUps, wakeUpNews } from '../../src/control/kept-wake-ups.ts';
import { newWakeUp, type WakeUp } from '../../src/core/sharing/wake-ladder.ts';
import { NOTHING_STANDING } from '../../src/schema/standing.ts';

const BEFORE = { monotonicMs: 50_000, wallMs: 1_800_000_000_000 };
/** Twenty seconds later, in another run. */
const AFTER = { monotonicMs: 3_000, wallMs: 1_800_000_020_000 };
const CONNECTORS = new Set(['CP_1/1', 'CP_1/2']);
const wakeUp = (change: Partial<WakeUp>): WakeUp => ({ ...newWakeUp('7'), ...change });

const overRestart = (known: WakeUp, key = 'CP_1/1'): WakeUp | undefined => {
  const standing = { ...NOTHING_STANDING, ...standingWakeUps(new Map([[key, known]]), BEFORE) };
  return keptWakeUps(JSON.parse(JSON.stringify(standing)), CONNECTORS, AFTER).get(key);
};

describe('over a restart', () => {
  test('a car that was never woken is nothing to keep', () => {
    assert.deepEqual(standingWakeUps(new Map([['CP_1/1', wakeUp({})]]), BEFORE), {});
    assert.equal(overRestart(wakeUp({ idleSinceMs: 1 })), undefined);
  });

  test('tries, rounds and what is left of a wait are kept, by transaction', () => {
    const known = wakeUp({ tries: 2, rounds: 1, notBeforeMs: 80_000 });
    const kept = overRestart(known);
    assert.deepEqual(kept, { ...known, notBeforeMs: AFTER.monotonicMs + 10_000 });
    const over = overRestart(wakeUp({ rounds: 1, notBeforeMs: 40_000 }));
    assert.deepEqual(over, wakeUp({ rounds: 1 }));
  });

  test('a break under way is over, and its wait begins', () => {
    const pilotBreak = { phase: 'off', sinceMs: 49_000, amps: 10 } as const;
    const kept = overRestart(wakeUp({ tries: 1, pilotBreak }));
    assert.equal(kept?.pilotBreak, undefined);
    assert.equal(kept?.notBeforeMs, AFTER.monotonicMs + 100_000);
  });

  test('a car that has had its fill is known as such', () => {
    assert.equal(overRestart(wakeUp({ maySleep: false, charges: true }))?.maySleep, false);
  });

  test('a connector that is gone is forgotten', () => {
    assert.equal(overRestart(wakeUp({ tries: 1 }), 'CP_9/1'), undefined);
  });
});

test('a try is to be written soon, a fill later, and nothing else at all', () => {
  const news = (was: Partial<WakeUp> | undefined, is: Partial<WakeUp>) =>
    wakeUpNews(
      new Map(was === undefined ? [] : [['CP_1/1', wakeUp(was)]]),
      new Map([['CP_1/1', wakeUp(is)]]),
    );
  assert.equal(news({}, { tries: 1 }), 'tried');
  assert.equal(news({ tries: 3 }, { tries: 3, rounds: 1 }), 'tried');
  assert.equal(news({}, { maySleep: false }), 'filled');
  assert.equal(news({ maySleep: false }, {}), 'filled');
  assert.equal(news({ tries: 1 }, { tries: 1, idleSinceMs: 5 }), undefined);
  assert.equal(news(undefined, {}), undefined);
});
