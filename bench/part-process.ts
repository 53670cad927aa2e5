import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Starts a part of a bench (`part-NAME.ts`) in a process of its own, bundled as the program is shipped:
 * a TypeScript loader would be measured as well.
 */
export const startProcess = async (
  part: string,
  ...args: readonly string[]
): Promise<ChildProcess> => {
  const outfile = join('dist', 'bench', `${part}.js`);
  await build({
    entryPoints: [fileURLToPath(new URL(`./part-${part}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
  });
  return fork(outfile, [...args], { execArgv: [] });
};
