import type { Socket } from '../../src/gateway/socket.ts';
import {
  callBytes,
  type Frame,
  parseError,
  parsePayload,
  readFrame,
  resultBytes,
} from '../../src/ocpp/frame.ts';
import { type Payload, readObject } from '../../src/ocpp/payload.ts';
import { type OcppVersion, subprotocolOf } from '../../src/ocpp/version.ts';
import type { VirtualSite } from '../../src/sim/virtual-site.ts';
import { sampleOf } from '../ocpp-samples.ts';
import { validators } from '../ocpp-schemas.ts';

export interface Heard {
  readonly action: string;
  readonly payload: Payload;
}

/** Time runs in steps of this while something is waited for, and not for ever. */
export const TURN_SECONDS = 0.1;
export const TURNS_MOST = 600;

/** A charger that says what a test tells it to, says yes to everything, and checks every frame. */
export class RawCharger {
  readonly identity: string;
  readonly version: OcppVersion;
  readonly heard: Heard[] = [];
  readonly violations: string[] = [];
  /** What it answers in place of the least that the schema allows. */
  readonly answers = new Map<string, object>();
  /** By action: it takes its time. */
  readonly answersAfterMs = new Map<string, number>();
  readonly #site: VirtualSite;
  readonly #validate: ReturnType<typeof validators>;
  readonly #open = new Map<
    string,
    { readonly action: string; readonly done: (f: Frame) => void }
  >();
  #socket: Socket | undefined;
  #ids = 0;

  constructor(site: VirtualSite, identity: string, version: OcppVersion) {
    this.#site = site;
    this.identity = identity;
    this.version = version;
    this.#validate = validators(version);
  }

  get connected(): boolean {
    return this.#socket !== undefined;
  }

  async connect(): Promise<void> {
    const { network } = this.#site;
    this.#socket = undefined;
    void network.connect(this.identity, [subprotocolOf(this.version)]).then((socket) => {
      this.#socket = socket;
      socket.listen({
        message: (bytes) => this.#receive(readFrame(bytes)),
        closed: () => {
          if (this.#socket === socket) this.#socket = undefined;
        },
      });
    });
    for (let i = 0; !this.connected && i < TURNS_MOST; i += 1) await this.#site.run(TURN_SECONDS);
  }

  close(): void {
    this.#socket?.close(1000, '');
  }

  /** Sends a call and lets time run until it is answered; an error is `{ code, description }`. */
  async ask(action: string, payload: object): Promise<Payload> {
    let answer: Payload | undefined;
    this.send(action, payload, (given) => {
      answer = given;
    });
    for (let i = 0; answer === undefined && i < TURNS_MOST; i += 1)
      await this.#site.run(TURN_SECONDS);
    return answer ?? { code: 'no answer', description: '' };
  }

  send(action: string, payload: object, done: (answer: Payload) => void): void {
    this.#ids += 1;
    const id = `${this.identity}-${this.#ids}`;
    this.#check(`${action}.req`, payload);
    this.#open.set(id, {
      action,
      done: (frame) => {
        if (frame.kind === 'error') return done(readObject(parseError(frame)));
        this.#check(`${action}.conf`, parsePayload(frame));
        done(readObject(parsePayload(frame)));
      },
    });
    this.#socket?.send(callBytes(id, action, payload));
  }

  #receive(frame: Frame): void {
    if (frame.kind === 'result' || frame.kind === 'error') {
      const asked = this.#open.get(frame.id);
      this.#open.delete(frame.id);
      asked?.done(frame);
      return;
    }
    const payload = readObject(parsePayload(frame));
    const { action } = frame;
    this.#check(`${action}.req`, payload);
    this.heard.push({ action, payload });
    const at = new Date(this.#site.clock.wallMs()).toISOString();
    const answer = this.answers.get(action) ?? sampleOf(this.version, `${action}.conf`, at);
    this.#check(`${action}.conf`, answer);
    const send = (): void => this.#socket?.send(resultBytes(frame.id, answer));
    const afterMs = this.answersAfterMs.get(action);
    if (afterMs === undefined) send();
    else this.#site.clock.after(afterMs, send);
  }

  #check(name: string, payload: unknown): void {
    const check = this.#validate(name);
    if (check(payload)) return;
    const problems = JSON.stringify(check.errors);
    this.violations.push(`${this.identity} ${name}: ${problems} ${JSON.stringify(payload)}`);
  }
}
