const DAY_MS = 24 * 60 * 60_000;
const WEEK_MS = 7 * DAY_MS;
/** How far to each side of an instant a stretch of equal offset is searched. */
const SEARCH_WEEKS = 27;
/** Stretches that are kept; a year has two or three. */
const SPANS_MOST = 64;

/** Instants from..to have the same offset; at `toMs` it may be another. */
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly offsetMs: number;
}

const covers = ({ fromMs, toMs }: Span, atMs: number): boolean => fromMs <= atMs && atMs < toMs;

/** Local time of one IANA zone. Keeps the offsets it has looked up; make one per site. */
export class Zone {
  readonly #format: Intl.DateTimeFormat;
  #spans: readonly Span[] = [];
  #latest: Span | undefined;

  /** Throws RangeError for an unknown zone. */
  constructor(timezone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      timeZoneName: 'longOffset',
    });
  }

  /** Local minus UTC, ms. */
  offsetMs(atMs: number): number {
    return this.#span(atMs).offsetMs;
  }

  /** Local wall-clock time as if it were UTC, ms. */
  toLocal(atMs: number): number {
    return atMs + this.#span(atMs).offsetMs;
  }

  /** The offset does not change between `atMs` and this later instant. */
  steadyUntilMs(atMs: number): number {
    return this.#span(atMs).toMs;
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

  #span(atMs: number): Span {
    if (this.#latest !== undefined && covers(this.#latest, atMs)) return this.#latest;
    const known = this.#spans.find((span) => covers(span, atMs));
    const span = known ?? this.#explore(atMs);
    if (known === undefined) this.#spans = [span, ...this.#spans].slice(0, SPANS_MOST);
    this.#latest = span;
    return span;
  }

  /** Changes of the offset lie more than a week apart, so weekly steps do not miss one. */
  #explore(atMs: number): Span {
    const offsetMs = this.#lookUp(atMs);
    const edge = (step: number): number => {
      let sameMs = Math.floor(atMs / 1000) * 1000;
      for (let weeks = 0; weeks < SEARCH_WEEKS; weeks += 1) {
        const nextMs = sameMs + step * WEEK_MS;
        if (this.#lookUp(nextMs) !== offsetMs) return this.#bisect(sameMs, nextMs, offsetMs);
        sameMs = nextMs;
      }
      return sameMs;
    };
    return { fromMs: edge(-1), toMs: edge(1), offsetMs };
  }

  /** First second of the later side of the change between the two. */
  #bisect(sameMs: number, otherMs: number, offsetMs: number): number {
    let same = sameMs / 1000;
    let other = otherMs / 1000;
    while (Math.abs(other - same) > 1) {
      const middle = Math.floor((same + other) / 2);
      if (this.#lookUp(middle * 1000) === offsetMs) same = middle;
      else other = middle;
    }
    return Math.max(same, other) * 1000;
  }

  /** The format ends in "GMT+10:30", or "GMT" for none. */
  #lookUp(atMs: number): number {
    const match = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(this.#format.format(atMs));
    if (match?.[1] === undefined) return 0;
    const [, sign, hours, minutes, seconds = '0'] = match;
    const size = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
    return sign === '-' ? -size : size;
  }
}
