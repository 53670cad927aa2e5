import { unknownText } from '../core/near-name.ts';
import { type Static, Type } from './typebox.ts';
import { isObject, problemText, validator } from './validator.ts';

const strict = { additionalProperties: false } as const;
const Charger = Type.String({ maxLength: 48, description: 'Charger of the site file' });
const Connector = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 16, description: 'Absent: all connectors' }),
);
const Transaction = Type.Optional(
  Type.String({ maxLength: 64, description: 'Comes back in the answer' }),
);
const TtlSeconds = Type.Optional(
  Type.Integer({ minimum: 10, maximum: 604_800, description: 'Absent: until it is changed' }),
);
const common = { transaction: Transaction };

/** What may be published on `request/<verb>`. */
export const RequestSchemas = {
  pause: Type.Object(
    { charger: Charger, connector: Connector, ttlSeconds: TtlSeconds, ...common },
    { ...strict, description: 'No current for a connector' },
  ),
  resume: Type.Object(
    { charger: Charger, connector: Connector, ...common },
    { ...strict, description: 'Ends a pause' },
  ),
  priority: Type.Object(
    {
      charger: Charger,
      connector: Connector,
      weight: Type.Optional(
        Type.Number({ exclusiveMinimum: 0, maximum: 100, description: 'Share, 1 is normal' }),
      ),
      class: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 9,
          description: 'Higher is served first, 0 is normal',
        }),
      ),
      ttlSeconds: TtlSeconds,
      ...common,
    },
    { ...strict, description: 'Who gets more, and who comes first' },
  ),
  wish: Type.Object(
    {
      charger: Charger,
      connector: Type.Integer({ minimum: 1, maximum: 16, default: 1 }),
      energyWh: Type.Optional(
        Type.Number({
          minimum: 0,
          maximum: 1_000_000,
          description: 'From the start of the session',
        }),
      ),
      departAt: Type.Optional(Type.String({ format: 'date-time' })),
      ...common,
    },
    { ...strict, description: 'Energy by a departure; without both the wish is forgotten' },
  ),
  policy: Type.Object(
    {
      policy: Type.Optional(
        Type.String({
          maxLength: 200,
          description: 'One of ems.policies; absent: that of the site file',
        }),
      ),
      ttlSeconds: TtlSeconds,
      ...common,
    },
    { ...strict, description: 'How power is shared; lapses when the site file names another' },
  ),
};

export type Verb = keyof typeof RequestSchemas;
export const VERBS = Object.keys(RequestSchemas) as readonly Verb[];

export type SiteRequest = {
  [V in Verb]: { readonly verb: V; readonly body: Static<(typeof RequestSchemas)[V]> };
}[Verb];

/** The answer on `response/<verb>` and on the response topic. */
export const ResponseSchema = Type.Object(
  { accepted: Type.Boolean(), reason: Type.String(), transaction: Transaction },
  strict,
);
export type Response = Static<typeof ResponseSchema>;

export const REQUEST_MOST_BYTES = 4_096;

/** Reads requests; the validators are compiled once. */
export const requestReader = (): ((
  verb: string,
  text: string,
) => SiteRequest | { readonly problem: string }) => {
  const validators = new Map(VERBS.map((verb) => [verb, validator(RequestSchemas[verb])]));
  return (verb, text) => {
    const validate = validators.get(verb as Verb);
    if (validate === undefined) {
      return { problem: unknownText('request', verb, VERBS) };
    }
    const example = verb === 'policy' ? '{"policy":"equal"}' : '{"charger":"CP_1"}';
    let raw: unknown;
    try {
      raw = JSON.parse(text);
    } catch {
      return { problem: `not JSON: send e.g. ${example}` };
    }
    if (!isObject(raw)) return { problem: `not a JSON object: send e.g. ${example}` };
    const { value, problems } = validate(raw);
    const [first] = problems;
    if (first !== undefined) return { problem: problemText(first) };
    return { verb, body: value } as SiteRequest;
  };
};
