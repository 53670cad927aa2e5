// Runs every *.test.ts under test/ (or the files and folders named) with node:test.
// Node 20 has no glob for --test, so the files are listed here.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A file that takes longer hangs: it fails instead of stopping everything. */
const TEST_TIMEOUT_MS = 120_000;

const list = (path) =>
  statSync(path).isDirectory()
    ? readdirSync(path).flatMap((name) => list(join(path, name)))
    : path.endsWith('.test.ts')
      ? [path]
      : [];

const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const files = (named.length > 0 ? named : ['test']).flatMap(list).sort();
const { status } = spawnSync(
  process.execPath,
  [
    '--import',
    'tsx',
    '--test',
    '--test-concurrency=2',
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    ...flags,
    ...files,
  ],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
