import { Worker } from 'node:worker_threads';

/** A gateway whose control cycle has not turned for so long hangs. */
const CHECK_MS = 5_000;
const MISSED_MOST = 12;
/** The thread needs next to nothing. */
const MEMORY = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 };

/**
 * Runs in a thread of its own, since a loop that hangs cannot look after itself. It counts checks, not
 * time: a machine that was suspended goes on where it was.
 */
const WATCH = `
  const { workerData } = require('node:worker_threads');
  const { writeSync } = require('node:fs');
  const { meals, checkMs, missedMost } = workerData;
  const counter = new Int32Array(meals);
  let seen = 0;
  let missed = 0;
  setInterval(() => {
    const now = Atomics.load(counter, 0);
    missed = now === seen ? missed + 1 : 0;
    seen = now;
    if (missed < missedMost) return;
    const seconds = Math.round((missedMost * checkMs) / 1000);
    writeSync(2, 'busbar: the control cycle did not turn for ' + seconds + ' s: the process hangs and is ended\\n');
    process.kill(process.pid, 'SIGKILL');
  }, checkMs);
`;

export interface Watchdog {
  feed(): void;
}

/**
 * Ends the process with SIGKILL when it is not fed for `checkMs * missedMost`: whoever supervises it
 * starts it again, and the journal is made for that. Does not keep the process alive. It is fed by
 * every cycle that ends, also by one that came to no decision: a restart mends a loop that hangs, and
 * is worse than nothing for one that finds the same mistake again.
 */
export const startWatchdog = ({ checkMs = CHECK_MS, missedMost = MISSED_MOST } = {}): Watchdog => {
  const meals = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const counter = new Int32Array(meals);
  const workerData = { meals, checkMs, missedMost };
  new Worker(WATCH, { eval: true, workerData, resourceLimits: MEMORY, execArgv: [] }).unref();
  return {
    feed() {
      Atomics.add(counter, 0, 1);
    },
  };
};
