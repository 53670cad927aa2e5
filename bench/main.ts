// npm run bench -- NAME [--json] [--quick]: one file per benchmark, loaded by name.
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** A few seconds instead of the full run. */
  readonly quick: boolean;
  /** Recorded sessions and their stations, for benches that take them. */
  readonly sessions: string | undefined;
  readonly stations: string | undefined;
}

const names = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts' && !file.startsWith('part-'))
  .map((file) => file.slice(0, -3));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: {
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    sessions: { type: 'string' },
    stations: { type: 'string' },
  },
});
const [name] = positionals;
if (name === undefined || !names.includes(name)) {
  process.stderr.write(
    `usage: npm run bench -- NAME [--json] [--quick]\nNAME: ${names.join(', ')}\n`,
  );
  process.exit(2);
}
const { run } = (await import(`./${name}.ts`)) as {
  run: (options: BenchOptions) => Promise<Readonly<Record<string, unknown>>>;
};
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;
const report = await run({
  quick: values['quick'] === true,
  sessions: textOf(values['sessions']),
  stations: textOf(values['stations']),
});
if (values['json'] === true) {
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
} else {
  for (const [what, value] of Object.entries(report)) {
    console.log(`${what}:`, Array.isArray(value) ? '' : value);
    if (Array.isArray(value)) console.table(value);
  }
}
