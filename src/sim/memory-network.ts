import type { Clock } from '../core/time.ts';
import type { Dialer, DialRequest, DialResult, Knock, Socket } from '../gateway/socket.ts';
import type { SimCsms } from './csms.ts';
import { type MemoryLine, memoryLine } from './memory-socket.ts';
import { between, type Random } from './random.ts';

/** How the simulated network behaves; may be changed while it runs. */
export interface NetworkConduct {
  delayLeastMs: number;
  delayMostMs: number;
  /** Packets to the CSMS vanish: dials time out. Lines that are open stay as they are. */
  csmsBlackHole: boolean;
}

/** charger: between a charger and the gateway. csms: from there on. */
export type Hop = 'charger' | 'csms';

interface OpenLine extends MemoryLine {
  readonly hop: Hop;
  readonly identity: string;
}

/** Refused connections are noticed after this long. */
const REFUSED_MS = 200;
/** Lines remembered per hop and charger, for cutting; older ones are long closed. */
const LINES_MOST = 4;

/** Chargers, gateway and CSMS joined in memory, on any clock, the virtual one included. */
export class MemoryNetwork {
  readonly conduct: NetworkConduct = { delayLeastMs: 5, delayMostMs: 50, csmsBlackHole: false };
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #csms: SimCsms;
  readonly #pingSeconds = new Map<string, number | undefined>();
  readonly #lines = new Map<string, OpenLine[]>();
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
  readonly dialer: Dialer = { dial: (request) => this.#dialCsms(request) };

  /** How often the gateway pings a charger, when not as often as others. */
  pingSecondsOf(identity: string): number | undefined {
    return this.#pingSeconds.get(identity);
  }

  /** How a simulated charger reaches the gateway; rejects when it is refused. */
  connect(identity: string, subprotocols: readonly string[]): Promise<Socket> {
    return new Promise((resolve, reject) => {
      this.#clock.after(this.#delay(), () => {
        if (this.#gateway === undefined) return reject(new Error('connection refused'));
        this.#gateway(this.#knockOf(identity, subprotocols, resolve, reject));
      });
    });
  }

  /** How a simulated charger reaches the CSMS without a gateway. */
  async connectToCsms(identity: string, subprotocols: readonly string[]): Promise<Socket> {
    const url = `ws://csms/ocpp/${encodeURIComponent(identity)}`;
    const result = await this.#dialCsms({ url, subprotocols, timeoutMs: 10_000 });
    if (result.outcome === 'connected') return result.socket;
    throw new Error(result.outcome);
  }

  /** Breaks the connections of a hop: both ends see 1006. All chargers when none is named. */
  cut(hop: Hop, identity?: string): void {
    for (const line of this.#open(hop, identity)) line.cut();
  }

  /** The connections of a hop go half open: nothing arrives any more and nobody is told. */
  silence(hop: Hop, identity?: string): void {
    for (const line of this.#open(hop, identity)) line.silence();
  }

  #dialCsms({ url, subprotocols, timeoutMs, authorization }: DialRequest): Promise<DialResult> {
    const identity = decodeURIComponent(url.slice(url.lastIndexOf('/') + 1));
    return new Promise((resolve) => {
      const later = (afterMs: number, result: () => DialResult) =>
        this.#clock.after(afterMs, () => resolve(result()));
      if (this.conduct.csmsBlackHole) {
        later(timeoutMs, () => ({ outcome: 'unreachable', problem: 'timeout' }));
      } else if (this.#csms.conduct.down) {
        later(Math.min(timeoutMs, REFUSED_MS), () => ({
          outcome: 'unreachable',
          problem: 'connection refused',
        }));
      } else {
        later(this.#delay(), () => this.#csmsAnswer(identity, subprotocols, authorization));
      }
    });
  }

  #csmsAnswer(
    identity: string,
    subprotocols: readonly string[],
    authorization?: string,
  ): DialResult {
    const choice = this.#csms.choose(identity, subprotocols, authorization);
    if (choice.outcome === 'refused') return choice;
    if (choice.outcome === 'no-subprotocol') return { outcome: 'no-subprotocol' };
    const { client, server } = this.#connectLine('csms', identity, choice.subprotocol);
    this.#csms.take(identity, server);
    return { outcome: 'connected', socket: client };
  }

  #knockOf(
    identity: string,
    subprotocols: readonly string[],
    resolve: (socket: Socket) => void,
    reject: (problem: Error) => void,
  ): Knock {
    return {
      rawPath: `/ocpp/${encodeURIComponent(identity)}`,
      subprotocols,
      remoteAddress: 'memory',
      gone: false,
      accept: (subprotocol, pingSeconds) => {
        this.#pingSeconds.set(identity, pingSeconds);
        const { client, server } = this.#connectLine('charger', identity, subprotocol);
        resolve(client);
        return Promise.resolve(server);
      },
      refuse: (status, message) => reject(new Error(`${status} ${message}`)),
    };
  }

  #connectLine(hop: Hop, identity: string, subprotocol: string): OpenLine {
    const pair = memoryLine({
      clock: this.#clock,
      subprotocol,
      latencyMs: () => this.#delay(),
    });
    const line = { ...pair, hop, identity };
    const key = `${hop} ${identity}`;
    this.#lines.set(key, [...(this.#lines.get(key) ?? []), line].slice(-LINES_MOST));
    return line;
  }

  #open(hop: Hop, identity: string | undefined): readonly OpenLine[] {
    return [...this.#lines.values()]
      .flat()
      .filter((line) => line.hop === hop && line.identity === (identity ?? line.identity));
  }

  #delay(): number {
    return between(this.#random, this.conduct.delayLeastMs, this.conduct.delayMostMs);
  }
}
