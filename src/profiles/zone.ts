const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Offsets change on quarters of an hour at the finest, anywhere in the world. */
const BUCKET_MS = 15 * MINUTE_MS;
const CACHE_MOST = 4_096;

/** Local time of one IANA zone. Keeps the offsets it has looked up; make one per site. */
export class Zone {
  readonly #format: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();

  /** Throws RangeError for an unknown zone. */
  constructor(timezone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** Local minus UTC, ms. */
  offsetMs(atMs: number): number {
    const bucket = Math.floor(atMs / BUCKET_MS);
    const known = this.#offsets.get(bucket);
    if (known !== undefined) return known;
    const offset = this.#lookUp(bucket * BUCKET_MS);
    if (this.#offsets.size >= CACHE_MOST) this.#offsets.clear();
    this.#offsets.set(bucket, offset);
    return offset;
  }

  /** Local wall-clock time as if it were UTC, ms. */
  toLocal(atMs: number): number {
    return atMs + this.offsetMs(atMs);
  }

  /** The instant of a local time; one that was skipped is moved forward, of two the first. */
  toInstant(localMs: number): number {
    const before = localMs - this.offsetMs(localMs - DAY_MS);
    const after = localMs - this.offsetMs(localMs + DAY_MS);
    if (this.toLocal(before) === localMs && this.toLocal(after) === localMs) {
      return Math.min(before, after);
    }
    if (this.toLocal(before) === localMs) return before;
    return this.toLocal(after) === localMs ? after : before;
  }

  /** The latest instant at or before `atMs` with the local time of day (and weekday) of `anchorMs`. */
  lastOccurrence(anchorMs: number, atMs: number, everyDays: 1 | 7): number {
    const stepMs = everyDays * DAY_MS;
    const anchorLocal = this.toLocal(anchorMs);
    const nowLocal = this.toLocal(atMs);
    let steps = Math.floor((nowLocal - anchorLocal) / stepMs) + 1;
    for (;;) {
      const instant = this.toInstant(anchorLocal + steps * stepMs);
      if (instant <= atMs) return instant;
      steps -= 1;
    }
  }

  /** The next one after `atMs`. */
  nextOccurrence(anchorMs: number, atMs: number, everyDays: 1 | 7): number {
    const stepMs = everyDays * DAY_MS;
    const anchorLocal = this.toLocal(anchorMs);
    let steps = Math.floor((this.toLocal(atMs) - anchorLocal) / stepMs);
    for (;;) {
      const instant = this.toInstant(anchorLocal + steps * stepMs);
      if (instant > atMs) return instant;
      steps += 1;
    }
  }

  #lookUp(atMs: number): number {
    const parts = new Map(
      this.#format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]),
    );
    const local = Date.UTC(
      parts.get('year') ?? 1970,
      (parts.get('month') ?? 1) - 1,
      parts.get('day') ?? 1,
      parts.get('hour') ?? 0,
      parts.get('minute') ?? 0,
      parts.get('second') ?? 0,
    );
    return local - Math.floor(atMs / 1000) * 1000;
  }
}
