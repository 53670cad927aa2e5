import assert from 'node:assert/strict';
import { mkdtemp, readdir, readlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SEGMENT_MARK } from '../../src/store/log-format.ts';
import { Segment } from '../../src/store/log-segment.ts';

/** Names of files in a folder that this process holds open. */
const openIn = async (folder: string): Promise<readonly string[]> => {
  const links = (await readdir('/proc/self/fd')).map((fd) =>
    readlink(join('/proc/self/fd', fd)).catch(() => ''),
  );
  return (await Promise.all(links)).filter((path) => path.startsWith(folder));
};

test('a segment that is closed is let go of once the reads that had begun have ended', async (t) => {
  if (process.platform !== 'linux') return t.skip('open files are told by Linux only');
  const folder = await mkdtemp(join(tmpdir(), 'busbar-segment-'));
  for (const isRead of [false, true]) {
    const segment = await Segment.create(folder, 1);
    assert.equal((await openIn(folder)).length, 1);
    const span = { offset: 0, length: SEGMENT_MARK.length };
    await segment.read(span).catch(() => undefined);
    const reads = isRead ? [segment.read(span), segment.read(span)] : [];
    // It waits for nobody: the last of the reads lets go.
    await segment.close();
    await Promise.all(reads);
    assert.deepEqual(await openIn(folder), []);
  }
});
