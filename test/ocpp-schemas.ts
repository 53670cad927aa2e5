import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv, type ValidateFunction } from 'ajv';
import type { OcppVersion } from '../src/ocpp/version.ts';

type Validators = (name: string) => ValidateFunction;

interface Schema {
  readonly $id: string;
  readonly definitions?: object;
}

const FILES = { '1.6': 'ocpp1_6', '2.0.1': 'ocpp2_0_1', '2.1': 'ocpp2_1' } as const;

const READ = new Map<OcppVersion, readonly Schema[]>();
const schemasOf = (version: OcppVersion): readonly Schema[] => {
  const known = READ.get(version) ?? readSchemas(version);
  READ.set(version, known);
  return known;
};
const readSchemas = (version: OcppVersion): readonly Schema[] => {
  const file = createRequire(import.meta.url).resolve(
    `ocpp-rpc/lib/schemas/${FILES[version]}.json`,
  );
  return JSON.parse(readFileSync(file, 'utf8')) as readonly Schema[];
};

/** The schema of one message by its name, e.g. `BootNotification.req`. */
export const schemaOf = (version: OcppVersion, name: string): Schema => {
  const long = name.replace('.req', 'Request').replace('.conf', 'Response');
  const found = schemasOf(version).find(
    ({ $id }) => $id === `urn:${name}` || $id === `urn:${long}`,
  );
  assert.ok(found !== undefined, `no schema for ${name}`);
  return found;
};

/** Validators of one version by message name, e.g. `BootNotification.req`. */
export const validators = (version: OcppVersion): Validators => {
  const known = COMPILED.get(version) ?? compiling(version);
  COMPILED.set(version, known);
  return known;
};
const COMPILED = new Map<OcppVersion, Validators>();

const compiling = (version: OcppVersion): Validators => {
  const schemas = schemasOf(version);
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const compiled = new Map<string, ValidateFunction>();
  return (name) => {
    const known = compiled.get(name);
    if (known !== undefined) return known;
    const long = name.replace('.req', 'Request').replace('.conf', 'Response');
    const schema = schemas.find(({ $id }) => $id === `urn:${name}` || $id === `urn:${long}`);
    assert.ok(schema !== undefined, `no schema for ${name}`);
    const { $id: _id, ...anonymous } = schema;
    const validate = ajv.compile(anonymous);
    compiled.set(name, validate);
    return validate;
  };
};

/** Actions of one version, by their requests. */
export const requestNames = (version: OcppVersion): readonly string[] =>
  schemasOf(version).flatMap(({ $id }) => /^urn:(\w+?)(?:\.req|Request)$/.exec($id)?.[1] ?? []);
