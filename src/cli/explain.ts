import { parseArgs } from 'node:util';
import type { Explanation } from '../control/history.ts';
import { problemLines, readSiteFile } from './site-file.ts';

const ASK_TIMEOUT_MS = 10_000;
const USAGE =
  'usage: busbar explain CHARGER --config FILE [--connector N] [--at TIME] [--json]\n' +
  'TIME: RFC 3339 (2026-01-05T17:00:00Z), or minutes ago like -30\n';

/** Asks the running gateway why a charger gets what it gets, now or at a past time. */
export const run = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
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
  const { usable, problems } = readSiteFile(values.config);
  if (usable === undefined) {
    process.stderr.write(problemLines(values.config, problems));
    return 1;
  }
  const query = new URLSearchParams({
    ...(values.connector === undefined ? {} : { connector: values.connector }),
    ...(values.at === undefined ? {} : { at: instantOf(values.at) }),
  });
  const { http, token } = usable.config.listen;
  const base = `http://${http.replace(/^0\.0\.0\.0|^\[::\]/, '127.0.0.1')}`;
  const url = `${base}/api/v1/explain/${encodeURIComponent(charger)}?${query}`;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(ASK_TIMEOUT_MS) }).catch(
    () => undefined,
  );
  if (answer === undefined) throw new Error(`no gateway answers on ${base}: is it running?`);
  const body = (await answer.json().catch(() => ({}))) as unknown;
  if (!answer.ok) {
    const { detail } = body as { readonly detail?: string };
    throw new Error(detail ?? `the gateway answered ${answer.status}`);
  }
  const explanations = body as readonly Explanation[];
  process.stdout.write(
    values.json
      ? `${JSON.stringify(explanations, null, 2)}\n`
      : explanations.map((each) => `${each.at} ${each.text}\n`).join(''),
  );
  return 0;
};

/** `-30` is half an hour ago. */
const instantOf = (text: string): string =>
  /^-\d+$/.test(text) ? new Date(Date.now() + Number(text) * 60_000).toISOString() : text;
