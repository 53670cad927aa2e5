/** A process that is restarted for a fault has run for so long, unless it is told to stop before. */
const UPTIME_LEAST_MS = 10 * 60_000;

/**
 * The last resort for an error that no part of the program caught. The process goes on: links, journal
 * and control that are sound stay up. What threw may have stopped for good, so the process is also
 * restarted in good order; at once, but after a start not before `uptimeLeastMs` have passed: a fault
 * that comes back with every start costs the links every ten minutes, not every two seconds.
 */
export const surviveUncaught = ({
  caught,
  restart,
  uptimeLeastMs = UPTIME_LEAST_MS,
}: {
  readonly caught: (error: unknown) => void;
  readonly restart: () => void;
  readonly uptimeLeastMs?: number;
}): void => {
  let due = false;
  const take = (error: unknown): void => {
    caught(error);
    if (due) return;
    due = true;
    setTimeout(restart, Math.max(0, uptimeLeastMs - performance.now())).unref();
  };
  process.on('uncaughtException', take);
  process.on('unhandledRejection', take);
};
