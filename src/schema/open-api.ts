/** As far as it is looked at here. */
interface Operation {
  readonly responses?: Readonly<Record<string, object>>;
}
interface OpenApi {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const PROBLEM = {
  description: 'It could not be done: what is wrong, and what to do about it',
  content: {
    'application/problem+json': {
      schema: {
        type: 'object',
        required: ['status', 'detail'],
        properties: { status: { type: 'integer' }, detail: { type: 'string' } },
      },
    },
  },
} as const;

const SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'listen.token' },
  basic: { type: 'http', scheme: 'basic', description: 'listen.token as the password; any user' },
} as const;
/** What needs no token. */
const OPEN_PATH = '/healthz';

const text = (description: string, type: string) => ({
  200: { description, content: { [type]: { schema: { type: 'string' } } } },
});
/** Answers that are no JSON object, or have a status of their own. */
const OWN_ANSWERS: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  '/api/v1/events': text('One event a second, each with the state', 'text/event-stream'),
  '/metrics': text('Prometheus text format 0.0.4', 'text/plain'),
  '/readyz': {
    200: { description: 'It is' },
    503: { description: 'It is not: `problems` says why' },
  },
};

/**
 * What every route may answer besides what it says itself: problems (RFC 9457), and with a token the
 * question for it.
 */
export const withProblems = (document: object, token: boolean): OpenApi => {
  const { paths = {}, ...rest } = document as OpenApi;
  const operationsOf = (path: string, operations: Readonly<Record<string, Operation>>) =>
    Object.entries(operations).map(([method, operation]) => {
      const responses = { ...answersOf(operation), ...OWN_ANSWERS[path], default: PROBLEM };
      const security = token && path === OPEN_PATH ? { security: [] } : {};
      return [method, { ...operation, responses, ...security }] as const;
    });
  const changed = Object.entries(paths).map(
    ([path, operations]) => [path, Object.fromEntries(operationsOf(path, operations))] as const,
  );
  const guarded = {
    components: { securitySchemes: SCHEMES },
    security: Object.keys(SCHEMES).map((name) => ({ [name]: [] })),
  };
  return { ...rest, ...(token ? guarded : {}), paths: Object.fromEntries(changed) };
};

const answersOf = ({ responses = {} }: Operation): Readonly<Record<string, object>> =>
  Object.fromEntries(
    Object.entries(responses).map(([status, answer]) => [
      status,
      { ...answer, description: 'Done' },
    ]),
  );
