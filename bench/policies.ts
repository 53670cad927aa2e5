// A month of sessions on an invented European site behind one fuse, shared by textbook schedulers
// and by the controller: energy, fairness, starts. `--sessions FILE --stations FILE` take recorded
// ones; without them a month is generated. The optimum is in fixtures/ (scripts/policy-optimum.ts).
import { readFileSync } from 'node:fs';
import type { BenchOptions } from './main.ts';
import { OURS } from './part-ours.ts';
import { rotation } from './part-rotation.ts';
import { TEXTBOOK } from './part-schedulers.ts';
import { loadYard, runYard, type YardResult } from './part-yard.ts';

const LIMITS_AMPS = [30, 45, 60] as const;
const SLOT_MS = 300_000;
const FAST_SLOT_MS = 10_000;

export const run = async ({ quick, sessions, stations }: BenchOptions) => {
  const { cars, source } = loadYard(sessions, stations);
  const optimum = optimumOf(source);
  const schedulers = [...TEXTBOOK, ...OURS];
  const rows = LIMITS_AMPS.flatMap((limit) => [
    ...schedulers.map((make) => runYard(cars, make(), limit, SLOT_MS)),
    // The pace of the real controller; the tightest fuse is enough of it.
    ...(quick || limit !== LIMITS_AMPS[0]
      ? []
      : OURS.map((make) => runYard(cars, make(), limit, FAST_SLOT_MS))),
  ]).map((row) => ({ ...row, ofOptimum: ofOptimum(row, optimum) }));
  const turns = rotation();
  const shown = { source, sessions: cars.length, optimum, rotation: turns };
  return { bench: 'policies', ...shown, rows, ...verdict(rows, turns) };
};

type Row = YardResult & { readonly ofOptimum: number | null };

const optimumOf = (source: string): Readonly<Record<string, number>> => {
  const file = new URL('./fixtures/policy-optimum.json', import.meta.url);
  const known = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, number>>;
  return known[source] ?? {};
};

const ofOptimum = (row: YardResult, optimum: Readonly<Record<string, number>>): number | null => {
  const best = optimum[String(row.limitAmps)];
  return best === undefined ? null : Math.round((10_000 * row.energyPercent) / best) / 100;
};

const verdict = (rows: readonly Row[], turns: ReturnType<typeof rotation>) => {
  const at = (scheduler: string, limit: number): Row => {
    const row = rows.find((each) => each.scheduler === scheduler && each.limitAmps === limit);
    if (row === undefined) throw new Error(`no row of ${scheduler}`);
    return row;
  };
  const [fair, plain] = [at('ours, fair', 30), at('plain max-min', 30)];
  const throughput = rows.filter(({ scheduler }) => scheduler === 'ours, throughput');
  const targets = {
    fairGainsTwoPointsAt30: fair.energyPercent >= plain.energyPercent + 2,
    fairIsFairerAt30: fair.jain > plain.jain,
    fairStartsAtMost1_4: fair.startsPerSession <= 1.4,
    throughputAtLeast97OfOptimum: throughput.every((row) => (row.ofOptimum ?? 100) >= 97),
    throughputStartsAtMost2: throughput.every((row) => row.startsPerSession <= 2),
    rotationSpreadAtMost15: turns.spreadPercent <= 15,
    rotationKeepsDwell: turns.shortestOnMinutes >= 15,
    noViolations: rows.every(({ violations }) => violations === 0),
  };
  return { targets, met: Object.values(targets).every(Boolean) };
};
