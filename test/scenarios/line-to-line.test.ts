import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../src/config/load.ts';
import { toSite } from '../../src/config/site.ts';
import { atTerminals } from '../../src/core/chargers/terminal-currents.ts';
import { toldPhases, toldVolts } from '../../src/core/chargers/told-limit.ts';
import { othersAmps } from '../../src/core/line-currents.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';

const yaml = (lines: readonly string[]): string => `
version: 1
site: {id: garage, voltage: 120}
upstream: {url: "ws://csms"}
circuits:
  - {id: main, limitAmps: 63, meter: panel, marginAmps: 1, assumedLoadAmps: 0}
  - {id: pod, parent: main, limitAmps: 60}
meters: [{id: panel, device: eastron-sdm630, connect: "tcp://127.0.0.1:502"}]
chargers:
${lines.map((each, i) => `  - {id: CP_${i + 1}, maxAmps: 40, circuit: ${each}}`).join('\n')}
`;
const LINES = ['pod, phases: L1-L2', 'main, phases: L2-L3', 'main, phases: L3-L1'];

const siteOf = (lines: readonly string[]) => {
  const { config, problems } = readConfig(yaml(lines), {});
  assert.deepEqual(problems, []);
  assert.ok(config);
  return toSite(config);
};

test('a charger between two lines: how it is written, and what it is told', () => {
  const site = siteOf(LINES);
  const [charger] = site.chargers;
  assert.ok(charger);
  assert.deepEqual([charger.phases, charger.lineToLine], [[0, 1], true]);
  assert.equal(toldPhases(charger), 1);
  assert.equal(toldVolts(charger, 120).toFixed(0), '208');
  // In the pod all are between the same lines, so amps add as numbers there.
  assert.deepEqual(
    site.circuits.map(({ id, phasorSum }) => [id, phasorSum === true]),
    [
      ['main', true],
      ['pod', false],
    ],
  );
});

test('it cannot be between a line and itself', () => {
  const { problems } = readConfig(yaml(['main, phases: L1-L1', 'main, phases: L1-N']), {});
  assert.ok(problems.some(({ text }) => text.includes('between two lines like L1-L2')));
});

test('its current is that of both lines, however many terminals it speaks of', () => {
  const event = {
    type: 'measured',
    connector: 1,
    atMs: 0,
    terminalAmps: [16, 0, 0],
    terminalsTold: [true, false, false],
  } as const;
  const seen = atTerminals({ phases: [0, 1], lineToLine: true }, event, 120);
  assert.ok(seen.type === 'measured');
  assert.deepEqual(seen.terminalAmps, [16, 16, 0]);
  assert.equal(seen.terminalsTold, undefined);
  assert.equal(atTerminals({ phases: [0, 1] }, event, 120), event);
});

test('others are never taken for less than they can be within 60 degrees', () => {
  for (let car = 0; car <= 60; car += 5) {
    for (let others = 0; others <= 60; others += 5) {
      for (let degrees = 0; degrees <= 60; degrees += 10) {
        const across = others * Math.sin((degrees * Math.PI) / 180);
        const meter = Math.hypot(car + others * Math.cos((degrees * Math.PI) / 180), across);
        assert.ok(othersAmps(meter, car) >= others - 1e-9, `${car} A and ${others} A`);
      }
    }
  }
  assert.equal(othersAmps(40, 40), 0);
});

test('three cars between three pairs of lines use the fuse as phasors, and never more', async () => {
  const site = new VirtualSite({ site: siteOf(LINES), meterLagMs: 500 });
  await site.run(20);
  for (const id of ['CP_1', 'CP_2', 'CP_3']) {
    site.charger(id).plugIn(1, new Car({ phases: 1, maxAmps: 40, needWh: 500_000 }), 'A');
  }
  let mostAmps = 0;
  for (let seconds = 0; seconds < 300; seconds += 1) {
    await site.run(1);
    mostAmps = Math.max(mostAmps, ...site.plant.amps('main'));
  }
  assert.ok(mostAmps <= 63, `${mostAmps} A`);
  const offers = site.view().chargers.map(({ connectors }) => connectors[0]?.offerAmps ?? 0);
  // 62 / sqrt(3); as numbers only 31 A each would fit.
  assert.ok(Math.min(...offers) >= 35, `offers ${offers}`);
  assert.ok(Math.max(...(site.view().circuits[0]?.offeredAmps ?? [99])) <= 63);
  assert.ok(site.view().alarms.length === 0, site.view().alarms.join());
});
