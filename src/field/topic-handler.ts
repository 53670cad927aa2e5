import type { Incoming } from './broker-port.ts';

/** A part of what the site says and hears over MQTT. Topics are whole, with the root. */
export interface TopicHandler {
  /** What it listens to. */
  readonly filters: readonly string[];
  /** True when the message was for it. */
  take(message: Incoming): boolean;
  /** The broker is gone. */
  disconnected?(): void;
  close(): void;
}

/** Sends an answer to where an MQTT 5 sender wants it. */
export type Answer = (message: Incoming, text: string) => void;
