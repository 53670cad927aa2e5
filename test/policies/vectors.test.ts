import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { loadPolicy, policyNames } from '../../src/config/policy-files.ts';
import { reasonText } from '../../src/core/reason.ts';
import { decideCase, type PolicyCase } from './one-fuse.ts';

for (const name of policyNames('policies')) {
  describe(`policy ${name}`, () => {
    const file = `policies/vectors/${name}.json`;
    const { policy, problems } = loadPolicy(name, 'policies', 'config/demo.yaml');

    test('is well-formed and has cases', () => {
      assert.deepEqual(problems, []);
      assert.ok(existsSync(file), `${file} is missing: a policy comes with cases of what it does`);
    });

    const cases = existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as readonly PolicyCase[])
      : [];
    for (const given of cases) {
      test(given.name, () => {
        assert.ok(policy);
        const { connectors, alarms } = decideCase(policy, given);
        assert.deepEqual(
          connectors.map(({ targetAmps }) => targetAmps),
          given.offers,
        );
        for (const [charger, text] of Object.entries(given.because ?? {})) {
          const found = connectors.find(({ tick }) => tick.charger.id === charger);
          assert.ok(
            reasonText(found?.reasons ?? []).includes(text),
            reasonText(found?.reasons ?? []),
          );
        }
        if (given.alarm !== undefined)
          assert.ok(alarms.join().includes(given.alarm), alarms.join());
      });
    }
  });
}
