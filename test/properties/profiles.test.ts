// Method: random stacks of profiles of every kind, over a change of the clock. What the engine says
// at an instant is compared with each profile alone, with another order, and with the composite.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compositeSchedule, limitAt, type ProfileContext } from '../../src/profiles/composite.ts';
import type { InstalledProfile } from '../../src/profiles/period.ts';
import type { ChargingProfile, ChargingSchedule } from '../../src/profiles/profile.ts';
import { Zone } from '../../src/profiles/zone.ts';

/** Some minutes before each change of the clock in three zones, both ways. */
const CHANGES = (
  [
    ['Europe/Berlin', Date.UTC(2026, 2, 29, 1)],
    ['Europe/Berlin', Date.UTC(2026, 9, 25, 1)],
    ['America/New_York', Date.UTC(2026, 2, 8, 7)],
    ['America/New_York', Date.UTC(2026, 10, 1, 6)],
    ['Australia/Lord_Howe', Date.UTC(2026, 3, 4, 15)],
    ['Australia/Lord_Howe', Date.UTC(2026, 9, 3, 15, 30)],
  ] as const
).map(([name, changeMs]) => ({ zone: new Zone(name), nowMs: changeMs - 20 * 60_000 }));
const WINDOW_SECONDS = 2_400;
const RUNS = 60;
const DAY_SECONDS = 86_400;

const seconds = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most });
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });
/** Fields that are not there are absent, as the engine has them. */
const present = <T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;

const period = fc.record({
  startSeconds: seconds(DAY_SECONDS),
  limit: fc.integer({ min: 0, max: 40 }),
  numberPhases: maybe(fc.integer({ min: 1, max: 3 })),
  limitL3: maybe(fc.integer({ min: 0, max: 40 })),
});
/** Steps lie close together where the window is, or anywhere in the day. */
const schedule = (nowMs: number): fc.Arbitrary<ChargingSchedule> =>
  fc
    .record({
      begunSeconds: fc.oneof(seconds(5_000), seconds(3 * DAY_SECONDS)),
      localTime: fc.boolean(),
      durationSeconds: maybe(fc.oneof(seconds(8_000), seconds(90_000))),
      unit: fc.constantFrom('A' as const, 'W' as const),
      first: period,
      later: fc.array(fc.tuple(period, seconds(5_000), fc.boolean()), { maxLength: 6 }),
      delaySeconds: maybe(seconds(2_000)),
      soc: maybe(fc.integer({ min: 40, max: 60 })),
    })
    .map(({ begunSeconds, localTime, durationSeconds, unit, first, later, delaySeconds, soc }) => {
      const scale = unit === 'A' ? 1 : 690;
      const moved = later.map(([each, near, far]) => ({
        ...each,
        startSeconds: far ? each.startSeconds : near,
      }));
      const starts = new Map(moved.map((each) => [Math.max(1, each.startSeconds), each]));
      const periods = [[0, first] as const, ...[...starts].sort(([a], [b]) => a - b)];
      return present({
        startMs: nowMs - begunSeconds * 1000,
        localTime,
        durationSeconds,
        unit,
        randomizedDelaySeconds: delaySeconds,
        limitAtSoc: soc === undefined ? undefined : { socPercent: soc, limit: 5 * scale },
        periods: periods.map(([startSeconds, { limit, limitL3, numberPhases }]) =>
          present({
            startSeconds,
            limit: limit * scale,
            limitL3: limitL3 === undefined ? undefined : limitL3 * scale,
            numberPhases,
          }),
        ),
      });
    });

const PURPOSES = [
  'station-max',
  'external-constraints',
  'tx-default',
  'tx',
  'priority',
  'local-generation',
] as const;

const installed = (nowMs: number): fc.Arbitrary<InstalledProfile> =>
  fc
    .record({
      id: fc.integer({ min: 1, max: 1_000_000 }),
      stackLevel: fc.integer({ min: 0, max: 3 }),
      purpose: fc.constantFrom(...PURPOSES),
      kind: fc.constantFrom(...(['absolute', 'recurring', 'relative', 'dynamic'] as const)),
      recurrency: fc.constantFrom('daily' as const, 'weekly' as const),
      validFrom: maybe(fc.integer({ min: -2_000, max: 4_000 })),
      validTo: maybe(seconds(5_000)),
      maxOfflineSeconds: maybe(seconds(4_000)),
      updated: seconds(4_000),
      connector: fc.integer({ min: 0, max: 1 }),
      schedules: fc.array(schedule(nowMs), { minLength: 1, maxLength: 2 }),
    })
    .map(({ schedules, connector, validFrom, validTo, updated, recurrency, kind, ...raw }) => {
      const [first, ...others] = schedules.map(({ startMs, ...rest }) =>
        kind === 'relative' || kind === 'dynamic' ? rest : { ...rest, ...present({ startMs }) },
      );
      const atMs = (after: number | undefined) =>
        after === undefined ? undefined : nowMs + after * 1000;
      const profile: ChargingProfile = present({
        ...raw,
        kind,
        recurrency: kind === 'recurring' ? recurrency : undefined,
        validFromMs: atMs(validFrom),
        validToMs: atMs(validTo),
        updatedAtMs: kind === 'dynamic' ? nowMs - updated * 1000 : undefined,
        alternatives: raw.purpose === 'tx' && others.length > 0 ? others : undefined,
        schedule: first as ChargingSchedule,
      });
      const ofTransaction = ['tx-default', 'tx', 'priority'].includes(raw.purpose);
      return {
        connector: ofTransaction ? connector : 0,
        profile,
        receivedAtMs: nowMs - 1000,
      };
    });

const stacks = fc
  .record({ change: fc.constantFrom(...CHANGES), elsewhere: fc.nat(40) })
  .chain(({ change, elsewhere }) => {
    const { nowMs } = change;
    // Now and then the clock changes in a zone that the site is not in.
    const zone = CHANGES[elsewhere]?.zone ?? change.zone;
    return fc.record({
      nowMs: fc.constant(nowMs),
      profiles: fc.uniqueArray(installed(nowMs), { maxLength: 8, selector: (p) => p.profile.id }),
      probe: seconds(WINDOW_SECONDS - 1),
      context: fc
        .record({
          priorityActive: fc.boolean(),
          defaultsByLevel: fc.boolean(),
          fixedPhases: fc.boolean(),
          phases: fc.constantFrom(1, 3),
          offlineSince: maybe(seconds(3_000)),
          socPercent: maybe(fc.integer({ min: 40, max: 60 })),
          inTransaction: fc.boolean(),
        })
        .map(
          ({ offlineSince, socPercent, inTransaction, ...rest }): ProfileContext => ({
            connector: 1,
            zone,
            voltageVolts: 230,
            ...rest,
            ...(inTransaction ? { transaction: { id: '7', startedAtMs: nowMs - 600_000 } } : {}),
            ...(offlineSince === undefined ? {} : { offlineSinceMs: nowMs - offlineSince * 1000 }),
            ...(socPercent === undefined ? {} : { socPercent }),
          }),
        ),
    });
  });

const caps = (nowMs: number) =>
  fc.array(
    fc
      .record({ amps: seconds(40), from: maybe(seconds(4_000)), life: maybe(seconds(4_000)) })
      .map(({ amps, from, life }) => ({
        amps,
        ...(from === undefined ? {} : { fromMs: nowMs + from * 1000 }),
        ...(life === undefined ? {} : { untilMs: nowMs + ((from ?? 0) + life) * 1000 }),
      })),
    { maxLength: 3 },
  );

/** What a cap allows at an instant, said once more in the simplest way. */
const capAt = (
  { amps, fromMs, untilMs }: { amps: number; fromMs?: number; untilMs?: number },
  atMs: number,
): number =>
  atMs >= (fromMs ?? Number.NEGATIVE_INFINITY) && atMs < (untilMs ?? Number.POSITIVE_INFINITY)
    ? amps
    : Number.POSITIVE_INFINITY;

test('a composite equals sampling the engine at every second of its window', () => {
  const input = stacks.chain((stack) =>
    fc.record({
      stack: fc.constant(stack),
      limits: caps(stack.nowMs),
      unit: fc.constantFrom('A' as const, 'W' as const),
    }),
  );
  fc.assert(
    fc.property(input, ({ stack: { nowMs, profiles: all, context }, limits, unit }) => {
      const rated = { ...context, ratedAmps: 63 };
      // Without a transaction a relative schedule begins whenever it is asked for (K08.FR.06).
      const profiles = all.filter(
        ({ profile }) => context.transaction !== undefined || profile.kind !== 'relative',
      );
      const made = compositeSchedule(profiles, rated, nowMs, WINDOW_SECONDS, unit, limits);
      const { periods, durationSeconds } = made;
      assert.equal(durationSeconds, WINDOW_SECONDS);
      assert.equal(periods[0]?.startSeconds, 0);
      let index = 0;
      for (let second = 0; second < WINDOW_SECONDS; second += 1) {
        while ((periods[index + 1]?.startSeconds ?? Number.POSITIVE_INFINITY) <= second) index += 1;
        const atMs = nowMs + second * 1000;
        const { limitAmps = 63, numberPhases } = limitAt(profiles, rated, atMs);
        const amps = Math.min(63, limitAmps, ...limits.map((cap) => capAt(cap, atMs)));
        const expected = unit === 'A' ? amps : amps * 230 * numberPhases;
        assert.equal(periods[index]?.limit, expected, `second ${second}`);
        assert.equal(periods[index]?.numberPhases, numberPhases, `second ${second}`);
      }
    }),
    { numRuns: RUNS },
  );
});

test('merged is at no instant above any of its inputs, local generation aside', () => {
  fc.assert(
    fc.property(stacks, ({ nowMs, profiles, context, probe }) => {
      const atMs = nowMs + probe * 1000;
      const alone = (purpose: (typeof PURPOSES)[number], at: number): number => {
        const list = profiles.filter(({ profile }) => profile.purpose === purpose);
        return limitAt(list, context, at).limitAmps ?? Number.POSITIVE_INFINITY;
      };
      for (const at of [atMs, nowMs, nowMs + 1_200_000]) {
        const generation = profiles.filter(({ profile }) => profile.purpose === 'local-generation');
        const others = profiles.filter((each) => !generation.includes(each));
        const merged = limitAt(others, context, at).limitAmps ?? Number.POSITIVE_INFINITY;
        const [priority, tx, byDefault] = (['priority', 'tx', 'tx-default'] as const).map((each) =>
          alone(each, at),
        );
        for (const group of ['station-max', 'external-constraints'] as const) {
          const limit = alone(group, at);
          assert.ok(merged <= limit, `${merged} A is above ${group} of ${limit} A`);
        }
        const inCharge = [context.priorityActive === true ? priority : undefined, tx, byDefault];
        const leads = inCharge.find(
          (amps) => amps !== undefined && amps < Number.POSITIVE_INFINITY,
        );
        assert.ok(merged <= (leads ?? merged), `${merged} A is above the ${leads} A in charge`);
        const whole = limitAt(profiles, context, at).limitAmps ?? Number.POSITIVE_INFINITY;
        assert.ok(whole >= merged, 'local generation only adds');
      }
    }),
    { numRuns: 300 },
  );
});

test('the order of the list says nothing', () => {
  fc.assert(
    fc.property(stacks, fc.infiniteStream(fc.nat()), (stack, salt) => {
      const { nowMs, profiles, context, probe } = stack;
      const keys = new Map(profiles.map((each) => [each, salt.next().value ?? 0]));
      const shuffled = profiles.toSorted((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0));
      const at = (list: readonly InstalledProfile[]) =>
        limitAt(list, context, nowMs + probe * 1000);
      assert.deepEqual(at(shuffled), at(profiles));
    }),
    { numRuns: 300 },
  );
});

test('a limit holds unchanged for as long as it says', () => {
  fc.assert(
    fc.property(stacks, ({ nowMs, profiles, context, probe }) => {
      const atMs = nowMs + probe * 1000;
      const { untilMs, ...said } = limitAt(profiles, context, atMs);
      assert.ok(untilMs > atMs);
      const last = Math.min(untilMs, atMs + 3 * 86_400_000) - 1;
      for (const share of [0.001, 0.1, 0.5, 0.9, 1]) {
        const { untilMs: _later, ...then } = limitAt(
          profiles,
          context,
          Math.floor(atMs + (last - atMs) * share),
        );
        assert.deepEqual(then, said);
      }
    }),
    { numRuns: 300 },
  );
});
