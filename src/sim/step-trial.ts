import type { Site } from '../core/site.ts';
import { sameAmps } from '../core/units.ts';
import type { BreakerRecord } from './breaker.ts';
import { Car } from './car.ts';
import type { ChargerConduct } from './charger/charger-conduct.ts';
import { PLAIN_METER, plainCharger, turnedPhases } from './plain-site.ts';
import { between, type Random, seededRandom } from './random.ts';
import { VirtualSite } from './virtual-site.ts';

/** Steps of the building on one phase, as shares of the fuse. */
export const STEP_SHARES = [0.2, 0.5, 1] as const;

export interface StepTrial extends BreakerRecord {
  readonly seed: number;
  readonly stepShare: number;
  readonly disobedient: number;
}

const FUSE_AMPS = 63;
const BASE_AMPS = 8;
const CHARGERS = 6;
const DISOBEDIENT_SHARE = 0.01;
const SLEEPER_SHARE = 0.03;
const PLUG_SECONDS = 3;
const FILL_SECONDS = 120;
const WATCH_SECONDS = 90;
/** The building alone stays below the fuse: more is no task for chargers. */
const LEFT_AMPS = 3;

/**
 * A full garage in which the building takes much more on one phase from one moment to the next: the
 * real gateway and control loop, with delays of meter, network, pilot and car drawn from the seed.
 */
export const runStepTrial = async (seed: number): Promise<StepTrial> => {
  const random = seededRandom(seed);
  const stepShare = STEP_SHARES[seed % STEP_SHARES.length] ?? STEP_SHARES[0];
  const conduct = conductOf(random);
  const phase = Math.floor(random() * 3);
  const more = Math.min(stepShare * FUSE_AMPS, FUSE_AMPS - BASE_AMPS - LEFT_AMPS);
  const stepAtMs = (20 + CHARGERS * PLUG_SECONDS + FILL_SECONDS) * 1000;
  const onPhase = (p: number): number => (p === phase ? more : 0);
  const site = new VirtualSite({
    site: garage(),
    seed,
    conduct,
    buildingAmps: sameAmps(BASE_AMPS),
    buildingNoiseAmps: 0.3,
    meterLagMs: between(random, 0, 3_000),
    loadSteps: [
      {
        atMs: stepAtMs,
        untilMs: Number.POSITIVE_INFINITY,
        amps: [onPhase(0), onPhase(1), onPhase(2)],
      },
    ],
  });
  const delayMs = between(random, 50, 1_000);
  site.network.conduct.delayLeastMs = delayMs * 0.5;
  site.network.conduct.delayMostMs = delayMs;
  await site.run(20);
  for (let i = 1; i <= CHARGERS; i += 1) {
    site.charger(`CP_${i}`).plugIn(1, carOf(random), `CARD-${i}`);
    await site.run(PLUG_SECONDS);
  }
  await site.run(FILL_SECONDS + WATCH_SECONDS);
  const disobedient = Object.values(conduct).filter((each) => each.ignoresProfiles).length;
  return { seed, stepShare, disobedient, ...site.breaker.record() };
};

const conductOf = (random: Random): Record<string, Partial<ChargerConduct>> =>
  Object.fromEntries(
    Array.from({ length: CHARGERS }, (_, i) => [
      `CP_${i + 1}`,
      {
        pilotHoldMs: between(random, 0, 5_000),
        reactionMs: between(random, 100, 500),
        ignoresProfiles: random() < DISOBEDIENT_SHARE,
      },
    ]),
  );

const carOf = (random: Random): Car => {
  const onePhase = random() < 0.3;
  return new Car({
    phases: onePhase ? 1 : 3,
    maxAmps: onePhase ? 32 : 16,
    // A car has followed after about three times this.
    followSeconds: between(random, 1, 6) / 3,
    needWh: 200_000,
    sleeps: random() < SLEEPER_SHARE,
  });
};

const garage = (): Site => ({
  id: 'steps',
  timezone: 'UTC',
  voltageVolts: 230,
  circuits: [
    {
      id: 'main',
      limitAmps: sameAmps(FUSE_AMPS),
      marginAmps: 1,
      meter: 'grid',
      assumedLoadAmps: sameAmps(20),
    },
  ],
  meters: [PLAIN_METER],
  chargers: Array.from({ length: CHARGERS }, (_, i) =>
    plainCharger(`CP_${i + 1}`, 'main', { phases: turnedPhases(i) }),
  ),
  emsSources: [],
  arrivalReserve: 1,
});
