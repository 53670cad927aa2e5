import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitReader } from '../../src/schema/limit-message.ts';

const read = limitReader();

for (const [name, text, problem] of [
  ['not JSON', 'hello', /not JSON/],
  [
    'an unknown field',
    '{"circuit":"main","amps":1,"ttlSeconds":60,"amp":2}',
    /unknown key "amp"; did you mean "amps"/,
  ],
  [
    'the life by half its name',
    '{"circuit":"main","amps":1,"ttl":60}',
    /^unknown key "ttl"; did you mean "ttlSeconds"/,
  ],
  [
    'kilowatts',
    '{"circuit":"main","kW":11,"ttlSeconds":60}',
    /^unknown key "kW"; did you mean "watts" \(1 kW is 1000\)\?$/,
  ],
  ['no life', '{"circuit":"main","amps":1}', /"ttlSeconds" is missing: for how long/],
  ['another word', '{"circuit":"main","ampere":16,"ttlSeconds":60}', /did you mean "amps"\?$/],
  ['a longer one', '{"circuit":"main","limitWatts":9000,"ttlSeconds":60}', /mean "watts"\?$/],
  ['a word in a list', '{"circuit":"main","amps":[6,6,"x"],"ttlSeconds":60}', /^amps\.2 must be/],
  ['a number alone', '16', /^not a JSON object: send e\.g\. \{"circuit"/],
  [
    'a life that is too short',
    '{"circuit":"main","amps":1,"ttlSeconds":5}',
    /ttlSeconds must be >= 10/,
  ],
  ['a negative limit', '{"circuit":"main","amps":-1,"ttlSeconds":60}', /amps must be >= 0/],
  [
    'text for a number',
    '{"circuit":"main","amps":"16","ttlSeconds":60}',
    /amps must be a number or a list, got "16": write 16 without quotes$/,
  ],
  ['a number that is none', '{"circuit":"main","amps":NaN,"ttlSeconds":60}', /not JSON/],
  [
    'amps and watts',
    '{"circuit":"main","amps":1,"watts":1,"ttlSeconds":60}',
    /either "watts" or "amps"/,
  ],
  ['neither amps nor watts', '{"circuit":"main","ttlSeconds":60}', /either "watts" or "amps"/],
  [
    'two phases',
    '{"circuit":"main","amps":[1,2],"ttlSeconds":60}',
    /amps needs at least 3 entries, got 2/,
  ],
  [
    'four phases',
    '{"circuit":"main","amps":[1,2,3,4],"ttlSeconds":60}',
    /amps takes at most 3 entries, got 4/,
  ],
  [
    'a time in words',
    '{"circuit":"main","amps":1,"ttlSeconds":60,"at":"now"}',
    /at must be a time as 2026-06-01T17:00:00Z, got "now"/,
  ],
  ['no circuit', '{"amps":1,"ttlSeconds":60}', /"circuit" is missing/],
] as const) {
  test(`a limit with ${name} is refused, naming the field`, () => {
    const result = read(text);
    assert.ok('problem' in result, 'it was accepted');
    assert.match(result.problem, problem);
  });
}

test('one number of amps is for all phases; zero is a limit', () => {
  assert.deepEqual(read('{"circuit":"main","amps":0,"ttlSeconds":60}'), {
    circuit: 'main',
    amps: [0, 0, 0],
    ttlSeconds: 60,
  });
});
