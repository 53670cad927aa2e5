import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../src/config/load.ts';
import { toSite } from '../../src/config/site.ts';
import { atTerminals } from '../../src/core/chargers/terminal-currents.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

const YAML = `
version: 1
site: {id: dc}
upstream: {url: "ws://csms"}
circuits: [{id: main, limitAmps: 100}]
chargers:
  - id: HPC_1
    circuit: main
    dc: {maxWatts: 50000, minWatts: 5000, fallbackWatts: 0, efficiency: 0.92}
`;

test('a DC charger is budgeted by what it takes from its fuse', () => {
  const { config, problems } = readConfig(YAML, {});
  assert.deepEqual(problems, []);
  assert.ok(config);
  const [charger] = toSite(config).chargers;
  assert.equal(charger?.maxAmps.toFixed(1), '78.8');
  assert.equal(charger?.minAmps.toFixed(1), '7.9');
  assert.equal(charger?.fallbackAmps, 0);
  assert.equal(charger?.dcEfficiency, 0.92);
});

test('its output current is not taken for amps of a phase', () => {
  const event = {
    type: 'measured',
    connector: 1,
    atMs: 0,
    terminalAmps: [120, 0, 0],
    terminalsTold: [true, false, false],
    watts: 46_000,
  } as const;
  const spec = { phases: [0, 1, 2], dcEfficiency: 0.92 };
  const seen = atTerminals(spec, event, 230);
  assert.ok(seen.type === 'measured' && seen.terminalAmps !== undefined);
  for (const amps of seen.terminalAmps) assert.equal(amps.toFixed(2), '72.46');
  const { watts: _unknown, ...rest } = event;
  const unmeasured = atTerminals(spec, rest, 230);
  assert.ok(unmeasured.type === 'measured' && unmeasured.terminalAmps === undefined);
  assert.equal(atTerminals({ phases: [0, 1, 2] }, event, 230), event);
});

test('it is told watts of its output, with its losses taken off', async () => {
  const plain = garage(1, { mainAmps: 63 });
  const chargers = plain.chargers.map((spec) => ({ ...spec, maxAmps: 80, dcEfficiency: 0.9 }));
  const site = new VirtualSite({
    site: { ...plain, chargers },
    buildingAmps: [10, 10, 10],
    conduct: { CP_1: { rateUnits: ['W'] } },
  });
  await site.run(20);
  site.charger('CP_1').plugIn(1, new Car({ maxAmps: 80, needWh: 500_000 }), 'A');
  await site.run(180);
  const offer = site.view().chargers[0]?.connectors[0]?.offerAmps ?? 0;
  assert.ok(offer >= 45 && offer <= 60, `offered ${offer} A`);
  // The simulated charger has no losses: it draws at its fuse what it was told as output.
  const drawn = Math.max(...site.chargerAmps('CP_1'));
  assert.ok(Math.abs(drawn - offer * 0.9) < 3, `draws ${drawn} A of ${offer} A`);
});
