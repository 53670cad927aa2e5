import { spawnSync } from 'node:child_process';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { Journal } from '../src/store/journal.ts';
import type { EntryHeader } from '../src/store/journal-entry.ts';
import { LogStore } from '../src/store/log-store.ts';
import type { BenchOptions } from './main.ts';
import { percentile } from './part-statistics.ts';

const PRODUCERS = 64;
const MESSAGE_BYTES = 1024;
/** Short ones in turn: what else the machine does falls on both. */
const ROUNDS = 12;
const QUICK_ROUNDS = 3;
const SECONDS = 1;
const SLOW_FLUSH_MS = 10;

/** Text that does not compress well, as large as a usual message with meter values. */
const messageOf = (producer: number, n: number): Buffer => {
  let text = `[2,"${producer}-${n}","MeterValues",{"connectorId":1,"noise":"`;
  for (let seed = producer * 7919 + n; text.length < MESSAGE_BYTES; seed += 1) {
    text += ((seed * 2654435761) % 2 ** 32).toString(36);
  }
  return Buffer.from(`${text.slice(0, MESSAGE_BYTES - 3)}"}]`);
};

/** Made beforehand: writing the messages is the chargers' work. */
const MESSAGES = Array.from({ length: 1_024 }, (_, n) => messageOf(n % PRODUCERS, n));
const nthMessage = (producer: number, n: number): Buffer =>
  MESSAGES[(producer * 31 + n) % MESSAGES.length] as Buffer;

const header = (n: number): EntryHeader => ({
  version: '1.6',
  action: 'MeterValues',
  messageId: String(n),
  takenAtWallMs: 1_760_000_000_000 + n,
  thinnable: true,
  mayRepeat: false,
});

type Append = (producer: number, n: number) => Promise<unknown>;

/** What a file alone can do: everything that waits is appended and synced together. */
const rawAppend = async (path: string) => {
  const file = await open(path, 'a');
  let waiting: { bytes: Buffer; resolve: () => void }[] = [];
  let flushing = false;
  const flush = async (): Promise<void> => {
    flushing = true;
    while (waiting.length > 0) {
      // The same grouping as the journal's.
      await new Promise((resolve) => setImmediate(resolve));
      const group = waiting;
      waiting = [];
      await file.appendFile(Buffer.concat(group.map(({ bytes }) => bytes)));
      await file.datasync();
      for (const { resolve } of group) resolve();
    }
    flushing = false;
  };
  const append: Append = (producer, n) =>
    new Promise<void>((resolve) => {
      waiting.push({ bytes: nthMessage(producer, n), resolve });
      if (!flushing) void flush();
    });
  return { append, close: () => file.close() };
};

const journalAppend = async (path: string) => {
  const store = await LogStore.open(path, { monotonicMs: () => performance.now() });
  const journal = await Journal.open(store, { mostBytes: 2 ** 40 });
  const append: Append = (producer, n) =>
    journal.append(`CP_${producer}`, header(n), nthMessage(producer, n));
  return { append, close: () => store.close() };
};

/** Messages per second with every producer waiting for its own acknowledgement. */
const measure = async (append: Append, seconds: number) => {
  const loop = monitorEventLoopDelay({ resolution: 1 });
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  let count = 0;
  loop.enable();
  await Promise.all(
    Array.from({ length: PRODUCERS }, async (_, producer) => {
      for (let n = 0; performance.now() < endMs; n += 1) {
        await append(producer, n);
        count += 1;
      }
    }),
  );
  loop.disable();
  const perSecond = count / ((performance.now() - startMs) / 1000);
  // The timer that measures is itself a millisecond long.
  return { perSecond, loopP99Ms: loop.percentile(99) / 1e6 - 1 };
};

const compare = async (rounds: number) => {
  const raw: number[] = [];
  const journal: number[] = [];
  const ratios: number[] = [];
  const loops: number[] = [];
  const rawLoops: number[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'busbar-bench-'));
  for (let round = 0; round <= rounds; round += 1) {
    const file = await rawAppend(join(folder, `raw-${round}`));
    const a = await measure(file.append, SECONDS);
    await file.close();
    const kept = await journalAppend(join(folder, `journal-${round}`));
    const b = await measure(kept.append, SECONDS);
    await kept.close();
    // The first one warms up.
    if (round === 0) continue;
    raw.push(a.perSecond);
    journal.push(b.perSecond);
    ratios.push(b.perSecond / a.perSecond);
    loops.push(b.loopP99Ms);
    rawLoops.push(a.loopP99Ms);
  }
  await rm(folder, { recursive: true, force: true });
  return {
    producers: PRODUCERS,
    rawPerSecond: Math.round(percentile(raw, 0.5)),
    journalPerSecond: Math.round(percentile(journal, 0.5)),
    ratio: percentile(ratios, 0.5),
    loopDelayP99Ms: percentile(loops, 0.5),
    rawLoopDelayP99Ms: percentile(rawLoops, 0.5),
  };
};

export const run = async ({ quick }: BenchOptions) => {
  const rounds = quick ? QUICK_ROUNDS : ROUNDS;
  const rows: object[] = [{ disk: 'as it is', ...(await compare(rounds)) }];
  const slow = await slowDisk(rounds);
  rows.push(slow ?? { disk: 'slow: skipped, there is no C compiler for the shim' });
  return { target: 'ratio >= 0.4, loop delay p99 < 5 ms', rows };
};

const SHIM = `#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
static void wait_first(void) { usleep(${SLOW_FLUSH_MS * 1000}); }
int fdatasync(int fd) { wait_first(); return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd); }
int fsync(int fd) { wait_first(); return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd); }
`;

/** The same in a child process in which every flush takes longer, as on an SD card. */
const slowDisk = async (rounds: number): Promise<object | undefined> => {
  const folder = await mkdtemp(join(tmpdir(), 'busbar-shim-'));
  try {
    const source = join(folder, 'slow.c');
    const shim = join(folder, 'slow.so');
    await writeFile(source, SHIM);
    const built = spawnSync('cc', ['-shared', '-fPIC', '-o', shim, source, '-ldl']);
    if (built.status !== 0) return undefined;
    const child = spawnSync(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(import.meta.url), String(rounds)],
      { env: { ...process.env, LD_PRELOAD: shim, BENCH_CHILD: '1' }, encoding: 'utf8' },
    );
    return { disk: `every flush ${SLOW_FLUSH_MS} ms longer`, ...JSON.parse(child.stdout) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

if (process.env['BENCH_CHILD'] === '1') {
  process.stdout.write(JSON.stringify(await compare(Number(process.argv[2] ?? 1))));
}
