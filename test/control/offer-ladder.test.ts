import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { offerWays, wayName } from '../../src/control/offers/offer-calls.ts';
import { OfferLadder } from '../../src/control/offers/offer-ladder.ts';
import { WriteBudget } from '../../src/control/offers/write-budget.ts';
import { type Abilities, UNKNOWN_ABILITIES } from '../../src/core/chargers/charger-state.ts';
import { PLAIN_TRAITS } from '../../src/core/chargers/charger-traits.ts';

const abilities = (rateUnits: Abilities['rateUnits']): Abilities => ({
  ...UNKNOWN_ABILITIES,
  known: true,
  rateUnits,
});
const names = (units: Abilities['rateUnits'], changes = {}) =>
  offerWays({ ...PLAIN_TRAITS, ...changes }, abilities(units)).map(wayName);

describe('the ways of telling a limit', () => {
  test('amps first, watts where the charger knows them, defaults last', () => {
    assert.deepEqual(names(['A']), ['TxProfile in A', 'TxDefaultProfile in A']);
    assert.deepEqual(names(['A', 'W']).slice(0, 2), ['TxProfile in A', 'TxProfile in W']);
    assert.deepEqual(names(['W']).slice(0, 2), ['TxProfile in W', 'TxProfile in A']);
  });
  test('what the make is known for goes before what it says', () => {
    assert.deepEqual(names(['A', 'W'], { rateUnit: 'W', purposes: ['tx'] }), ['TxProfile in W']);
    assert.deepEqual(names(['A'], { purposes: [] }), []);
  });
});

describe('a charger that refuses', () => {
  const ways = offerWays(PLAIN_TRAITS, abilities(['A']));
  const now = (ladder: OfferLadder) => {
    const way = ladder.wayOf('CP/1', ways);
    return way && wayName(way);
  };

  test('is asked in the best way again in its next transaction, three times in all', () => {
    const ladder = new OfferLadder();
    for (const transaction of ['1', '2', '3']) {
      ladder.begin('CP/1', transaction);
      assert.equal(now(ladder), 'TxProfile in A', transaction);
      ladder.refused('CP/1');
      ladder.begin('CP/1', transaction);
      assert.equal(now(ladder), 'TxDefaultProfile in A', 'within it the next way holds');
      ladder.accepted('CP/1');
    }
    ladder.begin('CP/1', '4');
    assert.equal(now(ladder), 'TxDefaultProfile in A');
  });

  test('and once it took one, all is forgotten', () => {
    const ladder = new OfferLadder();
    for (const transaction of ['1', '2', '3', '4', '5', '6', '7', '8']) {
      ladder.begin('CP/1', transaction);
      assert.equal(now(ladder), 'TxProfile in A', transaction);
      if (Number(transaction) % 2 === 0) ladder.refused('CP/1');
      else ladder.accepted('CP/1');
    }
  });
});

describe('a charger that does not follow', () => {
  const ways = offerWays(PLAIN_TRAITS, abilities(['A']));
  const steps = (ladder: OfferLadder, overdrawing: boolean) => {
    const next = ladder.next('CP/1', ways, overdrawing);
    return next && [wayName(next.way), next.clearFirst];
  };
  test('gets it again, then cleared and again, then in another way', () => {
    const ladder = new OfferLadder();
    assert.deepEqual(steps(ladder, false), ['TxProfile in A', false]);
    assert.deepEqual(steps(ladder, true), ['TxProfile in A', false]);
    assert.deepEqual(steps(ladder, true), ['TxProfile in A', true]);
    assert.deepEqual(steps(ladder, true), ['TxDefaultProfile in A', true]);
    assert.deepEqual(steps(ladder, false), ['TxDefaultProfile in A', false]);
  });
  test('and one that refuses gets another way next time', () => {
    const ladder = new OfferLadder();
    ladder.refused('CP/1');
    assert.deepEqual(steps(ladder, false), ['TxDefaultProfile in A', false]);
    ladder.refused('CP/1');
    assert.deepEqual(steps(ladder, false), ['TxProfile in A', false]);
  });
});

test('D12: raises in persistent purposes have a budget that grows back over the day', () => {
  const budget = new WriteBudget(300);
  let taken = 0;
  for (let second = 0; second < 86_400; second += 10) {
    if (budget.takeRaise('CP', second * 1000)) taken += 1;
  }
  assert.ok(taken >= 300 && taken <= 600, `${taken} in the first day`);
  let later = 0;
  for (let second = 86_400; second < 2 * 86_400; second += 10) {
    if (budget.takeRaise('CP', second * 1000)) later += 1;
  }
  assert.ok(later <= 301, `${later} in the second day`);
  assert.equal(budget.left('another', 0), 300);
});
