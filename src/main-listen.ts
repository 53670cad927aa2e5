import { splitAddress } from './config/address.ts';
import { SOCKETS_MOST } from './io/charger-server.ts';
import { RAISE_LIMIT } from './io/descriptors.ts';
import { PAGES_MOST } from './io/http.ts';
import type { SiteConfig } from './schema/site-config.ts';
import { SEGMENT_BYTES } from './store/log-store.ts';

/** What the installer can do about an address that cannot be listened on, by code of the system. */
const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program, or a second Busbar, listens there already: stop it',
  EADDRNOTAVAIL: 'this machine has no such address: use one of its own, or 0.0.0.0 for all',
  EACCES: 'ports below 1024 need the right CAP_NET_BIND_SERVICE: grant it',
  ENOTFOUND: 'there is no host of that name: use an address of this machine',
};

/**
 * Starts a server on an address of the site file. What fails says which key holds the address, e.g.
 * `listen.http 127.0.0.1:8080: ... or change listen.http`.
 */
export const listening = async <Server>(
  key: string,
  address: string,
  start: (at: { readonly host: string; readonly port: number }) => Promise<Server>,
): Promise<Server> => {
  try {
    return await start(splitAddress(address));
  } catch (error) {
    const remedy = REMEDIES[(error as NodeJS.ErrnoException).code ?? ''];
    if (remedy === undefined) throw error;
    throw new Error(`${key} ${address}: ${remedy}, or change ${key}`, { cause: error });
  }
};

/** Files and sockets of the program itself, of brokers and of building controllers. */
const OWN_DESCRIPTORS = 96;
/** The journal takes up to twice its bound while it is drained. */
const JOURNAL_TIMES = 2;
/** Pages and chargers get this share of what may be open, however little that is. */
const PAGES_SHARE = 1 / 16;
const CHARGERS_LEAST_SHARE = 0.4;

/** How many may come in at the doors, so that what is inside can still open its files and dial. */
export interface Doors {
  readonly chargers: number;
  readonly pages: number;
  readonly alarms: readonly string[];
}

/** `most` files and sockets may be open at once; whoever knocks must not be able to use them up. */
export const doorsOf = (
  { upstream, chargers, meters, journal }: SiteConfig,
  most = Number.POSITIVE_INFINITY,
): Doors => {
  const pages = Math.min(PAGES_MOST, Math.floor(most * PAGES_SHARE));
  const journalFiles = (JOURNAL_TIMES * journal.mostMegabytes * 1024 * 1024) / SEGMENT_BYTES;
  const besides = OWN_DESCRIPTORS + pages + meters.length + Math.ceil(journalFiles);
  const ofCharger = (upstream.mode === 'aggregate' ? 1 : 2) + upstream.mirrors.length;
  const left = Math.max(most * CHARGERS_LEAST_SHARE, most - besides);
  const needed = besides + ofCharger * chargers.length;
  const text = `${most} files and sockets may be open, and up to ${needed} are needed: ${RAISE_LIMIT}.`;
  return {
    chargers: Math.min(SOCKETS_MOST, Math.floor(left / ofCharger)),
    pages,
    alarms: needed > most ? [`Only ${text}`] : [],
  };
};
