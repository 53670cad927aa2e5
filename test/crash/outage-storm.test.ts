import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutageTrial } from './outage-trial.ts';

/** `BUSBAR_SEED=n` replays one storm with its story; `BUSBAR_SEEDS=n` runs that many. */
const one = process.env['BUSBAR_SEED'];
const count = Number(process.env['BUSBAR_SEEDS'] ?? 25);
const seeds = one === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(one)];

for (const cruel of [false, true]) {
  test(`${seeds.length} ${cruel ? 'cruel ' : ''}storms of faults: nothing acknowledged is lost, altered or out of order`, async (t) => {
    let acknowledged = 0;
    let kills = 0;
    for (const seed of seeds) {
      const result = await new OutageTrial(seed, { cruel }).run();
      acknowledged += result.acknowledged;
      kills += result.kills;
      const story = `BUSBAR_SEED=${seed}\n${result.story.join('\n')}`;
      assert.deepEqual(result.broken, [], story);
      if (one !== undefined) t.diagnostic(story);
    }
    t.diagnostic(`${acknowledged} acknowledged messages, ${kills} kills`);
    assert.ok(acknowledged > seeds.length * 20, 'the storms have something to lose');
  });
}
