import assert from 'node:assert/strict';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  assert.deepEqual((await openDocument(path, fresh())).data, { chargers: { CP_1: 6, CP_2: 0 } });
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
});

test('a damaged document without a copy starts anew and says so', async () => {
  const path = await file();
  await writeFile(path, 'not json');
  const document = await openDocument(path, fresh());
  assert.deepEqual(document.data, fresh());
  assert.ok(document.problem);
});
