import type { Frame } from '../../ocpp/frame.ts';
import type { StationCall } from '../../ocpp/station/words.ts';
import type { SiteView } from '../../schema/view.ts';
import type { CallAnswer } from '../interceptor.ts';
import type { OutletNumbers } from './outlet-numbers.ts';

/** What the station says of the site as a whole; the room of the station's own identity has it. */
export interface OwnDesk {
  /** Settings of the station that the CSMS may change. */
  readonly settings: { heartbeatSeconds: number };
  /** The answer to a CALL that is for no charger. Never rejects. */
  answer(call: Frame): Promise<CallAnswer>;
  /** The site after a tick: what changed is said. */
  published(view: SiteView): void;
}

/**
 * Makes the desk of a station that is there; `say` sends a message of the station itself, and settles
 * when it was answered.
 */
export type OwnDeskMaker = (
  say: (call: StationCall) => unknown,
  outlets: OutletNumbers['all'],
) => OwnDesk;
