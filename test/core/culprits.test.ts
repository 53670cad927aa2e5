import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CULPRITS_MOST, type Search, withoutCulprits } from '../../src/core/culprits.ts';

const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `CP_${i}`);

const among = (count: number): Search => ({ culprits: [], suspects: ids(count) });

/** It fails while one of `bad` takes part; says who was left out, and counts. */
const failingWith = (bad: readonly string[]) => {
  const seen = { tries: 0 };
  const attempt = (aside: ReadonlySet<string>): string | undefined => {
    seen.tries += 1;
    return bad.every((id) => aside.has(id)) ? [...aside].sort().join() : undefined;
  };
  return { attempt, seen };
};

describe('who makes it fail', () => {
  test('is found among a thousand in a dozen attempts', () => {
    for (const bad of ['CP_0', 'CP_1', 'CP_511', 'CP_512', 'CP_998']) {
      const { attempt, seen } = failingWith([bad]);
      const found = withoutCulprits(among(1000), attempt, 12);
      assert.deepEqual(found, { culprits: [bad], suspects: [], result: bad });
      assert.ok(seen.tries <= 12, `${seen.tries} attempts`);
    }
  });

  test('are exactly those left out, however many of few they are', () => {
    const some = fc.uniqueArray(fc.nat(30), { minLength: 1, maxLength: CULPRITS_MOST });
    fc.assert(
      fc.property(some, (numbers) => {
        const bad = numbers.map((n) => `CP_${n}`).sort();
        const found = withoutCulprits(among(31), failingWith(bad).attempt, 1_000);
        assert.deepEqual([...(found?.culprits ?? [])].sort(), bad);
        assert.equal(found?.result, bad.join());
        assert.deepEqual(found?.suspects, []);
      }),
    );
  });

  test('are found over several searches where each has few attempts', () => {
    const some = fc.uniqueArray(fc.nat(199), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(some, (numbers) => {
        const bad = numbers.map((n) => `CP_${n}`);
        let search = among(200);
        for (let searches = 1; ; searches += 1) {
          const { attempt, seen } = failingWith(bad);
          const found = withoutCulprits(search, attempt, 12);
          assert.ok(found !== undefined && seen.tries <= 12);
          search = found;
          const { culprits, suspects } = found;
          assert.ok(bad.every((id) => culprits.includes(id) || suspects.includes(id)));
          if (suspects.length === 0) break;
          assert.ok(searches < 10, 'it comes to an end');
        }
        assert.deepEqual([...search.culprits].sort(), bad.sort());
      }),
    );
  });

  test('is nobody when it fails without all of them too, or when it is too many', () => {
    assert.equal(withoutCulprits(among(5), failingWith(['the site']).attempt, 100), undefined);
    assert.equal(withoutCulprits(among(0), failingWith(['the site']).attempt, 100), undefined);
    const many = failingWith(ids(CULPRITS_MOST + 1));
    assert.equal(withoutCulprits(among(50), many.attempt, 1_000), undefined);
  });
});
