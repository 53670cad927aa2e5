// The most energy that any schedule could deliver, by linear programming (HiGHS), for the bench of
// the policies: node --import tsx scripts/policy-optimum.ts [SESSIONS.csv STATIONS.csv]
// Adds to bench/fixtures/policy-optimum.json. Continuous currents, perfect foresight, no minimum.
import { readFileSync, writeFileSync } from 'node:fs';
import * as highsModule from 'highs';
import { loadYard, VOLTS, type Yard, type YardCar } from '../bench/part-yard.ts';

const FILE = 'bench/fixtures/policy-optimum.json';
const LIMITS_AMPS = [30, 45, 60];
const HOUR_MS = 3_600_000;

/** The typings of highs name no default export for ES modules. */
interface Highs {
  solve(problem: string): { readonly Status: string; readonly ObjectiveValue: number };
}

/** Sessions that hang together in time: no two groups are ever there at once. */
const groupsOf = (cars: readonly YardCar[]): readonly (readonly YardCar[])[] => {
  const groups: YardCar[][] = [];
  let endsAtMs = Number.NEGATIVE_INFINITY;
  for (const car of [...cars].sort((a, b) => a.arrivesAtMs - b.arrivesAtMs)) {
    if (car.arrivesAtMs >= endsAtMs) groups.push([]);
    groups.at(-1)?.push(car);
    endsAtMs = Math.max(endsAtMs, car.departsAtMs);
  }
  return groups;
};

/**
 * Between two arrivals or departures nothing changes, so one mean current for each car and interval
 * loses nothing. Maximises Wh in ampere-hours times phases.
 */
const optimumWh = (highs: Highs, cars: readonly YardCar[], limitAmps: number): number => {
  const times = [...new Set(cars.flatMap((car) => [car.arrivesAtMs, car.departsAtMs]))].sort(
    (a, b) => a - b,
  );
  const objective: string[] = [];
  const energy: string[][] = cars.map(() => []);
  const rows: string[] = [];
  const bounds: string[] = [];
  for (let t = 0; t + 1 < times.length; t += 1) {
    const [from, to] = [times[t] ?? 0, times[t + 1] ?? 0];
    const hours = (to - from) / HOUR_MS;
    const onPhase: string[][] = [[], [], []];
    cars.forEach((car, i) => {
      if (car.arrivesAtMs > from || car.departsAtMs < to) return;
      const name = `x${i}_${t}`;
      objective.push(`${hours * car.phaseCount} ${name}`);
      energy[i]?.push(`${hours * car.phaseCount} ${name}`);
      bounds.push(`0 <= ${name} <= ${car.maxAmps}`);
      car.phases.forEach((loaded, p) => {
        if (loaded) onPhase[p]?.push(name);
      });
    });
    for (const names of onPhase)
      if (names.length > 0) rows.push(`${names.join(' + ')} <= ${limitAmps}`);
  }
  energy.forEach((terms, i) => {
    rows.push(`${terms.join(' + ')} <= ${(cars[i]?.needWh ?? 0) / VOLTS}`);
  });
  const sum = (terms: readonly string[]): string => terms.join('\n + ');
  const wrapped = rows.map((row, r) => ` r${r}: ${row.replaceAll(' + ', '\n + ')}`);
  const problem = `Maximize\n obj: ${sum(objective)}\nSubject To\n${wrapped.join('\n')}\nBounds\n${bounds.join('\n')}\nEnd`;
  const result = highs.solve(problem);
  if (result.Status !== 'Optimal') throw new Error(`the solver says ${result.Status}`);
  return result.ObjectiveValue * VOLTS;
};

const percentOf = (highs: Highs, { cars }: Yard, limitAmps: number): number => {
  const wanted = cars.reduce((sum, { needWh }) => sum + needWh, 0);
  let delivered = 0;
  for (const group of groupsOf(cars)) delivered += optimumWh(highs, group, limitAmps);
  return Math.round((10_000 * delivered) / wanted) / 100;
};

const [sessions, stations] = process.argv.slice(2);
const yard = loadYard(sessions, stations);
const load = (highsModule as unknown as { default: () => Promise<Highs> }).default;
const highs = await load();
const known = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, Record<string, number>>;
const found: Record<string, number> = {};
for (const limit of LIMITS_AMPS) {
  const begin = performance.now();
  found[String(limit)] = percentOf(highs, yard, limit);
  console.log(
    `${limit} A: ${found[String(limit)]} % in ${((performance.now() - begin) / 1000).toFixed(1)} s`,
  );
}
writeFileSync(FILE, `${JSON.stringify({ ...known, [yard.source]: found }, null, 2)}\n`);
