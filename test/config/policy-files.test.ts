import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadPolicy, parsePolicy, policyGaps } from '../../src/config/policy-files.ts';

const load = (names: string | readonly string[]) =>
  loadPolicy(names, 'policies', 'config/demo.yaml');

describe('the policy of a site', () => {
  test('is named; several are combined and only tighten', () => {
    const { policy } = load(['throughput', 'evening-peak', 'demand-window']);
    assert.equal(policy?.id, 'throughput + evening-peak + demand-window');
    assert.equal(policy?.objective, 'throughput');
    assert.equal(policy?.windows.length, 1);
    assert.equal(policy?.demand?.limitWatts, 50_000);
  });

  test('may be a file beside the site file', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'busbar-policy-'));
    t.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'mine.yaml'), 'title: mine\nabout: of one site\nweight: equal\n');
    const { policy } = loadPolicy('./mine.yaml', 'policies', join(folder, 'site.yaml'));
    assert.equal(policy?.id, 'mine');
    assert.equal(policy?.weight, 'equal');
  });

  test('that is not there is told with the names of those that are', () => {
    assert.match(load('sun').problems[0] ?? '', /unknown policy "sun"; known are .*solar-surplus/);
    assert.match(load('./equal.yaml').problems[0] ?? '', /did you mean equal, without path/);
    assert.match(
      load('./car-prk.yaml').problems[0] ?? '',
      /cannot read \.\/car-prk\.yaml: there is no such file; did you mean \.\/car-park\.yaml\?$/,
    );
    assert.match(load('./zzzzz.yaml').problems[0] ?? '', /no such file; in \S+\/config are .*demo/);
    assert.match(load('./x/none.yaml').problems[0] ?? '', /no such file \(nor a folder \S+\/x\)$/);
  });

  test('that is wrong is told with its line', () => {
    const text = 'title: x\nabout: y\nwindows:\n  - {id: a, from: "25:00", to: "06:00"}\n';
    const [problem] = parsePolicy(text, 'x', 'x.yaml').problems;
    assert.match(problem ?? '', /^x\.yaml:4: windows\[0\]\.from must be a time of day/);
  });

  test('tells what it misses on the site', () => {
    const site = {
      circuits: [{ id: 'main', limitAmps: 63, marginAmps: 1 }],
      ems: { sources: [], inputs: [], children: [], policies: [] },
    };
    const gaps = (name: string) => policyGaps(load(name).policy, site).join();
    assert.match(gaps('solar-surplus'), /needs a meter/);
    assert.match(gaps('demand-window'), /needs a meter/);
    assert.match(gaps('dimming-14a'), /add it to ems.sources/);
    assert.equal(gaps('equal'), '');
  });
});
