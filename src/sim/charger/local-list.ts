import { readInteger, readList, readObject, readText } from '../../ocpp/payload.ts';

/** The local authorisation list of a charger, kept by its CSMS alone (1.6 §3.5.2, D01). */
export class LocalList {
  #version = 0;
  readonly #entries = new Map<string, string>();

  get version(): number {
    return this.#version;
  }

  /** Undefined: not on the list. */
  statusOf(idTag: string): string | undefined {
    return this.#entries.get(idTag.toLowerCase());
  }

  /** What SendLocalList answers; the same for 1.6 and 2.x but for the names of fields. */
  update(payload: unknown): 'Accepted' | 'Failed' | 'VersionMismatch' {
    const request = readObject(payload);
    const version = readInteger(request['listVersion'] ?? request['versionNumber']);
    if (version === undefined) return 'Failed';
    const differential = request['updateType'] === 'Differential';
    if (differential && version <= this.#version) return 'VersionMismatch';
    if (!differential) this.#entries.clear();
    const list = readList(request['localAuthorizationList'] ?? request['localAuthorisationList']);
    for (const value of list) {
      const entry = readObject(value);
      const token = readText(entry['idTag']) ?? readText(readObject(entry['idToken'])['idToken']);
      if (token === undefined) continue;
      const info = readObject(entry['idTagInfo'] ?? entry['idTokenInfo']);
      const status = readText(info['status']);
      if (status === undefined) this.#entries.delete(token.toLowerCase());
      else this.#entries.set(token.toLowerCase(), status);
    }
    this.#version = version;
    return 'Accepted';
  }
}
