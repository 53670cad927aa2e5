import type { Frame } from '../../ocpp/frame.ts';
import { readText } from '../../ocpp/payload.ts';
import { payloadOf } from './up-desk.ts';

/**
 * What the CSMS asks to be told follows the answer to its question (1.6 §5.17, 2.1 F06), although
 * a charger says it as soon as it has answered for itself, and others are still being asked.
 */
export class OpenTriggers {
  /** By the message that is asked for; they last no longer than a charger has to answer. */
  readonly #open = new Map<string, Promise<void>>();

  /** Answers a call of the CSMS: what it asks for waits until then. */
  async during(call: Frame, answer: () => Promise<void>): Promise<void> {
    const message = triggeredBy(call);
    if (message === undefined) return await answer();
    let end = (): void => {};
    const answered = new Promise<void>((resolve) => {
      end = resolve;
    });
    const all = (this.#open.get(message) ?? Promise.resolve()).then(() => answered);
    this.#open.set(message, all);
    void all.then(() => {
      if (this.#open.get(message) === all) this.#open.delete(message);
    });
    try {
      await answer();
    } finally {
      end();
    }
  }

  /** Resolves once nobody who asks for this message waits for the answer; undefined: nobody does. */
  answered(message: string): Promise<void> | undefined {
    return this.#open.get(message);
  }
}

const triggeredBy = (call: Frame): string | undefined =>
  call.action === 'TriggerMessage' || call.action === 'ExtendedTriggerMessage'
    ? readText(payloadOf(call)?.['requestedMessage'])
    : undefined;
