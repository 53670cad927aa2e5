import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { SiteConfig } from '../schema/site-config.ts';
import type { SiteFileState } from '../schema/site-file.ts';
import { askGateway } from './running-gateway.ts';
import { problemLines, readSiteFile } from './site-file.ts';
import { wrongUsage } from './wrong-usage.ts';

export const USAGE = 'usage: busbar check FILE [--json]\n';

/** Checks a site file: form, names and physics. Exit 1 when the gateway would not start with it. */
export const run = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean' } },
  });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) {
    return wrongUsage('check', 'one site file is needed', USAGE);
  }
  const { usable, problems, sums } = readSiteFile(file);
  const ok = usable !== undefined;
  const running = usable && (await againstRunning(usable.config, file));
  if (values.json) {
    const report = { ok, file, problems, circuits: sums, ...(running && { running }) };
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return ok ? 0 : 1;
  }
  process.stdout.write(problemLines(file, problems));
  for (const sum of sums) {
    const most = (amps: readonly number[]) => Math.round(10 * Math.max(...amps)) / 10;
    process.stdout.write(
      `circuit ${sum.circuit}: limit ${most(sum.limitAmps)} A, ${sum.connectors} ${sum.connectors === 1 ? 'connector' : 'connectors'}, ` +
        `all at fallback ${most(sum.fallbackAmps)} A, all at rating ${most(sum.ratedAmps)} A, ` +
        `others assumed ${most(sum.assumedLoadAmps)} A\n`,
    );
  }
  if (running !== undefined) process.stdout.write(runningLines(running));
  process.stdout.write(ok ? `${file}: ok\n` : `${file}: not usable\n`);
  return ok ? 0 : 1;
};

/** What changed since the gateway of this file was started; undefined: none runs here. */
const againstRunning = async (
  config: SiteConfig,
  file: string,
): Promise<Pick<SiteFileState, 'reload' | 'restart'> | undefined> => {
  const ask = askGateway<SiteFileState>(config, '/api/v1/site-file');
  const state = await ask.catch(() => undefined);
  if (state === undefined || state.path !== resolve(file)) return undefined;
  return { reload: state.reload, restart: state.restart };
};

const runningLines = ({ reload, restart }: Pick<SiteFileState, 'reload' | 'restart'>): string =>
  [
    reload.length === 0 ? '' : `running gateway: a reload takes over ${reload.join(', ')}\n`,
    restart.length === 0 ? '' : `running gateway: a restart is needed for ${restart.join(', ')}\n`,
  ].join('');
