// The most energy that any schedule could deliver, by linear programming (HiGHS), for the bench of
// the policies: node --import tsx scripts/policy-optimum.ts [SESSIONS.csv STATIONS.csv | --held-out]
// Adds to bench/fixtures/policy-optimum.json. Continuous currents, perfect foresight, no minimum.
// Where cars are connected between two lines, the disc of a line's current is replaced by tangents
// around it: what is found is at most 0.1 % above the true optimum, never below it.
import { readFileSync, writeFileSync } from 'node:fs';
import * as highsModule from 'highs';
import type { Fuse } from '../bench/part-feeder.ts';
import { heldOutSites, loadSites, type Yard, type YardCar } from '../bench/part-sites.ts';

const FILE = 'bench/fixtures/policy-optimum.json';
const HOUR_MS = 3_600_000;
/** Degrees against the voltage of the line; beyond 30 there is no current. */
const TANGENTS = Array.from({ length: 13 }, (_, k) => k * 5 - 30);

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

const sum = (terms: readonly string[]): string => terms.join('\n + ');

/** Amps of one car, and the name of its variable in this interval. */
interface Term {
  readonly car: YardCar;
  readonly name: string;
}

/** Rows of one interval: no line of no fuse carries more than it may. */
const fuseRows = (
  fuses: readonly Fuse[],
  terms: readonly Term[],
  interval: number,
): readonly string[] =>
  fuses.flatMap(({ limitAmps }, fuse) => {
    const below = terms.filter(({ car }) => car.circuit === fuse || fuse === 0);
    // Cars with the same wiring share a variable, or the rows would be long.
    const groups = new Map<string, Term[]>();
    for (const term of below) {
      const wiring = `${term.car.phases} ${term.car.lineToLine}`;
      groups.set(wiring, [...(groups.get(wiring) ?? []), term]);
    }
    const named = [...groups.values()].map((members, g) => ({
      car: members[0]?.car,
      name: `g${fuse}_${g}_${interval}`,
      members,
    }));
    const sums = named.map(({ name, members }) => {
      return `${sum(members.map((member) => member.name))} - ${name} = 0`;
    });
    const lines = [0, 1, 2].flatMap((line) => {
      const here = named.filter(({ car }) => car?.phases[line as 0 | 1 | 2]);
      if (here.length === 0) return [];
      const angles = here.map(({ car }) => angleOf(car, line));
      const tangents = new Set(angles).size === 1 ? angles.slice(0, 1) : TANGENTS;
      return tangents.map((tangent) => {
        const row = here.map(({ name }, k) => {
          const coefficient = Math.cos((((angles[k] ?? 0) - tangent) * Math.PI) / 180);
          return `${coefficient.toFixed(12)} ${name}`;
        });
        return `${sum(row)} <= ${limitAmps}`;
      });
    });
    return [...sums, ...lines];
  });

const angleOf = (car: YardCar | undefined, line: number): number => {
  if (car?.lineToLine !== true) return 0;
  return car.phases[((line + 1) % 3) as 0 | 1 | 2] ? 30 : -30;
};

/**
 * Between two arrivals or departures nothing changes, so one mean current for each car and interval
 * loses nothing.
 */
const optimumWh = (highs: Highs, cars: readonly YardCar[], fuses: readonly Fuse[]): number => {
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
    const terms: Term[] = [];
    cars.forEach((car, i) => {
      if (car.arrivesAtMs > from || car.departsAtMs < to) return;
      const name = `x${i}_${t}`;
      const wattHours = `${hours * car.phaseCount * car.volts} ${name}`;
      objective.push(wattHours);
      energy[i]?.push(wattHours);
      bounds.push(`0 <= ${name} <= ${car.maxAmps}`);
      terms.push({ car, name });
    });
    if (terms.length > 0) rows.push(...fuseRows(fuses, terms, t));
  }
  energy.forEach((terms, i) => {
    rows.push(`${sum(terms)} <= ${cars[i]?.needWh ?? 0}`);
  });
  const numbered = rows.map((row, r) => ` r${r}: ${row}`);
  const problem = `Maximize\n obj: ${sum(objective)}\nSubject To\n${numbered.join('\n')}\nBounds\n${bounds.join('\n')}\nEnd`;
  const result = highs.solve(problem);
  if (result.Status !== 'Optimal') throw new Error(`the solver says ${result.Status}`);
  return result.ObjectiveValue;
};

const percentOf = (highs: Highs, { cars }: Yard, fuses: readonly Fuse[]): number => {
  const wanted = cars.reduce((total, { needWh }) => total + needWh, 0);
  let delivered = 0;
  for (const group of groupsOf(cars)) delivered += optimumWh(highs, group, fuses);
  return Math.round((10_000 * delivered) / wanted) / 100;
};

const [sessions, stations] = process.argv.slice(2);
const load = (highsModule as unknown as { default: () => Promise<Highs> }).default;
const highs = await load();
const known = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, object>;
const sites = sessions === '--held-out' ? heldOutSites() : [loadSites(sessions, stations)];
for (const { source, yards } of sites) {
  const found: Record<string, Record<string, number>> = {};
  for (const yard of yards) {
    for (const { text, fuses } of yard.limits) {
      const begin = performance.now();
      const percent = percentOf(highs, yard, fuses);
      found[yard.site] = { ...found[yard.site], [text]: percent };
      const seconds = ((performance.now() - begin) / 1000).toFixed(1);
      console.log(`${source}, ${yard.site}, ${text}: ${percent} % in ${seconds} s`);
    }
  }
  known[source] = found;
}
writeFileSync(FILE, `${JSON.stringify(known, null, 2)}\n`);
