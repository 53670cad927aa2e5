// Every requirement of block K that a controller can break is named by a test, or said here not to be
// ours, and why. Ids in test titles may be short: "K01.FR.70, FR.73", "K28.FR.13 to FR.15".
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const to = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** By use case of OCPP 2.1 Part 2 with its errata; 2.0.1 has those below K01.FR.54. */
const REQUIREMENTS: Readonly<Record<string, readonly number[]>> = {
  K01: [3, 5, 6, 7, 9, ...to(10, 17), ...to(19, 22), ...to(26, 61), ...to(70, 73)].concat(
    to(80, 82),
    to(90, 97),
    to(100, 105),
    to(110, 116),
    [120, ...to(122, 126)],
    to(140, 147),
  ),
  K02: [5, 8],
  K04: [3, 5],
  K08: [3, 6],
  K09: to(1, 6),
  K10: [1, 2, ...to(4, 9)],
  K11: [2, 4, 5],
  K12: [2, 4],
  K13: [2, 3],
  K15: [8, 15],
  K19: [8],
  K21: to(1, 4),
  K22: [2],
  K27: [3, 4, 5],
  K28: to(13, 15),
};

const NOT_OURS: Readonly<Record<string, string>> = {
  'K01.FR.54': 'a DC charger chooses its grid phases itself: it is told watts without phases',
  'K01.FR.55': 'tells what the charger keeps over a reboot; its own variable is relayed',
  'K01.FR.61': 'only the charger can number an event of its transaction (seqNo): none is made up',
  'K01.FR.80': 'a duty of the CSMS',
  'K01.FR.81':
    'profiles of the CSMS are kept apart from the external ones of the charger: no clash',
  'K01.FR.82': 'no external constraints are sent to a charger (K03.FR.08)',
  'K01.FR.104': 'a duty of the CSMS',
  'K01.FR.105': 'a duty of the CSMS',
  'K01.FR.110': 'as FR.61; the modes that are accepted do not differ at the charger',
  'K01.FR.120': 'priority profiles are kept here for every charger; local generation is refused',
  'K01.FR.123': 'local time is kept here for every charger',
  'K01.FR.124': 'random delays are kept here for every charger',
  'K01.FR.125': 'limits by charge level are kept here for every charger that measures it',
  'K11.FR.04': 'as K01.FR.61',
  'K13.FR.03': 'as K01.FR.61',
  'K27.FR.03': 'the sun of the site raises its own shares: it is not told as local generation',
  'K27.FR.04': 'as K27.FR.03',
  'K27.FR.05': 'as K27.FR.03',
};

const NAMED = /\b(K\d\d)\.FR\.(\d+)((?:(?:, | and | to |-)(?:FR\.)?\d+\b)*)/g;
const MORE = /(, | and | to |-)(?:FR\.)?(\d+)/g;
const idOf = (useCase: string, number: number): string =>
  `${useCase}.FR.${String(number).padStart(2, '0')}`;

const namedIn = (text: string): readonly string[] =>
  [...text.matchAll(NAMED)].flatMap(([, useCase = '', first, more = '']) => {
    const ids = [idOf(useCase, Number(first))];
    let last = Number(first);
    for (const [, link, text] of more.matchAll(MORE)) {
      const number = Number(text);
      const from = link === ' to ' || link === '-' ? last + 1 : number;
      ids.push(...to(from, number).map((each) => idOf(useCase, each)));
      last = number;
    }
    return ids;
  });

test('every requirement has a test that names it, or a reason why it is not ours', () => {
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.test.ts') && !name.endsWith('requirement-list.test.ts'),
  );
  const named = new Set(files.flatMap((name) => namedIn(readFileSync(join('test', name), 'utf8'))));
  const all = Object.entries(REQUIREMENTS).flatMap(([useCase, numbers]) =>
    numbers.map((number) => idOf(useCase, number)),
  );
  const without = all.filter((id) => !named.has(id) && NOT_OURS[id] === undefined);
  assert.deepEqual(without, []);
  const both = Object.keys(NOT_OURS).filter((id) => named.has(id));
  assert.deepEqual(both, [], 'said not to be ours, and tested');
  assert.deepEqual(
    Object.keys(NOT_OURS).filter((id) => !all.includes(id)),
    [],
  );
});
