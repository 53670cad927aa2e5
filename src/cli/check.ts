import { parseArgs } from 'node:util';
import { problemLines, readSiteFile } from './site-file.ts';

/** Checks a site file: form, names and physics. Exit 1 when the gateway would not start with it. */
export const run = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean' } },
  });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) {
    process.stderr.write('usage: busbar check FILE [--json]\n');
    return 2;
  }
  const { usable, problems, sums } = readSiteFile(file);
  const ok = usable !== undefined;
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ ok, file, problems, circuits: sums }, null, 2)}\n`);
    return ok ? 0 : 1;
  }
  process.stdout.write(problemLines(file, problems));
  for (const sum of sums) {
    const most = (amps: readonly number[]) => Math.round(10 * Math.max(...amps)) / 10;
    process.stdout.write(
      `circuit ${sum.circuit}: limit ${most(sum.limitAmps)} A, ${sum.connectors} connectors, ` +
        `all at fallback ${most(sum.fallbackAmps)} A, all at rating ${most(sum.ratedAmps)} A, ` +
        `others assumed ${most(sum.assumedLoadAmps)} A\n`,
    );
  }
  process.stdout.write(ok ? `${file}: ok\n` : `${file}: not usable\n`);
  return ok ? 0 : 1;
};
