import type { Site } from '../../core/site.ts';
import type { ConnectorKey } from '../../core/tick.ts';
import {
  type DayPieces,
  drawnDay,
  PIECES_OF_A_DAY,
  type Piece,
  type PieceOfStay,
} from './day-drawing.ts';
import type { PlannedStep } from './planned-site.ts';

const DAY_MS = 24 * 3_600_000;
/** Steps are merged into pieces of this length; of amps the largest counts, of draws the mean. */
const PIECE_MS = DAY_MS / PIECES_OF_A_DAY;

interface Day {
  readonly day: number;
  readonly pieces: DayPieces;
  readonly deliveredWh: ReadonlyMap<ConnectorKey, number>;
}

/** Keeps the day on which the cars took most, and draws it as SVG. */
export class DayPicture {
  readonly #site: Site;
  #day = -1;
  #pieces: (Piece | undefined)[] = [];
  #deliveredWh = new Map<ConnectorKey, number>();
  #best: Day = { day: 0, pieces: [], deliveredWh: new Map() };
  #bestWh = -1;

  constructor(site: Site) {
    this.#site = site;
  }

  add(step: PlannedStep): void {
    const day = Math.floor(step.atMs / DAY_MS);
    if (day !== this.#day) {
      this.#close();
      this.#day = day;
    }
    const at = Math.floor((step.atMs % DAY_MS) / PIECE_MS);
    const piece = this.#pieces[at] ?? newPiece(this.#site);
    this.#pieces[at] = piece;
    step.circuits.forEach(({ amps, othersAmps, limitAmps }, i) => {
      const of = piece.circuits[i];
      if (of === undefined) return;
      for (const p of [0, 1, 2] as const) of.amps[p] = Math.max(of.amps[p], amps[p]);
      of.othersAmps = Math.max(of.othersAmps, ...othersAmps);
      of.limitAmps = Math.min(of.limitAmps, ...limitAmps);
    });
    for (const [key, { amps, wh, full }] of step.stays) {
      const stay: PieceOfStay = piece.stays.get(key) ?? { sumAmps: 0, steps: 0, full };
      piece.stays.set(key, { sumAmps: stay.sumAmps + amps, steps: stay.steps + 1, full });
      this.#deliveredWh.set(key, (this.#deliveredWh.get(key) ?? 0) + wh);
    }
  }

  /** The picture of the busiest day so far. */
  svg(title: string): string {
    this.#close();
    const { day, pieces, deliveredWh } = this.#best;
    return drawnDay(this.#site, `${title}: day ${day + 1}`, pieces, deliveredWh);
  }

  #close(): void {
    const totalWh = [...this.#deliveredWh.values()].reduce((sum, wh) => sum + wh, 0);
    if (this.#day >= 0 && totalWh > this.#bestWh) {
      this.#best = { day: this.#day, pieces: this.#pieces, deliveredWh: this.#deliveredWh };
      this.#bestWh = totalWh;
    }
    this.#pieces = [];
    this.#deliveredWh = new Map();
    this.#day = -1;
  }
}

const newPiece = (site: Site): Piece => ({
  circuits: site.circuits.map(() => ({
    amps: [0, 0, 0],
    othersAmps: 0,
    limitAmps: Number.POSITIVE_INFINITY,
  })),
  stays: new Map(),
});
