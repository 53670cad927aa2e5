import { readFileSync } from 'node:fs';
import { build } from 'esbuild';

/** Goes into the bundle: it is hundreds of small files, which were half of what a start takes. */
export const BUNDLED = ['typebox'];

const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
  readFileSync('package.json', 'utf8'),
);
const outside = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });

/** Bundles programs for Node into a folder, what they share in chunks; packages stay outside. */
export const bundle = (entryPoints, folder, options = {}) =>
  build({
    entryPoints,
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: outside.filter((name) => !BUNDLED.includes(name)),
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    sourcemap: 'linked',
    ...options,
  });

/** The gateway and its command line: `busbar.js` in the folder. */
export const bundleProgram = (folder) =>
  bundle({ busbar: 'src/cli/main.ts' }, folder, { banner: { js: '#!/usr/bin/env node' } });
