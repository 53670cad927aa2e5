import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertNothingLost, car, startSite, VERSIONS } from './outage-site.ts';

/** A site whose charger ended a transaction and booted while the CSMS was away; it still is. */
const withBootInOutage = async (version: (typeof VERSIONS)[number]) => {
  const site = await startSite(version);
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
      site.csms.conduct.bootStatus = 'Accepted';
      await site.run(300);
      assertNothingLost(site, 4);
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
