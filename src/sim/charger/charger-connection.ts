import type { Clock } from '../../core/time.ts';
import type { Socket } from '../../gateway/socket.ts';
import type { Random } from '../random.ts';

/** Opens a connection to the gateway or CSMS; rejects when it is refused. */
export type Connect = (identity: string, subprotocols: readonly string[]) => Promise<Socket>;

/** OCPP-J 2.1 §5.4: least wait, random part of it, and how often it is doubled. */
export interface BackOff {
  readonly leastMs: number;
  readonly randomMs: number;
  readonly doublings: number;
}

/** There was no close frame. */
const VANISHED = 1006;

export const DEFAULT_BACK_OFF: BackOff = { leastMs: 1_000, randomMs: 2_000, doublings: 4 };

export interface ChargerConnectionOptions {
  readonly identity: string;
  readonly subprotocols: readonly string[];
  readonly connect: Connect;
  readonly clock: Clock;
  readonly random: Random;
  readonly backOff: BackOff;
  readonly staysAwayAfterClose: boolean;
  /** Wait after a connection that was there broke; absent: as after a refused handshake. */
  readonly redialAfterDropMs: number | undefined;
  readonly opened: () => void;
  readonly received: (bytes: Buffer) => void;
  readonly lost: (code: number, reason: string) => void;
}

/** One charger's socket, dialled again with growing waits until it is switched off. */
export class ChargerConnection {
  readonly #options: ChargerConnectionOptions;
  #socket: Socket | undefined;
  #on = false;
  /** Dials of an earlier switch-on are nobody's. */
  #turn = 0;
  #failures = 0;

  constructor(options: ChargerConnectionOptions) {
    this.#options = options;
  }

  get open(): boolean {
    return this.#socket !== undefined;
  }

  start(): void {
    if (this.#on) return;
    this.#on = true;
    this.#failures = 0;
    this.#turn += 1;
    void this.#dial(this.#turn);
  }

  /** Power off: the socket vanishes without a farewell. */
  stop(): void {
    this.#on = false;
    this.#turn += 1;
    this.drop();
  }

  /** The connection breaks; it is dialled again. */
  drop(): void {
    this.#socket?.terminate();
  }

  /** Closes with a close frame; it is dialled again. */
  close(): void {
    this.#socket?.close(1000, '');
  }

  send(bytes: Uint8Array): void {
    this.#socket?.send(bytes);
  }

  async #dial(turn: number): Promise<void> {
    const { connect, identity, subprotocols } = this.#options;
    try {
      const socket = await connect(identity, subprotocols);
      if (turn === this.#turn) this.#take(socket, turn);
      else socket.terminate();
    } catch {
      this.#failures += 1;
      this.#dialLater(turn);
    }
  }

  #take(socket: Socket, turn: number): void {
    this.#socket = socket;
    this.#failures = 0;
    socket.listen({
      message: (bytes) => {
        if (this.#socket === socket) this.#options.received(bytes);
      },
      closed: (code, reason) => {
        if (this.#socket !== socket) return;
        this.#socket = undefined;
        this.#options.lost(code, reason);
        if (code !== VANISHED && this.#options.staysAwayAfterClose) return;
        this.#dialLater(turn, this.#options.redialAfterDropMs);
      },
    });
    this.#options.opened();
  }

  #dialLater(turn: number, afterMs?: number): void {
    if (turn !== this.#turn) return;
    const { clock, random, backOff } = this.#options;
    const doubled = Math.min(Math.max(0, this.#failures - 1), backOff.doublings);
    const waitMs = (afterMs ?? backOff.leastMs * 2 ** doubled) + random() * backOff.randomMs;
    clock.after(waitMs, () => {
      if (turn === this.#turn) void this.#dial(turn);
    });
  }
}
