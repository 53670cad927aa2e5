import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutageTrial } from './outage-trial.ts';

const SEED = 11;

test('power cut at every single write of an eventful outage: nothing acknowledged is lost', async (t) => {
  const whole = new OutageTrial(SEED);
  assert.deepEqual((await whole.run()).broken, []);
  const writes = whole.writes;
  // Bounded for a long storm: every write of the first hundred, then every fourth.
  const cuts = Array.from({ length: writes }, (_, write) => write).filter(
    (write) => write < 100 || write % 4 === 0,
  );
  for (const lastWrite of cuts) {
    for (const lands of [false, true]) {
      const { broken, story } = await new OutageTrial(SEED).run({ lastWrite, lands });
      assert.deepEqual(broken, [], `power cut after write ${lastWrite}\n${story.join('\n')}`);
    }
  }
  t.diagnostic(`${cuts.length} power cuts in ${writes} writes`);
});
