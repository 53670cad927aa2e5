import type { Clock } from '../../core/time.ts';
import { type Payload, readInteger, readList, readObject } from '../../ocpp/payload.ts';

/** Reports of a charger that do not come in this time are left out. */
const REPORTS_MOST_MS = 10_000;
/** Requests of the CSMS that are collected for at once. */
const COLLECTIONS_MOST = 8;
/** Pages of one charger; a charger has a few profiles. */
const PAGES_MOST = 64;

/** Who reports: a charger, or the station itself. */
type Source = string;

interface Collection {
  readonly pages: Map<Source, Payload[]>;
  readonly complete: Set<Source>;
  settled: () => void;
}

/**
 * ReportChargingProfiles of several chargers that answer one question of the CSMS (K09): collected,
 * so that `tbc` tells the truth and a profile that all of them hold is one of the station.
 */
export class ProfileReports {
  readonly #clock: Clock;
  readonly #collections = new Map<number, Collection>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on reports under this number are taken; false: too many are, or this one is. */
  begin(requestId: number): boolean {
    if (this.#collections.size >= COLLECTIONS_MOST || this.#collections.has(requestId))
      return false;
    this.#collections.set(requestId, { pages: new Map(), complete: new Set(), settled() {} });
    return true;
  }

  /** Whether the report belongs to a collection; it then needs no further way. */
  take(source: Source, payload: Payload): boolean {
    const collection = this.#collections.get(readInteger(payload['requestId']) ?? -1);
    if (collection === undefined) return false;
    const pages = collection.pages.get(source) ?? [];
    if (pages.length < PAGES_MOST) pages.push(payload);
    collection.pages.set(source, pages);
    if (payload['tbc'] !== true) collection.complete.add(source);
    collection.settled();
    return true;
  }

  /** All pages of these sources, as far as they come in time. */
  end(
    requestId: number,
    sources: readonly Source[],
  ): Promise<ReadonlyMap<Source, readonly Payload[]>> {
    const collection = this.#collections.get(requestId);
    if (collection === undefined) return Promise.resolve(new Map());
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#collections.delete(requestId);
        resolve(collection.pages);
      };
      const cancel = this.#clock.after(REPORTS_MOST_MS, done);
      collection.settled = () => {
        if (sources.every((source) => collection.complete.has(source))) done();
      };
      collection.settled();
    });
  }
}

/** How a charger's EVSE and transaction are called at the station; undefined: they stay. */
export interface ReportNames {
  readonly evse: (source: Source, local: number) => number | undefined;
  readonly transaction: (source: Source, local: string) => string | undefined;
}

/** One series of reports: EVSE 0 of all chargers is EVSE 0 of the station, each profile there once. */
export const joinedReports = (
  pages: ReadonlyMap<Source, readonly Payload[]>,
  names: ReportNames,
): readonly object[] => {
  const atZero = new Set<unknown>();
  const reports = [...pages].flatMap(([source, list]) =>
    list.flatMap((page) => {
      const local = readInteger(page['evseId']) ?? 0;
      const chargingProfile = readList(page['chargingProfile'])
        .map(readObject)
        .filter(({ id }) => local !== 0 || (!atZero.has(id) && atZero.add(id)))
        .map((profile) => named(profile, source, names));
      if (chargingProfile.length === 0) return [];
      const evseId = local === 0 ? 0 : (names.evse(source, local) ?? local);
      return [{ ...page, evseId, chargingProfile }];
    }),
  );
  const sorted = reports.sort((a, b) => a.evseId - b.evseId);
  return sorted.map((report, i) => ({ ...report, tbc: i < sorted.length - 1 }));
};

const named = (profile: Payload, source: Source, { transaction }: ReportNames): Payload => {
  const local = profile['transactionId'];
  if (typeof local !== 'string') return profile;
  return { ...profile, transactionId: transaction(source, local) ?? local };
};
