import type { Cancel, Clock } from '../../core/time.ts';
import { readInteger, readObject, readText } from '../../ocpp/payload.ts';
import type { CallQueue } from './call-queue.ts';
import type { ChargerSettings } from './charger-settings.ts';
import type { BootFacts, Dialect } from './dialect.ts';

/** A boot that is answered with interval 0 is tried again after this (B02.FR.06 leaves it open). */
const BOOT_RETRY_MS = 60_000;

export interface PresenceContext {
  readonly clock: Clock;
  readonly queue: CallQueue;
  readonly settings: ChargerSettings;
  readonly dialect: Dialect;
  readonly facts: Omit<BootFacts, 'reason'>;
  /** The CSMS knows the charger again; `booted`: for the first time since power-up. */
  readonly online: (booted: boolean) => void;
}

/** How a charger makes itself known: boot until it is accepted, then heartbeats (1.6 §4.2, B01). */
export class ChargerPresence {
  readonly #context: PresenceContext;
  #accepted = false;
  #reason: BootFacts['reason'] = 'power-up';
  #cancelBoot: Cancel = () => {};
  #cancelHeartbeat: Cancel = () => {};

  constructor(context: PresenceContext) {
    this.#context = context;
  }

  /** A boot follows: nothing that the CSMS said before counts any more. */
  forget(reason: BootFacts['reason']): void {
    this.#accepted = false;
    this.#reason = reason;
    this.disconnected();
  }

  /** A plain reconnect needs no boot (OCPP-J §5.4). */
  connected(): void {
    const { queue } = this.#context;
    if (this.#accepted) {
      queue.connected('online');
      this.#context.online(false);
      this.#heartbeatEvery();
    } else {
      queue.connected('booting');
      this.boot(this.#reason);
    }
  }

  disconnected(): void {
    this.#cancelBoot();
    this.#cancelHeartbeat();
  }

  boot(reason: BootFacts['reason']): void {
    const { queue, dialect, facts } = this.#context;
    queue.push({
      kind: 'boot',
      make: () => dialect.boot({ ...facts, reason }),
      answered: (payload) => {
        const answer = readObject(payload);
        const seconds = readInteger(answer['interval']) ?? 0;
        if (readText(answer['status']) === 'Accepted') this.#acceptedWith(seconds);
        else this.#refused(seconds);
      },
      failed: (code) => {
        if (code !== 'offline') this.#bootAgain(BOOT_RETRY_MS);
      },
    });
  }

  heartbeat(): void {
    this.#context.queue.push({
      kind: 'other',
      make: () => ({ action: 'Heartbeat', payload: {} }),
    });
  }

  /** Also a charger that was accepted before is silent now until it boots again (1.6 §4.2). */
  #refused(intervalSeconds: number): void {
    this.#accepted = false;
    this.#cancelHeartbeat();
    this.#context.queue.connected('booting');
    this.#bootAgain(intervalSeconds > 0 ? intervalSeconds * 1000 : BOOT_RETRY_MS);
  }

  #bootAgain(afterMs: number): void {
    this.#cancelBoot();
    this.#cancelBoot = this.#context.clock.after(afterMs, () => this.boot(this.#reason));
  }

  #acceptedWith(intervalSeconds: number): void {
    const { settings, queue, online } = this.#context;
    if (intervalSeconds > 0) settings.put('heartbeatSeconds', intervalSeconds);
    const booted = !this.#accepted;
    this.#accepted = true;
    queue.connected('online');
    if (booted) online(true);
    this.#heartbeatEvery();
  }

  #heartbeatEvery(): void {
    const { settings, clock } = this.#context;
    this.#cancelHeartbeat();
    const everyMs = Math.max(1, settings.number('heartbeatSeconds')) * 1000;
    this.#cancelHeartbeat = clock.after(everyMs, () => {
      this.heartbeat();
      this.#heartbeatEvery();
    });
  }
}
