import { parseArgs } from 'node:util';
import type { Explanation } from '../control/history.ts';
import { askGateway, noGateway } from './running-gateway.ts';
import { usableSite } from './site-file.ts';

export const USAGE =
  'usage: busbar explain CHARGER --config FILE [--connector N] [--at TIME] [--json]\n' +
  'TIME: RFC 3339 (2026-01-05T17:00:00Z), or minutes ago like -30\n';

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
  if (charger === undefined || positionals.length > 1 || values.config === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const usable = usableSite(values.config, values.json);
  if (usable === undefined) return 1;
  const query = new URLSearchParams({
    ...(values.connector === undefined ? {} : { connector: values.connector }),
    ...(values.at === undefined ? {} : { at: instantOf(values.at) }),
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

/** Node takes `--at -30` for an option without its value. */
const withMinusTimes = (args: readonly string[]): string[] => {
  const at = args.indexOf('--at');
  const time = args[at + 1];
  if (at < 0 || time === undefined || !MINUTES_AGO.test(time)) return [...args];
  return [...args.slice(0, at), `--at=${time}`, ...args.slice(at + 2)];
};

const MINUTES_AGO = /^-\d+$/;

/** `-30` is half an hour ago. */
const instantOf = (text: string): string =>
  MINUTES_AGO.test(text) ? new Date(Date.now() + Number(text) * 60_000).toISOString() : text;
