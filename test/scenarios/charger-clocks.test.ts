// Chargers whose clock is wrong: an absolute offer begins and ends by their clock, not by ours. Who is
// behind keeps its last offer for longer when it does not hear us any more.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toldTime } from '../../src/ocpp/told-time.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

/** Two cars behind a fuse without a meter, the first of them with a wrong clock. */
const charging = async (version: OcppVersion, clockAheadMs: number): Promise<VirtualSite> => {
  const { meters: _none, circuits, ...rest } = garage(2, { mainAmps: 44, arrivalReserve: 0 });
  const unmetered = circuits.map(({ meter: _meter, ...circuit }) => circuit);
  const site = new VirtualSite({
    site: { ...rest, meters: [], circuits: unmetered },
    versions: { CP_1: version, CP_2: version },
    conduct: { CP_1: { clockAheadMs } },
  });
  await site.run(20);
  for (const id of ['CP_1', 'CP_2']) {
    site.charger(id).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), `CARD-${id}`);
  }
  await site.run(120);
  return site;
};
/** The virtual sites begin in June 2026. */
const SINCE_1970_MS = Date.UTC(2026, 5, 1) - 1000 * 60;

/** One charger that refuses profiles by their start. */
const fallbackOf = async (refuses: (start: string) => boolean) => {
  const site = new VirtualSite({
    site: garage(1),
    conduct: {
      CP_1: {
        answers: (_action, payload) => {
          const [, start = ''] = /"startSchedule":"([^"]*)"/.exec(JSON.stringify(payload)) ?? [];
          return refuses(start) ? { result: { status: 'Rejected' } } : undefined;
        },
      },
    },
  });
  await site.run(240);
  return site;
};
const most = (site: VirtualSite): number => Math.max(...site.trueAmps);

for (const version of ['1.6', '2.0.1', '2.1'] as const) {
  for (const behindSeconds of [0, 45, 90, 600]) {
    test(`${version}: ${behindSeconds} s behind and silent: what it may still draw stays free`, async () => {
      const site = await charging(version, -behindSeconds * 1000);
      assert.ok(Math.max(...site.chargerAmps('CP_2')) > 14, 'a share of its own');
      site.charger('CP_1').setNetwork(false);
      let worst = 0;
      site.watch = () => {
        worst = Math.max(worst, most(site));
      };
      await site.run(behindSeconds + 300);
      // 44 A less 10 A that others are assumed to draw.
      assert.ok(worst <= 34.2, `${worst} A`);
      await site.run(600);
      assert.ok(Math.max(...site.chargerAmps('CP_2')) > 22, 'it is given away in the end');
    });
  }
}

for (const version of ['1.6', '2.0.1', '2.1'] as const) {
  test(`${version}: by a clock that a power cut set to 1970 the fallback holds`, async () => {
    const site = await charging(version, -SINCE_1970_MS);
    const draw = () => Math.max(...site.chargerAmps('CP_1'));
    assert.ok(draw() > 5 && draw() <= 6.2, `${draw()} A`);
    site.killGateway();
    await site.run(300);
    assert.ok(draw() <= 6.2, `${draw()} A without the gateway`);
  });
}

test('a fallback that may not have begun in 1970 begins yesterday', async () => {
  const refused: string[] = [];
  const site = await fallbackOf((start) => {
    const early = start.startsWith('19');
    if (early) refused.push(start);
    return early;
  });
  assert.ok(refused.length > 0);
  assert.equal(site.view().chargers[0]?.fallbackInstalled, true);
});

test('a clock that is far off is told to the operator', async () => {
  for (const [aheadMs, word] of [
    [7_200_000, /CP_1: its clock is 2 h ahead/],
    [-900_000, /CP_1: its clock is 15 min behind/],
  ] as const) {
    const site = await charging('1.6', aheadMs);
    assert.ok(
      site.view().alarms.some((text) => word.test(text)),
      site.view().alarms.join('; '),
    );
  }
  const right = await charging('1.6', 20_000);
  assert.deepEqual(
    right.view().alarms.filter((text) => text.includes('clock')),
    [],
  );
});

for (const aheadSeconds of [0, -45]) {
  test(`what it measured while it was away is not its draw now, ${aheadSeconds} s ahead`, async () => {
    const site = new VirtualSite({
      site: garage(3),
      buildingAmps: [14, 10, 12],
      conduct: { CP_1: { clockAheadMs: aheadSeconds * 1000 } },
    });
    await site.run(20);
    for (const charger of site.chargers.values()) {
      charger.plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), charger.identity);
    }
    await site.run(200);
    // Its offer runs out meanwhile: what it measured at first is more than it may draw now.
    site.charger('CP_1').setNetwork(false);
    await site.run(300);
    site.charger('CP_1').setNetwork(true);
    for (let tenths = 0; tenths < 300; tenths += 1) {
      await site.run(0.1);
      const { alarms, chargers } = site.view();
      assert.notEqual(chargers[0]?.connectors[0]?.obedience, 'overdrawing', `${tenths / 10} s`);
      assert.deepEqual(alarms, []);
    }
    const [first] = site.view().chargers;
    assert.ok((first?.connectors[0]?.drawAmps?.[0] ?? 0) > 8, 'it was raised again');
  });
}

test('times are read of what a charger sends now, not of what it held', () => {
  const timestamp = '2026-06-01T12:00:00Z';
  const noon = Date.UTC(2026, 5, 1, 12);
  const meterValue = [{ timestamp: '2026-06-01T11:00:00Z' }, { timestamp }];
  assert.equal(toldTime('1.6', 'MeterValues', { meterValue }), noon);
  assert.equal(toldTime('1.6', 'StatusNotification', { timestamp }), noon);
  assert.equal(toldTime('2.1', 'TransactionEvent', { timestamp }), noon);
  assert.equal(toldTime('2.1', 'TransactionEvent', { timestamp, offline: true }), undefined);
  assert.equal(toldTime('2.0.1', 'NotifyEvent', { generatedAt: timestamp }), noon);
  assert.equal(toldTime('1.6', 'Heartbeat', {}), undefined);
  assert.equal(toldTime('1.6', 'MeterValues', { meterValue: 'x' }), undefined);
});
