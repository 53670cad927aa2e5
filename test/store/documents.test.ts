import assert from 'node:assert/strict';
import {
  type FileHandle,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { openDocument } from '../../src/store/documents.ts';

interface Facts {
  chargers: Record<string, number>;
}
const fresh = (): Facts => ({ chargers: {} });
const file = async () => join(await mkdtemp(join(tmpdir(), 'busbar-documents-')), 'facts.json');

test('a document is there again after reopening, readable by a human', async () => {
  const path = await file();
  const document = await openDocument(path, fresh());
  await Promise.all([
    document.update((data) => Object.assign(data.chargers, { CP_1: 6 })),
    document.update((data) => Object.assign(data.chargers, { CP_2: 0 })),
  ]);
  const again = await openDocument(path, fresh());
  assert.deepEqual(again.data, { chargers: { CP_1: 6, CP_2: 0 } });
  assert.equal('problem' in again, false);
  assert.deepEqual((await readdir(dirname(path))).sort(), ['facts.json', 'facts.json.bak']);
  assert.equal((await stat(path)).mode & 0o777, 0o600, 'nobody else reads it');
  assert.match(await readFile(path, 'utf8'), /\n {4}"CP_1": 6/);
});

test('a damaged document falls back to its last good copy and says so', async () => {
  const path = await file();
  const document = await openDocument(path, fresh());
  await document.update((data) => Object.assign(data.chargers, { CP_1: 6 }));
  await document.update((data) => Object.assign(data.chargers, { CP_1: 10 }));
  await writeFile(path, '{"chargers": {"CP_1"');
  const again = await openDocument(path, fresh());
  assert.deepEqual(again.data, { chargers: { CP_1: 6 } });
  assert.match(again.problem ?? '', /facts\.json is damaged/);
  assert.equal(await readFile(`${path}.damaged`, 'utf8'), '{"chargers": {"CP_1"');
  // The next one does not become the copy of what was damaged.
  await again.update((data) => Object.assign(data.chargers, { CP_1: 16 }));
  assert.deepEqual(JSON.parse(await readFile(`${path}.bak`, 'utf8')), { chargers: { CP_1: 6 } });
});

test('a damaged document without a copy starts anew and says so', async () => {
  const path = await file();
  await writeFile(path, 'not json');
  const document = await openDocument(path, fresh());
  assert.deepEqual(document.data, fresh());
  assert.ok(document.problem);
});

test('a document of which the copy is damaged too starts anew; its folder need not be there', async () => {
  const path = await file();
  await writeFile(path, '{');
  await writeFile(`${path}.bak`, '{');
  const document = await openDocument(path, fresh());
  assert.deepEqual(document.data, fresh());
  assert.ok(document.problem);
  const deep = join(dirname(path), 'not', 'yet', 'facts.json');
  await (await openDocument(deep, fresh())).update(() => {});
  assert.deepEqual(JSON.parse(await readFile(deep, 'utf8')), fresh());
});

test('a document that cannot be read at all is not taken for a new one', async () => {
  const path = await file();
  await mkdir(path);
  await assert.rejects(openDocument(path, fresh()), /EISDIR/);
});

test('an update is on the medium before it takes the place of what was there, and its place too', async (t) => {
  const path = await file();
  const document = await openDocument(path, fresh());
  await document.update(() => {});
  const probe = await open(path, 'r');
  const handles: FileHandle = Object.getPrototypeOf(probe);
  await probe.close();
  const real = handles.sync;
  t.after(() => {
    handles.sync = real;
  });
  const synced: (string | undefined)[] = [];
  handles.sync = async function (this: FileHandle) {
    await real.call(this);
    const isFolder = (await this.stat()).isDirectory();
    const inPlace = JSON.parse(await readFile(path, 'utf8')).chargers.CP_1 === 6;
    synced.push(`${isFolder ? 'folder' : 'file'} ${inPlace ? 'after' : 'before'}`);
  };
  await document.update((data) => Object.assign(data.chargers, { CP_1: 6 }));
  assert.deepEqual(synced, ['file before', 'folder after']);
});
