import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';

/** An alarm stays for so long after the last fault, and the log is told of a part no more often. */
const CALM_MS = 60_000;
/** Parts that are remembered by name; those of chargers are many. What is beyond them is counted. */
const PARTS_MOST = 100;
const STACK_LINES_MOST = 12;
const STACK_LINE_MOST = 200;
/** Of what was thrown, in an alarm. */
const PROBLEM_MOST = 120;

interface Fault {
  readonly problem: string;
  readonly lastAtMs: number;
  readonly toldAtMs: number;
  /** Since it was told last. */
  readonly untold: number;
}

/**
 * Faults of this program itself, part by part. A mistake in one part, or in what one charger sent,
 * is told and ends there: the process, with the links of all chargers, goes on. It is for steps that
 * leave nothing half done when they throw, and come again by themselves.
 */
export class Faults {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #strict: boolean;
  readonly #parts = new Map<string, Fault>();
  count = 0;

  /** `strict`: nothing is contained, since whoever looks for faults wants to fail of them. */
  constructor(clock: Clock, log: Log, strict = false) {
    this.#clock = clock;
    this.#log = log;
    this.#strict = strict;
  }

  /** Runs a step of a part; undefined when it threw. */
  contain<Result>(part: string, step: () => Result): Result | undefined {
    try {
      return step();
    } catch (error) {
      this.note(part, error);
      return undefined;
    }
  }

  /** Takes note of a fault that was caught; `part` says what failed, in words of the operator. */
  note(part: string, error: unknown): void {
    if (this.#strict) throw error;
    const nowMs = this.#clock.monotonicMs();
    this.count += 1;
    const { untold = 0, toldAtMs = Number.NEGATIVE_INFINITY } = this.#parts.get(part) ?? {};
    const fault = { problem: problemOf(error), lastAtMs: nowMs };
    if (nowMs - toldAtMs < CALM_MS) {
      this.#keep(part, { ...fault, toldAtMs, untold: untold + 1 });
      return;
    }
    if (!this.#keep(part, { ...fault, toldAtMs: nowMs, untold: 0 })) return;
    this.#log.error('fault of the gateway itself', { part, untold, stack: stackOf(error) });
  }

  /** Of the last minute. */
  alarms(): readonly string[] {
    const nowMs = this.#clock.monotonicMs();
    return [...this.#parts]
      .filter(([, { lastAtMs }]) => nowMs - lastAtMs < CALM_MS)
      .map(([part, { problem }]) => `Fault of the gateway itself, ${part}: ${problem}.`);
  }

  #keep(part: string, fault: Fault): boolean {
    if (this.#parts.size >= PARTS_MOST && !this.#parts.has(part)) {
      for (const [each, { lastAtMs }] of this.#parts) {
        if (fault.lastAtMs - lastAtMs >= CALM_MS) this.#parts.delete(each);
      }
      if (this.#parts.size >= PARTS_MOST) return false;
    }
    this.#parts.set(part, fault);
    return true;
  }
}

/** What was thrown, in one short line. */
export const problemOf = (error: unknown): string =>
  String(error).replace(/\s+/g, ' ').slice(0, PROBLEM_MOST);

/** Where it was thrown, in lines that a log can take. */
const stackOf = (error: unknown): readonly string[] => {
  const stack = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  const lines = stack.split('\n').slice(0, STACK_LINES_MOST);
  return lines.map((line) => line.trim().slice(0, STACK_LINE_MOST));
};
