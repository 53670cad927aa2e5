import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { outageAlarms } from '../../src/gateway/outage/outage.ts';
import type { ChargerConduct } from '../../src/sim/charger/charger-conduct.ts';
import type { VirtualSite } from '../../src/sim/virtual-site.ts';
import { assertNothingLost, car, startSite, VERSIONS } from './outage-site.ts';

/** A site whose charger ended a transaction and booted while the CSMS was away; it still is. */
const withBootInOutage = async (
  version: (typeof VERSIONS)[number],
  conduct: Partial<ChargerConduct> = {},
) => {
  const site = await startSite(version, { conduct: { CP_1: conduct } });
  site.charger('CP_1').plugIn(1, car(), 'CARD-1');
  await site.run(60);
  site.csms.goDown();
  await site.run(30);
  site.charger('CP_1').unplug(1);
  await site.run(20);
  site.charger('CP_1').reboot();
  await site.run(60);
  return site;
};

const alarmsOf = ({ outage }: VirtualSite): string =>
  outage === undefined ? 'no outage' : outageAlarms(outage).join();

describe('a CSMS that hears of a boot after the outage', () => {
  for (const version of VERSIONS) {
    test(`that does not accept the boot afterwards: a ${version} charger boots anew`, async () => {
      const site = await startSite(version);
      site.csms.goDown();
      await site.run(10);
      site.charger('CP_1').reboot();
      await site.run(60);
      assert.equal(site.charger('CP_1').online, true);
      site.csms.conduct.bootStatus = 'Rejected';
      site.csms.comeBack();
      await site.run(100);
      assert.equal(site.charger('CP_1').online, false);
      site.csms.conduct.bootStatus = 'Accepted';
      await site.run(300);
      assert.equal(site.charger('CP_1').online, true);
    });

    test(`that fails at the boot of a ${version} charger gets all of it later`, async () => {
      const site = await withBootInOutage(version);
      site.csms.conduct.failNext.set('BootNotification', 2);
      site.csms.comeBack();
      await site.run(300);
      assertNothingLost(site, 4);
    });

    test(`that accepts the boot of a ${version} charger late gets what was held before`, async () => {
      const site = await withBootInOutage(version);
      site.csms.conduct.bootStatus = 'Pending';
      site.csms.comeBack();
      await site.run(100);
      assert.ok((site.outage?.journal.backlog('CP_1').count ?? 0) > 0);
      assert.match(alarmsOf(site), /does not accept CP_1: messages are held/);
      site.csms.conduct.bootStatus = 'Accepted';
      await site.run(300);
      assertNothingLost(site, 4);
      assert.equal(alarmsOf(site), '');
    });
  }
});

test('a charger that is gone before its boot is accepted holds up nobody else', async () => {
  const site = await startSite('1.6', { flushAbsentAfterMs: 10 * 60_000 });
  for (const id of ['CP_1', 'CP_2']) site.charger(id).plugIn(1, car(), 'CARD-1');
  await site.run(60);
  site.csms.goDown();
  await site.run(60);
  for (const id of ['CP_1', 'CP_2']) site.charger(id).unplug(1);
  await site.run(20);
  site.charger('CP_1').reboot();
  await site.run(60);
  for (const id of ['CP_1', 'CP_2']) site.charger(id).setNetwork(false);
  site.csms.conduct.bootStatus = 'Pending';
  site.csms.comeBack();
  await site.run(1_200);
  assertNothingLost(site, 3, 'CP_2');
  assert.ok((site.outage?.journal.backlog('CP_1').count ?? 0) > 0);
  assert.deepEqual(site.csms.connected(), []);
  site.csms.conduct.bootStatus = 'Accepted';
  await site.run(1_200);
  assertNothingLost(site, 3, 'CP_1');
});

for (const version of VERSIONS) {
  test(`before it accepts the boot of a ${version} charger the CSMS hears nothing else of it`, async () => {
    // It charges, and boots anew only when it is idle.
    const answers = (action: string) =>
      action === 'Reset' || action === 'TriggerMessage'
        ? { result: { status: version === '1.6' ? 'Rejected' : 'Scheduled' } }
        : undefined;
    const site = await withBootInOutage(version, { answers });
    site.charger('CP_1').plugIn(1, car(), 'CARD-1');
    await site.run(60);
    site.csms.conduct.bootStatus = 'Pending';
    const backAtMs = site.clock.monotonicMs();
    site.csms.comeBack();
    await site.run(150);
    const heard = site.csms.received.filter(
      ({ charger, atMs }) => charger === 'CP_1' && atMs >= backAtMs,
    );
    assert.ok(heard.length > 0);
    assert.deepEqual([...new Set(heard.map(({ action }) => action))], ['BootNotification']);
    site.csms.conduct.bootStatus = 'Accepted';
    await site.run(200);
    assertNothingLost(site, 4);
  });
}

const bootsSince = (site: VirtualSite, sinceMs: number): readonly number[] =>
  site.csms.received
    .filter(({ charger, action }) => charger === 'CP_1' && action === 'BootNotification')
    .map(({ atMs }) => atMs)
    .filter((atMs) => atMs >= sinceMs);

/** As the CSMS of the simulation says with each boot. */
const INTERVAL_MS = 60_000;

describe('a CSMS that rejects a boot is left in peace for as long as it said', () => {
  test('over every link that breaks', async () => {
    const site = await withBootInOutage('1.6', {
      answers: (action) =>
        action === 'TriggerMessage' ? { result: { status: 'NotImplemented' } } : undefined,
    });
    site.csms.conduct.bootStatus = 'Rejected';
    const backAtMs = site.clock.monotonicMs();
    for (let i = 0; i < 20; i += 1) {
      site.csms.comeBack();
      await site.run(20);
      site.csms.goDown();
      await site.run(2);
    }
    const boots = bootsSince(site, backAtMs);
    assert.ok(boots.length > 2, `it is asked again: ${boots.length}`);
    const waits = boots.slice(1).map((atMs, i) => atMs - (boots[i] ?? 0));
    assert.ok(Math.min(...waits) >= INTERVAL_MS, waits.join());
  });

  test('also where the charger is gone, and is not dialled for its sake', async () => {
    const site = await startSite('1.6', { flushAbsentAfterMs: 60_000 });
    site.charger('CP_1').plugIn(1, car(), 'CARD-1');
    await site.run(60);
    site.csms.goDown();
    await site.run(30);
    site.charger('CP_1').reboot();
    await site.run(60);
    site.charger('CP_1').setNetwork(false);
    Object.assign(site.csms.conduct, { bootStatus: 'Rejected', heartbeatSeconds: 600 });
    const backAtMs = site.clock.monotonicMs();
    site.csms.comeBack();
    await site.run(1_300);
    const boots = bootsSince(site, backAtMs);
    assert.ok(boots.length >= 2 && boots.length <= 3, `${boots.length} boots`);
    site.csms.conduct.bootStatus = 'Accepted';
    await site.run(700);
    assertNothingLost(site, 2);
  });
});
