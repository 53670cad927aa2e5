import { readFileSync } from 'node:fs';
import type { SchemaProblem } from '../schema/validator.ts';

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
    const secret = kind === 'env' ? environment[name] : readSecret(name);
    if (secret !== undefined) return secret;
    const missing =
      kind === 'env' ? `environment variable ${name} is not set` : `cannot read ${name}`;
    problems.push({ path, text: missing });
    return node;
  };
  return { value: resolve(value, []), problems };
};

const readSecret = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch {
    return undefined;
  }
};
