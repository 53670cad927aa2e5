// Milliseconds per composite schedule of one day, warm, one thread.
import { compositeSchedule, limitAt, type ProfileContext } from '../src/profiles/composite.ts';
import type { InstalledProfile } from '../src/profiles/period.ts';
import type { ChargingProfile, ProfilePurpose } from '../src/profiles/profile.ts';
import { Zone } from '../src/profiles/zone.ts';
import { seededRandom } from '../src/sim/random.ts';
import type { BenchOptions } from './main.ts';
import { percentile } from './part-statistics.ts';

const DAY_SECONDS = 86_400;
const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 9, 24, 22);
const TARGET_MICROS = 200;
const PURPOSES: readonly ProfilePurpose[] = ['station-max', 'tx-default', 'tx', 'tx-default'];

export const run = async ({ quick }: BenchOptions) => {
  const context: ProfileContext = {
    connector: 1,
    transaction: { id: '7', startedAtMs: START_MS - HOUR_MS },
    zone: new Zone('Europe/Berlin'),
    voltageVolts: 230,
    phases: 3,
    ratedAmps: 32,
  };
  const rows = [5, 20, 50].map((count) => {
    const stacks = Array.from({ length: 10 }, (_, seed) => stackOf(count, seed + 1));
    const rounds = quick ? 500 : 5_000;
    const time = (work: (stack: readonly InstalledProfile[], i: number) => void): number[] => {
      const micros: number[] = [];
      for (let i = -rounds / 2; i < rounds; i += 1) {
        const stack = stacks[Math.abs(i) % stacks.length]!;
        const start = process.hrtime.bigint();
        work(stack, i);
        if (i >= 0) micros.push(Number(process.hrtime.bigint() - start) / 1000);
      }
      return micros;
    };
    const composite = time((stack, i) =>
      compositeSchedule(stack, context, START_MS + i * 60_000, DAY_SECONDS, 'W'),
    );
    const instant = time((stack, i) => limitAt(stack, context, START_MS + i * 60_000));
    const compositeP99Micros = percentile(composite, 0.99);
    return {
      profiles: count,
      periods: compositeSchedule(stacks[0]!, context, START_MS, DAY_SECONDS, 'W').periods.length,
      compositeP50Micros: percentile(composite, 0.5),
      compositeP99Micros,
      limitAtP50Micros: percentile(instant, 0.5),
      targetMicros: count === 20 ? TARGET_MICROS : null,
      met: count === 20 ? percentile(composite, 0.5) <= TARGET_MICROS : null,
    };
  });
  return { bench: 'profiles', node: process.version, rows };
};

/** A third recurs daily or weekly, the others are absolute or relative; a dozen periods each. */
const stackOf = (count: number, seed: number): readonly InstalledProfile[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i): InstalledProfile => {
    const purpose = PURPOSES[i % PURPOSES.length]!;
    const kind = (['recurring', 'absolute', 'relative'] as const)[i % 3]!;
    const stepSeconds = 1800 + Math.floor(random() * 7200);
    const profile: ChargingProfile = {
      id: i + 1,
      stackLevel: Math.floor(i / PURPOSES.length),
      purpose,
      kind,
      ...(kind === 'recurring' ? { recurrency: random() < 0.5 ? 'daily' : 'weekly' } : {}),
      ...(purpose === 'tx' ? { transactionId: '7' } : {}),
      schedule: {
        ...(kind === 'relative' ? {} : { startMs: START_MS - Math.floor(random() * 48) * HOUR_MS }),
        durationSeconds: Math.floor(random() * DAY_SECONDS),
        unit: random() < 0.5 ? 'A' : 'W',
        periods: Array.from({ length: 12 }, (__, k) => ({
          startSeconds: k * stepSeconds,
          limit: 6 + Math.floor(random() * 4000),
        })),
      },
    };
    return { connector: purpose === 'station-max' ? 0 : 1, profile, receivedAtMs: i };
  });
};
