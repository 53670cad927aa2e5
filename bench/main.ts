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

const USAGE = `usage: npm run bench -- NAME [--json] [--quick]
       npm run bench -- policies [--sessions FILE.csv --stations FILE.csv]
NAME: ${names.join(', ')}
`;

const wrongUsage = (why: string): never => {
  process.stderr.write(`${why}\n${USAGE}`);
  process.exit(2);
};

const commandLine = () => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        quick: { type: 'boolean' },
        sessions: { type: 'string' },
        stations: { type: 'string' },
      },
    });
  } catch (error) {
    return wrongUsage(error instanceof Error ? error.message : String(error));
  }
};

const { values, positionals } = commandLine();
const [name, ...more] = positionals;
if (name === undefined || !names.includes(name) || more.length > 0) {
  wrongUsage(`no such benchmark: ${positionals.join(' ')}`);
}
const { run } = (await import(`./${name}.ts`)) as {
  run: (options: BenchOptions) => Promise<Readonly<Record<string, unknown>>>;
};
const report = await run({
  quick: values.quick === true,
  sessions: values.sessions,
  stations: values.stations,
});
if (values.json === true) {
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
} else {
  for (const [what, value] of Object.entries(report)) {
    console.log(`${what}:`, Array.isArray(value) ? '' : value);
    if (Array.isArray(value)) console.table(value);
  }
}
