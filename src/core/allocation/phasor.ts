/**
 * Chargers between two lines. The current of a line is then the sum of currents at three angles:
 * those to the next line lead the line's own voltage by 30 degrees, those to the line before lag it
 * by 30, and cars between line and neutral (one, two or three phases) are in phase with it. The
 * magnitude of the sum must not exceed the limit. A disc is convex, so the polygon inside it that
 * is drawn through points of its rim is safe; every current lies in the sector of 60 degrees between
 * the first two, so only the chords of that sector matter. All their coefficients are positive: a
 * car that draws less than its offer never makes a sum larger. At the three angles themselves the
 * polygon touches the rim; between them it gives away at most 1 - cos(60 / CHORDS / 2 degrees).
 */
export const CHORDS = 6;

/** How a demand loads a line: index into the table of coefficients. */
const LEADS = 0;
const IN_PHASE = 1;
const LAGS = 2;

const RADIANS = Math.PI / 180;
const SECTOR_DEGREES = 60;
const SPACING_DEGREES = SECTOR_DEGREES / CHORDS;
const ANGLES_DEGREES = [SECTOR_DEGREES / 2, 0, -SECTOR_DEGREES / 2] as const;

/** Directions at right angles to the chords. */
const NORMALS_DEGREES = Array.from(
  { length: CHORDS },
  (_, k) => (k + 0.5) * SPACING_DEGREES - SECTOR_DEGREES / 2,
);
const REACH = Math.cos((SPACING_DEGREES / 2) * RADIANS);

/** By how a demand loads the line, then by chord: amps of the row per amp of the demand, at most 1. */
const COEFFICIENTS = ANGLES_DEGREES.map((angle) =>
  Float64Array.from(NORMALS_DEGREES, (normal) =>
    Math.min(1, Math.cos((angle - normal) * RADIANS) / REACH),
  ),
) as unknown as readonly [Float64Array, Float64Array, Float64Array];

/** Amps that a demand adds to one chord of a line, per amp; 0 when it does not load the line. */
const coefficientOf = (line: number, chord: number, mask: number, lineToLine: boolean): number => {
  if (((mask >> line) & 1) === 0) return 0;
  return COEFFICIENTS[lineToLine ? sideOf(line, mask) : IN_PHASE]![chord]!;
};

/** Between two lines, the one whose next line is the other leads. */
const sideOf = (line: number, mask: number): typeof LEADS | typeof LAGS =>
  ((mask >> ((line + 1) % 3)) & 1) === 1 ? LEADS : LAGS;

const LINE_TO_LINE = 8;
/** Ways in which a demand may be wired. */
export const WIRINGS = 2 * LINE_TO_LINE;

/** `mask` has bit p set for line p. */
export const wiringOf = (mask: number, lineToLine: boolean | undefined): number =>
  mask + (lineToLine === true ? LINE_TO_LINE : 0);

/** By `wiring`: amps that a demand adds to the chords of L1, then of L2, then of L3, per amp. */
const BY_WIRING: readonly Float64Array[] = Array.from({ length: WIRINGS }, (_, wiring) =>
  Float64Array.from({ length: 3 * CHORDS }, (_each, k) =>
    coefficientOf(
      Math.floor(k / CHORDS),
      k % CHORDS,
      wiring % LINE_TO_LINE,
      wiring >= LINE_TO_LINE,
    ),
  ),
);

export const chordCoefficients = (wiring: number): Float64Array => BY_WIRING[wiring]!;
