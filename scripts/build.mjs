// Bundles the gateway and the dashboard into dist/. No compiler, well under a second.
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist/ui', { recursive: true });
await build({
  entryPoints: { busbar: 'src/cli/main.ts' },
  outdir: 'dist',
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
if (existsSync('src/ui/main.tsx')) {
  await build({
    entryPoints: { app: 'src/ui/main.tsx' },
    outdir: 'dist/ui',
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.css': 'css' },
  });
  copyFileSync('src/ui/index.html', 'dist/ui/index.html');
}
