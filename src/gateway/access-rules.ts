import type { Frame } from '../ocpp/frame.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import type { Interception, Interceptor } from './interceptor.ts';

/** What the CSMS may not ask of chargers; without chargers it holds for all. */
export interface AccessRule {
  readonly deny: readonly string[];
  readonly chargers?: readonly string[];
}

/** Refuses calls of the CSMS by action and charger before anybody else looks at them. */
export class AccessRules implements Interceptor {
  readonly #next: Interceptor;
  #rules: readonly AccessRule[];

  constructor(rules: readonly AccessRule[], next: Interceptor) {
    this.#rules = rules;
    this.#next = next;
  }

  /** New rules hold from the next call on. */
  set rules(rules: readonly AccessRule[]) {
    this.#rules = rules;
  }

  csmsCall(charger: string, version: OcppVersion, call: Frame): Interception | undefined {
    if (this.#rules.some((rule) => denies(rule, charger, call.action))) {
      const description = `${call.action} is not allowed here by the operator of the site`;
      return { do: 'answer', answer: { errorCode: 'SecurityError', description } };
    }
    return this.#next.csmsCall(charger, version, call);
  }
}

const denies = ({ deny, chargers }: AccessRule, charger: string, action: string): boolean =>
  deny.includes(action) && (chargers === undefined || chargers.includes(charger));
