/** The three phases of a site, always in the site's order (L1, L2, L3). */
export const PHASES = ['L1', 'L2', 'L3'] as const;
export type Phase = (typeof PHASES)[number];

/** One number per site phase, in amps. */
export type PhaseAmps = readonly [number, number, number];
/** One number per site phase, in watts; positive is import. */
export type PhaseWatts = readonly [number, number, number];

export const NO_AMPS: PhaseAmps = [0, 0, 0];

/** Amps below this are numeric noise, never a real difference. */
export const AMPS_EPSILON = 1e-6;

export const mapPhases = (f: (phase: 0 | 1 | 2) => number): PhaseAmps => [f(0), f(1), f(2)];
export const addAmps = (a: PhaseAmps, b: PhaseAmps): PhaseAmps => mapPhases((p) => a[p] + b[p]);
export const subtractAmps = (a: PhaseAmps, b: PhaseAmps): PhaseAmps =>
  mapPhases((p) => a[p] - b[p]);
export const sumAmps = ([l1, l2, l3]: PhaseAmps): number => l1 + l2 + l3;
export const minAmps = (a: PhaseAmps, b: PhaseAmps): PhaseAmps =>
  mapPhases((p) => Math.min(a[p], b[p]));
export const maxAmps = (a: PhaseAmps, b: PhaseAmps): PhaseAmps =>
  mapPhases((p) => Math.max(a[p], b[p]));
export const sameAmps = (amps: number): PhaseAmps => [amps, amps, amps];
export const clamp = (value: number, low: number, high: number): number =>
  Math.min(Math.max(value, low), high);
