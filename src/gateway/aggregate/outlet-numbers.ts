import type { Log } from '../../core/log.ts';
import type { Change, DurableStore } from '../../store/durable-store.ts';
import { scanAll } from '../../store/scan-all.ts';

/** Connectors or EVSEs of one charger; a number above it is nobody's. */
const OUTLETS_MOST = 64;
/** Numbers ever given out. */
const NUMBERS_MOST = 20_000;
const PREFIX = 'g/n/';

/** One connector (1.6) or EVSE (2.x) of a charger, by the charger's own number. */
export interface Outlet {
  readonly charger: string;
  readonly local: number;
}

interface Row extends Outlet {
  /** The installer chose another number since: this one stays reserved and unused. */
  readonly retired?: boolean;
}

/** Outlets that the site file names. */
export interface OutletSpec {
  readonly charger: string;
  readonly outlets: number;
  /** Number of its first outlet towards the CSMS; absent: the next free one. */
  readonly first?: number;
}

/**
 * The station's numbers for the chargers' connectors or EVSEs. A bijection that outlives restarts and
 * changes of the site file; a number that one charger had is never another's.
 */
export class OutletNumbers {
  readonly #store: DurableStore;
  readonly #log: Log;
  readonly #rows = new Map<number, Row>();
  readonly #numbers = new Map<string, number>();
  /** No number below it is free. */
  #free = 1;

  private constructor(store: DurableStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  static async open(
    store: DurableStore,
    specs: readonly OutletSpec[],
    log: Log,
  ): Promise<OutletNumbers> {
    const numbers = new OutletNumbers(store, log);
    for await (const { key, value } of scanAll(store, PREFIX)) {
      const row = JSON.parse(Buffer.from(value).toString()) as Row;
      numbers.#take(Number(key.slice(PREFIX.length)), row);
    }
    const changes = [
      ...specs.flatMap((spec) => numbers.#pin(spec)),
      ...specs.flatMap(({ charger, outlets }) =>
        range(outlets).flatMap((local) => numbers.#assign({ charger, local })),
      ),
    ];
    if (changes.length > 0) await store.write(changes);
    return numbers;
  }

  /** The outlet behind a number of the station. */
  outletOf(number: number): Outlet | undefined {
    const row = this.#rows.get(number);
    return row?.retired === true ? undefined : row;
  }

  numberOf(charger: string, local: number): number | undefined {
    return this.#numbers.get(keyOf({ charger, local }));
  }

  /** All numbers of a charger, by its own. */
  ofCharger(charger: string): readonly { readonly number: number; readonly local: number }[] {
    return this.all()
      .filter((outlet) => outlet.charger === charger)
      .map(({ number, local }) => ({ number, local }));
  }

  all(): readonly (Outlet & { readonly number: number })[] {
    return [...this.#rows]
      .filter(([, { retired }]) => retired !== true)
      .map(([number, { charger, local }]) => ({ number, charger, local }))
      .sort((a, b) => a.number - b.number);
  }

  /** Numbers that mean nothing any more. */
  retired(): readonly number[] {
    return [...this.#rows].filter(([, row]) => row.retired === true).map(([number]) => number);
  }

  /** Gives an outlet seen for the first time its number, on disk before it is used. */
  async ensure(charger: string, local: number): Promise<boolean> {
    if (this.numberOf(charger, local) !== undefined) return true;
    if (!Number.isInteger(local) || local < 1 || local > OUTLETS_MOST) return false;
    if (this.#rows.size >= NUMBERS_MOST) return false;
    const changes = this.#assign({ charger, local });
    try {
      await this.#store.write(changes);
    } catch (error) {
      // A number that is not on disk would be another's after a restart.
      const number = this.numberOf(charger, local);
      if (number !== undefined) this.#rows.delete(number);
      this.#numbers.delete(keyOf({ charger, local }));
      throw error;
    }
    return true;
  }

  #pin({ charger, outlets, first }: OutletSpec): readonly Change[] {
    if (first === undefined) return [];
    return range(outlets).flatMap((local) => {
      const number = first + local - 1;
      const had = this.numberOf(charger, local);
      if (had === number) return [];
      const row = this.#rows.get(number);
      if (row !== undefined && (row.charger !== charger || row.local !== local)) {
        this.#log.error('number towards the CSMS not given: it was another outlet’s before', {
          charger,
          number,
          was: row.charger,
        });
        return [];
      }
      const old = had === undefined ? [] : [this.#set(had, { charger, local, retired: true })];
      return [...old, this.#set(number, { charger, local })];
    });
  }

  #assign(outlet: Outlet): readonly Change[] {
    if (this.#numbers.has(keyOf(outlet))) return [];
    while (this.#rows.has(this.#free)) this.#free += 1;
    return [this.#set(this.#free, outlet)];
  }

  #set(number: number, row: Row): Change {
    this.#take(number, row);
    const key = `${PREFIX}${String(number).padStart(6, '0')}`;
    return { type: 'put', key, value: Buffer.from(JSON.stringify(row)) };
  }

  #take(number: number, row: Row): void {
    this.#rows.set(number, row);
    if (row.retired !== true) this.#numbers.set(keyOf(row), number);
  }
}

const keyOf = ({ charger, local }: Outlet): string => `${charger}/${local}`;
const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1);
