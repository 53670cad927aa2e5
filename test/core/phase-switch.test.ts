import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accepted, type Lease, NO_ENFORCEMENT, sent } from '../../src/core/enforcement.ts';
import {
  type PhaseUse,
  phasesSeen,
  phaseUseAfter,
  phaseUseOf,
  terminalsInUse,
} from '../../src/core/phase-switch.ts';
import type { PhaseAmps } from '../../src/core/units.ts';

const RULE = { upAfterSeconds: 600, mostPerSession: 2, mostPerDay: 20 };
const BOTH = { threeFits: true, oneFits: true };
const ONE = { threeFits: false, oneFits: true };
const START_MS = 1_000_000;

const around = (nowMs: number, measuredAmps = 0) => ({
  nowMs,
  online: true,
  inTransaction: true,
  fallbackAmps: 6,
  maxAmps: 32,
  measuredAmps,
  measuredAtMs: nowMs,
});

const holding = (amps: number, nowMs: number, numberPhases?: 1 | 3) => {
  const lease: Lease = {
    amps,
    sentAtMs: nowMs - 20_000,
    endsAtMs: nowMs + 100_000,
    ...(numberPhases === undefined ? {} : { numberPhases }),
  };
  return accepted(sent(NO_ENFORCEMENT, lease), around(nowMs - 20_000));
};

const paused = (nowMs: number) => ({ enforcement: holding(0, nowMs), around: around(nowMs) });
const charging = (nowMs: number, use: PhaseUse) => ({
  enforcement: holding(8, nowMs, use.told),
  around: around(nowMs, 8),
});

const seen = (use: PhaseUse, atMs: number, terminalAmps: PhaseAmps): PhaseUse =>
  phasesSeen(use, {
    connector: 1,
    status: 'charging',
    statusAtMs: 0,
    terminalAmps,
    measuredAtMs: atMs,
  });

/** A car that charges on one phase, and was seen to. */
const onOne = (): PhaseUse => {
  const told = phaseUseAfter(phaseUseOf(undefined, 'T', 0), ONE, RULE, paused(START_MS));
  return seen(seen(told, START_MS + 20_000, [8, 0, 0]), START_MS + 45_000, [8, 0, 0]);
};

describe('three phases or one', () => {
  test('down as soon as only one fits and nothing flows, not while it charges', () => {
    const use = phaseUseOf(undefined, 'T', 0);
    assert.equal(phaseUseAfter(use, ONE, RULE, paused(START_MS)).told, 1);
    assert.equal(phaseUseAfter(use, ONE, RULE, charging(START_MS, use)).told, 3);
    assert.equal(phaseUseAfter(use, BOTH, RULE, paused(START_MS)).told, 3);
  });

  test('up when three have fitted for as long as the rule says, with a stop between', () => {
    const first = phaseUseAfter(onOne(), BOTH, RULE, charging(START_MS + 50_000, onOne()));
    assert.equal(first.changing, false);
    const wanes = phaseUseAfter(first, ONE, RULE, charging(START_MS + 400_000, first));
    assert.equal(wanes.roomSinceMs, undefined);
    const long = phaseUseAfter(first, BOTH, RULE, charging(START_MS + 650_000, first));
    assert.equal(long.changing, true);
    assert.equal(long.told, 1);
    const still = phaseUseAfter(long, BOTH, RULE, charging(START_MS + 651_000, long));
    assert.equal(still.told, 1, 'it still draws');
    assert.equal(phaseUseAfter(still, BOTH, RULE, paused(START_MS + 680_000)).told, 3);
  });

  test('a car that has charged is switched so often and not more often', () => {
    let use = onOne();
    let nowMs = START_MS + 50_000;
    for (let i = 0; i < 20; i += 1) {
      nowMs += 700_000;
      const room = use.told === 1 ? BOTH : ONE;
      use = phaseUseAfter(use, room, RULE, paused(nowMs));
      use = phaseUseAfter(use, room, RULE, paused(nowMs + 650_000));
      nowMs += 650_000;
    }
    assert.equal(use.switchesInStay, RULE.mostPerSession);
  });

  test('the last switch is not spent on the way up: a cloud would leave the car with nothing', () => {
    const once = { ...RULE, mostPerSession: 1 };
    let use = onOne();
    for (let nowMs = START_MS + 50_000; nowMs < START_MS + 3_000_000; nowMs += 50_000) {
      use = phaseUseAfter(use, BOTH, once, paused(nowMs));
    }
    assert.equal(use.told, 1);
    assert.equal(use.changing, false);
  });

  test('all phases count until one was seen, and again before it is believed anew', () => {
    const told = phaseUseAfter(phaseUseOf(undefined, 'T', 0), ONE, RULE, paused(START_MS));
    const nowMs = START_MS + 50_000;
    const offer = holding(8, nowMs, 1);
    assert.equal(terminalsInUse(told, offer, around(nowMs)), undefined);
    assert.deepEqual(terminalsInUse(onOne(), offer, around(nowMs)), [true, false, false]);
    const late = around(nowMs + 95_000);
    assert.equal(terminalsInUse(onOne(), offer, late), undefined, 'its offer is about to end');
    const ofThree = holding(8, nowMs, 3);
    assert.equal(terminalsInUse(onOne(), ofThree, around(nowMs)), undefined, 'told otherwise');
  });

  test('a phase that is not told of is not free', () => {
    const told = phaseUseAfter(phaseUseOf(undefined, 'T', 0), ONE, RULE, paused(START_MS));
    const blind = (use: PhaseUse, atMs: number) =>
      phasesSeen(use, {
        connector: 1,
        status: 'charging',
        statusAtMs: 0,
        terminalAmps: [8, 0, 0],
        terminalsTold: [true, false, false],
        measuredAtMs: atMs,
      });
    const use = blind(blind(told, START_MS + 20_000), START_MS + 60_000);
    assert.deepEqual(use.terminals, [true, true, true]);
  });

  test('one that uses more than it is told is not switched again in this stay', () => {
    const use = seen(onOne(), START_MS + 60_000, [8, 8, 8]);
    assert.equal(use.refuted, true);
    assert.equal(use.told, 3);
    const again = phaseUseAfter(use, ONE, RULE, paused(START_MS + 90_000));
    assert.equal(again.told, 3);
    assert.equal(phaseUseOf(again, 'U', START_MS).refuted, false, 'the next car');
  });
});
