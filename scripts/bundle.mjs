import { build } from 'esbuild';

/** Packages of the tests that look for files beside themselves, which no bundle can hold. */
const NOT_BUNDLED = ['playwright-core', 'ocpp-rpc', 'highs', 'esbuild'];

/** CommonJS packages ask for the modules of Node by this name, which ES modules do not have. */
const REQUIRE =
  "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);";

/**
 * Bundles programs for Node into a folder, packages and all, and what they share in chunks: hundreds of
 * small files would be most of what a start takes. What went in is told in `metafile`.
 */
export const bundle = (entryPoints, folder) =>
  build({
    entryPoints,
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: NOT_BUNDLED,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    sourcemap: 'linked',
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
    banner: { js: REQUIRE },
  });

/** The gateway and its command line: `busbar.js` in the folder. */
export const bundleProgram = (folder) => bundle({ busbar: 'src/cli/main.ts' }, folder);
