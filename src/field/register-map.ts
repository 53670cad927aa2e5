import type { CircuitView, ConnectorView, LimitView, SiteView } from '../schema/view.ts';

/** Version of the map; it grows, and never moves what is there. */
export const MAP_VERSION = 1;

/** u16 and i16 have one word, i32 and u32 two, high word first. */
export type CellType = 'u16' | 'i16' | 'i32' | 'u32';

/** One value of a block, at an offset from its start. Null: not known, see NOT_KNOWN. */
export interface Cell<Of> {
  readonly offset: number;
  readonly type: CellType;
  readonly name: string;
  readonly unit: string;
  readonly value: (of: Of) => number | null;
  readonly writable?: boolean;
}

/** What stands for a value that is not known or not there. */
export const NOT_KNOWN: Readonly<Record<CellType, number>> = {
  u16: 0xffff,
  i16: -0x8000,
  i32: -0x8000_0000,
  u32: 0xffff_ffff,
};
const RANGE: Readonly<Record<CellType, readonly [number, number]>> = {
  u16: [0, 0xfffe],
  i16: [-0x7fff, 0x7fff],
  i32: [-0x7fff_ffff, 0x7fff_ffff],
  u32: [0, 0xffff_fffe],
};

export interface ConnectorCells {
  readonly online: boolean;
  readonly connector: ConnectorView;
}

export const STATUS_CODES: readonly string[] = [
  'unknown',
  'available',
  'preparing',
  'charging',
  'suspended-ev',
  'suspended-evse',
  'finishing',
  'reserved',
  'unavailable',
  'faulted',
];
const LIMIT_CODES: readonly string[] = ['none', 'active', 'failsafe'];

const tenths = (value: number | null | undefined): number | null =>
  value === null || value === undefined ? null : value * 10;
const phases = <Of>(
  offset: number,
  type: CellType,
  name: string,
  value: (of: Of) => readonly number[] | null,
): readonly Cell<Of>[] =>
  [0, 1, 2].map((p) => ({
    offset: offset + p,
    type,
    name: `${name} L${p + 1}`,
    unit: '0.1 A',
    value: (of) => tenths(value(of)?.[p]),
  }));

const SITE_CELLS: readonly Cell<SiteView>[] = [
  cell(0, 'u16', 'version of this map', '', () => MAP_VERSION),
  cell(
    1,
    'u16',
    'counter of control cycles: stands still when the gateway does',
    '',
    (view) => view.tick % 0xffff,
  ),
  cell(2, 'u16', 'alarms that are on', '', (view) => view.alarms.length),
  cell(3, 'u16', 'circuits', '', (view) => view.circuits.length),
  cell(4, 'u16', 'connectors', '', (view) =>
    view.chargers.reduce((sum, { connectors }) => sum + connectors.length, 0),
  ),
  cell(5, 'i32', 'surplus', 'W', (view) => view.surplusWatts ?? null),
];

const CIRCUIT_CELLS: readonly Cell<CircuitView>[] = [
  ...phases<CircuitView>(0, 'i16', 'measured', (circuit) => circuit.measuredAmps),
  ...phases<CircuitView>(3, 'u16', 'limit in force', (circuit) => circuit.limitInForceAmps),
  cell(6, 'i32', 'limit in force', 'W', (circuit) => circuit.limitInForceWatts),
  ...phases<CircuitView>(8, 'u16', 'offered to chargers', (circuit) => circuit.offeredAmps),
  ...phases<CircuitView>(11, 'u16', 'worst case of chargers', (circuit) => circuit.worstCaseAmps),
  ...phases<CircuitView>(14, 'u16', 'load of others', (circuit) => circuit.uncontrolledAmps),
  cell(17, 'i32', 'measured', 'W', (circuit) => circuit.measuredWatts ?? null),
];

const CONNECTOR_CELLS: readonly Cell<ConnectorCells>[] = [
  cell(0, 'u16', `status: ${codes(STATUS_CODES)}`, '', ({ connector }) =>
    Math.max(0, STATUS_CODES.indexOf(connector.status)),
  ),
  cell(1, 'u16', 'charger connected: 1', '', ({ online }) => (online ? 1 : 0)),
  cell(2, 'u16', 'offer per phase', '0.1 A', ({ connector }) => tenths(connector.offerAmps)),
  ...phases<ConnectorCells>(3, 'i16', 'draw', ({ connector }) => connector.drawAmps),
  cell(6, 'i32', 'power', 'W', ({ connector }) => connector.watts),
  cell(8, 'u32', 'energy of the session', 'Wh', ({ connector }) => connector.sessionWh),
  cell(10, 'u32', 'energy register', 'Wh', ({ connector }) => connector.energyWh),
];

const LIMIT_CELLS: readonly Cell<LimitView>[] = [
  {
    ...cell<LimitView>(0, 'u16', 'limit per phase; 65535: none', '0.1 A', ({ amps }) =>
      amps === null ? null : tenths(Math.min(...amps)),
    ),
    writable: true,
  },
  {
    ...cell<LimitView>(1, 'i32', 'limit; -2147483648: none', 'W', ({ watts }) => watts),
    writable: true,
  },
  cell(3, 'u16', `state: ${codes(LIMIT_CODES)}`, '', ({ state }) =>
    Math.max(0, LIMIT_CODES.indexOf(state)),
  ),
  cell(4, 'u16', 'left until it expires', 's', ({ expiresInSeconds }) => expiresInSeconds),
];

function cell<Of>(
  offset: number,
  type: CellType,
  name: string,
  unit: string,
  value: (of: Of) => number | null,
): Cell<Of> {
  return { offset, type, name, unit, value };
}

function codes(names: readonly string[]): string {
  return names.map((name, code) => `${code} ${name}`).join(', ');
}

/** A run of equal parts: the circuits, the connectors, the limits, in the order of the site file. */
export interface Block {
  readonly name: string;
  readonly start: number;
  /** Registers of each part, unused ones read as 0. */
  readonly size: number;
  readonly most: number;
  readonly cells: readonly Cell<never>[];
  readonly parts: (view: SiteView, sources: readonly string[]) => readonly unknown[];
}

export const BLOCKS: readonly Block[] = [
  { name: 'site', start: 0, size: 20, most: 1, cells: SITE_CELLS, parts: (view) => [view] },
  {
    name: 'circuit',
    start: 100,
    size: 20,
    most: 256,
    cells: CIRCUIT_CELLS,
    parts: ({ circuits }) => circuits,
  },
  {
    name: 'connector',
    start: 10_000,
    size: 20,
    most: 2_000,
    cells: CONNECTOR_CELLS,
    parts: ({ chargers }) =>
      chargers.flatMap(({ online, connectors }) =>
        connectors.map((connector) => ({ online, connector })),
      ),
  },
  {
    name: 'limit',
    start: 60_000,
    size: 10,
    most: 64,
    cells: LIMIT_CELLS,
    parts: ({ limits }, sources) =>
      sources.map((source) => limits.find((limit) => limit.source === source)),
  },
];

export const wordsOfCell = (type: CellType): number => (type === 'u16' || type === 'i16' ? 1 : 2);

/** The registers of one part of a block. */
export const partWords = (block: Block, part: unknown): readonly number[] => {
  const words = new Array<number>(block.size).fill(0);
  for (const { offset, type, value } of block.cells as readonly Cell<unknown>[]) {
    const [low, high] = RANGE[type];
    const raw = part === undefined ? null : value(part);
    const number = raw === null ? NOT_KNOWN[type] : Math.min(high, Math.max(low, Math.round(raw)));
    if (wordsOfCell(type) === 1) {
      words[offset] = number & 0xffff;
    } else {
      words[offset] = (number >>> 16) & 0xffff;
      words[offset + 1] = number & 0xffff;
    }
  }
  return words;
};
