import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EMPTY_BOOK, limitsAhead, startBook, submitLimit } from '../../src/core/limit-book.ts';
import { plannedAt, plannedSteps } from '../../src/core/plan-ahead.ts';
import { windowsChangeIn } from '../../src/core/rules/windows.ts';
import { DEFAULT_POLICY } from '../../src/core/sharing/policy.ts';
import type { ConnectorDecision, ConnectorTick } from '../../src/core/tick.ts';
import { garage } from '../scenarios/virtual-garage.ts';

const [charger] = garage(1).chargers;
const decision = (later: ConnectorDecision['later']): ConnectorDecision => ({
  tick: { charger } as ConnectorTick,
  targetAmps: 16,
  reasons: [],
  ...(later === undefined ? {} : { later }),
});

describe('the steps of an offer', () => {
  test('only ever lead down from it, on steps of the charger, below its minimum to nothing', () => {
    const planned = decision([
      { atMs: 10, amps: 12.9 },
      { atMs: 20, amps: 40 },
      { atMs: 30, amps: 5.9 },
    ]);
    assert.deepEqual(plannedSteps(planned, 16), [
      { atMs: 10, amps: 12 },
      { atMs: 20, amps: 16 },
      { atMs: 30, amps: 0 },
    ]);
    assert.deepEqual(plannedSteps(planned, 10), [{ atMs: 30, amps: 0 }]);
    assert.deepEqual(plannedSteps(decision(undefined), 10), []);
  });

  test('hold from their instant on', () => {
    const steps = [
      { atMs: 10, amps: 12 },
      { atMs: 20, amps: 6 },
    ];
    const at = [9, 10, 19, 20, 99].map((atMs) => plannedAt(steps, atMs));
    assert.deepEqual(at, [Number.POSITIVE_INFINITY, 12, 12, 6, 6]);
  });
});

describe('limits ahead', () => {
  const source = { id: 'ems', circuit: 'main', failsafeAmps: 10 };
  const site = garage(1, { emsSources: [source] });
  const now = { monotonicMs: 0, wallMs: 1_000_000 };
  const order = (book: typeof EMPTY_BOOK, amps: number, ttlSeconds: number, inMs?: number) =>
    submitLimit(
      book,
      site,
      'ems',
      {
        circuit: 'main',
        amps: [amps, amps, amps],
        ttlSeconds,
        ...(inMs === undefined ? {} : { startAtMs: now.wallMs + inMs }),
      },
      now,
    ).book;

  test('are those that begin, and the failsafe after the last', () => {
    const book = order(order(EMPTY_BOOK, 30, 60), 20, 40, 50_000);
    const ahead = limitsAhead(book, site, 0, 1_000_000);
    assert.deepEqual(
      ahead.map(({ atMs, limits }) => [atMs, limits[0]?.amps?.[0]]),
      [
        [50_000, 20],
        [60_000, 20],
        [90_000, 10],
      ],
    );
    assert.deepEqual(limitsAhead(book, site, 0, 50_000), [], 'no further than asked');
  });

  test('do not guess whether a source with a heartbeat will be heard', () => {
    const lpc = { heartbeatMs: 60_000, failsafeMs: 7_200_000 };
    const beating = { ...site, emsSources: [{ ...source, lpc }] };
    const { book } = submitLimit(
      startBook(beating, 0),
      beating,
      'ems',
      { circuit: 'main', amps: [20, 20, 20], ttlSeconds: 600 },
      now,
    );
    assert.deepEqual(limitsAhead(book, beating, 0, 1_000_000), []);
  });
});

test('hours begin and end, over midnight and the end of the week', () => {
  const window = { id: 'night', days: [6], fromMinute: 1_320, toMinute: 360, calmBelow: 1 };
  const policy = { ...DEFAULT_POLICY, windows: [window] };
  assert.deepEqual(windowsChangeIn(policy, { weekday: 6, minute: 1_319 }), [
    { minutes: 1, local: { weekday: 6, minute: 1_320 } },
    { minutes: 481, local: { weekday: 0, minute: 360 } },
  ]);
  assert.deepEqual(
    windowsChangeIn(policy, { weekday: 6, minute: 1_320 }).map(({ minutes }) => minutes),
    [480, 1_440],
  );
});
