import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Faults } from '../gateway/faults.ts';
import { jsonLog } from '../io/log.ts';
import { systemClock } from '../io/system-clock.ts';
import { surviveUncaught } from '../io/uncaught.ts';
import { startWatchdog } from '../io/watchdog.ts';
import { startBusbar } from '../main.ts';
import { packageFolder, problemLines, readSiteFile } from './site-file.ts';
import { NO_CONFIG, wrongUsage } from './wrong-usage.ts';

export const USAGE = `usage: busbar serve --config FILE
       SIGHUP reads the file again: upstreams, mirrors, rules and controller change without a restart
`;

/** Runs the gateway until it is told to stop. */
export const run = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({ args: [...args], options: { config: { type: 'string' } } });
  if (values.config === undefined) return wrongUsage('serve', NO_CONFIG, USAGE);
  const file = values.config;
  const { usable, problems } = readSiteFile(file);
  process.stderr.write(problemLines(file, problems));
  if (usable === undefined) return 1;
  const log = jsonLog(usable.config.logLevel);
  // Before anything is started: a signal that comes early must not find nobody listening.
  let restart = (): void => {};
  const told = new Promise<void>((resolve) => {
    restart = resolve;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const uiFolder = join(packageFolder(), 'dist/ui');
  const siteFile = { path: resolve(file), read: () => readSiteFile(file).usable?.config };
  const watchdog = startWatchdog();
  const turned = (): void => watchdog.feed();
  const faults = new Faults(systemClock, log);
  surviveUncaught({ restart, caught: (error) => faults.note('caught by no part', error) });
  const busbar = await startBusbar({ ...usable, log, uiFolder, restart, siteFile, turned, faults });
  process.on('SIGHUP', () => {
    const again = readSiteFile(file);
    process.stderr.write(problemLines(file, again.problems));
    if (again.usable === undefined) log.warn('site file not reloaded: it has errors');
    else busbar.reload(again.usable.config);
  });
  await told;
  log.info('stopping');
  await busbar.close();
  return 0;
};
