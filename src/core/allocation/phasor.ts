/**
 * Chargers between two lines. The current of a line is then the sum of currents at three angles:
 * those to the next line lead the line's own voltage by 30 degrees, those to the line before lag it
 * by 30, and cars between line and neutral (one, two or three phases) are in phase with it. The
 * magnitude of the sum must not exceed the limit. So the sum is kept as two numbers: what is measured
 * across the chords from a current that leads to one in phase, and from there to one that lags. A
 * current on one of the three angles counts with all its amps on the chords that end there, and every
 * current adds to both: a car that draws less than its offer never makes the magnitude larger.
 */
export const CHORDS = 2;

/** Across the other chord a current counts with this share: cos 45 / cos 15 degrees. */
const FAR_SHARE = Math.sqrt(3) - 1;
/** cot 15 degrees: how much a difference of the two says of the current across the voltage. */
const STEEPNESS = 2 + Math.sqrt(3);

/** Amps on each chord per amp of a demand, by how it loads the line. */
const LEADS = [1, FAR_SHARE] as const;
const IN_PHASE = [1, 1] as const;
const LAGS = [FAR_SHARE, 1] as const;
const NOTHING = [0, 0] as const;

const loadOf = (line: number, mask: number, lineToLine: boolean): readonly [number, number] => {
  if (((mask >> line) & 1) === 0) return NOTHING;
  if (!lineToLine) return IN_PHASE;
  // Between two lines, the one whose next line is the other leads.
  return ((mask >> ((line + 1) % 3)) & 1) === 1 ? LEADS : LAGS;
};

const LINE_TO_LINE = 8;
/** Ways in which a demand may be wired. */
export const WIRINGS = 2 * LINE_TO_LINE;

/** `mask` has bit p set for line p. */
export const wiringOf = (mask: number, lineToLine: boolean | undefined): number =>
  mask + (lineToLine === true ? LINE_TO_LINE : 0);

/** By `wiring`: amps that a demand adds to the chords of L1, then of L2, then of L3, per amp. */
const BY_WIRING: readonly Float64Array[] = Array.from({ length: WIRINGS }, (_, wiring) =>
  Float64Array.from(
    [0, 1, 2].flatMap((line) => loadOf(line, wiring % LINE_TO_LINE, wiring >= LINE_TO_LINE)),
  ),
);

export const chordsOf = (wiring: number): Float64Array => BY_WIRING[wiring]!;

/** Amps of a line, from what is measured across its two chords. */
export const magnitude = (ahead: number, behind: number): number =>
  length((ahead + behind) / 2, ((ahead - behind) / 2) * STEEPNESS);

/** Math.hypot guards against overflow, which amps do not need, at many times the cost. */
const length = (x: number, y: number): number => Math.sqrt(x * x + y * y);

/**
 * How far a current may grow, by so much across each chord per unit, until its magnitude is at the
 * limit; below zero when it is beyond.
 */
export const reach = (
  limit: number,
  ahead: number,
  behind: number,
  growthAhead: number,
  growthBehind: number,
): number => {
  const x = (ahead + behind) / 2;
  const y = ((ahead - behind) / 2) * STEEPNESS;
  const growthX = (growthAhead + growthBehind) / 2;
  const growthY = ((growthAhead - growthBehind) / 2) * STEEPNESS;
  const growth = growthX * growthX + growthY * growthY;
  const before = length(x, y);
  if (before >= limit) return (limit - before) / Math.sqrt(growth);
  const left = (limit - before) * (limit + before);
  // A limit so small that its square is nothing.
  if (left === 0) return 0;
  const along = x * growthX + y * growthY;
  // The root that is not a difference of two large numbers.
  return left / (along + Math.sqrt(along * along + growth * left));
};
