// Method: a second, plain reading of the standard. What holds is looked up second by second from
// calendar dates and clocks on the wall (Intl), without offsets, rounds or "until": nothing is shared
// with the engine but the shape of a profile. Over days when the clock changes, and weeks of rounds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compositeSchedule, limitAt, type ProfileContext } from '../../src/profiles/composite.ts';
import type { InstalledProfile } from '../../src/profiles/period.ts';
import type { ChargingProfile, ChargingSchedule } from '../../src/profiles/profile.ts';
import { Zone } from '../../src/profiles/zone.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_SECONDS = 86_400;
const NEVER = Number.POSITIVE_INFINITY;

interface WallClock {
  /** Days since 1970 and the second of the day, as a calendar and a clock on the wall show them. */
  readonly day: number;
  readonly second: number;
}

/** Of one zone; offsets change at quarters of an hour only. */
const wallClockOf = (timeZone: string): ((atMs: number) => WallClock) => {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'short',
  });
  const quarters = new Map<number, WallClock>();
  return (atMs) => {
    const quarter = Math.floor(atMs / (15 * MINUTE_MS));
    let begun = quarters.get(quarter);
    if (begun === undefined) {
      const text = format.format(quarter * 15 * MINUTE_MS);
      const [day = 0, month = 0, year = 0, hour = 0, minute = 0] = text.split(/\D+/).map(Number);
      begun = {
        day: Date.UTC(year, month - 1, day) / (DAY_SECONDS * 1000),
        second: hour * 3600 + minute * 60,
      };
      quarters.set(quarter, begun);
    }
    const second = begun.second + Math.floor((atMs - quarter * 15 * MINUTE_MS) / 1000);
    return { day: begun.day, second };
  };
};

/** Digits that stand for local time. */
const digits = (ms: number): WallClock => ({
  day: Math.floor(ms / (DAY_SECONDS * 1000)),
  second: Math.floor(ms / 1000) % DAY_SECONDS,
});
const secondsFrom = (a: WallClock, b: WallClock): number =>
  (b.day - a.day) * DAY_SECONDS + b.second - a.second;

interface Setting {
  readonly clock: (atMs: number) => WallClock;
  readonly context: ProfileContext;
}

/** Seconds into its schedule; undefined while it has not begun. */
const elapsedIn = (
  { profile, receivedAtMs }: InstalledProfile,
  { startMs, localTime }: ChargingSchedule,
  { clock, context }: Setting,
  atMs: number,
): number | undefined => {
  const now = clock(atMs);
  const whole = profile.purpose === 'station-max' || profile.purpose === 'external-constraints';
  const charging = whole ? receivedAtMs : (context.transaction?.startedAtMs ?? atMs);
  if (profile.kind === 'recurring') {
    const anchor = localTime === true ? digits(startMs ?? 0) : clock(startMs ?? 0);
    if (localTime === true ? secondsFrom(anchor, now) < 0 : atMs < (startMs ?? 0)) return undefined;
    // The last day, today or before, on which it begins: for weekly ones of the same name.
    let day = now.second >= anchor.second ? now.day : now.day - 1;
    if (profile.recurrency === 'weekly') while ((day - anchor.day) % 7 !== 0) day -= 1;
    return secondsFrom({ day, second: anchor.second }, now);
  }
  const elapsed =
    profile.kind === 'absolute' && startMs !== undefined && localTime === true
      ? secondsFrom(digits(startMs), now)
      : (atMs - (profile.kind === 'absolute' ? (startMs ?? charging) : charging)) / 1000;
  return elapsed < 0 ? undefined : elapsed;
};

interface Said {
  readonly amps: number;
  readonly phases: number;
}

const said = (each: InstalledProfile, setting: Setting, atMs: number): Said | undefined => {
  const { validFromMs = -NEVER, validToMs = NEVER, schedule } = each.profile;
  if (atMs < validFromMs || atMs >= validToMs) return undefined;
  const elapsed = elapsedIn(each, schedule, setting, atMs);
  if (elapsed === undefined || elapsed >= (schedule.durationSeconds ?? NEVER)) return undefined;
  const period = schedule.periods.filter(({ startSeconds }) => startSeconds <= elapsed).at(-1);
  if (period === undefined) return undefined;
  const phases = period.numberPhases ?? 3;
  return { amps: schedule.unit === 'A' ? period.limit : period.limit / 230 / phases, phases };
};

/** SC.01: per purpose the highest level that says something; the car's, then the least of all. */
const model = (
  profiles: readonly InstalledProfile[],
  setting: Setting,
  atMs: number,
): { readonly amps: number; readonly phases: number } => {
  const { transaction, defaultsByLevel } = setting.context;
  const leading = (purpose: ChargingProfile['purpose']): Said | undefined => {
    const speaking = profiles
      .filter(({ profile }) => profile.purpose === purpose)
      .filter(({ profile }) => purpose !== 'tx' || profile.transactionId === transaction?.id)
      .map((each) => ({ each, says: said(each, setting, atMs) }))
      .filter(({ says }) => says !== undefined);
    const own = speaking.filter(({ each }) => each.connector !== 0);
    const among =
      purpose === 'tx-default' && defaultsByLevel !== true && own.length > 0 ? own : speaking;
    const top = Math.max(...among.map(({ each }) => each.profile.stackLevel));
    return among.find(({ each }) => each.profile.stackLevel === top)?.says;
  };
  const car = leading('tx') ?? leading('tx-default');
  const all = [car, leading('station-max'), leading('external-constraints')];
  return {
    amps: Math.min(NEVER, ...all.map((each) => each?.amps ?? NEVER)),
    phases: Math.min(3, ...all.map((each) => each?.phases ?? 3)),
  };
};

const ZONES = [
  ['Europe/Berlin', Date.UTC(2026, 2, 29, 1)],
  ['Europe/Berlin', Date.UTC(2026, 9, 25, 1)],
  ['America/New_York', Date.UTC(2026, 10, 1, 6)],
  ['Australia/Lord_Howe', Date.UTC(2026, 3, 4, 15)],
  ['Australia/Lord_Howe', Date.UTC(2026, 9, 3, 15, 30)],
  ['Asia/Kolkata', Date.UTC(2026, 5, 1)],
] as const;
const SITES = ZONES.map(([name, changeMs]) => {
  const clock = wallClockOf(name);
  const { day, second } = clock(changeMs);
  return {
    changeMs,
    changeDigits: (day * DAY_SECONDS + second) * 1000,
    zone: new Zone(name),
    clock,
  };
});
type Site = (typeof SITES)[number];

const present = <T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const whole = (most: number, by = 1) => fc.integer({ min: 0, max: most }).map((n) => n * by);

/** Each stack level of a purpose once, as the standard asks of a CSMS. */
const SLOTS = [
  ...[0, 1, 2].flatMap((stackLevel) =>
    (['tx', 'tx-default', 'station-max'] as const).map((purpose) => ({ purpose, stackLevel })),
  ),
  { purpose: 'external-constraints', stackLevel: 0 } as const,
];

/** Times lie at whole `gridSeconds`, around the change and up to two weeks before it. */
const installedAround = (site: Site, gridSeconds: number, spanSeconds: number) =>
  fc
    .record({
      slot: fc.constantFrom(...SLOTS),
      everywhere: fc.boolean(),
      kind: fc.constantFrom(...(['absolute', 'recurring', 'recurring', 'relative'] as const)),
      recurrency: fc.constantFrom('daily' as const, 'weekly' as const),
      unit: fc.constantFrom('A' as const, 'W' as const),
      localTime: fc.boolean(),
      named: fc.integer({ min: 0, max: 9 }),
      // Not within the hours that the clock skips or repeats: no first round begins there.
      beforeSeconds: fc.oneof(
        whole(13, DAY_SECONDS).chain((days) =>
          whole(Math.floor((18 * 3600) / gridSeconds), gridSeconds).map((s) => days + s + 5 * 3600),
        ),
        whole(Math.floor((12 * 3600) / gridSeconds), gridSeconds).map((s) => -s - 5 * 3600),
      ),
      duration: maybe(
        fc.oneof(whole(Math.floor(spanSeconds / gridSeconds), gridSeconds), whole(60, 3600)),
      ),
      steps: fc.uniqueArray(
        fc.oneof(whole(Math.floor(spanSeconds / gridSeconds), gridSeconds), whole(170, 3600)),
        { maxLength: 5 },
      ),
      limits: fc.array(fc.integer({ min: 0, max: 32 }), { minLength: 6, maxLength: 6 }),
      phases: fc.array(maybe(fc.integer({ min: 1, max: 3 })), { minLength: 6, maxLength: 6 }),
      validFrom: maybe(fc.integer({ min: -20, max: 40 })),
      validTo: maybe(fc.integer({ min: -10, max: 60 })),
    })
    .map((raw): InstalledProfile => {
      const { purpose, stackLevel } = raw.slot;
      const ofStation = purpose === 'station-max' || purpose === 'external-constraints';
      const starts = [0, ...raw.steps.filter((each) => each > 0)].sort((a, b) => a - b);
      const startless = raw.kind === 'relative' || (raw.kind === 'absolute' && raw.named === 0);
      const { changeMs } = site;
      const aroundMs = raw.localTime ? site.changeDigits : changeMs;
      const at = (hours: number | undefined) =>
        hours === undefined ? undefined : changeMs + hours * HOUR_MS;
      return {
        connector: ofStation || (raw.everywhere && purpose === 'tx-default') ? 0 : 1,
        receivedAtMs: changeMs - 40 * HOUR_MS,
        profile: present({
          id: 0,
          purpose,
          stackLevel,
          kind: raw.kind,
          recurrency: raw.kind === 'recurring' ? raw.recurrency : undefined,
          transactionId: purpose === 'tx' ? (raw.named > 1 ? '7' : '8') : undefined,
          validFromMs: at(raw.validFrom),
          validToMs: at(raw.validTo),
          schedule: present({
            startMs: startless ? undefined : aroundMs - raw.beforeSeconds * 1000,
            localTime: startless ? undefined : raw.localTime,
            durationSeconds: raw.duration,
            unit: raw.unit,
            periods: starts.map((startSeconds, i) =>
              present({
                startSeconds,
                limit: (raw.limits[i] ?? 0) * (raw.unit === 'A' ? 1 : 690),
                numberPhases: raw.phases[i],
              }),
            ),
          }),
        }),
      };
    });

const stackAround = (gridSeconds: number, spanSeconds: number) =>
  fc.constantFrom(...SITES).chain((site) =>
    fc.record({
      site: fc.constant(site),
      profiles: fc
        .uniqueArray(installedAround(site, gridSeconds, spanSeconds), {
          maxLength: 7,
          selector: ({ profile: { purpose, stackLevel } }) => `${purpose}/${stackLevel}`,
        })
        .map((list) => list.map((each, id) => ({ ...each, profile: { ...each.profile, id } }))),
      defaultsByLevel: fc.boolean(),
      charges: fc.boolean(),
    }),
  );

type Stack = typeof stackAround extends (...a: never[]) => fc.Arbitrary<infer T> ? T : never;

const settingOf = ({ site, defaultsByLevel, charges }: Stack): Setting => ({
  clock: site.clock,
  context: {
    connector: 1,
    zone: site.zone,
    voltageVolts: 230,
    phases: 3,
    defaultsByLevel,
    ...(charges ? { transaction: { id: '7', startedAtMs: site.changeMs - 2 * HOUR_MS } } : {}),
  },
});

const check = (stack: Stack, fromMs: number, seconds: number, stepSeconds: number): void => {
  const setting = settingOf(stack);
  const context = { ...setting.context, ratedAmps: 63 };
  // Without a car a relative schedule begins whenever it is asked for (K08.FR.06): no walk tells it.
  const profiles = stack.profiles.filter(
    ({ profile: { purpose, schedule } }) =>
      stack.charges || !purpose.startsWith('tx') || schedule.startMs !== undefined,
  );
  const { periods } = compositeSchedule(profiles, context, fromMs, seconds, 'A');
  let index = 0;
  for (let second = 0; second < seconds; second += stepSeconds) {
    while ((periods[index + 1]?.startSeconds ?? NEVER) <= second) index += 1;
    const atMs = fromMs + second * 1000;
    const { amps, phases } = model(profiles, setting, atMs);
    const found = periods[index];
    const told = `${new Date(atMs).toISOString()}: ${found?.limit} A`;
    const expected = Math.min(63, amps);
    assert.ok(Math.abs((found?.limit ?? -1) - expected) < 1e-9, `${told}, not ${expected} A`);
    assert.equal(found?.numberPhases, phases, told);
    if (second % (stepSeconds * 97) === 0) {
      const { limitAmps = NEVER } = limitAt(profiles, setting.context, atMs);
      assert.ok(limitAmps === amps || Math.abs(limitAmps - amps) < 1e-9, told);
    }
  }
};

test('two weeks of rounds around a change of the clock', () => {
  fc.assert(
    fc.property(stackAround(900, 8 * DAY_SECONDS), (stack) => {
      check(stack, stack.site.changeMs - 4 * 24 * HOUR_MS, 12 * DAY_SECONDS, 900);
    }),
    { numRuns: 60 },
  );
});

test('the hours of a change of the clock, second by second', () => {
  fc.assert(
    fc.property(stackAround(1, 3 * 3600), (stack) => {
      check(stack, stack.site.changeMs - 1.5 * HOUR_MS, 3 * 3600, 1);
    }),
    { numRuns: 12 },
  );
});
