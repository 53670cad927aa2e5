import type { Log } from '../../core/log.ts';
import { isPayload, readInteger, readNumber, readObject, readText } from '../../ocpp/payload.ts';
import { readProfile } from '../../ocpp/read-profile.ts';
import { OCPP_VERSIONS, type OcppVersion } from '../../ocpp/version.ts';
import type { BookedProfile, ProfileBook } from '../../profiles/book.ts';
import type { Change, DurableStore, StoredRecord } from '../../store/durable-store.ts';
import { scanAll } from '../../store/scan-all.ts';

/** Everything about profiles lies under this prefix. */
const SHELF_PREFIX = 'p/';
/** Records that are read at the start; more were never written by this gateway. */
const RECORDS_MOST = 1_000_000;

/** A profile of the CSMS with what is needed to read it again. */
export interface ShelvedProfile extends BookedProfile {
  readonly version: OcppVersion;
}

/** The transaction of a connector, as far as profiles care. */
export interface RunningTransaction {
  readonly id: string;
  /** Epoch ms; relative schedules count from it, also after a restart of the gateway. */
  readonly startedAtMs: number;
  /** UsePriorityCharging is active (K21). */
  readonly priority: boolean;
}

interface ChargerShelf {
  profiles: readonly ShelvedProfile[];
  /** Of remote starts whose transaction has not begun, by connector; 0 where none was named. */
  readonly awaited: Map<number, ShelvedProfile>;
  readonly running: Map<number, RunningTransaction>;
}

/**
 * The CSMS's profiles of every charger, in memory and on disk. Changes hold at once; the promise of
 * a change settles when it is on the medium, and only then may the CSMS be told.
 */
export class ProfileShelf {
  readonly #store: DurableStore;
  readonly #log: Log;
  readonly #chargers = new Map<string, ChargerShelf>();

  /** `records`: what the store holds under SHELF_PREFIX. Unreadable ones are left where they are. */
  constructor(store: DurableStore, records: readonly StoredRecord[], log: Log) {
    this.#store = store;
    this.#log = log;
    for (const { key, value } of records) this.#load(key, value);
  }

  static async open(store: DurableStore, log: Log): Promise<ProfileShelf> {
    const records: StoredRecord[] = [];
    for await (const record of scanAll(store, SHELF_PREFIX)) {
      if (records.push(record) >= RECORDS_MOST) break;
    }
    return new ProfileShelf(store, records, log);
  }

  /** The shelf of one name alone, for who has profiles and is no charger. */
  keeper(name: string) {
    return {
      book: () => this.book(name),
      put: (added: ShelvedProfile, gone: ProfileBook) => this.put(name, added, gone),
      drop: (gone: ProfileBook) => this.drop(name, gone),
    };
  }

  book(charger: string): readonly ShelvedProfile[] {
    return this.#chargers.get(charger)?.profiles ?? [];
  }

  running(charger: string, connector: number): RunningTransaction | undefined {
    return this.#chargers.get(charger)?.running.get(connector);
  }

  /** One more profile; `gone` leave for it. Rejects with StoreError, and then nothing changed. */
  async put(charger: string, added: ShelvedProfile, gone: ProfileBook): Promise<void> {
    const shelf = this.#shelf(charger);
    const before = shelf.profiles;
    const { id } = added.profile;
    const left = gone.map(({ profile }) => profile.id).filter((other) => other !== id);
    const stays = (other: ShelvedProfile): boolean =>
      other.profile.id !== id && !left.includes(other.profile.id);
    const after = [...before.filter(stays), added];
    shelf.profiles = after;
    try {
      await this.#store.write([
        ...left.map((other) => ({ type: 'delete', key: profileKey(charger, other) }) as const),
        { type: 'put', key: profileKey(charger, id), value: recordOf(added) },
      ]);
    } catch (error) {
      if (shelf.profiles === after) shelf.profiles = before;
      throw error;
    }
  }

  /** Takes profiles away. They stay away when the medium fails, until the next start. */
  async drop(charger: string, gone: ProfileBook): Promise<void> {
    if (gone.length === 0) return;
    const shelf = this.#shelf(charger);
    const ids = new Set(gone.map(({ profile }) => profile.id));
    shelf.profiles = shelf.profiles.filter(({ profile }) => !ids.has(profile.id));
    await this.#store.write(
      [...ids].map((id) => ({ type: 'delete', key: profileKey(charger, id) })),
    );
  }

  /** The profile of a remote start for that connector, or for any. */
  awaited(charger: string, connector: number): ShelvedProfile | undefined {
    const awaited = this.#chargers.get(charger)?.awaited;
    return awaited?.get(connector) ?? awaited?.get(0);
  }

  /** Keeps the profile of a remote start until its transaction begins, also over a restart. */
  setAwaited(charger: string, profile: ShelvedProfile): void {
    this.#shelf(charger).awaited.set(profile.connector, profile);
    const key = awaitedKey(charger, profile.connector);
    this.#save(charger, { type: 'put', key, value: recordOf(profile) });
  }

  dropAwaited(charger: string, connector: number): void {
    if (this.#chargers.get(charger)?.awaited.delete(connector) !== true) return;
    this.#save(charger, { type: 'delete', key: awaitedKey(charger, connector) });
  }

  /** Not awaited: what is lost of it by a power cut is only when a relative schedule began. */
  setRunning(charger: string, connector: number, running: RunningTransaction | undefined): void {
    const shelf = this.#shelf(charger);
    const known = shelf.running.get(connector);
    if (running === undefined) shelf.running.delete(connector);
    else shelf.running.set(connector, running);
    if (running === undefined && known === undefined) return;
    const key = transactionKey(charger, connector);
    this.#save(
      charger,
      running === undefined ? { type: 'delete', key } : { type: 'put', key, value: json(running) },
    );
  }

  #save(charger: string, change: Change): void {
    this.#store.write([change]).catch((error: unknown) => {
      this.#log.error('transaction of a profile not saved', { charger, problem: String(error) });
    });
  }

  #shelf(charger: string): ChargerShelf {
    const known = this.#chargers.get(charger);
    if (known !== undefined) return known;
    const shelf: ChargerShelf = { profiles: [], awaited: new Map(), running: new Map() };
    this.#chargers.set(charger, shelf);
    return shelf;
  }

  #load(key: string, value: Uint8Array): void {
    const [, name = '', kind, rest] = key.split('/');
    const charger = decoded(name);
    const record = parsed(value);
    const profile = kind === 'c' || kind === 'a' ? shelvedOf(record) : undefined;
    if (charger !== undefined && profile !== undefined) {
      const shelf = this.#shelf(charger);
      if (kind === 'a') shelf.awaited.set(profile.connector, profile);
      else shelf.profiles = [...shelf.profiles, profile];
      return;
    }
    const id = readText(record['id']);
    const startedAtMs = readNumber(record['startedAtMs']);
    if (charger !== undefined && kind === 't' && id !== undefined && startedAtMs !== undefined) {
      const priority = record['priority'] === true;
      this.#shelf(charger).running.set(Number(rest), { id, startedAtMs, priority });
      return;
    }
    this.#log.warn('unreadable record of a profile', { key });
  }
}

const profileKey = (charger: string, id: number): string =>
  `${SHELF_PREFIX}${encodeURIComponent(charger)}/c/${id}`;
const awaitedKey = (charger: string, connector: number): string =>
  `${SHELF_PREFIX}${encodeURIComponent(charger)}/a/${connector}`;
const transactionKey = (charger: string, connector: number): string =>
  `${SHELF_PREFIX}${encodeURIComponent(charger)}/t/${connector}`;

const json = (value: object): Uint8Array => Buffer.from(JSON.stringify(value));

const recordOf = ({ connector, receivedAtMs, version, profile, asSent }: ShelvedProfile) =>
  json({ connector, receivedAtMs, version, transactionId: profile.transactionId, asSent });

const shelvedOf = (record: Readonly<Record<string, unknown>>): ShelvedProfile | undefined => {
  const connector = readInteger(record['connector']);
  const receivedAtMs = readNumber(record['receivedAtMs']);
  const version = OCPP_VERSIONS.find((each) => each === record['version']);
  const transactionId = readText(record['transactionId']);
  const { asSent } = record;
  if (connector === undefined || receivedAtMs === undefined) return undefined;
  if (version === undefined || !isPayload(asSent)) return undefined;
  const read = readProfile(version, asSent);
  if ('problem' in read) return undefined;
  const profile = transactionId === undefined ? read.profile : { ...read.profile, transactionId };
  return { connector, receivedAtMs, version, profile, asSent };
};

const parsed = (value: Uint8Array): Readonly<Record<string, unknown>> => {
  try {
    return readObject(JSON.parse(Buffer.from(value).toString()));
  } catch {
    return {};
  }
};

const decoded = (name: string): string | undefined => {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
};
