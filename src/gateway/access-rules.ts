import type { Frame } from '../ocpp/frame.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import type { CallAnswer, Interception, Interceptor } from './interceptor.ts';

/** What a CSMS may ask of chargers. A rule holds where all that it names fits. */
export interface AccessRule {
  /** These actions are refused. */
  readonly deny?: readonly string[];
  /** All others are refused. */
  readonly allow?: readonly string[];
  /** Chargers, or identities of the gateway itself; all when absent. */
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
    const answer = this.refusal(charger, this.#baseOf(charger), call.action);
    if (answer !== undefined) return { do: 'answer', answer };
    return this.#next.csmsCall(charger, version, call);
  }

  /** What the CSMS at `base` hears that may not ask this of `identity`; undefined: it may. */
  refusal(identity: string, base: string, action: string): CallAnswer | undefined {
    if (!this.#rules.some((rule) => refuses(rule, identity, base, action))) return undefined;
    const description = `${action} is not allowed here by the operator of the site`;
    return { errorCode: 'SecurityError', description };
  }
}

const refuses = (
  { deny, allow, chargers, upstream }: AccessRule,
  identity: string,
  base: string,
  action: string,
): boolean => {
  if (chargers?.includes(identity) === false) return false;
  if (upstream !== undefined && upstream !== base) return false;
  return deny?.includes(action) === true || allow?.includes(action) === false;
};
