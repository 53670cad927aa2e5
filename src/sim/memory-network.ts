import type { Clock } from '../core/time.ts';
import type { Dialer, DialResult, Knock, Socket, SocketListener } from '../gateway/socket.ts';
import type { SimCsms } from './csms.ts';
import { between, type Random } from './random.ts';

/** How the simulated network behaves; may be changed while it runs. */
export interface NetworkConduct {
  delayLeastMs: number;
  delayMostMs: number;
}

/** One end of an in-memory connection. Messages arrive in order, each after a random delay. */
class MemorySocket implements Socket {
  readonly subprotocol: string;
  readonly bufferedBytes = 0;
  readonly #clock: Clock;
  readonly #delayMs: () => number;
  #peer: MemorySocket | undefined;
  #listener: SocketListener | undefined;
  #open = true;
  #lastArrivalMs = 0;
  #early: Buffer[] = [];

  constructor(subprotocol: string, clock: Clock, delayMs: () => number) {
    this.subprotocol = subprotocol;
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  connectTo(peer: MemorySocket): void {
    this.#peer = peer;
  }

  send(message: Uint8Array): void {
    if (!this.#open) return;
    const bytes = Buffer.from(message);
    this.#later(() => this.#peer?.arrive(bytes));
  }

  close(code: number, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#later(() => this.#peer?.ended(code, reason));
    this.#clock.after(0, () => this.#listener?.closed(code, reason));
  }

  terminate(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#clock.after(0, () => this.#peer?.ended(1006, ''));
    this.#clock.after(0, () => this.#listener?.closed(1006, ''));
  }

  pause(): void {}

  resume(): void {}

  listen(listener: SocketListener): void {
    this.#listener = listener;
    for (const bytes of this.#early.splice(0)) listener.message(bytes);
  }

  arrive(bytes: Buffer): void {
    if (!this.#open) return;
    if (this.#listener === undefined) this.#early.push(bytes);
    else this.#listener.message(bytes);
  }

  ended(code: number, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#listener?.closed(code, reason);
  }

  #later(run: () => void): void {
    const nowMs = this.#clock.monotonicMs();
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, nowMs + this.#delayMs());
    this.#clock.after(this.#lastArrivalMs - nowMs, run);
  }
}

/** Chargers, gateway and CSMS joined in memory, on any clock, the virtual one included. */
export class MemoryNetwork {
  readonly conduct: NetworkConduct = { delayLeastMs: 5, delayMostMs: 50 };
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #csms: SimCsms;
  #gateway: ((knock: Knock) => void) | undefined;

  constructor(clock: Clock, random: Random, csms: SimCsms) {
    this.#clock = clock;
    this.#random = random;
    this.#csms = csms;
  }

  /** Where knocking chargers end up; undefined: the gateway's box is off. */
  attachGateway(knock: ((knock: Knock) => void) | undefined): void {
    this.#gateway = knock;
  }

  /** How the gateway reaches the CSMS. */
  readonly dialer: Dialer = {
    dial: ({ url, subprotocols, timeoutMs }) =>
      new Promise<DialResult>((resolve) => {
        const answer = (): DialResult => {
          const { refusesWith } = this.#csms.conduct;
          if (refusesWith !== undefined) {
            return { outcome: 'refused', status: refusesWith, message: 'refused' };
          }
          const subprotocol = subprotocols[0] ?? '';
          const [near, far] = this.pair(subprotocol);
          this.#csms.take(decodeURIComponent(url.slice(url.lastIndexOf('/') + 1)), far);
          return { outcome: 'connected', socket: near };
        };
        if (this.#csms.conduct.down) {
          this.#clock.after(Math.min(timeoutMs, 200), () =>
            resolve({ outcome: 'unreachable', problem: 'connection refused' }),
          );
        } else {
          this.#clock.after(this.#delay(), () => resolve(answer()));
        }
      }),
  };

  /** How a simulated charger reaches the gateway. */
  connect(identity: string, subprotocols: readonly string[]): Promise<Socket> {
    return new Promise((resolve, reject) => {
      this.#clock.after(this.#delay(), () => {
        if (this.#gateway === undefined) return reject(new Error('connection refused'));
        const [charger, gateway] = this.pair(subprotocols[0] ?? '');
        this.#gateway({
          rawPath: `/ocpp/${encodeURIComponent(identity)}`,
          subprotocols,
          remoteAddress: 'memory',
          gone: false,
          accept: () => {
            resolve(charger);
            return Promise.resolve(gateway);
          },
          refuse: (status, message) => reject(new Error(`${status} ${message}`)),
        });
      });
    });
  }

  pair(subprotocol: string): readonly [Socket, Socket] {
    const near = new MemorySocket(subprotocol, this.#clock, () => this.#delay());
    const far = new MemorySocket(subprotocol, this.#clock, () => this.#delay());
    near.connectTo(far);
    far.connectTo(near);
    return [near, far];
  }

  #delay(): number {
    return between(this.#random, this.conduct.delayLeastMs, this.conduct.delayMostMs);
  }
}
