import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  EMPTY_BOOK,
  type LimitCommand,
  limitState,
  limitsInForce,
  submitLimit,
} from '../../src/core/limits/limit-book.ts';
import type { Site } from '../../src/core/site.ts';
import { sameAmps } from '../../src/core/units.ts';

const site: Site = {
  id: 'test',
  timezone: 'Europe/Berlin',
  voltageVolts: 230,
  circuits: [
    { id: 'main', limitAmps: sameAmps(63), marginAmps: 0, assumedLoadAmps: sameAmps(0) },
    {
      id: 'garage',
      parent: 'main',
      limitAmps: sameAmps(40),
      marginAmps: 0,
      assumedLoadAmps: sameAmps(0),
    },
  ],
  meters: [],
  chargers: [],
  emsSources: [
    { id: 'bms', circuit: 'main', failsafeAmps: 20 },
    { id: 'solar', circuit: 'garage' },
  ],
  arrivalReserve: 1,
};
const now = { monotonicMs: 1_000, wallMs: Date.UTC(2026, 5, 1) };
const command = (changes: Partial<LimitCommand> = {}): LimitCommand => ({
  circuit: 'main',
  amps: sameAmps(30),
  ttlSeconds: 60,
  ...changes,
});
const submit = (c: LimitCommand, source = 'bms') => submitLimit(EMPTY_BOOK, site, source, c, now);

describe('a limit from an EMS', () => {
  test('is answered with what is applied and until when', () => {
    const { answer } = submit(command());
    assert.deepEqual(answer, {
      accepted: true,
      applied: {
        circuit: 'main',
        amps: [30, 30, 30],
        watts: null,
        expiresAt: '2026-06-01T00:01:00.000Z',
      },
      reason: 'accepted',
    });
  });

  test('that begins now is taken however many wait, one more that waits is not', () => {
    let book = EMPTY_BOOK;
    const ahead = (minutes: number) => {
      const startAtMs = now.wallMs + minutes * 60_000;
      const taken = submitLimit(book, site, 'bms', command({ startAtMs }), now);
      book = taken.book;
      return taken.answer;
    };
    for (let minutes = 1; minutes <= 16; minutes += 1) assert.ok(ahead(minutes).accepted);
    assert.equal(ahead(17).reason, '16 limits wait already');
    const less = submitLimit(book, site, 'bms', command({ amps: sameAmps(10) }), now);
    assert.equal(less.answer.accepted, true);
    const [limit] = limitsInForce(less.book, site, now.monotonicMs);
    assert.deepEqual(limit?.amps, sameAmps(10));
    const begun = command({ amps: sameAmps(8), startAtMs: now.wallMs - 5_000 });
    assert.equal(submitLimit(less.book, site, 'bms', begun, now).answer.accepted, true);
  });

  test('above the fuse is applied at the fuse, and says so', () => {
    const { answer } = submit(command({ amps: sameAmps(100) }));
    assert.deepEqual(answer.applied?.amps, [63, 63, 63]);
    assert.match(answer.reason, /fuse of main is lower/);
  });

  test('falls to the failsafe of its source when it expires, not to unlimited', () => {
    const { book } = submit(command());
    const at = (nowMs: number) => limitsInForce(book, site, nowMs).find((l) => l.source === 'bms');
    assert.deepEqual(at(60_999)?.amps, sameAmps(30));
    assert.deepEqual(at(61_000)?.amps, sameAmps(20));
    assert.match(at(61_000)?.reason ?? '', /expired/);
  });

  test('says in its answer where the fuse is lower, on any phase, and that nothing is limited', () => {
    const reason = (changes: Partial<LimitCommand>) => submit(command(changes)).answer.reason;
    assert.match(reason({ amps: [10, 10, 64] }), /fuse of main is lower/);
    assert.equal(reason({ amps: sameAmps(63) }), 'accepted');
    const { amps: _amps, ...power } = command({ watts: 11 });
    const told = submit(power).answer;
    assert.ok(told.accepted);
    assert.match(told.reason, /no car charges with 11 W: is it in kW/);
    const { amps: _none, ...lifted } = command({ lifted: true });
    const { answer, book } = submit(lifted);
    assert.equal(answer.reason, 'accepted: no limit');
    const bms = site.emsSources[0];
    assert.ok(bms);
    assert.equal(limitState(book, bms, 2_000), 'none');
    assert.equal(limitState(submit(command()).book, bms, 2_000), 'active');
  });

  test('of the run before holds beside the failsafe until its source is heard again', () => {
    const { book } = submit(command());
    const source = book.get('bms');
    assert.ok(source);
    const restored = new Map([['bms', { ...source, restored: true }]]);
    const at = (of: typeof book, nowMs: number) =>
      limitsInForce(of, site, nowMs).map(({ amps, reason }) => [amps?.[0], reason]);
    const failsafe = [20, 'failsafe: no limit received yet'];
    assert.deepEqual(at(restored, 2_000), [[30, undefined], failsafe]);
    assert.deepEqual(at(restored, 61_000), [failsafe]);
    const heard = submitLimit(restored, site, 'bms', command({ amps: sameAmps(25) }), now).book;
    assert.deepEqual(at(heard, 2_000), [[25, undefined]]);
  });

  test('the failsafe holds before the first limit too', () => {
    const limits = limitsInForce(EMPTY_BOOK, site, 0);
    assert.deepEqual(
      limits.map((l) => [l.source, l.amps?.[0]]),
      [['bms', 20]],
    );
    assert.equal(limitState(EMPTY_BOOK, site.emsSources[0]!, 0), 'failsafe');
    assert.equal(limitState(EMPTY_BOOK, site.emsSources[1]!, 0), 'none');
  });

  test('with a lower seq than before is rejected and changes nothing', () => {
    const first = submit(command({ seq: 8 }));
    const second = submitLimit(
      first.book,
      site,
      'bms',
      command({ seq: 7, amps: sameAmps(60) }),
      now,
    );
    assert.equal(second.answer.accepted, false);
    assert.match(second.answer.reason, /seq 7 is lower than 8/);
    assert.equal(second.book, first.book);
  });

  for (const [name, source, changes, reason] of [
    [
      'an unknown source',
      'nobody',
      {},
      /^unknown source "nobody"; known are .*: add it to ems.sources$/,
    ],
    [
      'an unknown circuit',
      'bms',
      { circuit: 'roof' },
      /unknown circuit roof: source bms may limit main/,
    ],
    ['a circuit of somebody else', 'bms', { circuit: 'garage' }, /may limit circuit main/],
    ['a message held up too long', 'bms', { atMs: now.wallMs - 61_000 }, /older than ttlSeconds/],
  ] as const) {
    test(`from ${name} is rejected with the reason`, () => {
      const { answer } = submit(command(changes), source);
      assert.equal(answer.accepted, false);
      assert.equal(answer.applied, null);
      assert.match(answer.reason, reason);
    });
  }

  test('that comes again, or in the last second of its life, is taken', () => {
    const first = submit(command({ seq: 8 }));
    const again = submitLimit(first.book, site, 'bms', command({ seq: 8 }), now);
    assert.equal(again.answer.accepted, true);
    assert.equal(submit(command({ atMs: now.wallMs - 60_000 })).answer.accepted, true);
    const started = (agoMs: number) => submit(command({ startAtMs: now.wallMs - agoMs })).answer;
    assert.equal(started(59_999).accepted, true);
    assert.match(started(60_000).reason, /its life are over/);
    // Its life began when it was to begin, and so says the answer.
    assert.equal(started(20_000).applied?.expiresAt, '2026-06-01T00:00:40.000Z');
    const { book } = submit(command({ startAtMs: now.wallMs - 20_000 }));
    const at = (inMs: number) =>
      limitsInForce(book, site, now.monotonicMs + inMs).find((l) => l.source === 'bms')?.amps?.[0];
    assert.deepEqual([39_999, 40_000].map(at), [30, 20]);
  });

  test('without a seq leaves the seq of before standing', () => {
    const first = submit(command({ seq: 8 }));
    const plain = submitLimit(first.book, site, 'bms', command(), now);
    const late = submitLimit(plain.book, site, 'bms', command({ seq: 7 }), now);
    assert.equal(late.answer.accepted, false);
  });

  test('of a sender that was replaced is rejected, also after a message without an epoch', () => {
    const first = submit(command({ epoch: 2, seq: 8 }));
    const anew = submitLimit(first.book, site, 'bms', command({ epoch: 3, seq: 1 }), now);
    assert.equal(anew.answer.accepted, true, 'a new sender counts anew');
    const plain = submitLimit(anew.book, site, 'bms', command(), now);
    const old = submitLimit(plain.book, site, 'bms', command({ epoch: 2, seq: 99 }), now);
    assert.match(old.answer.reason, /epoch 2 is lower than 3/);
    assert.equal(old.book, plain.book);
  });

  test('in watts is applied as told, or at the power limit of its circuit', () => {
    assert.equal(submit(command({ watts: 9_000 })).answer.applied?.watts, 9_000);
    const circuits = site.circuits.map((each) => ({ ...each, limitWatts: 8_000 }));
    const capped = { ...site, circuits };
    const { answer } = submitLimit(EMPTY_BOOK, capped, 'bms', command({ watts: 9_000 }), now);
    assert.equal(answer.applied?.watts, 8_000);
    assert.match(answer.reason, /fuse of main is lower/);
  });

  test('that dims below what has to be left is obeyed, and the answer says that it is recorded', () => {
    const emsSources = [{ id: 'bms', circuit: 'main', dimmingFloorWatts: 4_200 }];
    const told = (watts: number) =>
      submitLimit(EMPTY_BOOK, { ...site, emsSources }, 'bms', command({ watts }), now).answer
        .reason;
    assert.match(told(4_100), /§14a/);
    assert.equal(told(4_200), 'accepted');
  });

  test('takes the place of one that began, and of one that was to begin with it', () => {
    const later = (inMs: number, amps: number, ttlSeconds = 60) =>
      command({ startAtMs: now.wallMs + inMs, amps: sameAmps(amps), ttlSeconds });
    const then = (before: ReturnType<typeof submit>, next: LimitCommand) =>
      submitLimit(before.book, site, 'bms', next, now);
    const at = ({ book }: ReturnType<typeof submit>, inMs: number) =>
      limitsInForce(book, site, now.monotonicMs + inMs).find((l) => l.source === 'bms')?.amps?.[0];
    const short = then(submit(command({ amps: sameAmps(12), ttlSeconds: 120 })), command());
    assert.deepEqual(
      [0, 60_000].map((ms) => at(short, ms)),
      [30, 20],
      'not the 12 A of before',
    );
    const changed = then(submit(later(30_000, 12)), later(30_000, 16, 20));
    assert.deepEqual(
      [30_000, 50_000].map((ms) => at(changed, ms)),
      [16, 20],
    );
    const both = then(submit(later(30_000, 12)), command({ ttlSeconds: 20 }));
    assert.deepEqual(
      [0, 20_000, 30_000].map((ms) => at(both, ms)),
      [30, 20, 12],
    );
  });

  test('ordered ahead holds in its time only, in whatever order they were sent', () => {
    const later = (inMs: number, amps: number, ttlSeconds: number) =>
      command({ startAtMs: now.wallMs + inMs, amps: sameAmps(amps), ttlSeconds });
    const late = submit(later(60_000, 12, 30));
    const both = submitLimit(late.book, site, 'bms', later(30_000, 16, 120), now);
    const at = (nowMs: number) =>
      limitsInForce(both.book, site, now.monotonicMs + nowMs).find((l) => l.source === 'bms')
        ?.amps?.[0];
    assert.deepEqual([0, 29_999, 30_000, 59_999, 60_000, 89_999].map(at), [20, 20, 16, 16, 12, 12]);
    assert.deepEqual([90_000, 149_999, 150_000].map(at), [16, 16, 20]);
  });

  test('can be ordered a week ahead and no further, by a source with a heartbeat not at all', () => {
    const inDays = (days: number, of = site) =>
      submitLimit(
        EMPTY_BOOK,
        of,
        'bms',
        command({ startAtMs: now.wallMs + days * 86_400_000 }),
        now,
      ).answer;
    assert.equal(inDays(7).accepted, true);
    assert.match(inDays(7.1).reason, /more than a week ahead/);
    const lpc = { heartbeatMs: 120_000, failsafeMs: 7_200_000 };
    const beating = { ...site, emsSources: [{ id: 'bms', circuit: 'main', lpc }] };
    assert.match(inDays(0.1, beating).reason, /cannot order ahead/);
    assert.equal(inDays(0, beating).accepted, true);
  });
});
