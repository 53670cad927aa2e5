#!/usr/bin/env node
import { distance } from '../core/near-name.ts';
import { RAISE_LIMIT } from '../io/descriptors.ts';
import { optionProblem, wrongUsage } from './wrong-usage.ts';

/** One verb of the command line; its file is loaded only when it is used. */
interface Verb {
  readonly summary: string;
  readonly load: () => Promise<{
    readonly USAGE: string;
    run(args: readonly string[]): Promise<number>;
  }>;
}

const VERBS: Readonly<Record<string, Verb>> = {
  serve: { summary: 'run the gateway: --config FILE', load: () => import('./serve.ts') },
  check: { summary: 'check a site file: FILE [--json]', load: () => import('./check.ts') },
  demo: {
    summary: 'a whole site on this machine: [--seconds N] [--json]',
    load: () => import('./demo.ts'),
  },
  meter: {
    summary: 'find and try meters: read ID --config FILE [--watch], scan HOST, test FILE HOST',
    load: () => import('./meter.ts'),
  },
  charger: {
    summary: 'how a charger takes limits: probe ID --config FILE [--active]',
    load: () => import('./charger.ts'),
  },
  queue: {
    summary: 'what is held for the CSMS: ls|show|export|drop|resend --config FILE',
    load: () => import('./queue.ts'),
  },
  simulate: {
    summary: 'would this site do? SITE.yaml [--sessions FILE.csv] [--days N] [--picture FILE.svg]',
    load: () => import('./simulate.ts'),
  },
  explain: {
    summary: 'why a charger gets what it gets: CHARGER --config FILE [--at TIME]',
    load: () => import('./explain.ts'),
  },
  evidence: {
    summary: 'records of dimming (§14a): ls, export [--csv] --config FILE',
    load: () => import('./evidence.ts'),
  },
  version: { summary: 'print the version [--json]', load: () => import('./version.ts') },
};

/** Exit codes: 0 done, 1 failed, 2 wrong usage. */
const main = async ([name, ...args]: readonly string[]): Promise<number> => {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const about = VERBS[args[0] ?? ''];
    process.stdout.write(about === undefined ? usage() : (await about.load()).USAGE);
    return name === undefined ? 2 : 0;
  }
  const verb = VERBS[name === '--version' ? 'version' : name];
  if (verb === undefined) {
    const [nearest] = Object.keys(VERBS).sort((a, b) => distance(name, a) - distance(name, b));
    const hint =
      nearest !== undefined && distance(name, nearest) <= 3 ? `; did you mean ${nearest}?` : '';
    process.stderr.write(`busbar: unknown command "${name}"${hint}\n\n${usage()}`);
    return 2;
  }
  const { run, USAGE } = await verb.load();
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    return await run(args);
  } catch (error) {
    if (!isUsageError(error)) {
      if (args.includes('--json')) await tellScript(error);
      throw error;
    }
    return wrongUsage(name, optionProblem(error.message, USAGE), USAGE);
  }
};

/** A script that reads the output learns there what the terminal is told on stderr. */
const tellScript = async (error: unknown): Promise<void> => {
  const { failure, failureJson } = await import('./site-file.ts');
  const text = error instanceof Error ? error.message : String(error);
  await new Promise((written) => process.stdout.write(failureJson([failure('', text)]), written));
};

/** What `parseArgs` of Node throws. */
const isUsageError = (error: unknown): error is Error =>
  error instanceof Error && String((error as { code?: string }).code).startsWith('ERR_PARSE_ARGS');

const problemOf = (error: unknown): string => {
  const text = error instanceof Error ? error.message : String(error);
  const isUsedUp = (error as NodeJS.ErrnoException | undefined)?.code === 'EMFILE';
  return isUsedUp ? `${text}: ${RAISE_LIMIT}` : text;
};

const usage = (): string =>
  `usage: busbar COMMAND      (busbar COMMAND --help tells its options)\n\n${Object.entries(VERBS)
    .map(([name, { summary }]) => `  ${name.padEnd(9)}${summary}\n`)
    .join('')}`;

// Whoever reads the output has seen enough: `busbar queue export | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});
// A collector of logs that goes away is no reason to stop a site.
process.stderr.on('error', () => {});

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`busbar: ${problemOf(error)}\n`);
    // A verb that failed half-way may have timers and sockets open, and nobody left to close them.
    process.exit(1);
  },
);
