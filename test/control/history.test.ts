import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History } from '../../src/control/history.ts';
import { emptyView } from '../wire/empty-view.ts';

const at = (seconds: number): string => new Date(seconds * 1_000).toISOString();

test('the chart goes on when the clock is set back, and the past is what was said then', () => {
  const history = new History();
  for (const seconds of [7_200, 7_210, 3_600, 3_610]) {
    history.take({ ...emptyView(), at: at(seconds) });
  }
  assert.deepEqual(
    history.recent().map((sample) => sample.at),
    [7_200, 7_210, 3_600, 3_610].map(at),
  );
  assert.equal(history.at(3_605_000)?.at, at(3_600));
  assert.equal(history.at(3_599_000), undefined);
});
