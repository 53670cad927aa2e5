import type { Log } from '../../core/log.ts';
import type { Cancel, Clock } from '../../core/time.ts';
import { type Frame, parseError } from '../../ocpp/frame.ts';
import { asksForBoot } from '../../ocpp/station/words.ts';
import { payloadOf } from './up-desk.ts';

/** A CSMS that refuses calls is asked no more often whether it knows the station still. */
const CHECK_LEAST_MS = 60_000;

export interface RegistrationOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly identity: string;
  /** A station of 2.x that was accepted is not asked to boot again (F06.FR.17). */
  readonly bootsOnce: boolean;
  readonly boot: object;
  /** Sends a call of the station itself; an empty frame when it is not answered. */
  readonly say: (action: string, payload: object) => Promise<Frame>;
  readonly heartbeatSeconds: () => number;
  /** The CSMS answered a boot. */
  readonly answered: (payload: Record<string, unknown>) => void;
  readonly accepted: () => void;
  readonly waiting: () => void;
  /** The CSMS does not know the station any more: what goes on is to be ended, and begun anew. */
  readonly forgotten: () => void;
}

/**
 * The station's standing with its CSMS. One that was accepted does not boot again because a line
 * broke (part 4 §5.4); it boots for a CSMS that says it does not know it. That is asked with a
 * heartbeat before messages of chargers go out, which a refusal would cost.
 */
export class Registration {
  readonly #options: RegistrationOptions;
  #booted = false;
  /** Counts connections, so that an answer of an earlier one is known. */
  #connection = 0;
  #timer: Cancel = () => {};
  #checkedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  connected(): void {
    this.#connection += 1;
    void (this.#booted ? this.#resume() : this.#boot());
  }

  lost(): void {
    this.#connection += 1;
    this.#timer();
  }

  /** The CSMS asks for a boot; false when it is refused. */
  bootAgain(): boolean {
    const refuses = this.#booted && this.#options.bootsOnce;
    if (!refuses) void this.#boot();
    return !refuses;
  }

  /** The CSMS has reset the whole station, which 2.x says in its boot (B11, B12). */
  reset(reason: string): void {
    void this.#boot(this.#options.bootsOnce ? { reason } : {});
  }

  /** The CSMS answered a call, of the station or of a charger, with an error. */
  refused(error: Frame): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (!this.#booted || !saysUnknown(error)) return;
    if (nowMs - this.#checkedAtMs < CHECK_LEAST_MS) return;
    this.#checkedAtMs = nowMs;
    void this.#check();
  }

  /** It may have refused that call alone. */
  async #check(): Promise<void> {
    const connection = this.#connection;
    const answer = await this.#options.say('Heartbeat', {});
    if (this.#connection === connection && this.#isForgotten(answer)) this.#options.forgotten();
  }

  async #resume(): Promise<void> {
    const connection = this.#connection;
    this.#checkedAtMs = this.#options.clock.monotonicMs();
    const answer = await this.#options.say('Heartbeat', {});
    if (this.#connection !== connection) return;
    if (this.#isForgotten(answer)) void this.#boot();
    else this.#begin();
  }

  #isForgotten(answer: Frame): boolean {
    if (!saysUnknown(answer)) return false;
    this.#options.log.warn('the CSMS does not know the station any more: it boots');
    this.#booted = false;
    return true;
  }

  async #boot(more: object = {}): Promise<void> {
    const { clock, log, identity, boot, say, heartbeatSeconds } = this.#options;
    const connection = this.#connection;
    const answer = payloadOf(await say('BootNotification', { ...boot, ...more }));
    if (this.#connection !== connection) return;
    if (answer !== undefined) this.#options.answered(answer);
    if (answer?.['status'] === 'Accepted') {
      this.#booted = true;
      log.info('the CSMS accepts the station', { identity });
      this.#begin();
      return;
    }
    log.warn('the CSMS does not accept the station yet', { status: answer?.['status'] ?? 'error' });
    this.#booted = false;
    this.#options.waiting();
    this.#timer();
    this.#timer = clock.after(heartbeatSeconds() * 1000, () => void this.#boot());
  }

  #begin(): void {
    this.#options.accepted();
    this.#beat();
  }

  #beat(): void {
    const { clock, say, heartbeatSeconds } = this.#options;
    this.#timer();
    this.#timer = clock.after(heartbeatSeconds() * 1000, () => {
      void say('Heartbeat', {});
      this.#beat();
    });
  }
}

const saysUnknown = (answer: Frame): boolean => {
  if (answer.kind !== 'error') return false;
  const { code, description } = parseError(answer);
  return asksForBoot(code, description);
};
