import type { Socket, SocketListener } from '../socket.ts';

const LOST = 1006;
/** Messages that wait while a link does not read; one more ends the connection. */
const INBOX_MOST = 256;

/** The end of an in-process connection that a link holds; the other end is the station. */
export class InnerSocket implements Socket {
  readonly subprotocol: string;
  readonly bufferedBytes = 0;
  readonly queues = true;
  readonly #sent: (message: Buffer) => void;
  readonly #left: (closedByLink: boolean) => void;
  readonly #inbox: (() => void)[] = [];
  #listener: SocketListener | undefined;
  #paused = false;
  #closing = false;
  #draining = false;

  constructor(
    subprotocol: string,
    station: {
      readonly sent: (message: Buffer) => void;
      /** Once. True: the link closed it properly, since its charger is gone. */
      readonly left: (closedByLink: boolean) => void;
    },
  ) {
    this.subprotocol = subprotocol;
    this.#sent = station.sent;
    this.#left = station.left;
  }

  /** The station says something to the link. */
  deliver(message: Buffer): void {
    if (this.#closing) return;
    if (this.#inbox.length >= INBOX_MOST) this.terminate();
    else this.#push(() => this.#listener?.message(message));
  }

  /** The CALLs that the link takes back: this one, which was not sent, and later ones. */
  handBack(id: string): readonly string[] {
    return this.#closing ? [] : (this.#listener?.unsent?.(id) ?? []);
  }

  /** The station is lost to the link. */
  lose(): void {
    this.#end(LOST, '', false);
  }

  send(message: Uint8Array): void {
    if (!this.#closing) this.#sent(Buffer.from(message));
  }

  close(code: number, reason: string): void {
    this.#end(code, reason, true);
  }

  terminate(): void {
    this.#end(LOST, '', false);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#drainSoon();
  }

  listen(listener: SocketListener): void {
    this.#listener = listener;
    this.#drainSoon();
  }

  #end(code: number, reason: string, byLink: boolean): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#inbox.length = 0;
    this.#paused = false;
    this.#push(() => this.#listener?.closed(code, reason));
    this.#left(byLink);
  }

  #push(event: () => void): void {
    this.#inbox.push(event);
    this.#drainSoon();
  }

  /** A link never hears anything in the middle of what it says. */
  #drainSoon(): void {
    if (this.#draining) return;
    this.#draining = true;
    queueMicrotask(() => {
      this.#draining = false;
      while (!this.#paused && this.#listener !== undefined) {
        const event = this.#inbox.shift();
        if (event === undefined) return;
        event();
      }
    });
  }
}
