// The two sites of the bench of policies: sessions of one garage, once as it is wired in America and
// once at stations of an invented European site.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseVisits } from '../src/sim/plan/session-file.ts';
import { generateVisits, type VisitPlan } from '../src/sim/plan/sessions.ts';
import { seededRandom } from '../src/sim/random.ts';
import type { Fuse, Wired } from './part-feeder.ts';

export interface YardCar extends Wired {
  readonly id: string;
  readonly phaseCount: number;
  /** Watts are volts times amps times phases. */
  readonly volts: number;
  readonly minAmps: number;
  readonly maxAmps: number;
  /** Ascending; absent: whole amps from `minAmps` up. */
  readonly stepsAmps: readonly number[] | undefined;
  readonly arrivesAtMs: number;
  readonly departsAtMs: number;
  /** When it really departs, where that is not what was told. */
  readonly leavesAtMs?: number;
  readonly needWh: number;
}

export interface YardLimit {
  readonly text: string;
  readonly fuses: readonly Fuse[];
}

export interface Yard {
  readonly site: SiteName;
  readonly cars: readonly YardCar[];
  readonly limits: readonly YardLimit[];
}

export type SiteName = 'european' | 'line-to-line';

export interface Sites {
  readonly source: string;
  readonly yards: readonly Yard[];
}

const MIN_AMPS = 6;
const EU_VOLTS = 230;
/** Line to line 208 V: what one of the two lines counts for. */
const GARAGE_VOLTS = 104;
const GARAGE_LINE_VOLTS = 120;
const GARAGE_MOST_AMPS = 32;
const POD_AMPS = 80;
/** Pilots of the ClipperCreek stations; the others take whole amps. */
const COARSE_STEPS = [8, 16, 24, 32] as const;
const PODS: readonly string[] = ['AV', 'CC'];

const EU_LIMITS: readonly YardLimit[] = [30, 45, 60].map((limitAmps) => ({
  text: `${limitAmps} A`,
  fuses: [{ id: 'main', parent: -1, limitAmps }],
}));

/** The secondary of the transformer, and two pods of eight stations below it. */
const GARAGE_LIMITS: readonly YardLimit[] = [20, 30, 40, 50].map((kilowatts) => ({
  text: `${kilowatts} kW`,
  fuses: [
    { id: 'main', parent: -1, limitAmps: (kilowatts * 1000) / 3 / GARAGE_LINE_VOLTS },
    ...PODS.map((id) => ({ id, parent: 0, limitAmps: POD_AMPS })),
  ],
}));

/** A station at both sites. */
interface Station {
  readonly lines: string;
  readonly coarse: boolean;
  /** Index of its fuse. */
  readonly pod: number;
  readonly phases: string;
  readonly maxAmps: number;
}

/** Both sites from the two session files, or a generated month when they are not there. */
export const loadSites = (sessions: string | undefined, stations: string | undefined): Sites => {
  if (sessions === undefined && stations === undefined) return generatedSites(GENERATED);
  if (sessions === undefined || stations === undefined) {
    throw new Error('--sessions and --stations belong together: give both files or none');
  }
  const places = new Map(
    readFileSync(stations, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(','))
      .map(([id = '', lines = '', pilots = '', pod = '', phases = '', amps = '']) => [
        id,
        {
          lines,
          coarse: pilots === 'CC',
          pod: PODS.indexOf(pod) + 1,
          phases,
          maxAmps: Number(amps),
        },
      ]),
  );
  const { visits, problem } = parseVisits(readFileSync(sessions, 'utf8'));
  if (problem !== undefined) throw new Error(`${sessions}: ${problem}`);
  return sitesOf(basename(sessions), visits, places);
};

/** The kinds of stations of the invented European site, in turn: phases and amps. */
const EU_KINDS: readonly (readonly [string, number])[] = [
  ['L1', 32],
  ['L1L2L3', 16],
  ['L2', 32],
  ['L2L3L1', 16],
  ['L3', 32],
  ['L3L1L2', 16],
  ['L1L2', 16],
  ['L1L2L3', 16],
  ['L2', 32],
  ['L2L3L1', 16],
];
const GENERATED: Month = {
  source: 'generated',
  seed: 1,
  stations: 54,
  visitsPerDay: 0.65,
  turn: 0,
};
/** What nothing was ever tuned on: other months, and a smaller car park of busier stations. */
const HELD_OUT: readonly Month[] = [
  { source: 'held out: month', seed: 11, stations: 54, visitsPerDay: 0.65, turn: 0 },
  { source: 'held out: garage', seed: 12, stations: 32, visitsPerDay: 1.1, turn: 3 },
];

/** A month that is generated; `turn` moves the kinds of stations on. */
interface Month {
  readonly source: string;
  readonly seed: number;
  readonly stations: number;
  readonly visitsPerDay: number;
  readonly turn: number;
}

export const heldOutSites = (): readonly Sites[] => HELD_OUT.map(generatedSites);

/** The same cars, whose drivers err by hours about when they leave. */
export const misled = ({ cars, ...yard }: Yard): Yard => {
  const random = seededRandom(21);
  const told = ({ arrivesAtMs, departsAtMs }: YardCar): number => {
    // The sum of three is bell-shaped enough; its deviation is the unit.
    const error = 2 * (random() + random() + random()) - 3;
    return Math.max(arrivesAtMs + SHORTEST_STAY_MS, departsAtMs + error * ERROR_MS);
  };
  return {
    ...yard,
    cars: cars.map((car) => ({ ...car, leavesAtMs: car.departsAtMs, departsAtMs: told(car) })),
  };
};
const ERROR_MS = 2 * 3_600_000;
const SHORTEST_STAY_MS = 900_000;

const generatedSites = ({ source, seed, stations, visitsPerDay, turn }: Month): Sites => {
  const ids = Array.from({ length: stations }, (_, i) => `S${i}`);
  const places = new Map(
    ids.map((id, i) => {
      const [phases, maxAmps] = EU_KINDS[(i + turn) % EU_KINDS.length]!;
      // As in the garage: two pods of eight between A and B, which has about half of all.
      const pod = i < 16 ? 1 + (i % 2) : 0;
      const lines = i < 26 ? 'AB' : i % 2 === 0 ? 'BC' : 'CA';
      return [id, { lines, coarse: pod === 2, pod, phases, maxAmps }];
    }),
  );
  const visits = generateVisits({ seed, days: 31, chargers: ids, visitsPerDay });
  return sitesOf(source, visits, places);
};

const sitesOf = (
  source: string,
  visits: readonly VisitPlan[],
  places: ReadonlyMap<string, Station>,
): Sites => ({
  source,
  yards: [
    { site: 'european', cars: carsOf(visits, places, europeanPlace), limits: EU_LIMITS },
    { site: 'line-to-line', cars: carsOf(visits, places, garagePlace), limits: GARAGE_LIMITS },
  ],
});

type Place = Omit<YardCar, 'id' | 'phaseCount' | 'arrivesAtMs' | 'departsAtMs' | 'needWh'>;

const europeanPlace = ({ phases, maxAmps }: Station): Place => ({
  circuit: 0,
  phases: [phases.includes('L1'), phases.includes('L2'), phases.includes('L3')],
  lineToLine: false,
  volts: EU_VOLTS,
  minAmps: MIN_AMPS,
  maxAmps,
  stepsAmps: undefined,
});

const garagePlace = ({ lines, coarse, pod }: Station): Place => ({
  circuit: pod,
  phases: [lines.includes('A'), lines.includes('B'), lines.includes('C')],
  lineToLine: true,
  volts: GARAGE_VOLTS,
  minAmps: coarse ? COARSE_STEPS[0] : MIN_AMPS,
  maxAmps: GARAGE_MOST_AMPS,
  stepsAmps: coarse ? COARSE_STEPS : undefined,
});

const carsOf = (
  visits: readonly VisitPlan[],
  places: ReadonlyMap<string, Station>,
  placeOf: (station: Station) => Place,
): readonly YardCar[] =>
  visits.flatMap(({ charger = '', arrivesAtMs, departsAtMs, needWh }, i): YardCar[] => {
    const station = places.get(charger);
    if (station === undefined || !(station.maxAmps > 0)) return [];
    const place = placeOf(station);
    const phaseCount = place.phases.filter(Boolean).length;
    const id = `s${String(i).padStart(4, '0')}`;
    return [{ ...place, id, phaseCount, arrivesAtMs, departsAtMs, needWh }];
  });
