// What a relayed CALL and its answer cost through the gateway and through a bare ws-to-ws relay.
// Each relay runs in a child process of its own; rounds alternate in one run. Flat out shows what a
// frame costs; under the same moderate load the work of the control loop, which does not grow with the
// frames, weighs more, and waking up for single frames is part of the price on both sides.
import type { BenchOptions } from './main.ts';
import {
  CHARGERS,
  type Round,
  ratio,
  round,
  type Summary,
  startCsms,
  startPart,
  summaryOf,
} from './part-relay-load.ts';

const ROUNDS = 6;
/** Messages of all chargers in a second, under the same load; far more than a site has. */
const LOAD_PER_SECOND = 3_000;
const NAMES = ['bare', 'gateway', 'observing'] as const;

export const run = async ({ quick }: BenchOptions) => {
  const perRound = quick ? 3_000 : 15_000;
  const csms = await startCsms();
  const relays = {
    bare: await startPart('bare-relay', csms.url),
    gateway: await startPart('gateway-relay', csms.url, String(CHARGERS)),
    // Every meter value is looked at, however fast they come.
    observing: await startPart('gateway-relay', csms.url, String(CHARGERS), '1000000'),
  };
  const compare = async (perSecond: number): Promise<Summary[]> => {
    const results = { bare: [] as Round[], gateway: [] as Round[], observing: [] as Round[] };
    for (let i = 0; i < ROUNDS; i += 1) {
      for (const name of i % 2 === 0 ? NAMES : [...NAMES].reverse()) {
        results[name].push(await round(relays[name], perRound, perSecond));
      }
    }
    return NAMES.map((name) => summaryOf(name, results[name]));
  };
  for (const relay of Object.values(relays)) await round(relay, perRound / 2);
  const flatOut = await compare(Number.POSITIVE_INFINITY);
  const sameLoad = await compare(LOAD_PER_SECOND);
  for (const relay of Object.values(relays)) relay.process.kill();
  csms.close();
  const [bare, gateway, observing] = flatOut as [Summary, Summary, Summary];
  const [bareLoaded, gatewayLoaded] = sameLoad as [Summary, Summary];
  return {
    bench: 'relay',
    node: process.version,
    flatOut,
    sameLoad,
    cpuRatio: ratio(gateway.cpuSecondsPer10k, bare.cpuSecondsPer10k),
    targetCpuRatio: 1.3,
    cpuRatioObservingAll: ratio(observing.cpuSecondsPer10k, bare.cpuSecondsPer10k),
    cpuRatioSameLoad: ratio(gatewayLoaded.cpuSecondsPer10k, bareLoaded.cpuSecondsPer10k),
    p50Ratio: ratio(gatewayLoaded.p50Ms, bareLoaded.p50Ms),
    p99Ratio: ratio(gatewayLoaded.p99Ms, bareLoaded.p99Ms),
  };
};
