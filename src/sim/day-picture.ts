import type { Site } from '../core/site.ts';
import type { PlannedStep } from './planned-site.ts';

const DAY_MS = 24 * 3_600_000;
/** Steps are merged into pieces of this length; of amps the largest counts, of draws the mean. */
const PIECE_MS = 5 * 60_000;
const PIECES = DAY_MS / PIECE_MS;
const WIDTH = 960;
const LEFT = 90;
const CHART_HEIGHT = 240;
const ROW_HEIGHT = 14;
const ROWS_MOST = 120;
const TOP = 48;
const PHASE_COLORS = ['#8d6e63', '#263238', '#78909c'] as const;

interface Piece {
  readonly amps: [number, number, number];
  othersAmps: number;
  limitAmps: number;
  readonly drawn: Map<string, { sum: number; count: number }>;
}

/** Keeps the day with the largest draw of cars, and draws it as SVG. */
export class DayPicture {
  readonly #site: Site;
  #day = -1;
  #pieces: (Piece | undefined)[] = [];
  #total = 0;
  #best: { readonly day: number; readonly pieces: readonly (Piece | undefined)[] } | undefined;
  #bestTotal = -1;

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
    const [root] = step.circuits;
    if (root === undefined) return;
    const piece = this.#pieces[at] ?? {
      amps: [0, 0, 0],
      othersAmps: 0,
      limitAmps: Number.POSITIVE_INFINITY,
      drawn: new Map(),
    };
    this.#pieces[at] = piece;
    for (const p of [0, 1, 2] as const) piece.amps[p] = Math.max(piece.amps[p], root.amps[p]);
    piece.othersAmps = Math.max(piece.othersAmps, ...root.othersAmps);
    piece.limitAmps = Math.min(piece.limitAmps, ...root.limitAmps);
    for (const [charger, amps] of step.drawn) {
      const known = piece.drawn.get(charger) ?? { sum: 0, count: 0 };
      piece.drawn.set(charger, { sum: known.sum + amps, count: known.count + 1 });
      this.#total += amps;
    }
  }

  /** The picture of the busiest day so far. */
  svg(title: string): string {
    this.#close();
    const { pieces = [], day = 0 } = this.#best ?? {};
    const chargers = this.#site.chargers.slice(0, ROWS_MOST);
    const rowsTop = TOP + CHART_HEIGHT + 40;
    const height = rowsTop + chargers.length * ROW_HEIGHT + 30;
    const fuse = Math.min(...(this.#site.circuits[0]?.limitAmps ?? [1]));
    const most = Math.max(fuse, ...pieces.flatMap((piece) => piece?.amps ?? [])) * 1.1;
    const body = [
      text(LEFT, 20, `${title}: day ${day + 1}`, 'font-weight="bold"'),
      text(LEFT, 36, 'amps per phase (L1 brown, L2 black, L3 grey), building shaded, limit red'),
      grid(most),
      others(pieces, most),
      ...PHASE_COLORS.map((color, p) => line(pieces, most, (piece) => piece.amps[p] ?? 0, color)),
      line(pieces, most, (piece) => piece.limitAmps, '#d32f2f', 2),
      ...chargers.map(({ id, maxAmps }, i) => row(id, maxAmps, pieces, rowsTop + i * ROW_HEIGHT)),
      text(LEFT, height - 8, 'who got what: the darker, the nearer to the rating; marked: waits'),
    ];
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH + 20} ${height}" font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="#fff"/>${body.join('')}</svg>\n`;
  }

  #close(): void {
    if (this.#day >= 0 && this.#total > this.#bestTotal) {
      this.#best = { day: this.#day, pieces: this.#pieces };
      this.#bestTotal = this.#total;
    }
    this.#pieces = [];
    this.#total = 0;
    this.#day = -1;
  }
}

const x = (piece: number): number => Math.round((LEFT + (piece / PIECES) * WIDTH) * 10) / 10;
const y = (amps: number, most: number): number =>
  Math.round((TOP + CHART_HEIGHT * (1 - amps / most)) * 10) / 10;

const escaped = (value: string): string =>
  value.replace(/[<>&"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const text = (atX: number, atY: number, value: string, more = ''): string =>
  `<text x="${atX}" y="${atY}" ${more}>${escaped(value)}</text>`;

const grid = (most: number): string => {
  const hours = Array.from({ length: 9 }, (_, i) => i * 3).map((hour) => {
    const at = x((hour / 24) * PIECES);
    return `<path d="M${at} ${TOP}V${TOP + CHART_HEIGHT}" stroke="#eceff1"/>${text(at - 12, TOP + CHART_HEIGHT + 16, `${String(hour).padStart(2, '0')}:00`)}`;
  });
  const step = Math.max(5, Math.ceil(most / 6 / 5) * 5);
  const levels = Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step).map(
    (amps) =>
      `<path d="M${LEFT} ${y(amps, most)}h${WIDTH}" stroke="#eceff1"/>${text(LEFT - 40, y(amps, most) + 4, `${amps} A`)}`,
  );
  return [...hours, ...levels].join('');
};

/** Pieces without anybody have no line; one move command begins each stretch. */
const line = (
  pieces: readonly (Piece | undefined)[],
  most: number,
  amps: (piece: Piece) => number,
  color: string,
  width = 1.2,
): string => {
  let open = false;
  let path = '';
  for (let i = 0; i < PIECES; i += 1) {
    const piece = pieces[i];
    if (piece !== undefined) path += `${open ? 'L' : 'M'}${x(i)} ${y(amps(piece), most)}`;
    open = piece !== undefined;
  }
  return `<path d="${path}" fill="none" stroke="${color}" stroke-width="${width}"/>`;
};

const others = (pieces: readonly (Piece | undefined)[], most: number): string =>
  pieces
    .map((piece, i) => {
      if (piece === undefined || piece.othersAmps <= 0) return '';
      const top = y(piece.othersAmps, most);
      const height = Math.round((TOP + CHART_HEIGHT - top) * 10) / 10;
      return `<rect x="${x(i)}" y="${top}" width="${WIDTH / PIECES + 0.3}" height="${height}" fill="#cfd8dc"/>`;
    })
    .join('');

const row = (
  id: string,
  maxAmps: number,
  pieces: readonly (Piece | undefined)[],
  top: number,
): string => {
  const cells = pieces.map((piece, i) => {
    const drawn = piece?.drawn.get(id);
    if (drawn === undefined) return '';
    const share = Math.min(1, drawn.sum / drawn.count / Math.max(1, maxAmps));
    const fill = share < 0.01 ? '#ffe0b2' : '#1565c0';
    const opacity = share < 0.01 ? 1 : Math.round((0.25 + 0.75 * share) * 100) / 100;
    return `<rect x="${x(i)}" y="${top}" width="${WIDTH / PIECES + 0.3}" height="${ROW_HEIGHT - 3}" fill="${fill}" fill-opacity="${opacity}"/>`;
  });
  return `${text(4, top + 9, id.slice(0, 14))}${cells.join('')}`;
};
