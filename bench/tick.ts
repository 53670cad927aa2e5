// Milliseconds per control cycle of a full site (freeze, decide, commands, view), warm, one thread.
import type { Site } from '../src/core/site.ts';
import { sameAmps } from '../src/core/units.ts';
import { Car } from '../src/sim/car.ts';
import { PLAIN_METER, plainCharger, turnedPhases } from '../src/sim/plain-site.ts';
import { VirtualSite } from '../src/sim/virtual-site.ts';
import type { BenchOptions } from './main.ts';
import { percentile } from './part-statistics.ts';

const SIZES = [10, 54, 200];
const BRANCHES = 4;
/** Cycles at most this often: see control-loop. */
const TICKS_PER_SECOND = 10;

export const run = async ({ quick }: BenchOptions) => {
  const rows = [];
  for (const chargers of SIZES) rows.push(await measured(chargers, quick ? 200 : 1_000));
  return { bench: 'tick', node: process.version, rows };
};

/** A third of the cycles is not counted; the site moves on by a tenth of a second between them. */
const measured = async (chargers: number, rounds: number) => {
  const site = new VirtualSite({ site: siteOf(chargers), buildingAmps: sameAmps(8) });
  await site.run(20);
  for (let i = 1; i <= chargers; i += 1) {
    const phases = i % 3 === 0 ? 1 : 3;
    const car = new Car({ phases, maxAmps: phases === 1 ? 32 : 16, needWh: 500_000 });
    site.charger(`CP_${i}`).plugIn(1, car, `CARD-${i}`);
  }
  await site.run(120);
  const millis: number[] = [];
  for (let i = -rounds / 3; i < rounds; i += 1) {
    await site.run(1 / TICKS_PER_SECOND);
    const start = process.hrtime.bigint();
    site.tick();
    if (i >= 0) millis.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  const p50Millis = percentile(millis, 0.5);
  return {
    chargers,
    p50Millis,
    p99Millis: percentile(millis, 0.99),
    percentOfACore: Math.round(p50Millis * TICKS_PER_SECOND) / 10,
  };
};

const siteOf = (chargers: number): Site => ({
  id: 'tick',
  timezone: 'UTC',
  voltageVolts: 230,
  arrivalReserve: 1,
  emsSources: [],
  circuits: [
    {
      id: 'main',
      limitAmps: sameAmps(chargers * 5),
      marginAmps: 1,
      meter: 'grid',
      assumedLoadAmps: sameAmps(20),
    },
    ...Array.from({ length: BRANCHES }, (_, i) => ({
      id: `b${i}`,
      parent: 'main',
      limitAmps: sameAmps((chargers / BRANCHES) * 8),
      marginAmps: 1,
      assumedLoadAmps: sameAmps(0),
    })),
  ],
  meters: [PLAIN_METER],
  chargers: Array.from({ length: chargers }, (_, i) =>
    plainCharger(`CP_${i + 1}`, `b${i % BRANCHES}`, { phases: turnedPhases(i) }),
  ),
});
