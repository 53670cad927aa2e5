import type { Clock } from '../core/time.ts';
import type { Socket, SocketListener } from '../gateway/socket.ts';

/** A peer that does not answer a close frame is given up after this long, as ws does it. */
const CLOSE_TIMEOUT_MS = 30_000;
const GONE = 1006;

/** Both ends of one connection, and what can happen to the cable between them. */
export interface MemoryLine {
  readonly client: Socket;
  readonly server: Socket;
  /** The connection breaks: both ends see 1006, what was under way is lost. */
  cut(): void;
  /** Half open: nothing arrives any more, and nobody is told. */
  silence(): void;
}

export interface LineOptions {
  readonly clock: Clock;
  readonly subprotocol: string;
  /** One-way delay of the next message; order is kept whatever it returns. */
  readonly latencyMs: () => number;
}

/** A pair of sockets that behave as two `ws` sockets do, on any clock. */
export const memoryLine = (options: LineOptions): MemoryLine => {
  const cable = new Cable(options);
  const client = new MemorySocket(cable, options);
  const server = new MemorySocket(cable, options);
  client.join(server);
  server.join(client);
  return {
    client,
    server,
    cut: () => {
      cable.silence();
      for (const end of [client, server]) options.clock.after(0, () => end.end(GONE, ''));
    },
    silence: () => cable.silence(),
  };
};

/** Carries things from one end to the other, each direction in order. */
class Cable {
  readonly #options: LineOptions;
  readonly #freeAtMs = new Map<MemorySocket, number>();
  #silent = false;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  carry(to: MemorySocket, arrive: () => void): void {
    if (this.#silent) return;
    const { clock, latencyMs } = this.#options;
    const nowMs = clock.monotonicMs();
    const atMs = Math.max(nowMs + latencyMs(), this.#freeAtMs.get(to) ?? 0);
    this.#freeAtMs.set(to, atMs);
    clock.after(atMs - nowMs, () => {
      if (!this.#silent) arrive();
    });
  }

  silence(): void {
    this.#silent = true;
  }
}

class MemorySocket implements Socket {
  readonly subprotocol: string;
  readonly #cable: Cable;
  readonly #clock: Clock;
  #peer: MemorySocket | undefined;
  #listener: SocketListener | undefined;
  #paused = false;
  #closing = false;
  #ended = false;
  #bufferedBytes = 0;
  /** Arrived and not handed on, because nobody listens or reading is paused. */
  readonly #inbox: (() => void)[] = [];

  constructor(cable: Cable, { subprotocol, clock }: LineOptions) {
    this.#cable = cable;
    this.#clock = clock;
    this.subprotocol = subprotocol;
  }

  join(peer: MemorySocket): void {
    this.#peer = peer;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  send(message: Uint8Array): void {
    const peer = this.#peer;
    if (this.#closing || peer === undefined) return;
    const copy = Buffer.from(message);
    this.#bufferedBytes += copy.length;
    this.#cable.carry(peer, () =>
      peer.#hand(() => {
        this.#bufferedBytes -= copy.length;
        peer.#listener?.message(copy);
      }),
    );
  }

  close(code: number, reason: string): void {
    const peer = this.#peer;
    if (this.#closing || peer === undefined) return;
    this.#closing = true;
    this.resume();
    this.#cable.carry(peer, () => {
      peer.#closing = true;
      peer.#hand(() => peer.end(code, reason));
      this.#cable.carry(this, () => this.#hand(() => this.end(code, reason)));
    });
    this.#clock.after(CLOSE_TIMEOUT_MS, () => this.end(GONE, ''));
  }

  terminate(): void {
    const peer = this.#peer;
    if (this.#ended || peer === undefined) return;
    this.#closing = true;
    this.#inbox.length = 0;
    this.#clock.after(0, () => this.end(GONE, ''));
    this.#cable.carry(peer, () => peer.#hand(() => peer.end(GONE, '')));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#drain();
  }

  listen(listener: SocketListener): void {
    this.#listener = listener;
    this.#clock.after(0, () => this.#drain());
  }

  /** The last thing this end sees; harmless when it comes twice. */
  end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#closing = true;
    this.#inbox.length = 0;
    this.#listener?.closed(code, reason);
  }

  #hand(take: () => void): void {
    if (this.#ended) return;
    this.#inbox.push(take);
    this.#drain();
  }

  #drain(): void {
    while (!this.#paused && this.#listener !== undefined) {
      const take = this.#inbox.shift();
      if (take === undefined) return;
      take();
    }
  }
}
