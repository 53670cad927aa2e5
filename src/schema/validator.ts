import { Ajv, type ErrorObject } from 'ajv';
import addFormats from 'ajv-formats';
import type { TSchema } from './typebox.ts';
import { meantKey, numberHint } from './unit-hints.ts';

export interface SchemaProblem {
  /** Steps from the top, e.g. ['circuits', 1, 'limitAmps']. */
  readonly path: readonly (string | number)[];
  readonly text: string;
}

export interface Validated {
  /** The value with defaults filled in; only meaningful without problems. */
  readonly value: unknown;
  readonly problems: readonly SchemaProblem[];
}

/** Problems beyond this are not listed. */
const PROBLEMS_MOST = 50;

/** Compiles a schema into a function that fills in defaults and lists what is wrong, in words. */
export const validator = (schema: TSchema): ((value: unknown) => Validated) => {
  const ajv = new Ajv({
    allErrors: true,
    useDefaults: true,
    strict: false,
    verbose: true,
    allowUnionTypes: true,
    // Half of the time of a start: schemas are our own, and each is used a few times only.
    validateSchema: false,
    code: { optimize: false },
  });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);
  return (input) => {
    const value = structuredClone(input);
    if (validate(value)) return { value, problems: [] };
    const errors = (validate.errors ?? []).filter((error) => error.keyword !== 'anyOf');
    const told = mostSpecific(errors).slice(0, PROBLEMS_MOST);
    return { value, problems: told.map((error) => problemOf(error, errors)) };
  };
};

/** What a message has to be before its members are looked at. */
export const isObject = (raw: unknown): raw is object =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw);

/** A problem of a message as one line. What is missing or unknown names itself. */
export const problemText = ({ path, text }: SchemaProblem): string => {
  const place = text.startsWith(UNKNOWN_KEY) ? path.slice(0, -1) : path;
  return place.length === 0 ? text : `${place.join('.')} ${text}`;
};

const UNKNOWN_KEY = 'unknown key';

/**
 * Alternatives of a union each report; the first message per place is enough, and of an object it
 * is of no interest that it is not one of the words which could stand there too.
 */
const mostSpecific = (errors: readonly ErrorObject[]): readonly ErrorObject[] => {
  const seen = new Set<string>();
  return errors.filter((error) => {
    if (isAside(error, errors) || isMisspelt(error, errors)) return false;
    const extra = error.params['additionalProperty'] ?? error.params['missingProperty'] ?? '';
    const key = `${error.instancePath}#${extra}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
};

const isAside = (error: ErrorObject, errors: readonly ErrorObject[]): boolean =>
  typeof error.data === 'object' &&
  (error.keyword === 'type' || error.keyword === 'const') &&
  errors.some(
    ({ keyword, instancePath }) =>
      instancePath.startsWith(`${error.instancePath}/`) ||
      (keyword !== 'type' && keyword !== 'const' && instancePath === error.instancePath),
  );

/** What is missing is there under another name, and told with that. */
const isMisspelt = (error: ErrorObject, errors: readonly ErrorObject[]): boolean =>
  error.keyword === 'required' &&
  errors.some(
    ({ keyword, instancePath, params }) =>
      keyword === 'additionalProperties' &&
      instancePath === error.instancePath &&
      meantKey(String(params['additionalProperty']), [String(error.params['missingProperty'])]) !==
        undefined,
  );

/** Every value that the alternatives of a place allow. */
const allowedAt = (path: string, errors: readonly ErrorObject[]): readonly unknown[] =>
  errors
    .filter(({ instancePath, keyword }) => instancePath === path && keyword === 'const')
    .map(({ params }) => params['allowedValue'] as unknown);

/** The kinds of value that the alternatives of a place allow. */
const typesAt = (path: string, errors: readonly ErrorObject[]): readonly string[] => {
  const types = errors
    .filter(({ instancePath, keyword }) => instancePath === path && keyword === 'type')
    .map(({ params }) => String(params['type']));
  return [...new Set(types)].filter((type) => type in TYPES);
};

const problemOf = (error: ErrorObject, errors: readonly ErrorObject[]): SchemaProblem => {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((step) =>
      /^\d+$/.test(step) ? Number(step) : step.replace(/~1/g, '/').replace(/~0/g, '~'),
    );
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(error.params['additionalProperty']);
      const known = Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {});
      return { path: [...path, key], text: unknownKey(key, known) };
    }
    case 'required':
      return { path, text: `"${error.params['missingProperty']}" is missing` };
    case 'enum':
    case 'const': {
      const listed = error.params['allowedValues'] as unknown[] | undefined;
      const allowed = listed ?? allowedAt(error.instancePath, errors);
      return { path, text: `must be one of ${allowed.map(String).join(', ')}${got(error)}` };
    }
    case 'type': {
      const types = typesAt(error.instancePath, errors);
      const own = error.parentSchema?.['errorMessage'] as string | undefined;
      if (own === undefined && types.length === 0) break;
      const wanted = own ?? `must be ${types.map((type) => TYPES[type]).join(' or ')}`;
      const found = error.data === null ? ', got nothing' : got(error);
      if (types.join() === 'array' && isObject(error.data)) {
        return { path, text: `${wanted}: every entry begins with "- "` };
      }
      const isNumber = types.includes('number') || types.includes('integer');
      const name = path.findLast((step) => typeof step === 'string') ?? '';
      const isPlain = typeof error.data === 'number' || typeof error.data === 'boolean';
      const isText = types.includes('string') && (own === undefined || name === 'id');
      const textHint = isPlain && isText ? ': write it in quotes' : '';
      return { path, text: wanted + found + (isNumber ? numberHint(name, error.data) : textHint) };
    }
    case 'pattern':
      return { path, text: patternText(error) };
    case 'minItems':
      return { path, text: `needs at least ${entries(error)}` };
    case 'maxItems':
    case 'additionalItems':
      return { path, text: `takes at most ${entries(error)}` };
    case 'minLength':
      return { path, text: `needs at least ${error.params['limit']} characters` };
    case 'format':
      return { path, text: `must be ${formatText(error)}${got(error)}` };
  }
  return { path, text: `${error.message ?? 'is not valid'}${got(error)}` };
};

/** Of JSON Schema, in words. */
const TYPES: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a mapping (key: value)',
  number: 'a number',
  integer: 'a whole number',
  string: 'text',
  boolean: 'true or false',
};

const patternText = (error: ErrorObject): string => {
  const wanted =
    (error.parentSchema?.['errorMessage'] as string | undefined) ?? 'has the wrong form';
  return `${wanted}${got(error)}${wrongIp(error.data)}`;
};

/** An address of four numbers, of which one is too large or missing. */
const wrongIp = (data: unknown): string => {
  const [, host] = /^(?:[a-z+]+:\/\/)?(\d+(?:\.\d+)+)(?::\d+)?\/?$/.exec(String(data)) ?? [];
  const bytes = host?.split('.') ?? [];
  if (host === undefined || (bytes.length === 4 && bytes.every((byte) => Number(byte) < 256))) {
    return '';
  }
  return `: ${host} is no IP address`;
};

const entries = ({ params, data }: ErrorObject): string =>
  `${params['limit']} entries, got ${Array.isArray(data) ? data.length : 'none'}`;

const formatText = ({ params }: ErrorObject): string =>
  params['format'] === 'date-time' ? 'a time as 2026-06-01T17:00:00Z' : `a ${params['format']}`;

const SECRET = /(token|password|secret|^key|^cert|^ca)$/i;

/** What stands there instead; no secret, since problems go into logs and tickets. */
const got = ({ data, instancePath }: ErrorObject): string => {
  if (typeof data === 'object' || SECRET.test(instancePath.split('/').at(-1) ?? '')) return '';
  const shown = JSON.stringify(data)?.replace(/\/\/[^@/]*@/, '//...@');
  return `, got ${shown?.slice(0, 60)}`;
};

const unknownKey = (key: string, known: readonly string[]): string => {
  const told = `${UNKNOWN_KEY} "${key}"`;
  // YAML takes what comes after the comma for the next key.
  if (/^\d+$/.test(key)) return `${told}: a decimal comma? Write decimals with a point`;
  if (/^L[123]$/.test(key)) return `${told}: phases are written without commas: L1L2L3`;
  const near = meantKey(key, known);
  if (near === undefined) return `${told}; known are ${known.join(', ')}`;
  const [, unit] = /(kwh?)$/i.exec(key) ?? [];
  const kilo = unit !== undefined && /w(atts|h)$/i.test(near) ? ` (1 ${unit} is 1000)` : '';
  return `${told}; did you mean "${near}"${kilo}?`;
};
