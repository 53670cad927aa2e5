import { readFileSync } from 'node:fs';
import type { SchemaProblem } from '../schema/validator.ts';
import { unreadableText } from './unreadable-file.ts';

const REFERENCE = /^\$\{(env|file):([^}]+)\}$/;

/** Replaces `${env:NAME}` and `${file:/path}` by what they name, so that no secret is in the file. */
export const resolveSecrets = (
  value: unknown,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly value: unknown; readonly problems: readonly SchemaProblem[] } => {
  const problems: SchemaProblem[] = [];
  const resolve = (node: unknown, path: readonly (string | number)[]): unknown => {
    if (Array.isArray(node)) return node.map((item, i) => resolve(item, [...path, i]));
    if (typeof node === 'object' && node !== null) {
      return Object.fromEntries(
        Object.entries(node).map(([key, child]) => [key, resolve(child, [...path, key])]),
      );
    }
    const [, kind, name] = (typeof node === 'string' && REFERENCE.exec(node)) || [];
    if (kind === undefined || name === undefined) return node;
    const { secret, problem } = kind === 'env' ? secretOf(name, environment) : readSecret(name);
    if (secret !== undefined) return secret;
    problems.push({ path, text: problem ?? '' });
    return node;
  };
  return { value: resolve(value, []), problems };
};

interface Secret {
  readonly secret?: string;
  readonly problem?: string;
}

const secretOf = (
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): Secret => {
  const secret = environment[name];
  return secret === undefined ? { problem: `environment variable ${name} is not set` } : { secret };
};

const readSecret = (file: string): Secret => {
  try {
    return { secret: readFileSync(file, 'utf8').replace(/\r?\n$/, '') };
  } catch (error) {
    return { problem: unreadableText(file, error) };
  }
};
