// Method: random stacks of profiles of every kind, over a change of the clock. What the engine says
// at an instant is compared with each profile alone, with another order, and with the composite.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compositeSchedule, limitAt, type ProfileContext } from '../../src/profiles/composite.ts';
import type { InstalledProfile } from '../../src/profiles/period.ts';
import type { ChargingProfile } from '../../src/profiles/profile.ts';
import { Zone } from '../../src/profiles/zone.ts';

/** An hour before the clocks go back in Berlin, and an hour and a half before New York's DST. */
const STARTS = [
  Date.UTC(2026, 9, 25, 0),
  Date.UTC(2026, 2, 8, 5, 30),
  Date.UTC(2026, 9, 3, 14, 20),
];
const ZONES = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'].map(
  (name) => new Zone(name),
);
const WINDOW_SECONDS = 3 * 3600;
const RUNS = 150;

const seconds = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most });

const schedule = fc.record({
  startMs: seconds(200_000),
  durationSeconds: fc.option(seconds(90_000), { nil: undefined }),
  unit: fc.constantFrom('A' as const, 'W' as const),
  starts: fc.uniqueArray(seconds(86_000), { minLength: 0, maxLength: 6 }),
  limits: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 7, maxLength: 7 }),
  phases: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
});

const installed = (nowMs: number): fc.Arbitrary<InstalledProfile> =>
  fc
    .record({
      id: fc.integer({ min: 1, max: 1_000_000 }),
      stackLevel: fc.integer({ min: 0, max: 3 }),
      purpose: fc.constantFrom(
        'station-max' as const,
        'external-constraints' as const,
        'tx-default' as const,
        'tx' as const,
        'priority' as const,
      ),
      kind: fc.constantFrom('absolute' as const, 'recurring' as const, 'relative' as const),
      recurrency: fc.constantFrom('daily' as const, 'weekly' as const),
      validFrom: fc.option(seconds(10_000), { nil: undefined }),
      validTo: fc.option(seconds(20_000), { nil: undefined }),
      connector: fc.integer({ min: 0, max: 1 }),
      schedule,
    })
    .map((raw): InstalledProfile => {
      const { unit, starts, limits, durationSeconds, phases } = raw.schedule;
      const profile: ChargingProfile = {
        id: raw.id,
        stackLevel: raw.stackLevel,
        purpose: raw.purpose,
        kind: raw.kind,
        ...(raw.kind === 'recurring' ? { recurrency: raw.recurrency } : {}),
        ...(raw.validFrom === undefined ? {} : { validFromMs: nowMs + raw.validFrom * 1000 }),
        ...(raw.validTo === undefined ? {} : { validToMs: nowMs + raw.validTo * 1000 }),
        schedule: {
          ...(raw.kind === 'relative' ? {} : { startMs: nowMs - raw.schedule.startMs * 1000 }),
          ...(durationSeconds === undefined ? {} : { durationSeconds }),
          unit,
          periods: [0, ...starts.filter((start) => start > 0).sort((a, b) => a - b)].map(
            (startSeconds, i) => ({
              startSeconds,
              limit: (limits[i] ?? 0) * (unit === 'A' ? 1 : 230),
              ...(phases === undefined ? {} : { numberPhases: phases }),
            }),
          ),
        },
      };
      const whole = raw.purpose === 'station-max' || raw.purpose === 'external-constraints';
      return { connector: whole ? 0 : raw.connector, profile, receivedAtMs: nowMs - 1000 };
    });

const stacks = fc.integer({ min: 0, max: 2 }).chain((index) => {
  const nowMs = STARTS[index] ?? 0;
  return fc.record({
    nowMs: fc.constant(nowMs),
    zone: fc.constantFrom(...ZONES),
    profiles: fc.uniqueArray(installed(nowMs), { maxLength: 8, selector: (p) => p.profile.id }),
    priority: fc.boolean(),
    byLevel: fc.boolean(),
    probe: seconds(WINDOW_SECONDS - 1),
  });
});

const contextOf = (nowMs: number, zone: Zone, priority: boolean, byLevel: boolean) =>
  ({
    connector: 1,
    transaction: { id: '7', startedAtMs: nowMs - 600_000 },
    zone,
    voltageVolts: 230,
    phases: 3,
    ratedAmps: 63,
    priorityActive: priority,
    defaultsByLevel: byLevel,
  }) satisfies ProfileContext;

test('a composite equals sampling the engine at every second of its window', () => {
  fc.assert(
    fc.property(stacks, ({ nowMs, zone, profiles, priority, byLevel }) => {
      const context = contextOf(nowMs, zone, priority, byLevel);
      const { periods, durationSeconds } = compositeSchedule(
        profiles,
        context,
        nowMs,
        WINDOW_SECONDS,
        'A',
      );
      assert.equal(durationSeconds, WINDOW_SECONDS);
      let index = 0;
      let sampled = limitAt(profiles, context, nowMs);
      for (let second = 0; second < WINDOW_SECONDS; second += 1) {
        while ((periods[index + 1]?.startSeconds ?? Number.POSITIVE_INFINITY) <= second) index += 1;
        const atMs = nowMs + second * 1000;
        // Beyond the instant until which it says to hold, and now and then before it.
        if (atMs >= sampled.untilMs || second % 97 === 0)
          sampled = limitAt(profiles, context, atMs);
        assert.equal(periods[index]?.limit, sampled.limitAmps ?? 63, `second ${second}`);
      }
    }),
    { numRuns: RUNS },
  );
});

test('the limit is not above any station maximum or external constraint that leads alone', () => {
  fc.assert(
    fc.property(stacks, ({ nowMs, zone, profiles, priority, byLevel, probe }) => {
      const context = contextOf(nowMs, zone, priority, byLevel);
      const atMs = nowMs + probe * 1000;
      const merged = limitAt(profiles, context, atMs).limitAmps ?? Number.POSITIVE_INFINITY;
      for (const group of ['station-max', 'external-constraints'] as const) {
        const alone = profiles.filter(({ profile }) => profile.purpose === group);
        const limit = limitAt(alone, context, atMs).limitAmps ?? Number.POSITIVE_INFINITY;
        assert.ok(merged <= limit, `${merged} A is above ${group} of ${limit} A`);
      }
      const leads = ['tx', 'tx-default'].map((purpose) =>
        profiles.filter(({ profile }) => profile.purpose === purpose),
      );
      const inCharge = leads.find((alone) => limitAt(alone, context, atMs).limitAmps !== undefined);
      if (priority || inCharge === undefined) return;
      assert.ok(merged <= (limitAt(inCharge, context, atMs).limitAmps ?? 0));
    }),
    { numRuns: 500 },
  );
});

test('the order of the list says nothing', () => {
  fc.assert(
    fc.property(stacks, fc.infiniteStream(fc.nat()), (stack, salt) => {
      const { nowMs, zone, profiles, priority, byLevel, probe } = stack;
      const context = contextOf(nowMs, zone, priority, byLevel);
      const keys = new Map(profiles.map((each) => [each, salt.next().value ?? 0]));
      const shuffled = profiles.toSorted((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0));
      const at = (list: readonly InstalledProfile[]) =>
        limitAt(list, context, nowMs + probe * 1000);
      assert.deepEqual(at(shuffled), at(profiles));
    }),
    { numRuns: 300 },
  );
});
