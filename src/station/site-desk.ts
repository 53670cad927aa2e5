import { NOTHING_TOLD } from '../core/limits/limit-report.ts';
import type { Log } from '../core/log.ts';
import type { ChargerSpec } from '../core/site.ts';
import type { Clock } from '../core/time.ts';
import type { CallAnswer } from '../gateway/interceptor.ts';
import { type Frame, parsePayload } from '../ocpp/frame.ts';
import type { StationVariable } from '../ocpp/station/variables.ts';
import { type StationCall, securityCall } from '../ocpp/station/words.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import type { SiteView } from '../schema/view.ts';
import type { FirmwareCache } from './firmware-cache.ts';
import { limitNotices } from './limit-notices.ts';
import { Monitoring } from './monitoring.ts';
import type { Notebook } from './notebook.ts';
import { outletVariables, phaseRotation } from './outlet-variables.ts';
import type { SiteLimit } from './site-limit.ts';
import type { SiteTokens } from './site-tokens.ts';
import { stationAnswer } from './station-calls.ts';
import { type StationNames, type StationSettings, stationVariables } from './station-variables.ts';

/** What a desk writes into its notebook. */
export const PAGES: readonly string[] = ['settings', 'monitors', 'reset'];
const FIRST_SETTINGS: StationSettings = {
  heartbeatSeconds: 0,
  meterSeconds: 60,
  limitChangeSignificancePercent: 5,
};

export interface SiteDeskOptions {
  readonly identity: string;
  readonly version: OcppVersion;
  readonly names: Omit<StationNames, 'identity'>;
  /** Chargers behind the outlets in `names`. */
  readonly specOf?: (charger: string) => ChargerSpec | undefined;
  readonly limit: SiteLimit;
  readonly notebook: Notebook;
  readonly tokens?: SiteTokens | undefined;
  readonly firmwareCache?: FirmwareCache | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly view: () => SiteView;
  /** Sends a message of the station, when it is connected; what it returns may be awaited. */
  readonly say: (call: StationCall) => unknown;
  /** Messages that TriggerMessage may ask for, by name. */
  readonly triggered?: (message: string) => StationCall | 'Rejected' | undefined;
  /** Ends the program in good order; its supervisor starts it again. */
  readonly restart: () => void;
  /** Puts a bundle of logs at a URL; rejects when that fails. */
  readonly upload: (url: string, name: string) => Promise<void>;
}

/**
 * What a station says of the site as a whole, whether it is the controller's own or the one that
 * stands in the place of all chargers: its settings and figures, its limit, limits from outside.
 */
export class SiteDesk {
  readonly settings: StationSettings;
  readonly #options: SiteDeskOptions;
  readonly #variables: readonly StationVariable[];
  readonly #monitoring: Monitoring;
  #told = NOTHING_TOLD;

  constructor(options: SiteDeskOptions) {
    this.#options = options;
    const { notebook, view, version, identity, clock } = options;
    const names = { ...options.names, identity };
    this.settings = { ...FIRST_SETTINGS, ...notebook.read<Partial<StationSettings>>('settings') };
    const changed = (): void => this.#write('settings', this.settings);
    const wallMs = (): number => clock.wallMs();
    this.#variables = stationVariables(version, this.settings, view, wallMs, names, changed);
    this.#monitoring = new Monitoring({ ...options, variables: this.#variables });
  }

  /** The answer to a CALL of the CSMS; what has to follow it is said afterwards. Never rejects. */
  async answer(call: Frame): Promise<CallAnswer> {
    const { version, clock, limit, restart, say, triggered, log } = this.#options;
    const { tokens, firmwareCache: firmware } = this.#options;
    try {
      return await stationAnswer(call.action, parsePayload(call), {
        version,
        nowWallMs: clock.wallMs(),
        variables: [...this.#variables, ...this.#outlets()],
        limit,
        monitoring: this.#monitoring,
        tokens,
        firmware,
        later: (...calls) => {
          // One after the other: a report of a large site has more pages than may wait at once.
          clock.after(0, async () => {
            for (const each of calls) await say(each);
          });
        },
        triggered: (message) => triggered?.(message),
        restart: (reason) => {
          this.#write('reset', { reason });
          say(securityCall('ResetOrReboot', clock.wallMs(), 'asked for by the CSMS'));
          clock.after(1_000, restart);
        },
        uploadLog: (url, requestId) => this.#upload(url, requestId),
      });
    } catch (error) {
      log.error('call of the CSMS failed', { problem: String(error) });
      return { errorCode: 'InternalError', description: 'it could not be carried out' };
    }
  }

  /** The site after a tick: limits from outside (K14) and what is watched; 1.6 has no words. */
  published(view: SiteView): void {
    const { version, clock, say, limit } = this.#options;
    if (version === '1.6') return;
    const { limitChangeSignificancePercent: significancePercent } = this.settings;
    const rule = { significancePercent, volts: limit.volts };
    const { calls, told } = limitNotices(view, this.#told, rule, clock.monotonicMs());
    this.#told = told;
    for (const call of [...calls, ...this.#monitoring.watch(clock.wallMs())]) say(call);
  }

  /** The CSMS knows of the boot that it asked for: the next one has another reason. */
  resetDone(): void {
    this.#options.notebook.drop('reset').catch((error: unknown) => {
      this.#options.log.warn('reset told again at the next start', { problem: String(error) });
    });
  }

  /** What the EVSEs or connectors add; more of them come while the program runs. */
  #outlets(): readonly StationVariable[] {
    const { version, names, specOf = () => undefined, view, limit } = this.#options;
    if (names.outlets === undefined) return [];
    if (version === '1.6') return [phaseRotation(names.outlets(), specOf)];
    return outletVariables(names.outlets(), specOf, view(), limit.volts);
  }

  #write(page: string, what: object): void {
    const { notebook, log } = this.#options;
    notebook.write(page, what).catch((error: unknown) => {
      log.warn('it holds until the next start only', { page, problem: String(error) });
    });
  }

  /** Tells how the upload goes (1.6 §4.4: without a number; N01: of the request of this number). */
  #upload(url: string, requestId: number | undefined): string {
    const { upload, identity, clock, log, say } = this.#options;
    const name = `${identity}-${clock.wallMs()}.json`;
    const numbered = requestId !== undefined;
    const tell = (done: boolean | undefined): void => {
      const failed = numbered ? 'UploadFailure' : 'UploadFailed';
      const status = done === undefined ? 'Uploading' : done ? 'Uploaded' : failed;
      const action = numbered ? 'LogStatusNotification' : 'DiagnosticsStatusNotification';
      say({ action, payload: { status, ...(requestId === undefined ? {} : { requestId }) } });
    };
    clock.after(0, () => {
      tell(undefined);
      upload(url, name).then(
        () => tell(true),
        (error: unknown) => {
          log.warn('upload for the CSMS failed', { problem: String(error) });
          tell(false);
        },
      );
    });
    return name;
  }
}
