import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FuseStorm, type StormResult } from './fuse-storm.ts';

/** `BUSBAR_STORM=n` replays one storm with its story; `BUSBAR_STORMS=n` runs that many. */
const one = process.env['BUSBAR_STORM'];
const count = Number(process.env['BUSBAR_STORMS'] ?? 2);
const seeds = one === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(one)];

/** Times that the breakers bear (IEC 60898-1), with meter, network, pilot and car in them. */
const OVER_MOST_MS = 30_000;
const OVER_113_MOST_MS = 15_000;
/** Phases may be apart until it is known what a car takes on which of them, and for the way there. */
const UNBALANCED_MOST_MS = 90_000;
/** In ten minutes one round of turns may fall: down, and up again step by step. */
const TURNS_MOST = 4;
/** Where a window of the demand charge ends and begins, what is left of it is shared out anew. */
const TURNS_OF_WINDOW_MOST = 8;

const brokenBy = ({
  breakers,
  aboveEmsAmps,
  turnsInCalm,
  lies,
  limitMoves,
  aboveDimmedWatts,
  record,
}: StormResult): readonly string[] => {
  const broken: string[] = [];
  for (const [id, breaker] of breakers) {
    if (breaker.tripped) broken.push(`${id} trips`);
    if (breaker.longestOver113Ms > OVER_113_MOST_MS) broken.push(`${id} far over`);
    if (breaker.longestOverMs > OVER_MOST_MS) broken.push(`${id} over`);
  }
  if (aboveEmsAmps > 0.5) broken.push(`${aboveEmsAmps} A above the limit of an EMS`);
  // Who obeys at times and at times does not is raised and lowered for as long as it likes.
  const turnsMost = limitMoves ? TURNS_OF_WINDOW_MOST : TURNS_MOST;
  if (!lies && turnsInCalm > turnsMost) broken.push(`${turnsInCalm} turns of an offer`);
  if (aboveDimmedWatts > 300) broken.push(`${aboveDimmedWatts} W above what dimming leaves`);
  const { unbalancedMs, overWattsMs, beyondDemandWh, startsTooMany, starved } = record;
  if (unbalancedMs > UNBALANCED_MOST_MS) broken.push(`phases apart for ${unbalancedMs} ms`);
  if (overWattsMs > OVER_MOST_MS) broken.push(`too many watts for ${overWattsMs} ms`);
  if (beyondDemandWh > 20) broken.push(`${beyondDemandWh} Wh beyond the demand limit`);
  if (startsTooMany > 0) broken.push(`${startsTooMany} starts too many`);
  if (starved.length > 0) broken.push(`${starved} starve`);
  return broken;
};

test(`${seeds.length} storms at the fuses: no breaker trips, limits hold, and it comes to rest`, async (t) => {
  const failed: string[] = [];
  for (const seed of seeds) {
    const storm = await new FuseStorm(seed).run();
    const broken = brokenBy(storm);
    const records = JSON.stringify([storm.record, ...storm.breakers]);
    const story = [`BUSBAR_STORM=${seed} ${broken.join(', ')}`, ...storm.story, records].join('\n');
    if (one !== undefined) t.diagnostic(story);
    if (broken.length > 0) failed.push(story);
  }
  assert.deepEqual(failed, [], failed.join('\n\n'));
});
