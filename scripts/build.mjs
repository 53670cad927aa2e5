// Bundles the gateway and the page into dist/, well under a second and without a compiler.
// `--ui-only FOLDER` builds the page alone, `--program-only FOLDER` the program: for their tests.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const buildProgram = (folder) =>
  build({
    entryPoints: { busbar: 'src/cli/main.ts' },
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    sourcemap: 'linked',
    banner: { js: '#!/usr/bin/env node' },
  });

const buildPage = async (folder) => {
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: { app: 'src/ui/main.tsx' },
    outdir: folder,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
  });
  for (const file of ['index.html', 'icon.svg'])
    copyFileSync(join('src/ui', file), join(folder, file));
};

const [flag, folder] = process.argv.slice(2);
if (flag === '--ui-only' && folder !== undefined) {
  await buildPage(folder);
} else if (flag === '--program-only' && folder !== undefined) {
  await buildProgram(folder);
} else {
  rmSync('dist', { recursive: true, force: true });
  await buildProgram('dist');
  await buildPage('dist/ui');
}
