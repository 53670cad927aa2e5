import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SILENT_LOG } from '../core/log.ts';
import { systemClock } from '../io/system-clock.ts';
import { type Busbar, startBusbar } from '../main.ts';
import type { SiteView } from '../schema/view.ts';
import { DemoSite } from '../sim/demo-site.ts';
import { packageFolder, problemLines, readSiteFile } from './site-file.ts';

export const USAGE = 'usage: busbar demo [--seconds N] [--port N] [--json]\n';

/** Where the README says that the page is; another one when it is taken. */
const PAGE_PORT = 8080;
const PORT_MOST = 65_535;
const SECONDS_MOST = 24 * 3_600;
/** In the physical chain (meter, charger, car) an overload ends within these times. */
const OVER_MOST_MS = 30_000;
const OVER_113_MOST_MS = 15_000;

/** A whole site on this machine, through the real protocols. */
export const run = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string' }, json: { type: 'boolean' }, port: { type: 'string' } },
  });
  const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
  if (seconds !== undefined && !(seconds > 0 && seconds <= SECONDS_MOST)) {
    process.stderr.write(`--seconds must be a number from 1 to ${SECONDS_MOST}\n`);
    return 2;
  }
  const port = Number(values.port ?? PAGE_PORT);
  if (!(Number.isInteger(port) && port >= 0 && port <= PORT_MOST)) {
    process.stderr.write(`--port must be a number from 0 to ${PORT_MOST}\n`);
    return 2;
  }
  const file = join(packageFolder(), 'config/demo.yaml');
  const { usable, problems } = readSiteFile(file);
  if (usable === undefined) {
    process.stderr.write(problemLines(file, problems));
    return 1;
  }
  const quiet = values.json === true;
  const say = (text: string): void => {
    // On a terminal the live line is overwritten.
    const clear = process.stdout.isTTY ? '\r\x1b[K' : '';
    if (!quiet) process.stdout.write(`${clear}  ${text}\n`);
  };
  const folder = await mkdtemp(join(tmpdir(), 'busbar-demo-'));
  try {
    const demo = await startDemo(usable, folder, port, say, quiet);
    await until(seconds);
    const report = reportOf(demo);
    process.stdout.write(quiet ? `${JSON.stringify(report, null, 2)}\n` : `\n${summary(report)}`);
    await demo.busbar.close();
    await demo.site.close();
    return report.ok ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

interface Demo {
  readonly busbar: Busbar;
  readonly site: DemoSite;
}

const startDemo = async (
  { config, site, devices, quirks, policy }: NonNullable<ReturnType<typeof readSiteFile>['usable']>,
  dataDir: string,
  port: number,
  say: (text: string) => void,
  quiet: boolean,
): Promise<Demo> => {
  const device = devices.get(site.meters[0]?.device ?? '');
  if (device === undefined) throw new Error('the demo site has no meter');
  const demoSite = await DemoSite.start(site, device, systemClock, say);
  const { upstream, mqtt, meter } = demoSite.addresses;
  const freePort = (await isFree(port)) ? port : 0;
  const busbar = await startBusbar({
    config: {
      ...config,
      dataDir,
      listen: { ...config.listen, http: `127.0.0.1:${freePort}` },
      upstream: { ...config.upstream, url: upstream },
      ems: {
        ...config.ems,
        mqtt: { root: 'busbar/v1', scalars: false, ...config.ems.mqtt, url: mqtt },
      },
    },
    policy,
    site: { ...site, meters: site.meters.map((spec) => ({ ...spec, connect: meter })) },
    devices,
    quirks,
    uiFolder: join(packageFolder(), 'dist/ui'),
    log: SILENT_LOG,
    published: (view) => {
      if (!quiet && process.stdout.isTTY) process.stdout.write(`\r\x1b[K${liveLine(view)}`);
    },
  });
  if (freePort !== port) say(`port ${port} is taken: the page is on another one`);
  say(`page: ${busbar.httpUrl}   chargers: ${busbar.ocppUrl}   (Ctrl-C ends the demo)`);
  demoSite.begin(busbar.ocppUrl);
  return { busbar, site: demoSite };
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });

const until = (seconds: number | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (seconds !== undefined) setTimeout(resolve, seconds * 1000);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });

const liveLine = (view: SiteView): string => {
  const main = view.circuits[0];
  const amps = (main?.measuredAmps ?? [0, 0, 0]).map((value) => value.toFixed(0).padStart(2));
  const offers = view.chargers.map(
    ({ id, connectors }) => `${id} ${connectors[0]?.offerAmps ?? 0}`,
  );
  const limit = Math.min(...(main?.limitInForceAmps ?? [0]));
  return `  ${amps.join(' ')} A of ${limit} A | ${offers.join('  ')}`.slice(0, 78);
};

const reportOf = ({ busbar, site }: Demo) => {
  const view = busbar.view();
  const breaker = site.breaker.record();
  // Not that of the view, which is as old as its tick: messages came since.
  const heldMessages = busbar.heldMessages();
  // What is held on disk is not lost: the demo may end before the CSMS is back.
  const lostMessages = Math.max(0, site.undeliveredMessages() - heldMessages);
  const connected = view.chargers.filter(({ online }) => online).length;
  const protocolBreaches = site.csms.problems.length;
  const ok =
    lostMessages === 0 &&
    protocolBreaches === 0 &&
    connected === view.chargers.length &&
    !breaker.tripped &&
    breaker.longestOverMs <= OVER_MOST_MS &&
    breaker.longestOver113Ms <= OVER_113_MOST_MS;
  return {
    ok,
    chargers: connected,
    transactions: view.counters['transactions'] ?? 0,
    framesRelayed: view.counters['framesRelayed'] ?? 0,
    limitChanges: view.counters['limitChanges'] ?? 0,
    worstOverAmps: Math.round(Math.max(0, breaker.worstOverAmps) * 10) / 10,
    secondsOverLimit: Math.round(breaker.overMs / 100) / 10,
    longestSecondsOverLimit: Math.round(breaker.longestOverMs / 100) / 10,
    breakerTripped: breaker.tripped,
    lostMessages,
    heldMessages,
    callsAnsweredInOutage: view.counters['heldCalls'] ?? 0,
    protocolBreaches,
    alarms: view.alarms,
  };
};

const summary = (report: ReturnType<typeof reportOf>): string =>
  `${report.ok ? 'Every promise was kept' : 'A PROMISE WAS BROKEN'}: ${report.transactions} transactions, ` +
  `${report.framesRelayed} frames relayed, ${report.limitChanges} limit changes,\n` +
  `${report.secondsOverLimit} s over the fuse (at most ${report.worstOverAmps} A), ` +
  `${report.lostMessages} messages lost.\n`;
