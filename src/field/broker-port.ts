/** A connection to an MQTT broker that dials again by itself. */
export interface Broker {
  connected(): boolean;
  /** Why there is no connection, as far as is known; else the last thing that went wrong. */
  problem(): string;
  /** False, and nothing is kept, while there is no connection or the broker is too far behind. */
  publish(topic: string, text: string, options?: SendOptions): boolean;
  /** `done` tells whether every filter was granted; `quiet`: a refusal is no news. */
  subscribe(
    filters: readonly string[],
    done?: (granted: boolean) => void,
    options?: { readonly quiet?: boolean },
  ): void;
  unsubscribe(filters: readonly string[]): void;
  /** Publishes a retained farewell and ends; does not wait for a broker that went silent. */
  close(farewell: Note): Promise<void>;
}

export interface BrokerListener {
  /** After every dial: the broker may have forgotten everything. */
  connected(): void;
  /** After every loss of a connection that was there. */
  disconnected?(): void;
  message(incoming: Incoming): void;
}

export interface Note {
  readonly topic: string;
  readonly text: string;
}

export interface SendOptions {
  readonly qos?: 0 | 1;
  readonly retain?: boolean;
  readonly correlation?: Uint8Array | undefined;
}

export interface Incoming {
  readonly topic: string;
  readonly bytes: number;
  /** The payload as text; larger ones should be refused unread. */
  text(): string;
  readonly retained: boolean;
  /** MQTT 5: where the sender wants its answer, and what to send back with it. */
  readonly responseTopic: string | undefined;
  readonly correlation: Uint8Array | undefined;
}

/** Builds a broker connection for a listener; the composition root knows the address. */
export type OpenBroker = (listener: BrokerListener, will: Note) => Broker;
