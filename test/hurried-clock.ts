import type { Clock } from '../src/core/time.ts';

/** Waits pass at once and are noted; what happens on sockets takes no time. */
export class HurriedClock implements Clock {
  readonly waitsMs: number[] = [];
  nowMs = 0;

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return this.nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    this.waitsMs.push(delayMs);
    const soon = setImmediate(() => {
      this.nowMs += delayMs;
      run();
    });
    return () => clearImmediate(soon);
  }
}
