import type { Cancel, Clock } from '../core/time.ts';

/** The machine's clocks. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  /** What arrived before a wait was over is heard first, also when the machine stopped us meanwhile. */
  after(delayMs: number, run: () => void): Cancel {
    let immediate: NodeJS.Immediate | undefined;
    const timer = setTimeout(() => {
      // Timers run before sockets are read: an answer that is there would count as silence.
      immediate = setImmediate(run);
    }, delayMs);
    return () => {
      clearTimeout(timer);
      clearImmediate(immediate);
    };
  },
};
