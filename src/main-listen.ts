import { splitAddress } from './config/address.ts';

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
