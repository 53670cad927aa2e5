import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newCharger } from '../../src/core/chargers/charger-fold.ts';
import {
  accepted,
  type Enforcement,
  type Lease,
  NO_ENFORCEMENT,
  sent,
} from '../../src/core/chargers/enforcement.ts';
import {
  type PhaseUse,
  phasesSeen,
  phaseUseAfter,
  phaseUseOf,
  switchesPhases,
  terminalsInUse,
} from '../../src/core/chargers/phase-switch.ts';
import type { PhaseAmps } from '../../src/core/units.ts';
import { plainCharger } from '../../src/sim/plain-site.ts';

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

  test('without current a choice changes at once at first, then once a minute, and costs nothing', () => {
    const first = phaseUseAfter(phaseUseOf(undefined, 'T', 0), ONE, RULE, paused(START_MS));
    assert.equal(first.told, 1);
    const up = (afterMs: number) =>
      phaseUseAfter(first, BOTH, RULE, paused(START_MS + afterMs)).told;
    assert.equal(up(59_999), 1);
    // Nothing was counted: a car that has not charged takes no harm.
    assert.equal(up(60_000), 3);
    assert.equal(first.switchesInStay, 0);
    assert.deepEqual(first.switchedAtMs, []);
  });

  test('switches of the day before yesterday count no more', () => {
    const rule = { ...RULE, mostPerSession: 9, mostPerDay: 2 };
    const DAY_MS = 86_400_000;
    const after = (agoMs: number) => {
      const nowMs = START_MS + 3 * DAY_MS;
      const switchedAtMs = [nowMs - agoMs, nowMs - agoMs];
      const use = { ...phaseUseOf(undefined, 'T', 0), hasCharged: true, switchedAtMs };
      return phaseUseAfter(use, ONE, rule, paused(nowMs));
    };
    assert.equal(after(DAY_MS - 1).told, 3);
    assert.equal(after(DAY_MS).told, 1);
    assert.equal(after(DAY_MS).switchedAtMs.length, 1);
  });

  test('a stop for three phases is gone through with, whatever becomes of the room', () => {
    const on = { ...onOne(), roomSinceMs: START_MS + 50_000 };
    const waits = phaseUseAfter(on, BOTH, RULE, charging(START_MS + 649_999, on));
    assert.equal(waits.changing, false);
    const stops = phaseUseAfter(on, BOTH, RULE, charging(START_MS + 650_000, on));
    assert.equal(stops.changing, true);
    assert.deepEqual(phaseUseAfter(stops, ONE, RULE, charging(START_MS + 651_000, stops)), stops);
    const up = phaseUseAfter(stops, ONE, RULE, paused(START_MS + 680_000));
    assert.deepEqual([up.told, up.switchesInStay], [3, 1]);
    assert.equal(phaseUseOf(up, 'T', START_MS + 681_000), up, 'it is the same stay');
  });

  test('switches are counted for a day', () => {
    const nowMs = START_MS + 3 * 86_400_000;
    const switchedAtMs = [nowMs - 2 * 86_400_000, nowMs - 3_600_000];
    const use = { ...phaseUseOf(undefined, 'T', 0), hasCharged: true, switchedAtMs };
    const after = (mostPerDay: number) =>
      phaseUseAfter(use, ONE, { ...RULE, mostPerDay }, paused(nowMs));
    assert.deepEqual(after(2).switchedAtMs, [nowMs - 3_600_000, nowMs]);
    assert.equal(after(1).told, 3);
  });

  describe('a pause is one only', () => {
    const use = phaseUseOf(undefined, 'T', 0);
    const nowMs = START_MS;
    const told = (changes: Partial<Enforcement>, measuredAmps = 0): number => {
      const enforcement = { ...holding(0, nowMs), ...changes };
      return phaseUseAfter(use, ONE, RULE, { enforcement, around: around(nowMs, measuredAmps) })
        .told;
    };
    const lease = (amps: number, endsAtMs: number): Lease => ({ amps, sentAtMs: 0, endsAtMs });
    for (const [when, changes, expected] of [
      ['when nothing else may be in force', {}, 1],
      ['while its offer lasts', { accepted: lease(0, nowMs) }, 3],
      ['when nothing is on its way', { pending: lease(0, nowMs + 60_000) }, 3],
      ['when no answer is missing', { doubtful: { amps: 9, untilMs: nowMs + 1 } }, 3],
      ['when what was not answered has ended', { doubtful: { amps: 9, untilMs: nowMs } }, 1],
      ['when an earlier run promised nothing', { inherited: { amps: 9, untilMs: nowMs + 1 } }, 3],
      ['after what it promised', { inherited: { amps: 9, untilMs: nowMs } }, 1],
      ['when the car had time to follow', { recent: [{ amps: 9, untilMs: nowMs - 14_999 }] }, 3],
      [
        'after all that it had',
        {
          recent: [
            { amps: 9, untilMs: nowMs - 60_000 },
            { amps: 9, untilMs: nowMs - 1_000 },
          ],
        },
        3,
      ],
      ['and then', { recent: [{ amps: 9, untilMs: nowMs - 15_000 }] }, 1],
    ] as const) {
      test(when, () => assert.equal(told(changes), expected));
    }
    test('when no current is measured', () => {
      assert.equal(told({}, 5), 3);
      assert.equal(told({}, 0.1), 1);
    });
  });
});

describe('which phases carry current', () => {
  const told = phaseUseAfter(phaseUseOf(undefined, 'T', 0), ONE, RULE, paused(START_MS));

  test('is believed after 20 s of one without a pause; a car that pauses begins anew', () => {
    const on = seen(told, START_MS + 10_000, [8, 0, 0]);
    assert.equal(seen(on, START_MS + 29_999, [8, 0, 0]).terminals, undefined);
    assert.deepEqual(seen(on, START_MS + 30_000, [8, 0, 0]).terminals, [true, false, false]);
    const other = seen(told, START_MS + 10_000, [0, 0, 8]);
    const believed = seen(other, START_MS + 30_000, [0, 0, 8]);
    assert.deepEqual(believed.terminals, [false, false, true]);
    assert.equal(believed.oneTerminal, 2);
    const paused = seen(on, START_MS + 20_000, [0, 0, 0]);
    const again = seen(paused, START_MS + 35_000, [8, 0, 0]);
    assert.equal(again.terminals, undefined);
    assert.deepEqual(seen(again, START_MS + 55_000, [8, 0, 0]).terminals, [true, false, false]);
  });

  test('what was measured before it was told, or comes late, says nothing', () => {
    assert.equal(seen(told, START_MS, [8, 8, 8]), told);
    const on = seen(told, START_MS + 10_000, [8, 0, 0]);
    assert.equal(seen(on, START_MS + 10_000, [8, 8, 8]), on);
    assert.equal(seen(on, START_MS + 9_000, [8, 8, 8]), on);
  });

  test('current on others right after the switch is of before; later it refutes', () => {
    const early = seen(told, START_MS + 14_999, [8, 8, 0]);
    assert.equal(early.refuted, false);
    // But what carried current counts.
    const later = seen(seen(early, START_MS + 15_001, [8, 0, 0]), START_MS + 60_000, [8, 0, 0]);
    assert.deepEqual(later.terminals, [true, true, false]);
    assert.equal(later.oneTerminal, undefined);
    assert.equal(seen(told, START_MS + 15_000, [8, 8, 0]).refuted, true);
  });

  test('the one that it used last time is taken for the next car, while it is told to use one', () => {
    const known = onOne();
    assert.equal(known.oneTerminal, 0);
    const next = phaseUseOf(known, 'U', START_MS + 99_000);
    assert.deepEqual([next.told, next.changing, next.hasCharged], [3, false, false]);
    const nowMs = START_MS + 100_000;
    const one = phaseUseAfter(next, ONE, RULE, paused(nowMs));
    const use = (of: PhaseUse, phases: 1 | 3) =>
      terminalsInUse(of, holding(8, nowMs, phases), around(nowMs));
    assert.deepEqual(use(one, 1), [true, false, false]);
    assert.equal(use(next, 3), undefined, 'on three all of them count');
    const offline = { ...around(nowMs), online: false };
    assert.equal(terminalsInUse(one, holding(8, nowMs, 1), offline), undefined);
  });

  test('all count while it is being told otherwise', () => {
    const nowMs = START_MS + 50_000;
    const offer = holding(8, nowMs, 1);
    const asked = (numberPhases: 1 | 3) => {
      const pending: Lease = { amps: 8, sentAtMs: nowMs, endsAtMs: nowMs + 120_000, numberPhases };
      return terminalsInUse(onOne(), { ...offer, pending }, around(nowMs));
    };
    assert.equal(asked(3), undefined);
    assert.deepEqual(asked(1), [true, false, false]);
    assert.deepEqual(terminalsInUse(onOne(), holding(0, nowMs), around(nowMs)), [
      true,
      false,
      false,
    ]);
  });
});

describe('a charger that can be switched', () => {
  const spec = plainCharger('CP_1', 'main', {
    phaseSwitching: RULE,
    honoursNumberPhases: true,
  });
  const state = newCharger('CP_1', 1, 0);
  const { honoursNumberPhases: _unknown, ...plain } = spec;
  const able = { ...state.abilities, phaseSwitching: true };
  for (const [what, charger, version, abilities, expected] of [
    ['is named in the site file and of a make that is known', spec, '1.6', state.abilities, true],
    [
      'is not one that the site file leaves alone',
      plainCharger('CP_1', 'main'),
      '2.1',
      able,
      false,
    ],
    ['is none of 1.6 that nobody knows', plain, '1.6', able, false],
    ['is one of 2.x that says so', plain, '2.0.1', able, true],
    ['is none of 2.x that does not', plain, '2.0.1', state.abilities, false],
    ['has three phases', { ...spec, phases: [0, 1] }, '1.6', able, false],
    ['is no DC charger', { ...spec, dcEfficiency: 0.95 }, '1.6', able, false],
    ['takes a pause', { ...spec, zeroAmpPause: 'unsafe' }, '1.6', able, false],
  ] as const) {
    test(what, () => {
      assert.equal(switchesPhases(charger, { ...state, version, abilities }), expected);
    });
  }
});
