import { type Payload, readText } from '../payload.ts';

/** What a call of the CSMS is in the charger's version. */
export type DownCall =
  | { readonly action: string; readonly payload: Payload }
  /** Answered without the charger. */
  | { readonly answer: Payload }
  | { readonly refuse: string };

export interface DownContext {
  /** Connectors or EVSEs of the charger. */
  readonly outlets: number;
  /** For a start that the CSMS did not number. */
  readonly newRemoteStartId: () => number;
}

/** One action of the CSMS in the charger's version, and the charger's answer in the CSMS's. */
export interface DownTranslator {
  /** The action that the charger hears; absent: none, for this reason. */
  readonly to?: string;
  readonly reason?: string;
  /** `asked` has the charger's own numbers and ids already. */
  readonly request: (asked: Payload, context: DownContext) => DownCall;
  readonly answer: (answer: Payload, asked: Payload) => Payload;
}

export const statusOf = ({ status }: Payload): Payload => ({
  status: readText(status) ?? 'Rejected',
});

/** The answer's status in other words; what is not in the list stays. */
export const statusIn =
  (words: Readonly<Record<string, string>>) =>
  ({ status }: Payload): Payload => {
    const word = readText(status) ?? 'Rejected';
    return { status: words[word] ?? word };
  };

/** The same message in both versions, with the same payload. */
export const same = (action: string): DownTranslator => ({
  to: action,
  request: (payload) => ({ action, payload }),
  answer: statusOf,
});

export const noPartner = (reason: string): DownTranslator => ({
  reason,
  request: () => ({ refuse: reason }),
  answer: statusOf,
});

/** `data` of a DataTransfer is a text in 1.6 and anything in 2.x. */
export const dataText = (data: unknown): string | undefined =>
  data === undefined || typeof data === 'string' ? data : JSON.stringify(data);
