import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  EMPTY_BOOK,
  type LimitCommand,
  limitState,
  limitsInForce,
  submitLimit,
} from '../../src/core/limit-book.ts';
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
    ['an unknown source', 'nobody', {}, /unknown source nobody/],
    ['an unknown circuit', 'bms', { circuit: 'roof' }, /unknown circuit roof/],
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
});
