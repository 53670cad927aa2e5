import type { Log } from '../../core/log.ts';
import type { DurableStore } from '../../store/durable-store.ts';
import { scanAll } from '../../store/scan-all.ts';

/** Turns a secret into something that may be written down; slow on purpose (e.g. scrypt). */
export type HashSecret = (secret: string, salt: string) => Promise<string>;

interface Access {
  /** Agreed with the CSMS when it last accepted the charger. */
  readonly subprotocol: string;
  readonly salt: string;
  /** Hashes of the Authorization headers that are let in; empty: the CSMS asked for none. */
  readonly hashes: readonly string[];
}

/** The present password, and the one that the CSMS has just set in its two readings. */
const HASHES_MOST = 3;
const PREFIX = 'a/';

/**
 * Who is let in while the CSMS cannot be asked: a charger that the CSMS accepted before, with the
 * password that the CSMS accepted last, in the subprotocol that they last agreed on. The header
 * itself is kept in memory only, for dialling on the charger's behalf.
 */
export class Admission {
  readonly #store: DurableStore;
  readonly #hash: HashSecret;
  readonly #newSalt: () => string;
  readonly #log: Log;
  readonly #access = new Map<string, Access>();
  /** Authorization header that was proven in this run. */
  readonly #proven = new Map<string, string>();

  private constructor(options: AdmissionOptions) {
    this.#store = options.store;
    this.#hash = options.hash;
    this.#newSalt = options.newSalt;
    this.#log = options.log;
  }

  static async open(options: AdmissionOptions): Promise<Admission> {
    const admission = new Admission(options);
    for await (const { key, value } of scanAll(options.store, PREFIX)) {
      const access = JSON.parse(Buffer.from(value).toString()) as Access;
      admission.#access.set(key.slice(PREFIX.length), access);
    }
    return admission;
  }

  /** The CSMS accepted the charger with this header. */
  async accepted(charger: string, subprotocol: string, authorization?: string): Promise<void> {
    const known = this.#access.get(charger);
    const proven = authorization === undefined || this.#proven.get(charger) === authorization;
    const bare = (known?.hashes.length ?? 0) === 0;
    if (known?.subprotocol === subprotocol && proven && bare === (authorization === undefined)) {
      return;
    }
    if (authorization !== undefined) this.#proven.set(charger, authorization);
    const salt = this.#newSalt();
    const hashes = authorization === undefined ? [] : [await this.#hash(authorization, salt)];
    this.#save(charger, { subprotocol, salt, hashes });
  }

  /**
   * The CSMS refused the charger, by its name or with this header. A header that it would not have been
   * let in with here says nothing of it: anybody may come with its name.
   */
  async refused(
    charger: string,
    by: 'name' | { readonly authorization: string | undefined },
  ): Promise<void> {
    if (by !== 'name' && !(await this.#lets(charger, by.authorization))) return;
    this.#proven.delete(charger);
    if (!this.#access.delete(charger)) return;
    this.#store.write([{ type: 'delete', key: PREFIX + charger }]).catch(this.#notSaved);
  }

  /** The CSMS set a new password: the charger may come with it at any time from now on. */
  async passwordSet(charger: string, authorization: string): Promise<void> {
    const access = this.#access.get(charger);
    if (access === undefined) return;
    const hash = await this.#hash(authorization, access.salt);
    const hashes = [...access.hashes.filter((each) => each !== hash), hash].slice(-HASHES_MOST);
    this.#save(charger, { ...access, hashes });
  }

  /** The subprotocol to use with a charger that may come in now; undefined: it may not. */
  async admits(
    charger: string,
    offered: readonly string[],
    authorization: string | undefined,
  ): Promise<string | undefined> {
    const access = this.#access.get(charger);
    if (access === undefined) return undefined;
    const { subprotocol, hashes } = access;
    if (subprotocol !== '' && !offered.includes(subprotocol)) return undefined;
    if (!(await this.#lets(charger, authorization))) return undefined;
    if (hashes.length > 0 && authorization !== undefined) this.#proven.set(charger, authorization);
    return subprotocol;
  }

  async #lets(charger: string, authorization: string | undefined): Promise<boolean> {
    const access = this.#access.get(charger);
    if (access === undefined) return false;
    if (access.hashes.length === 0) return true;
    if (authorization === undefined) return false;
    if (this.#proven.get(charger) === authorization) return true;
    return access.hashes.includes(await this.#hash(authorization, access.salt));
  }

  /** Authorization header for dialling on behalf of an absent charger, if it is known. */
  authorizationOf(charger: string): string | undefined {
    return this.#proven.get(charger);
  }

  /** Whether the charger can be spoken for while it is away, and in which subprotocol. */
  absentSubprotocol(charger: string): string | undefined {
    const access = this.#access.get(charger);
    if (access === undefined) return undefined;
    return access.hashes.length === 0 || this.#proven.has(charger) ? access.subprotocol : undefined;
  }

  #save(charger: string, access: Access): void {
    this.#access.set(charger, access);
    const value = Buffer.from(JSON.stringify(access));
    this.#store.write([{ type: 'put', key: PREFIX + charger, value }]).catch(this.#notSaved);
  }

  readonly #notSaved = (error: unknown): void => {
    this.#log.warn('admission not saved', { problem: String(error) });
  };
}

export interface AdmissionOptions {
  readonly store: DurableStore;
  readonly hash: HashSecret;
  readonly newSalt: () => string;
  readonly log: Log;
}
