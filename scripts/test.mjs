// Runs every *.test.ts under test/ (or the files and folders named) with node:test.
// Node 20 has no glob for --test, so the files are listed here.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle, bundleProgram } from './bundle.mjs';

/** A file that takes longer hangs: it fails instead of stopping everything. */
const TEST_TIMEOUT_MINUTES = 2;

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
const files = (named.length > 0 ? named : ['test']).flatMap(list).sort();
// Everything is bundled once, tests and program: each file is a process, and each test of the command
// line starts the program.
const folder = mkdtempSync(join('node_modules', '.busbar-test-'));
const bundles = join(folder, 'tests');
await bundleProgram(folder);
await bundle(files, bundles, { outbase: '.' });
// What tests write goes with it, also when one was killed.
const scrap = mkdtempSync(join(tmpdir(), 'busbar-test-'));
const environment = { BUSBAR_TEST_PROGRAM: join(folder, 'busbar.js'), TMPDIR: scrap };
const { status } = spawnSync(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    '--test-concurrency=2',
    `--test-timeout=${minutes * 60_000}`,
    ...flags,
    ...files.map((file) => join(bundles, file.replace(/\.ts$/, '.js'))),
  ],
  { stdio: 'inherit', env: { ...process.env, ...environment } },
);
for (const path of [folder, scrap]) rmSync(path, { recursive: true, force: true });
process.exit(status ?? 1);
