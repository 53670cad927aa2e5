import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fallbackProfile, leaseProfile } from '../../src/profiles/build.ts';
import { compositeSchedule, limitAt, type ProfileContext } from '../../src/profiles/composite.ts';
import type { InstalledProfile } from '../../src/profiles/period.ts';
import type { ChargingProfile } from '../../src/profiles/profile.ts';
import { Zone } from '../../src/profiles/zone.ts';

const NOW = Date.UTC(2026, 5, 1, 12);
const HOUR = 3_600_000;
const context = (changes: Partial<ProfileContext> = {}): ProfileContext => ({
  connector: 1,
  zone: new Zone('UTC'),
  voltageVolts: 230,
  phases: 3,
  ...changes,
});
const transaction = { id: '7', startedAtMs: NOW - HOUR };

let ids = 0;
const installed = (
  limit: number,
  changes: Partial<Omit<ChargingProfile, 'schedule'>> & {
    readonly schedule?: Partial<ChargingProfile['schedule']>;
  } = {},
  connector = 1,
  receivedAtMs = NOW - HOUR,
): InstalledProfile => {
  ids += 1;
  const { schedule, ...rest } = changes;
  return {
    connector,
    receivedAtMs,
    profile: {
      id: ids,
      stackLevel: 0,
      purpose: 'tx-default',
      kind: 'absolute',
      ...rest,
      schedule: {
        startMs: NOW - HOUR,
        unit: 'A',
        periods: [{ startSeconds: 0, limit }],
        ...schedule,
      },
    },
  };
};
const amps = (
  profiles: readonly InstalledProfile[],
  at = NOW,
  changes: Partial<ProfileContext> = {},
) => limitAt(profiles, context(changes), at).limitAmps;

describe('which profile leads', () => {
  test('none: no limit', () => assert.equal(amps([]), undefined));

  test('the highest stack level that has a period now', () => {
    const low = installed(10);
    const high = installed(16, { stackLevel: 2, schedule: { durationSeconds: 7200 } });
    assert.equal(amps([low, high]), 16);
    assert.equal(amps([low, high], NOW + 2 * HOUR), 10);
  });

  test('K01.FR.36/.37 valid from validFrom up to, not including, validTo', () => {
    const window = installed(8, { stackLevel: 1, validFromMs: NOW, validToMs: NOW + HOUR });
    const at = (ms: number) => amps([installed(20), window], ms);
    assert.deepEqual([at(NOW - 1), at(NOW), at(NOW + HOUR - 1), at(NOW + HOUR)], [20, 8, 8, 20]);
  });

  test('K01.FR.11/.12 the duration cuts off periods', () => {
    const periods = [
      { startSeconds: 0, limit: 16 },
      { startSeconds: 5400, limit: 8 },
    ];
    const profile = installed(0, { schedule: { durationSeconds: 7200, periods } });
    assert.deepEqual(
      [NOW, NOW + HOUR / 2, NOW + HOUR].map((at) => amps([profile], at)),
      [16, 8, undefined],
    );
  });

  test('a TxProfile leads before defaults, and only in its transaction', () => {
    const profiles = [installed(6), installed(20, { purpose: 'tx', transactionId: '7' })];
    assert.equal(amps(profiles, NOW, { transaction }), 20);
    assert.equal(amps(profiles, NOW, { transaction: { ...transaction, id: '8' } }), 6);
    assert.equal(amps(profiles), 6);
  });

  test('K02.FR.08 an expired TxProfile leaves the default', () => {
    const lease = installed(20, {
      purpose: 'tx',
      transactionId: '7',
      schedule: { durationSeconds: 3660 },
    });
    const profiles = [installed(6), lease];
    assert.equal(amps(profiles, NOW + 59_000, { transaction }), 20);
    assert.equal(amps(profiles, NOW + 60_000, { transaction }), 6);
  });

  test('a default of the connector replaces the one of connector 0, whatever its level', () => {
    const profiles = [installed(30, { stackLevel: 5 }, 0), installed(10, {}, 1)];
    assert.equal(amps(profiles), 10);
    assert.equal(amps(profiles, NOW, { connector: 2 }), 30);
  });
});

describe('how purposes combine', () => {
  test('the least of station maximum, external constraints and transaction', () => {
    const max = installed(12, { purpose: 'station-max' }, 0);
    const external = installed(9, { purpose: 'external-constraints' }, 0);
    assert.equal(amps([installed(16), max]), 12);
    assert.equal(amps([installed(16), max, external]), 9);
    assert.equal(amps([installed(7), max, external]), 7);
  });

  test('K01.FR.50 watts become amps per phase with the configured voltage', () => {
    const watts = installed(11_040, { schedule: { unit: 'W' } });
    assert.equal(amps([watts]), 16);
    const one = { startSeconds: 0, limit: 3_680, numberPhases: 1 };
    assert.equal(amps([installed(0, { schedule: { unit: 'W', periods: [one] } })]), 16);
  });

  test('K27 local generation is added after the minimum', () => {
    const local = installed(9, { purpose: 'local-generation' }, 0);
    assert.equal(amps([installed(16), installed(10, { purpose: 'station-max' }, 0), local]), 19);
  });

  test('K21.FR.04 priority replaces transaction profiles, the maximum stays in force', () => {
    const profiles = [
      installed(6, { purpose: 'tx', transactionId: '7' }),
      installed(32, { purpose: 'priority' }),
      installed(20, { purpose: 'station-max' }, 0),
    ];
    assert.equal(amps(profiles, NOW, { transaction }), 6);
    assert.equal(amps(profiles, NOW, { transaction, priorityActive: true }), 20);
  });

  test('K01.FR.101 a profile is invalid after its longest offline time', () => {
    const profiles = [installed(6), installed(20, { stackLevel: 1, maxOfflineSeconds: 60 })];
    const offlineSinceMs = NOW - 61_000;
    assert.equal(amps(profiles), 20);
    assert.equal(amps(profiles, NOW, { offlineSinceMs }), 6);
  });
});

describe('kinds', () => {
  test('relative counts from the start of the transaction', () => {
    const periods = [
      { startSeconds: 0, limit: 6 },
      { startSeconds: 3600, limit: 16 },
    ];
    const profile = installed(0, { purpose: 'tx', kind: 'relative', schedule: { periods } });
    assert.equal(amps([profile], NOW - 1, { transaction }), 6);
    assert.equal(amps([profile], NOW, { transaction }), 16);
  });

  for (const [zone, day] of [
    ['Europe/Berlin', Date.UTC(2026, 2, 28)],
    ['Europe/Berlin', Date.UTC(2026, 9, 24)],
    ['America/New_York', Date.UTC(2026, 2, 7)],
    ['America/New_York', Date.UTC(2026, 10, 1)],
    ['Australia/Lord_Howe', Date.UTC(2026, 3, 4)],
    ['Australia/Lord_Howe', Date.UTC(2026, 9, 3)],
  ] as const) {
    test(`daily recurring holds local time over the change of ${zone} near ${new Date(day).toISOString().slice(0, 10)}`, () => {
      const local = new Zone(zone);
      const startMs = local.toInstant(day - 10 * 24 * HOUR + 18 * HOUR);
      const profile = installed(7, {
        kind: 'recurring',
        recurrency: 'daily',
        schedule: { startMs, durationSeconds: 3600 },
      });
      for (let d = 0; d < 4; d += 1) {
        const evening = local.toInstant(day + d * 24 * HOUR + 18 * HOUR);
        assert.equal(amps([profile], evening, { zone: local }), 7);
        assert.equal(amps([profile], evening + HOUR - 1, { zone: local }), 7);
        assert.equal(amps([profile], evening - 1, { zone: local }), undefined);
        assert.equal(amps([profile], evening + HOUR, { zone: local }), undefined);
      }
    });
  }
});

test('a composite schedule is what sampling every second would give', () => {
  const profiles = [
    installed(16, { schedule: { durationSeconds: 4000 } }),
    installed(10, { stackLevel: 1, validFromMs: NOW + 100_000, validToMs: NOW + 200_000 }),
    installed(12, { purpose: 'station-max', schedule: { startMs: NOW + 150_000 } }, 0),
  ];
  const { periods } = compositeSchedule(profiles, context(), NOW, 600, 'A');
  for (let second = 0; second < 400; second += 1) {
    const expected = limitAt(profiles, context(), NOW + second * 1000).limitAmps;
    assert.equal(periods.findLast(({ startSeconds }) => startSeconds <= second)?.limit, expected);
  }
});

describe('what the gateway sends', () => {
  const own = {
    id: 1,
    amps: 12,
    stackLevel: 0,
    unit: 'A',
    volts: 230,
    phases: 3,
    nowMs: NOW,
  } as const;

  test('a fallback has no end', () => {
    const profiles = [
      { connector: 0, profile: fallbackProfile({ ...own, amps: 6 }), receivedAtMs: NOW },
    ];
    assert.equal(amps(profiles, NOW + 1e12), 6);
  });

  test('a lease ends after its life, and the fallback holds', () => {
    const lease = leaseProfile({ ...own, transactionId: '7', lifeSeconds: 120 });
    const profiles = [
      { connector: 0, profile: fallbackProfile({ ...own, amps: 6 }), receivedAtMs: NOW },
      { connector: 1, profile: lease, receivedAtMs: NOW },
    ];
    assert.equal(amps(profiles, NOW + 119_000, { transaction }), 12);
    assert.equal(amps(profiles, NOW + 120_000, { transaction }), 6);
  });
});
