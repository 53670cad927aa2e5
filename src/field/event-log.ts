import type { Log } from '../core/log.ts';
import { MINUTE_MS } from '../core/time.ts';
import type { SiteView } from '../schema/view.ts';
import { eventsBetween, type SiteEvent } from './site-events.ts';

/** A site where everything flaps must not fill the disk of a small box. */
const LINES_PER_MINUTE = 120;

/**
 * What happens on the site, in the log of the gateway, also without a broker: alarms, meters, limits
 * and sessions. That chargers come and go is logged where they knock.
 */
export class EventLog {
  readonly #log: Log;
  #view: SiteView | undefined;
  #minuteBegan = Number.NEGATIVE_INFINITY;
  #lines = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  take(view: SiteView): void {
    // What is wrong from the start is told as well.
    const before = this.#view ?? { ...view, alarms: [], meters: [], limits: [], chargers: [] };
    this.#view = view;
    for (const event of eventsBetween(before, view)) this.#tell(event);
  }

  #tell({ at, type, subject, text }: SiteEvent): void {
    if (type === 'charger-online' || type === 'charger-offline') return;
    const atMs = Date.parse(at);
    if (atMs - this.#minuteBegan >= MINUTE_MS) {
      const untold = this.#lines - LINES_PER_MINUTE;
      if (untold > 0) this.#log.warn('too many events: some were not logged', { untold });
      this.#minuteBegan = atMs;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines > LINES_PER_MINUTE) return;
    if (type === 'alarm') this.#log.warn('alarm', { text });
    else
      this.#log.info(type.replace('-', ' '), {
        ...(type === 'alarm-over' ? {} : { subject }),
        text,
      });
  }
}
