// What a mirror costs the primary: round trips through gateways without one, and beside one that
// answers, never reads, floods or dies again and again. Every gateway and mirror is a process of
// its own; rounds of all alternate in one run. Two gateways have no mirror: what lies between
// them is noise.
import { once } from 'node:events';
import type { BenchOptions } from './main.ts';
import {
  CHARGERS,
  type Relay,
  type Round,
  round,
  startCsms,
  startPart,
  summaryOf,
} from './part-relay-load.ts';
import { percentile } from './part-statistics.ts';

const ROUNDS = 6;
/** Of all chargers together. */
const LOAD_PER_SECOND = 1_000;
const WITHOUT = ['without', 'without again'] as const;
const CONDUCTS = ['good', 'stalled', 'flooding', 'dying'] as const;

export const run = async ({ quick }: BenchOptions) => {
  const perRound = quick ? 600 : 3_000;
  const csms = await startCsms();
  const gateways = new Map<string, Relay>();
  const mirrors: Relay[] = [];
  const start = (...mirror: readonly string[]) =>
    startPart('gateway-relay', csms.url, String(CHARGERS), '', ...mirror);
  for (const name of WITHOUT) gateways.set(name, await start());
  for (const conduct of CONDUCTS) {
    const mirror = await startPart('mirror', conduct);
    mirrors.push(mirror);
    gateways.set(`${conduct} mirror`, await start(mirror.url));
  }
  const rounds = new Map<string, Round[]>([...gateways.keys()].map((name) => [name, []]));
  for (const gateway of gateways.values()) await round(gateway, perRound / 2);
  for (let i = 0; i < ROUNDS; i += 1) {
    const names = [...gateways];
    for (const [name, gateway] of i % 2 === 0 ? names : names.reverse()) {
      rounds.get(name)?.push(await round(gateway, perRound, LOAD_PER_SECOND));
    }
  }
  const rows = [...rounds].map(([name, all]) => summaryOf(name, all));
  const dropped = await Promise.all([...gateways.values()].map(droppedBy));
  for (const { process } of [...gateways.values(), ...mirrors]) process.kill();
  csms.close();
  const base = [0, 1].map((i) => rounds.get(WITHOUT[i] ?? '') ?? []);
  /** Of every round to the two without a mirror beside it; what counts is the middle one. */
  const beside = (name: string, p: number): number => {
    const at = (all: readonly Round[], i: number) => percentile(all[i]?.latenciesMs ?? [], p);
    const ratios = (rounds.get(name) ?? []).map(({ latenciesMs }, i) => {
      const without = base.reduce((sum, all) => sum + at(all, i) / base.length, 0);
      return percentile(latenciesMs, p) / without;
    });
    return Math.round(percentile(ratios, 0.5) * 100) / 100;
  };
  return {
    bench: 'mirrors',
    node: process.version,
    loadPerSecond: LOAD_PER_SECOND,
    rows: rows.map((row, i) => ({
      ...row,
      ...dropped[i],
      p50Ratio: beside(row.relay, 0.5),
      p99Ratio: beside(row.relay, 0.99),
    })),
  };
};

/** What the mirror of a gateway was too slow for, and how often it was cut. */
const droppedBy = async ({ process }: Relay): Promise<{ dropped: number; cut: number }> => {
  process.send('cpu');
  const [{ dropped, cut }] = (await once(process, 'message')) as [{ dropped: number; cut: number }];
  return { dropped, cut };
};
