// A charger that is not let in tries again every few seconds: its log must not fill an SD card.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Log, type LogFields, SILENT_LOG } from '../../src/core/log.ts';
import { DoorLog, LINES_MOST, SAY_AGAIN_MS } from '../../src/gateway/door-log.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

const atDoor = () => {
  const clock = new VirtualClock();
  const lines: (readonly [string, LogFields | undefined])[] = [];
  const log: Log = { ...SILENT_LOG, warn: (...line) => void lines.push([line[0], line[1]]) };
  /** Lines since the last look, without what is not said. */
  const said = () => JSON.parse(JSON.stringify(lines.splice(0))) as unknown[];
  return { clock, door: new DoorLog(log, clock), said };
};

describe('a warning about who is not let in', () => {
  test('is said once, and after a while again with how often it was true', async () => {
    const { clock, door, said } = atDoor();
    for (let knocks = 0; knocks < 600; knocks += 1) {
      door.warn('refused', { identity: 'CP_1', status: 401 });
      await clock.run(SAY_AGAIN_MS / 400);
    }
    assert.deepEqual(said(), [
      ['refused', { identity: 'CP_1', status: 401 }],
      ['refused', { identity: 'CP_1', status: 401, repeats: 399 }],
    ]);
  });

  test('is said at once where it is about another charger or says something else', () => {
    const { door, said } = atDoor();
    door.warn('refused', { identity: 'CP_1', status: 401 });
    door.warn('refused', { identity: 'CP_2', status: 401 });
    door.warn('refused', { identity: 'CP_1', status: 404 });
    door.warn('unreachable', { identity: 'CP_1' });
    assert.equal(said().length, 4);
  });

  test('is news again after the charger was let in', () => {
    const { door, said } = atDoor();
    for (const identity of ['CP_1', 'CP_2']) door.warn('refused', { identity });
    door.forget('CP_1');
    for (const identity of ['CP_1', 'CP_2']) door.warn('refused', { identity });
    const line = (identity: string) => ['refused', { identity }];
    assert.deepEqual(said(), ['CP_1', 'CP_2', 'CP_1'].map(line));
  });

  test('of ever new names is bounded; the next line tells how many were kept back', async () => {
    const { clock, door, said } = atDoor();
    for (let i = 0; i < LINES_MOST + 30; i += 1) door.warn('unknown', { identity: `X${i}` });
    assert.equal(said().length, LINES_MOST);
    await clock.run(SAY_AGAIN_MS);
    door.warn('unknown', { identity: 'Y' });
    assert.deepEqual(said(), [['unknown', { identity: 'Y', untold: 30 }]]);
    door.warn('unknown', { identity: 'Z' });
    assert.deepEqual(said(), [['unknown', { identity: 'Z' }]]);
  });
});
