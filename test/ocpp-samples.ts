import { type Payload, readObject } from '../src/ocpp/payload.ts';
import type { OcppVersion } from '../src/ocpp/version.ts';
import { schemaOf } from './ocpp-schemas.ts';

/** Words that a sample takes where a schema offers them, before the first of its list. */
const PREFERRED = [
  'Accepted',
  'Operative',
  'Available',
  'StatusNotification',
  'TxProfile',
  'Updated',
  'Relative',
];

/** The least that the schema of a message allows; words of PREFERRED where it leaves a choice. */
export const sampleOf = (version: OcppVersion, name: string, at: string): Payload => {
  const schema = schemaOf(version, name);
  return readObject(sample(schema as unknown as Payload, readObject(schema.definitions), at));
};

/**
 * The most that a schema allows: every member, the last word of every list; the first of those that
 * say what a profile is.
 */
export const fullSampleOf = (version: OcppVersion, name: string, at: string): Payload => {
  const schema = schemaOf(version, name);
  return readObject(full(schema as unknown as Payload, readObject(schema.definitions), at, ''));
};

const full = (schema: Payload, definitions: Payload, at: string, member: string): unknown => {
  const ref = schema['$ref'];
  if (typeof ref === 'string') {
    return full(readObject(definitions[ref.split('/').at(-1) ?? '']), definitions, at, member);
  }
  const words = schema['enum'];
  if (Array.isArray(words)) return words.at(/^chargingProfile/.test(member) ? 0 : -1);
  if (schema['type'] === 'array') {
    return [full(readObject(schema['items']), definitions, at, member)];
  }
  if (schema['type'] !== 'object') return sample(schema, definitions, at);
  const properties = Object.entries(readObject(schema['properties']));
  return Object.fromEntries(
    properties
      .filter(([key]) => key !== 'customData')
      .map(([key, each]) => [key, full(readObject(each), definitions, at, key)]),
  );
};

const sample = (schema: Payload, definitions: Payload, at: string): unknown => {
  const ref = schema['$ref'];
  if (typeof ref === 'string') {
    return sample(readObject(definitions[ref.split('/').at(-1) ?? '']), definitions, at);
  }
  const words = schema['enum'];
  if (Array.isArray(words)) return PREFERRED.find((word) => words.includes(word)) ?? words[0];
  switch (schema['type']) {
    case 'object': {
      const needed = schema['required'];
      const properties = readObject(schema['properties']);
      const keys = Array.isArray(needed) ? needed.map(String) : [];
      // A period may do without a limit in 2.1; one of 1.6 may not.
      if (keys.includes('startPeriod')) keys.push('limit');
      return Object.fromEntries(
        keys.map((key) => [key, sample(readObject(properties[key]), definitions, at)]),
      );
    }
    case 'array':
      return [sample(readObject(schema['items']), definitions, at)];
    case 'integer':
    case 'number':
      return Math.max(1, Number(schema['minimum'] ?? 0));
    case 'boolean':
      return true;
    default:
      return schema['format'] === 'date-time' ? at : '1';
  }
};

/** The value with another one at a path; objects on the way are made, `*` is every element. */
export const withValue = (
  value: unknown,
  [key, ...deeper]: readonly string[],
  other: unknown,
): unknown => {
  if (key === undefined) return other;
  if (key === '*') {
    return Array.isArray(value) ? value.map((each) => withValue(each, deeper, other)) : value;
  }
  const object = readObject(value);
  return { ...object, [key]: withValue(object[key], deeper, other) };
};
