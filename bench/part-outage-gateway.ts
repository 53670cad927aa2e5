// A gateway with a backlog on disk; tells how long it took to read it back and what it weighs.
import { randomUUID } from 'node:crypto';
import { SILENT_LOG } from '../src/core/log.ts';
import { Gateway } from '../src/gateway/gateway.ts';
import type { LinkObserver } from '../src/gateway/observer.ts';
import { openOutage, REPLAY_PER_SECOND } from '../src/gateway/outage/outage.ts';
import { startChargerServer } from '../src/io/charger-server.ts';
import { csmsClient } from '../src/io/csms-client.ts';
import { systemClock as clock } from '../src/io/system-clock.ts';
import { LogStore } from '../src/store/log-store.ts';

const [folder = '', upstream = ''] = process.argv.slice(2);
const OBSERVER: LinkObserver = {
  chargerConnected() {},
  chargerGone() {},
  upstreamChanged() {},
  request() {},
  answer() {},
};
const startMs = performance.now();
const store = await LogStore.open(folder, { monotonicMs: () => clock.monotonicMs() });
const outage = await openOutage({
  store,
  clock,
  log: SILENT_LOG,
  random: Math.random,
  hash: (secret, salt) => Promise.resolve(salt + secret),
  newSalt: randomUUID,
  settings: {
    unknownTokens: 'charger',
    unknownBoot: 'pending',
    replayPerSecond: REPLAY_PER_SECOND,
    mostBytes: 2 ** 30,
  },
});
const openMs = performance.now() - startMs;
const gateway = new Gateway({
  clock,
  dialer: csmsClient({ clock, pingSeconds: 25 }),
  observer: OBSERVER,
  upstreamBase: () => upstream,
  admits: () => true,
  newId: randomUUID,
  log: SILENT_LOG,
  outage,
});
const server = await startChargerServer({
  host: '127.0.0.1',
  port: 0,
  clock,
  pingSeconds: 25,
  onKnock: (knock) => void gateway.knock(knock),
});
const held = (): number =>
  outage.journal.chargers().reduce((sum, id) => sum + outage.journal.backlog(id).count, 0);
process.send?.({
  url: `ws://127.0.0.1:${server.port}`,
  openMs,
  held: held(),
  rssMegabytes: process.memoryUsage.rss() / 2 ** 20,
});
process.on('message', () => {
  process.send?.({ held: held(), rssMegabytes: process.memoryUsage.rss() / 2 ** 20 });
});
