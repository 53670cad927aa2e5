// Bundles the gateway and the page into dist/, well under a second and without a compiler.
// `--ui-only FOLDER` builds the page alone: for its tests.
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { bundleProgram } from './bundle.mjs';
import { licencesOf } from './licences.mjs';

const buildPage = async (folder) => {
  mkdirSync(folder, { recursive: true });
  const { metafile } = await build({
    entryPoints: { app: 'src/ui/main.tsx' },
    outdir: folder,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    metafile: true,
  });
  for (const file of ['index.html', 'icon.svg'])
    copyFileSync(join('src/ui', file), join(folder, file));
  return metafile;
};

const [flag, folder] = process.argv.slice(2);
if (flag === '--ui-only' && folder !== undefined) {
  await buildPage(folder);
} else {
  rmSync('dist', { recursive: true, force: true });
  const { metafile } = await bundleProgram('dist');
  const licences = licencesOf([metafile, await buildPage('dist/ui')]);
  writeFileSync('dist/third-party-licences.txt', licences);
}
