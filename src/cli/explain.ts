import { parseArgs } from 'node:util';
import type { Explanation } from '../control/history.ts';
import { askGateway, noGateway } from './running-gateway.ts';
import { usableSite } from './site-file.ts';
import { NO_CONFIG, wrongUsage } from './wrong-usage.ts';

export const USAGE =
  'usage: busbar explain CHARGER --config FILE [--connector N] [--at TIME] [--json]\n' +
  'TIME: RFC 3339 (2026-01-05T17:00:00Z), or how long ago: -30 (minutes), -2h\n';

/** Asks the running gateway why a charger gets what it gets, now or at a past time. */
export const run = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: withMinusTimes(args),
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      connector: { type: 'string' },
      at: { type: 'string' },
      json: { type: 'boolean' },
    },
  });
  const [charger] = positionals;
  const at = values.at === undefined ? undefined : instantOf(values.at);
  const problem = problemOf(positionals, values, at);
  if (charger === undefined || values.config === undefined || problem !== undefined) {
    return wrongUsage('explain', problem ?? '', USAGE);
  }
  const usable = usableSite(values.config, values.json);
  if (usable === undefined) return 1;
  const query = new URLSearchParams({
    ...(values.connector === undefined ? {} : { connector: values.connector }),
    ...(at === undefined ? {} : { at }),
  });
  const path = `/api/v1/explain/${encodeURIComponent(charger)}?${query}`;
  const explanations = await askGateway<readonly Explanation[]>(usable.config, path);
  if (explanations === undefined) {
    throw new Error(noGateway(usable.config));
  }
  process.stdout.write(
    values.json
      ? `${JSON.stringify(explanations, null, 2)}\n`
      : explanations.map((each) => `${each.at} ${each.text}\n`).join(''),
  );
  return 0;
};

const problemOf = (
  chargers: readonly string[],
  { config, connector, at: told }: { config?: string; connector?: string; at?: string },
  at: string | undefined,
): string | undefined => {
  if (chargers.length === 0) return 'explain which CHARGER?';
  if (chargers.length > 1) return `one charger at a time, not ${chargers.join(' and ')}`;
  if (connector !== undefined && !/^\d+$/.test(connector)) return '--connector is a number from 1';
  if (at !== undefined && Number.isNaN(Date.parse(at))) return `--at ${told} is no time`;
  return config === undefined ? NO_CONFIG : undefined;
};

/** Node takes `--at -30` for an option without its value. */
const withMinusTimes = (args: readonly string[]): string[] => {
  const at = args.indexOf('--at');
  const time = args[at + 1];
  if (at < 0 || time === undefined || !/^-\d/.test(time)) return [...args];
  return [...args.slice(0, at), `--at=${time}`, ...args.slice(at + 2)];
};

const AGO = /^-(\d{1,6})(m|min|h)?$/;

/** `-30` and `-30m` are half an hour ago. */
const instantOf = (text: string): string => {
  const [, count, unit] = AGO.exec(text) ?? [];
  if (count === undefined) return text;
  const minutes = Number(count) * (unit === 'h' ? 60 : 1);
  return new Date(Date.now() - minutes * 60_000).toISOString();
};
