import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, BlockList, isIP } from 'node:net';
import { join } from 'node:path';

/** A download that takes longer has failed. */
const DOWNLOAD_MOST_MS = 30 * 60_000;
/** Files that may lie there; one more has to wait until one is unpublished. */
export const FILES_MOST = 16;
/** Chargers that download at once; the others are told to come again. */
const DOWNLOADS_MOST = 64;
/** A charger that takes nothing for so long is cut. */
const IDLE_MOST_MS = 120_000;
/** A download is not led on more often. */
const REDIRECTS_MOST = 5;
const PATH = /^\/firmware\/([0-9a-f]{32})\/([0-9a-f]{32})$/;
const FILE = /^[0-9a-f]{32}$/;
/** What the places of files are made of, so that nobody guesses them. */
const KEY = 'key';
const KEY_BYTES = 32;

export interface FirmwareFilesOptions {
  readonly folder: string;
  /** Where chargers knock; port 0 takes a free one. */
  readonly host: string;
  readonly port: number;
  /** How chargers reach it, e.g. http://10.0.0.2:9080; absent: the address that was taken. */
  readonly url?: string;
  /** Space for all files together. */
  readonly mostBytes: number;
  /** Only for tests, whose web server is on loopback: files may come from this machine itself. */
  readonly fromLoopback?: boolean;
}

/** Firmware on disk by its MD5, and the web server that gives it to chargers. */
export class FirmwareFiles {
  readonly #options: FirmwareFilesOptions;
  readonly #sizes: Map<string, number>;
  readonly #serving = new Map<string, number>();
  readonly #server: Server;
  readonly #key: Buffer;
  #base = '';

  private constructor(options: FirmwareFilesOptions, sizes: Map<string, number>, key: Buffer) {
    this.#options = options;
    this.#sizes = sizes;
    this.#key = key;
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.maxConnections = DOWNLOADS_MOST;
    this.#server.setTimeout(IDLE_MOST_MS);
  }

  /** Files of earlier runs are served again; what was not whole is removed; folders stay. */
  static async open(options: FirmwareFilesOptions): Promise<FirmwareFiles> {
    const { folder, host, port, url } = options;
    await mkdir(folder, { recursive: true });
    const sizes = new Map<string, number>();
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const { name } = entry;
      if (entry.isDirectory() || name === KEY) continue;
      if (FILE.test(name)) sizes.set(name, (await stat(join(folder, name))).size);
      else await rm(join(folder, name), { force: true });
    }
    const files = new FirmwareFiles(options, sizes, await keyIn(folder));
    await new Promise<void>((resolve, reject) => {
      files.#server.once('error', reject);
      files.#server.listen(port, host, () => resolve());
    });
    const taken = (files.#server.address() as AddressInfo).port;
    files.#base = (url ?? `http://${host}:${taken}`).replace(/\/$/, '');
    return files;
  }

  has(checksum: string): boolean {
    return this.#sizes.has(checksum);
  }

  busy(checksum: string): boolean {
    return (this.#serving.get(checksum) ?? 0) > 0;
  }

  /**
   * The same after a restart. Chargers show no password when they fetch firmware: the place itself is
   * the secret, which only the CSMS is told, and it the chargers.
   */
  locationOf(checksum: string): string {
    return `${this.#base}/firmware/${this.#tokenOf(checksum)}/${checksum}`;
  }

  async remove(checksum: string): Promise<void> {
    this.#sizes.delete(checksum);
    await rm(join(this.#options.folder, checksum), { force: true });
  }

  async fetch(url: string, checksum: string): Promise<'kept' | 'other checksum'> {
    if (this.#sizes.size >= FILES_MOST) throw new Error(`there are ${FILES_MOST} files already`);
    const { folder } = this.#options;
    const part = join(folder, `${checksum}.part`);
    try {
      const { md5, bytes } = await this.#download(url, part);
      if (md5 !== checksum) return 'other checksum';
      await rename(part, join(folder, checksum));
      this.#sizes.set(checksum, bytes);
      return 'kept';
    } finally {
      await rm(part, { force: true });
    }
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #download(url: string, part: string): Promise<{ md5: string; bytes: number }> {
    const signal = AbortSignal.timeout(DOWNLOAD_MOST_MS);
    const response = await this.#ask(url, signal);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    if (response.body === null) throw new Error('the server sent nothing');
    const used = [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
    const hash = createHash('md5');
    const file = await open(part, 'w');
    let bytes = 0;
    try {
      for await (const chunk of response.body) {
        bytes += chunk.length;
        if (used + bytes > this.#options.mostBytes) throw new Error('there is no space for it');
        hash.update(chunk);
        await file.writeFile(chunk);
      }
      // A file that was published survives a power cut.
      await file.sync();
    } finally {
      await file.close();
    }
    return { md5: hash.digest('hex'), bytes };
  }

  async #ask(url: string, signal: AbortSignal): Promise<Response> {
    let location = url;
    for (let hop = 0; hop <= REDIRECTS_MOST; hop += 1) {
      const { hostname } = new URL(location);
      if (this.#options.fromLoopback !== true && isOwnMachine(hostname)) {
        throw new Error(`firmware is not fetched from ${hostname}: name a server of the network`);
      }
      const response = await fetch(location, { signal, redirect: 'manual' });
      const next = response.headers.get('location');
      if (response.status < 300 || response.status > 399 || next === null) return response;
      await response.body?.cancel();
      location = new URL(next, location).href;
    }
    throw new Error(`the server redirects more than ${REDIRECTS_MOST} times`);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const [path = ''] = (request.url ?? '').split('?');
    const [, token = '', checksum = ''] = PATH.exec(path) ?? [];
    const size = this.#sizes.get(checksum);
    if (!isSame(token, this.#tokenOf(checksum))) {
      response.writeHead(404).end();
      return;
    }
    const readable = request.method === 'GET' || request.method === 'HEAD';
    if (size === undefined || !readable) {
      response.writeHead(size === undefined ? 404 : 405).end();
      return;
    }
    const span = spanOf(request.headers.range, size);
    if (span === undefined) {
      response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
      return;
    }
    const { start, end } = span;
    const part = end - start + 1 < size;
    response.writeHead(part ? 206 : 200, {
      'content-type': 'application/octet-stream',
      'content-length': end - start + 1,
      'accept-ranges': 'bytes',
      etag: `"${checksum}"`,
      ...(part ? { 'content-range': `bytes ${start}-${end}/${size}` } : {}),
    });
    if (request.method === 'HEAD' || size === 0) response.end();
    else this.#stream(checksum, start, end, response);
  }

  #tokenOf(checksum: string): string {
    return createHmac('sha256', this.#key).update(checksum).digest('hex').slice(0, 32);
  }

  #stream(checksum: string, start: number, end: number, response: ServerResponse): void {
    this.#serving.set(checksum, (this.#serving.get(checksum) ?? 0) + 1);
    const stream = createReadStream(join(this.#options.folder, checksum), { start, end });
    response.once('close', () => {
      stream.destroy();
      this.#serving.set(checksum, (this.#serving.get(checksum) ?? 1) - 1);
    });
    stream.once('error', () => response.destroy());
    stream.pipe(response);
  }
}

/** Made once; a key that is not whole is made anew. */
const keyIn = async (folder: string): Promise<Buffer> => {
  const path = join(folder, KEY);
  const kept = await readFile(path).catch(() => undefined);
  if (kept?.length === KEY_BYTES) return kept;
  const key = randomBytes(KEY_BYTES);
  const part = `${path}.part`;
  const file = await open(part, 'w', 0o600);
  try {
    await file.writeFile(key);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
  return key;
};

/** Always in the same time. */
const isSame = (given: string, expected: string): boolean =>
  given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));

/**
 * Whether a host of a URL says this machine or its link: what answers there trusts who asks. Names
 * are not resolved.
 */
export const isOwnMachine = (hostname: string): boolean => {
  const host = hostname.replace(/^\[|\]$|\.$/g, '').toLowerCase();
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  const own = new BlockList();
  own.addSubnet('0.0.0.0', 8, 'ipv4');
  own.addSubnet('127.0.0.0', 8, 'ipv4');
  own.addSubnet('169.254.0.0', 16, 'ipv4');
  own.addAddress('::', 'ipv6');
  own.addAddress('::1', 'ipv6');
  own.addSubnet('fe80::', 10, 'ipv6');
  const family = isIP(host);
  return family !== 0 && own.check(host, family === 6 ? 'ipv6' : 'ipv4');
};

/** One range, so that a charger goes on where it was cut (RFC 9110 §14); undefined: not satisfiable. */
const spanOf = (
  range: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | undefined => {
  const whole = { start: 0, end: size - 1 };
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? [];
  if (from === '' && to === '') return whole;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(size - 1, Number(to));
  return start > end ? undefined : { start, end };
};
