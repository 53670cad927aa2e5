// Runs every *.test.ts under test/ (or the files and folders named) with node:test.
// Node 20 has no glob for --test, so the files are listed here.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { bundle, bundleProgram } from './bundle.mjs';

/** A process that takes longer hangs: it fails instead of stopping everything. */
const TEST_TIMEOUT_MINUTES = 10;
/**
 * Folders whose files start or kill processes, speak with real peers, or lock folders: each file is a
 * process. All others are pure or run on the virtual clock, and share processes: what they run is loaded
 * and optimised by V8 once in each, a third or more of what a scenario costs.
 */
const OWN_PROCESS = new Set(['cli', 'config', 'crash', 'store', 'ui', 'wire']);
/** Few, so that each is warm most of the time; enough that none comes near the timeout. */
const SHARED_PROCESSES = 16;

const list = (path) =>
  statSync(path).isDirectory()
    ? readdirSync(path).flatMap((name) => list(join(path, name)))
    : path.endsWith('.test.ts')
      ? [path]
      : [];

const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const options = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const TIMEOUT_FLAG = '--timeout-minutes=';
const longer = options.find((option) => option.startsWith(TIMEOUT_FLAG));
const minutes = Number(longer?.slice(TIMEOUT_FLAG.length) ?? TEST_TIMEOUT_MINUTES);
const flags = options.filter((option) => option !== longer);
const files = [...new Set((named.length > 0 ? named : ['test']).flatMap(list))].sort();
const isAlone = (file) => OWN_PROCESS.has(relative('test', file).split(sep)[0]);

/** What each process runs: those that share one first, since they take longest. */
const entriesIn = (folder) => {
  const shared = files.filter((file) => !isAlone(file));
  // Dealt out in turn, since the long ones of a family lie side by side.
  const groups = Array.from({ length: Math.min(SHARED_PROCESSES, shared.length) }, (_, group) => ({
    in: join(folder, `shared-${group}.ts`),
    out: `shared-${group}`,
    files: shared.filter((_, index) => index % SHARED_PROCESSES === group),
  }));
  for (const group of groups) {
    const imports = group.files.map((file) => `import ${JSON.stringify(resolve(file))};\n`);
    writeFileSync(group.in, imports.join(''));
    // A process that hangs or dies is told by this name.
    process.stdout.write(`# ${group.out}: ${group.files.join(' ')}\n`);
  }
  const alone = files.filter(isAlone);
  return [...groups, ...alone.map((file) => ({ in: file, out: file.replace(/\.ts$/, '') }))];
};

// Everything is bundled once, tests and program: each test of the command line starts the program.
const folder = mkdtempSync(join('node_modules', '.busbar-test-'));
const bundles = join(folder, 'tests');
const entries = entriesIn(folder);
await bundleProgram(folder);
await bundle(
  entries.map((entry) => ({ in: entry.in, out: entry.out })),
  bundles,
);
// What tests write goes with it, also when one was killed.
const scrap = mkdtempSync(join(tmpdir(), 'busbar-test-'));
// A broker that root starts becomes another user before it reads its certificates.
chmodSync(scrap, 0o755);
const environment = { BUSBAR_TEST_PROGRAM: join(folder, 'busbar.js'), TMPDIR: scrap };
const { status } = spawnSync(
  process.execPath,
  [
    '--enable-source-maps',
    '--import=./scripts/property-seed.mjs',
    '--test',
    '--test-concurrency=2',
    '--test-reporter=./scripts/tap-reporter.mjs',
    '--test-reporter-destination=stdout',
    `--test-timeout=${minutes * 60_000}`,
    ...flags,
    ...entries.map(({ out }) => join(bundles, `${out}.js`)),
  ],
  { stdio: 'inherit', env: { ...process.env, ...environment } },
);
for (const path of [folder, scrap]) rmSync(path, { recursive: true, force: true });
process.exit(status ?? 1);
