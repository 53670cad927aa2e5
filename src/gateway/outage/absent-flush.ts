import type { Log } from '../../core/log.ts';
import { type Cancel, type Clock, repeat } from '../../core/time.ts';
import { errorBytes } from '../../ocpp/frame.ts';
import { versionOf } from '../../ocpp/version.ts';
import { Connection } from '../connection.ts';
import { DIAL_TIMEOUT_MS } from '../dial-request.ts';
import type { LinkCounters } from '../link-counters.ts';
import type { CallOutcome } from '../observer.ts';
import type { Dialer, Socket } from '../socket.ts';
import { CSMS_ANSWER_MS, type Outage } from './outage.ts';
import { Replay } from './replay.ts';

const CHECK_MS = 60_000;

export interface AbsentFlushOptions {
  readonly shared: Outage;
  readonly afterMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly dialer: Dialer;
  readonly counters: LinkCounters;
  readonly urlOf: (charger: string) => string;
  readonly connected: (charger: string) => boolean;
}

/**
 * Delivers what is held of chargers that stay away: the CSMS gets the messages under the charger's
 * identity, although the charger is gone. Only where the CSMS lets the gateway in on its behalf.
 */
export class AbsentFlush {
  readonly #options: AbsentFlushOptions;
  readonly #checks: Cancel;
  #stopped = false;
  /** Ends the delivery that is under way. */
  #end: () => void = () => {};

  constructor(options: AbsentFlushOptions) {
    this.#options = options;
    const { clock, log } = options;
    const failed = (error: unknown): void => log.warn('journal', { problem: String(error) });
    this.#checks = repeat(clock, CHECK_MS, () => this.#flushAll(), failed);
  }

  /** Also what is being delivered: the rest is held for the next start. */
  stop(): void {
    this.#stopped = true;
    this.#checks();
    this.#end();
  }

  async #flushAll(): Promise<void> {
    const { shared, afterMs, clock, connected } = this.#options;
    const beforeWallMs = clock.wallMs() - afterMs;
    for (const charger of shared.journal.chargers()) {
      const oldest = shared.journal.backlog(charger).oldestAtWallMs;
      if (this.#stopped) return;
      if (connected(charger) || oldest === undefined || oldest > beforeWallMs) continue;
      if (shared.memory.mustWait(charger, clock.monotonicMs())) continue;
      await this.#flush(charger);
    }
  }

  async #flush(charger: string): Promise<void> {
    const { shared, dialer, urlOf, log } = this.#options;
    const subprotocol = shared.admission.absentSubprotocol(charger);
    if (subprotocol === undefined) return;
    const authorization = shared.admission.authorizationOf(charger);
    const result = await shared.gate.through(() =>
      dialer.dial({
        url: urlOf(charger),
        subprotocols: subprotocol === '' ? [] : [subprotocol],
        timeoutMs: DIAL_TIMEOUT_MS,
        ...(authorization === undefined ? {} : { authorization }),
      }),
    );
    if (result.outcome !== 'connected') return;
    if (this.#stopped) {
      result.socket.close(1000, 'gateway is stopping');
      return;
    }
    log.warn('delivering messages of a charger that is away', { charger });
    await this.#deliver(charger, result.socket);
  }

  #deliver(charger: string, socket: Socket): Promise<void> {
    const { shared, clock, log, counters, connected } = this.#options;
    return new Promise((resolve) => {
      const end = (): void => {
        replay.stop();
        connection.lane.close();
        connection.close(1000, 'delivered');
        resolve();
      };
      this.#end = end;
      const connection: Connection = new Connection({
        name: 'csms',
        charger,
        socket,
        clock,
        log,
        counters,
        closed: end,
        received: (frame) => {
          if (frame.kind === 'call') {
            connection.send(errorBytes(frame.id, 'GenericError', 'the charger is not connected'));
          }
          if (frame.kind !== 'result' && frame.kind !== 'error') return;
          connection.lane.settle(frame);
        },
      });
      const replay: Replay = new Replay({
        charger,
        version: versionOf(socket.subprotocol) ?? '1.6',
        ...shared,
        clock,
        log,
        send: (call, first) =>
          new Promise<CallOutcome>((answered) => {
            // The charger itself is back: it goes on over its own link.
            if (connected(charger)) return end();
            const priority = first ? 'safety' : 'housekeeping';
            connection.lane.own(call.id, call.bytes, priority, CSMS_ANSWER_MS, (outcome) => {
              answered(outcome);
              if (outcome.outcome === 'timeout') end();
            });
          }),
        bootRefused: end,
        unwanted: () => {},
        delivered: end,
      });
      void replay.run();
    });
  }
}
