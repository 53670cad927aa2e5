import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import type { CallAnswer } from '../gateway/interceptor.ts';
import { optional, type Payload, readInteger, readText } from '../ocpp/payload.ts';
import type { StationCall } from '../ocpp/station/words.ts';

/** Attempts that a CSMS may ask for, and the longest wait between them. */
const RETRIES_MOST = 10;
const RETRY_WAIT_MOST_MS = 60 * 60_000;
const RETRY_WAIT_MS = 30_000;

/** Where files of firmware lie, and how chargers get them. */
export interface FirmwareShelf {
  /**
   * Downloads a file and keeps it when its MD5 is `checksum` (lower case). Rejects when it cannot
   * be had, is too large or takes too long.
   */
  fetch(url: string, checksum: string): Promise<'kept' | 'other checksum'>;
  has(checksum: string): boolean;
  /** Where chargers of the site get it. */
  locationOf(checksum: string): string;
  /** Whether a charger downloads it now. */
  busy(checksum: string): boolean;
  remove(checksum: string): Promise<void>;
  close(): Promise<void>;
}

export interface FirmwareCacheOptions {
  readonly shelf: FirmwareShelf;
  readonly clock: Clock;
  readonly log: Log;
  /** Tells the CSMS; kept until it took the message. */
  readonly tell: (call: StationCall) => void;
}

type Status =
  | 'Idle'
  | 'DownloadScheduled'
  | 'Downloading'
  | 'Downloaded'
  | 'ChecksumVerified'
  | 'InvalidChecksum'
  | 'DownloadFailed'
  | 'Published';

interface Job {
  readonly url: string;
  readonly checksum: string;
  readonly requestId: number | undefined;
  readonly waitMs: number;
  readonly retries: number;
}

const status = (word: string): CallAnswer => ({ payload: { status: word } });
const rejected = (reasonCode: string, additionalInfo: string): CallAnswer => ({
  payload: { status: 'Rejected', statusInfo: { reasonCode, additionalInfo } },
});

/**
 * Firmware of the chargers is downloaded once and served to them on the site (L03, L04): a slow line
 * to the internet carries it one time only. One download at once.
 */
export class FirmwareCache {
  readonly #options: FirmwareCacheOptions;
  #job: Job | undefined;
  #last: StationCall = notification('Idle');

  constructor(options: FirmwareCacheOptions) {
    this.#options = options;
  }

  /** PublishFirmware: what comes of it is told afterwards. */
  publish(payload: Payload): CallAnswer {
    const url = readText(payload['location'], 2_000) ?? '';
    const checksum = (readText(payload['checksum']) ?? '').toLowerCase();
    if (!/^https?:\/\//i.test(url)) return rejected('UnsupportedParam', 'only http and https');
    if (!/^[0-9a-f]{32}$/.test(checksum)) return rejected('InvalidValue', 'no MD5 checksum');
    if (this.#job !== undefined) return rejected('Busy', 'another file is downloaded now');
    const waitSeconds = readInteger(payload['retryInterval']);
    this.#job = {
      url,
      checksum,
      requestId: readInteger(payload['requestId']),
      waitMs: Math.min(RETRY_WAIT_MOST_MS, (waitSeconds ?? 0) * 1000 || RETRY_WAIT_MS),
      retries: Math.min(RETRIES_MOST, Math.max(0, readInteger(payload['retries']) ?? 0)),
    };
    const job = this.#job;
    this.#options.clock.after(0, () => void this.#run(job));
    return status('Accepted');
  }

  /** UnpublishFirmware. */
  async unpublish(payload: Payload): Promise<CallAnswer> {
    const { shelf } = this.#options;
    const checksum = (readText(payload['checksum']) ?? '').toLowerCase();
    if (this.#job?.checksum === checksum || shelf.busy(checksum)) return status('DownloadOngoing');
    if (!shelf.has(checksum)) return status('NoFirmware');
    await shelf.remove(checksum);
    return status('Unpublished');
  }

  /** What TriggerMessage gets: the last status. */
  triggered(): StationCall {
    return this.#last;
  }

  async #run(job: Job): Promise<void> {
    const { shelf, log } = this.#options;
    const { url, checksum } = job;
    try {
      if (!shelf.has(checksum)) {
        this.#say('Downloading', job);
        const kept = (await shelf.fetch(url, checksum)) === 'kept';
        this.#say('Downloaded', job);
        if (!kept) return this.#end('InvalidChecksum', job);
      }
      this.#say('ChecksumVerified', job);
      this.#end('Published', job);
    } catch (error) {
      log.warn('firmware not downloaded', { url: withoutSecrets(url), problem: String(error) });
      if (job.retries === 0) return this.#end('DownloadFailed', job);
      this.#job = { ...job, retries: job.retries - 1 };
      const next = this.#job;
      this.#say('DownloadScheduled', job);
      this.#options.clock.after(job.waitMs, () => void this.#run(next));
    }
  }

  #end(word: Status, job: Job): void {
    this.#job = undefined;
    this.#say(word, job);
  }

  #say(word: Status, { requestId, checksum }: Job): void {
    const location = word === 'Published' ? [this.#options.shelf.locationOf(checksum)] : undefined;
    this.#last = notification(word, requestId, location);
    this.#options.tell(this.#last);
  }
}

const notification = (
  word: Status,
  requestId?: number,
  location?: readonly string[],
): StationCall => ({
  action: 'PublishFirmwareStatusNotification',
  payload: {
    status: word,
    ...optional('location', location),
    ...optional('requestId', requestId),
  },
});

/** Passwords and tokens stand before the host or behind the question mark. */
const withoutSecrets = (url: string): string => {
  try {
    const { origin, pathname } = new URL(url);
    return origin + pathname;
  } catch {
    return '';
  }
};
