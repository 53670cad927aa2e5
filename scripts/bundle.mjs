import { build } from 'esbuild';

/** Bundles programs for Node into a folder, what they share in chunks; packages stay outside. */
export const bundle = (entryPoints, folder, options = {}) =>
  build({
    entryPoints,
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    sourcemap: 'linked',
    ...options,
  });

/** The gateway and its command line: `busbar.js` in the folder. */
export const bundleProgram = (folder) =>
  bundle({ busbar: 'src/cli/main.ts' }, folder, { banner: { js: '#!/usr/bin/env node' } });
