import type { LimitCommand } from '../core/limits/limit-book.ts';
import { sameAmps } from '../core/units.ts';
import { type Static, Type } from './typebox.ts';
import { isObject, problemText, validator } from './validator.ts';

const AMPS_MOST = 10_000;
const Amps = Type.Number({ minimum: 0, maximum: AMPS_MOST });

/** What an EMS publishes on `limits/<source>/set`. */
export const LimitMessageSchema = Type.Object(
  {
    circuit: Type.String({ description: 'Circuit of the site file' }),
    watts: Type.Optional(Type.Number({ minimum: 0, maximum: 10_000_000 })),
    amps: Type.Optional(
      Type.Union([Amps, Type.Tuple([Amps, Amps, Amps])], {
        description: 'Per phase: one number for all, or [L1, L2, L3]',
      }),
    ),
    active: Type.Optional(
      Type.Boolean({ description: 'false, without amps and watts: here, but not limiting' }),
    ),
    ttlSeconds: Type.Optional(
      Type.Integer({
        minimum: 10,
        maximum: 86_400,
        description:
          'Needed (only a source with a heartbeat may leave it out). Life of the limit; after it the failsafe of the source holds',
      }),
    ),
    startAt: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'When it begins; its life counts from there',
      }),
    ),
    randomizeSeconds: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 3_600, description: 'Begins up to so much later' }),
    ),
    seq: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Rejected when lower than before' }),
    ),
    epoch: Type.Optional(
      Type.Integer({
        minimum: 0,
        description:
          'Number of the run of the sender: a lower one is rejected, a higher one begins seq anew',
      }),
    ),
    at: Type.Optional(Type.String({ format: 'date-time', description: 'When it was made' })),
    reason: Type.Optional(Type.String({ maxLength: 200 })),
  },
  { additionalProperties: false },
);

type LimitMessage = Static<typeof LimitMessageSchema>;

/** Larger messages are refused unread. */
export const LIMIT_MESSAGE_MOST_BYTES = 4_096;

const EXAMPLE = 'send e.g. {"circuit":"main","amps":16,"ttlSeconds":120}';

/** What stands for ever, as far as a limit can. */
const LASTING_SECONDS = 10 * 365 * 86_400;

/** Reads limit messages; the validator is compiled once. `lasting` limits need no life. */
export const limitReader = (): ((
  text: string,
  lasting?: boolean,
) => LimitCommand | { readonly problem: string }) => {
  const validate = validator(LimitMessageSchema);
  return (text, lasting = false) => {
    let raw: unknown;
    try {
      raw = JSON.parse(text);
    } catch {
      return { problem: `not JSON: ${EXAMPLE}` };
    }
    if (!isObject(raw)) return { problem: `not a JSON object: ${EXAMPLE}` };
    const { value, problems } = validate(raw);
    const [first] = problems;
    if (first !== undefined) return { problem: problemText(first) };
    return commandOf(value as LimitMessage, lasting);
  };
};

const commandOf = (
  message: LimitMessage,
  lasting: boolean,
): LimitCommand | { readonly problem: string } => {
  const { circuit, watts, amps, seq, epoch, at, reason, active, startAt, randomizeSeconds } =
    message;
  const { ttlSeconds = lasting ? LASTING_SECONDS : undefined } = message;
  if (ttlSeconds === undefined) {
    return {
      problem: '"ttlSeconds" is missing: for how long it holds, 10 to 86400; then send it again',
    };
  }
  const lifted = active === false;
  if (lifted && (watts !== undefined || amps !== undefined)) {
    return { problem: '"active": false lifts the limit: leave out "watts" and "amps"' };
  }
  if (!lifted && (watts === undefined) === (amps === undefined)) {
    return { problem: 'needs either "watts" or "amps", not both and not neither' };
  }
  return {
    circuit,
    ttlSeconds,
    ...(watts === undefined ? {} : { watts }),
    ...(amps === undefined ? {} : { amps: typeof amps === 'number' ? sameAmps(amps) : amps }),
    ...(seq === undefined ? {} : { seq }),
    ...(epoch === undefined ? {} : { epoch }),
    ...(at === undefined ? {} : { atMs: Date.parse(at) }),
    ...(reason === undefined ? {} : { reason }),
    ...(lifted ? { lifted } : {}),
    ...(startAt === undefined ? {} : { startAtMs: Date.parse(startAt) }),
    ...(randomizeSeconds === undefined ? {} : { randomizeSeconds }),
  };
};
