import { ADMITTED } from './admit.ts';
import { EventHeap } from './event-heap.ts';
import { ROWS_PER_CIRCUIT, type Rows, WATTS_ROW } from './rows.ts';

export interface Filled {
  /** Amps per phase of each demand; 0 for those not admitted. */
  readonly amps: Float64Array;
  /** Row that stopped each demand; `AT_MAXIMUM` when it got all it can take. */
  readonly bottleneck: Int32Array;
}
export const AT_MAXIMUM = -1;

const WAITING = 0;
const GROWING = 1;
const FROZEN = 2;
/** Levels closer than this are the same level. */
const LEVEL_EPSILON = 1e-12;

/**
 * Exact weighted max-min fairness on the tree by progressive filling (Bertsekas & Gallager, Data
 * Networks, §6.5.2): every admitted demand holds clamp(weight * level, min, max) while the level
 * rises from zero; a row that is full freezes everybody who still grows on it. Each event (a demand
 * begins to grow, reaches its maximum, a row fills up) is taken from a heap once.
 */
export const fill = (rows: Rows, verdicts: Int32Array): Filled => new Filling(rows, verdicts).run();

class Filling {
  readonly #rows: Rows;
  readonly #heap: EventHeap;
  readonly #state: Uint8Array;
  readonly #amps: Float64Array;
  readonly #bottleneck: Int32Array;
  /** Amps or watts of the frozen and waiting demands on each row, and slope of the growing ones. */
  readonly #fixed: Float64Array;
  readonly #slope: Float64Array;
  readonly #full: Uint8Array;
  /** Level of the earliest event of each row in the heap; later ones need not be there. */
  readonly #scheduled: Float64Array;
  readonly #count: number;

  constructor(rows: Rows, verdicts: Int32Array) {
    const { demands, circuits } = rows.problem;
    const rowCount = circuits.length * ROWS_PER_CIRCUIT;
    this.#rows = rows;
    this.#count = demands.length;
    this.#heap = new EventHeap(demands.length * 2 + rowCount * 2);
    this.#state = new Uint8Array(demands.length);
    this.#amps = new Float64Array(demands.length);
    this.#bottleneck = new Int32Array(demands.length).fill(AT_MAXIMUM);
    this.#fixed = new Float64Array(rowCount);
    this.#slope = new Float64Array(rowCount);
    this.#full = new Uint8Array(rowCount);
    this.#scheduled = new Float64Array(rowCount).fill(Number.POSITIVE_INFINITY);
    demands.forEach(({ minAmps, weight }, index) => {
      if (verdicts[index] !== ADMITTED) {
        this.#state[index] = FROZEN;
        return;
      }
      this.#amps[index] = minAmps;
      this.#shift(index, minAmps, 0);
      this.#heap.push(minAmps / weight, index);
    });
  }

  /** Events 0..n-1: a demand begins to grow. n..2n-1: it is at its maximum. From 2n: a row. */
  run(): Filled {
    const n = this.#count;
    while (this.#heap.size > 0) {
      const level = this.#heap.topKey;
      const event = this.#heap.pop();
      if (event < n) this.#begin(event, level);
      else if (event < 2 * n) this.#finish(event - n);
      else this.#rowEvent(event - 2 * n, level);
    }
    return { amps: this.#amps, bottleneck: this.#bottleneck };
  }

  #begin(index: number, level: number): void {
    if (this.#state[index] !== WAITING) return;
    const { minAmps, maxAmps, weight, circuit } = this.#rows.problem.demands[index]!;
    this.#state[index] = GROWING;
    this.#shift(index, -minAmps, weight);
    this.#heap.push(maxAmps / weight, this.#count + index);
    for (let c = circuit; c >= 0; c = this.#rows.parents[c]!) {
      const base = c * ROWS_PER_CIRCUIT;
      for (let r = 0; r < ROWS_PER_CIRCUIT; r += 1) this.#schedule(base + r, level);
    }
  }

  #finish(index: number): void {
    if (this.#state[index] !== GROWING) return;
    this.#freeze(index, this.#rows.problem.demands[index]!.maxAmps, AT_MAXIMUM);
  }

  /** A row may fill up later than was thought when it was scheduled: demands reached their maximum. */
  #rowEvent(row: number, level: number): void {
    if (this.#full[row] === 1) return;
    this.#scheduled[row] = Number.POSITIVE_INFINITY;
    const fullAt = this.#fullAt(row);
    if (fullAt > level + LEVEL_EPSILON * Math.max(1, level)) {
      this.#schedule(row, level);
      return;
    }
    this.#full[row] = 1;
    const circuit = Math.floor(row / ROWS_PER_CIRCUIT);
    const kind = row % ROWS_PER_CIRCUIT;
    const { demands } = this.#rows.problem;
    for (const index of this.#rows.below[circuit]!) {
      if (this.#state[index] === FROZEN) continue;
      const demand = demands[index]!;
      if (kind !== WATTS_ROW && (this.#rows.masks[index]! & (1 << kind)) === 0) continue;
      const amps =
        this.#state[index] === GROWING
          ? Math.min(demand.maxAmps, Math.max(demand.minAmps, demand.weight * level))
          : demand.minAmps;
      this.#freeze(index, amps, row);
    }
  }

  #freeze(index: number, amps: number, bottleneck: number): void {
    const { minAmps, weight } = this.#rows.problem.demands[index]!;
    if (this.#state[index] === GROWING) this.#shift(index, amps, -weight);
    else this.#shift(index, amps - minAmps, 0);
    this.#state[index] = FROZEN;
    this.#amps[index] = amps;
    this.#bottleneck[index] = bottleneck;
  }

  /** Moves a demand's share of every row above it. */
  #shift(index: number, fixedAmps: number, slope: number): void {
    const { masks, leaves, parents, wattsPerAmp } = this.#rows;
    const fixed = this.#fixed;
    const slopes = this.#slope;
    const mask = masks[index]!;
    const watts = wattsPerAmp[index]!;
    for (let c = leaves[index]!; c >= 0; c = parents[c]!) {
      const base = c * ROWS_PER_CIRCUIT;
      for (let p = 0; p < WATTS_ROW; p += 1) {
        if ((mask & (1 << p)) === 0) continue;
        fixed[base + p]! += fixedAmps;
        slopes[base + p]! += slope;
      }
      fixed[base + WATTS_ROW]! += fixedAmps * watts;
      slopes[base + WATTS_ROW]! += slope * watts;
    }
  }

  #schedule(row: number, level: number): void {
    const fullAt = this.#fullAt(row);
    if (this.#full[row] === 1 || fullAt >= this.#scheduled[row]!) return;
    this.#scheduled[row] = fullAt;
    this.#heap.push(Math.max(level, fullAt), 2 * this.#count + row);
  }

  #fullAt(row: number): number {
    const slope = this.#slope[row]!;
    if (slope <= LEVEL_EPSILON) return Number.POSITIVE_INFINITY;
    return (this.#rows.limits[row]! - this.#fixed[row]!) / slope;
  }
}
