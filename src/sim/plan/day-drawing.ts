import type { ChargerSpec, Circuit, Site } from '../../core/site.ts';
import { type ConnectorKey, connectorKey } from '../../core/tick.ts';

/** What happened in a few minutes: the largest amps of each circuit, the mean draw of each car. */
export interface Piece {
  readonly circuits: readonly PieceOfCircuit[];
  readonly stays: Map<ConnectorKey, PieceOfStay>;
}
export interface PieceOfCircuit {
  readonly amps: [number, number, number];
  othersAmps: number;
  limitAmps: number;
}
export interface PieceOfStay {
  readonly sumAmps: number;
  readonly steps: number;
  readonly full: boolean;
}
/** By time of day, each as long as the others. */
export const PIECES_OF_A_DAY = 288;
export type DayPieces = readonly (Piece | undefined)[];

const HOURS = 24;
const WIDTH = 960;
const LEFT = 110;
const RIGHT = 110;
const TOP = 30;
const CHART_HEIGHT = 180;
/** Title above a chart, hours below it. */
const CHART_HEAD = 22;
const CHART_FOOT = 38;
const HOURS_BELOW = 18;
/** Where lines lie upon one another each still shows beside the next. */
const LINE_WIDTHS = [4, 2.3, 1.1] as const;
/** Pieces without a car that leave room for a word. */
const GAP_PIECES = 24;
const ROW_HEIGHT = 14;
const ROWS_MOST = 120;
/** The feeder, and of the others those that come nearest to their limit. */
const CHARTS_MOST = 4;
/** Below this share of its rating a car takes nothing. */
const NOTHING_SHARE = 0.01;
const PHASES = [
  { name: 'L1', color: '#8d6e63' },
  { name: 'L2', color: '#263238' },
  { name: 'L3', color: '#2e9d8f' },
] as const;
const LIMIT_COLOR = '#d32f2f';
const OTHERS_COLOR = '#cfd8dc';
const CHARGES_COLORS = [
  '#c5d9f0',
  '#b1cbea',
  '#9cbee4',
  '#88b0de',
  '#74a2d8',
  '#6095d2',
  '#4c87cc',
  '#387ac6',
  '#2370c3',
  '#1565c0',
] as const;
const CHARGES_COLOR = '#1565c0';
const WAITS_COLOR = '#ffb74d';
const FULL_COLOR = '#eceff1';

/** One day as SVG: circuits against their limits, then who charged, who waited, who was full. */
export const drawnDay = (
  site: Site,
  title: string,
  pieces: DayPieces,
  deliveredWh: ReadonlyMap<ConnectorKey, number>,
): string => {
  const charts = chartsOf(site, pieces);
  const chartRoom = CHART_HEAD + CHART_HEIGHT + CHART_FOOT;
  const rowsTop = TOP + charts.length * chartRoom + CHART_HEAD;
  const all = site.chargers.flatMap(placesOf);
  const places = all.slice(0, ROWS_MOST);
  const height = rowsTop + places.length * ROW_HEIGHT + 30;
  const left = all.length - places.length;
  const body = [
    text(LEFT, 18, title, 'font-weight="bold" font-size="13"'),
    ...charts.map((index, i) => chart(site, index, pieces, TOP + i * chartRoom)),
    chargersHead(rowsTop - 8),
    ...places.map(({ key, name, maxAmps }, i) => {
      const wh = deliveredWh.get(key) ?? 0;
      return row({ key, name, maxAmps, pieces, top: rowsTop + i * ROW_HEIGHT, wh });
    }),
    hours(rowsTop, places.length * ROW_HEIGHT),
    left > 0 ? text(LEFT + WIDTH - 200, height - 4, `and ${left} connectors more`) : '',
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH + RIGHT} ${height}" font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="#fff"/>${body.join('')}</svg>\n`;
};

/** Every connector of a charger; the only one goes by the name of the charger. */
const placesOf = ({ id, connectors, maxAmps }: ChargerSpec) =>
  Array.from({ length: connectors }, (_, i) => {
    const key = connectorKey(id, i + 1);
    return { key, name: connectors === 1 ? id : key, maxAmps };
  });

/** Indexes of the circuits that are drawn. */
const chartsOf = (site: Site, pieces: DayPieces): readonly number[] => {
  const nearness = (index: number): number =>
    Math.max(
      ...pieces.map((piece) => {
        const { amps = [0, 0, 0], limitAmps = 1 } = piece?.circuits[index] ?? {};
        return Math.max(...amps) / Math.max(1, limitAmps);
      }),
      0,
    );
  const others = site.circuits
    .map((_circuit, index) => ({ index, nearness: nearness(index) }))
    .slice(1)
    .sort((a, b) => b.nearness - a.nearness)
    .slice(0, CHARTS_MOST - 1)
    .map(({ index }) => index);
  return [0, ...others.sort((a, b) => a - b)];
};

const chart = (site: Site, index: number, pieces: DayPieces, top: number): string => {
  const circuit = site.circuits[index];
  if (circuit === undefined) return '';
  const of = pieces.map((piece) => piece?.circuits[index]);
  const fuse = Math.min(...circuit.limitAmps);
  const most = Math.max(fuse, ...of.flatMap((piece) => piece?.amps ?? [])) * 1.1;
  const plot: Plot = { top: top + CHART_HEAD, most, pieces: of };
  return [
    chartHead(circuit, fuse, of, top),
    others(plot),
    levels(plot),
    hours(plot.top, CHART_HEIGHT),
    ...PHASES.map(({ color }, p) =>
      line(plot, (piece) => piece.amps[p] ?? 0, color, LINE_WIDTHS[p] ?? 1),
    ),
    line(plot, (piece) => piece.limitAmps, LIMIT_COLOR, 2),
    gaps(plot),
  ].join('');
};

/** Where and how large the lines of one circuit are drawn. */
interface Plot {
  readonly top: number;
  readonly most: number;
  readonly pieces: readonly (PieceOfCircuit | undefined)[];
}

const chartHead = ({ id }: Circuit, fuse: number, pieces: Plot['pieces'], top: number): string => {
  const loaded = pieces.some((piece) => (piece?.othersAmps ?? 0) > 0);
  const legend = [
    ...PHASES.map(({ name, color }) => ({ name, color })),
    { name: 'limit', color: LIMIT_COLOR },
    ...(loaded ? [{ name: 'building', color: OTHERS_COLOR }] : []),
  ];
  return `${text(LEFT, top + 14, `${id}: amps, limit ${fuse} A`)}${swatches(legend, top + 14)}`;
};

const chargersHead = (atY: number): string => {
  const legend = [
    { name: 'charges (dark: near the rating)', color: CHARGES_COLOR },
    { name: 'waits', color: WAITS_COLOR },
    { name: 'has what it wants', color: FULL_COLOR },
  ];
  const delivered = text(LEFT + WIDTH + 8, atY, 'delivered');
  return `${text(LEFT, atY, 'who got what')}${swatches(legend, atY)}${delivered}`;
};

const LEGEND_LEFT = LEFT + 260;
const swatches = (
  legend: readonly { readonly name: string; readonly color: string }[],
  atY: number,
): string => {
  let at = LEGEND_LEFT;
  return legend
    .map(({ name, color }) => {
      const swatch = rect({ x: at, y: atY - 9, width: 14, height: 10, fill: color });
      const label = text(at + 19, atY, name);
      at += 40 + name.length * 6;
      return `${swatch}${label}`;
    })
    .join('');
};

const x = (share: number): number => tenths(LEFT + share * WIDTH);
const y = ({ top, most }: Plot, amps: number): number =>
  tenths(top + CHART_HEIGHT * (1 - amps / most));
const tenths = (value: number): number => Math.round(value * 10) / 10;

const hours = (top: number, height: number): string =>
  Array.from({ length: HOURS / 3 + 1 }, (_, i) => i * 3)
    .map((hour) => {
      const at = x(hour / HOURS);
      const label = text(
        at - 14,
        top + height + HOURS_BELOW,
        `${String(hour).padStart(2, '0')}:00`,
      );
      return `<path d="M${at} ${top}v${height}" stroke="#90a4ae" stroke-opacity="0.25"/>${label}`;
    })
    .join('');

const levels = (plot: Plot): string => {
  const step =
    [1, 2, 5, 10, 20, 25, 50, 100, 200, 500].find((each) => plot.most / each <= 6) ?? 1_000;
  return Array.from({ length: Math.floor(plot.most / step) + 1 }, (_, i) => i * step)
    .map((amps) => {
      const at = y(plot, amps);
      const label = text(LEFT - 8, at + 4, `${amps} A`, 'text-anchor="end"');
      return `<path d="M${LEFT} ${at}h${WIDTH}" stroke="#90a4ae" stroke-opacity="0.25"/>${label}`;
    })
    .join('');
};

/** Pieces without anybody have no line; one move command begins each stretch. */
const line = (
  plot: Plot,
  amps: (piece: PieceOfCircuit) => number,
  color: string,
  width: number,
): string => {
  let open = false;
  let path = '';
  for (let i = 0; i < PIECES_OF_A_DAY; i += 1) {
    const piece = plot.pieces[i];
    if (piece !== undefined) {
      path += `${open ? 'L' : 'M'}${x(i / PIECES_OF_A_DAY)} ${y(plot, amps(piece))}`;
      // A piece lasts until the next one begins.
      if (plot.pieces[i + 1] === undefined) path += `H${x((i + 1) / PIECES_OF_A_DAY)}`;
    }
    open = piece !== undefined;
  }
  return `<path d="${path}" fill="none" stroke="${color}" stroke-width="${width}"/>`;
};

/** Times of which nothing is known, since no car was there. */
const gaps = (plot: Plot): string =>
  stretches(Array.from({ length: PIECES_OF_A_DAY }, (_, i) => plot.pieces[i] === undefined))
    .filter(({ of, from, to }) => of && to - from >= GAP_PIECES)
    .map(({ from, to }) => {
      const middle = x((from + to) / 2 / PIECES_OF_A_DAY);
      const look = 'text-anchor="middle" fill="#90a4ae"';
      return text(middle, plot.top + CHART_HEIGHT / 2, 'no car is here', look);
    })
    .join('');

/** The load of others as one area for each stretch of time that is known. */
const others = (plot: Plot): string =>
  stretches(plot.pieces.map((piece) => (piece?.othersAmps ?? 0) > 0))
    .filter(({ of }) => of)
    .map(({ from, to }) => {
      const tops = plot.pieces
        .slice(from, to)
        .map(
          (piece, i) => `L${x((from + i) / PIECES_OF_A_DAY)} ${y(plot, piece?.othersAmps ?? 0)}`,
        );
      const [left, right] = [x(from / PIECES_OF_A_DAY), x(to / PIECES_OF_A_DAY)];
      const foot = plot.top + CHART_HEIGHT;
      return `<path d="M${left} ${foot}${tops.join('')}H${right}V${foot}z" fill="${OTHERS_COLOR}"/>`;
    })
    .join('');

interface Stretch<T> {
  readonly of: T;
  readonly from: number;
  /** Of the piece after the last one. */
  readonly to: number;
}

/** Neighbours that are equal as one. */
const stretches = <T>(values: readonly T[]): readonly Stretch<T>[] => {
  const found: Stretch<T>[] = [];
  values.forEach((of, i) => {
    const last = found.at(-1);
    if (last?.of === of) found[found.length - 1] = { ...last, to: i + 1 };
    else found.push({ of, from: i, to: i + 1 });
  });
  return found;
};

interface Row {
  readonly key: ConnectorKey;
  readonly name: string;
  readonly maxAmps: number;
  readonly pieces: DayPieces;
  readonly top: number;
  readonly wh: number;
}

const row = ({ key, name, maxAmps, pieces, top, wh }: Row): string => {
  const colors = Array.from({ length: PIECES_OF_A_DAY }, (_, i) =>
    colorOf(pieces[i]?.stays.get(key), maxAmps),
  );
  const cells = stretches(colors).map(({ of: color, from, to }) => {
    if (color === '') return '';
    const [left, right] = [x(from / PIECES_OF_A_DAY), x(to / PIECES_OF_A_DAY)];
    return rect({
      x: left,
      y: top,
      width: tenths(right - left),
      height: ROW_HEIGHT - 3,
      fill: color,
    });
  });
  const label = text(LEFT - 8, top + 9, name.slice(0, 16), 'text-anchor="end"');
  const got = wh > 0 ? text(LEFT + WIDTH + 8, top + 9, `${(wh / 1000).toFixed(1)} kWh`) : '';
  return `${label}${cells.join('')}${got}`;
};

/** Darker the more of its rating it takes, in ten steps; empty: nobody is there. */
const colorOf = (stay: PieceOfStay | undefined, maxAmps: number): string => {
  if (stay === undefined) return '';
  const share = Math.min(1, stay.sumAmps / stay.steps / Math.max(1, maxAmps));
  if (share < NOTHING_SHARE) return stay.full ? FULL_COLOR : WAITS_COLOR;
  return (
    CHARGES_COLORS[Math.min(CHARGES_COLORS.length - 1, Math.floor(share * 10))] ?? CHARGES_COLOR
  );
};

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly fill: string;
}

const rect = ({ x: atX, y: atY, width, height, fill }: Box): string =>
  `<rect x="${atX}" y="${atY}" width="${width}" height="${height}" fill="${fill}"/>`;

const escaped = (value: string): string =>
  value.replace(/[<>&"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const text = (atX: number, atY: number, value: string, more = ''): string =>
  `<text x="${atX}" y="${atY}" ${more}>${escaped(value)}</text>`;
