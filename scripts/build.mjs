// Bundles the gateway and the page into dist/, well under a second and without a compiler.
// `--ui-only FOLDER` builds the page alone: for its tests.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { BUNDLED, bundleProgram } from './bundle.mjs';

/** Of the page. */
const IN_PAGE = ['preact', 'uplot'];

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

/** What others wrote and is part of dist/ goes with its licence. */
const writeLicences = (file) => {
  const texts = [...BUNDLED, ...IN_PAGE].map((name) => {
    const folder = join('node_modules', name);
    const licence = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    return `${name}\n\n${readFileSync(join(folder, licence), 'utf8')}`;
  });
  writeFileSync(file, texts.join('\n'));
};

const [flag, folder] = process.argv.slice(2);
if (flag === '--ui-only' && folder !== undefined) {
  await buildPage(folder);
} else {
  rmSync('dist', { recursive: true, force: true });
  await bundleProgram('dist');
  await buildPage('dist/ui');
  writeLicences('dist/third-party-licences.txt');
}
