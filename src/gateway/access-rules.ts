import type { Frame } from '../ocpp/frame.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import type { Interception, Interceptor } from './interceptor.ts';

/** What a CSMS may ask of chargers. A rule holds where all that it names fits. */
export interface AccessRule {
  /** These actions are refused. */
  readonly deny?: readonly string[];
  /** All others are refused. */
  readonly allow?: readonly string[];
  /** All when absent. */
  readonly chargers?: readonly string[];
  /** URL of the CSMS that is meant; each when absent. */
  readonly upstream?: string;
}

/** Refuses calls of the CSMS by action, charger and upstream before anybody else looks at them. */
export class AccessRules implements Interceptor {
  readonly #next: Interceptor;
  readonly #baseOf: (charger: string) => string;
  #rules: readonly AccessRule[];

  constructor(
    rules: readonly AccessRule[],
    next: Interceptor,
    /** URL of a charger's CSMS. */
    baseOf: (charger: string) => string,
  ) {
    this.#rules = rules;
    this.#next = next;
    this.#baseOf = baseOf;
  }

  /** New rules hold from the next call on. */
  set rules(rules: readonly AccessRule[]) {
    this.#rules = rules;
  }

  csmsCall(charger: string, version: OcppVersion, call: Frame): Interception | undefined {
    if (this.#rules.some((rule) => this.#refuses(rule, charger, call.action))) {
      const description = `${call.action} is not allowed here by the operator of the site`;
      return { do: 'answer', answer: { errorCode: 'SecurityError', description } };
    }
    return this.#next.csmsCall(charger, version, call);
  }

  #refuses({ deny, allow, chargers, upstream }: AccessRule, charger: string, action: string) {
    if (chargers?.includes(charger) === false) return false;
    if (upstream !== undefined && upstream !== this.#baseOf(charger)) return false;
    return deny?.includes(action) === true || allow?.includes(action) === false;
  }
}
