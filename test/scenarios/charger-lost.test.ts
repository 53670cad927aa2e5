// A charger that stays away is missed: an alarm after five minutes, one for all that went together.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLAIN_TRAITS } from '../../src/core/chargers/charger-traits.ts';
import { eventsBetween } from '../../src/field/site-events.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

const lost = (site: VirtualSite): readonly string[] =>
  site.view().alarms.filter((text) => /not connected/.test(text));

const connected = async (count: number): Promise<VirtualSite> => {
  const site = new VirtualSite({ site: garage(count, { mainAmps: 63 }) });
  await site.run(60);
  return site;
};

test('a charger that is away is an alarm after five minutes, until it is back', async () => {
  const site = await connected(2);
  site.charger('CP_2').setNetwork(false);
  await site.run(240);
  assert.deepEqual(lost(site), []);
  await site.run(120);
  assert.deepEqual(lost(site), ['charger CP_2 is not connected: what it may draw stays reserved']);
  site.charger('CP_2').setNetwork(true);
  await site.run(120);
  assert.deepEqual(lost(site), []);
});

test('a network that dies is one alarm, and one event', async () => {
  const site = await connected(8);
  const before = site.view();
  for (let i = 1; i <= 7; i += 1) {
    site.charger(`CP_${i}`).setNetwork(false);
    await site.run(10);
  }
  await site.run(360);
  const [alarm, ...others] = lost(site);
  assert.equal(
    alarm,
    '7 of 8 chargers are not connected (CP_1, CP_2, CP_3, CP_4, CP_5 and 2 more): ' +
      'what they may draw stays reserved',
  );
  assert.deepEqual(others, []);
  const during = site.view();
  const told = eventsBetween(before, during).filter(({ type }) => type === 'alarm');
  assert.equal(told.filter(({ text }) => /not connected/.test(text)).length, 1);
  // They come back one by one: that the alarm gets shorter is no news.
  site.charger('CP_3').setNetwork(true);
  await site.run(60);
  assert.match(lost(site)[0] ?? '', /^6 of 8/);
  const after = eventsBetween(during, site.view()).filter(({ type }) => /alarm/.test(type));
  assert.deepEqual(
    after.filter(({ text }) => /not connected/.test(text)),
    [],
  );
  // Another one, later, is another thing.
  site.charger('CP_8').setNetwork(false);
  await site.run(360);
  assert.equal(lost(site).length, 2);
});

test('after a restart those are missed that were there before, and not those to be installed', async () => {
  const traitsOf = () => PLAIN_TRAITS;
  const site = new VirtualSite({ site: garage(2, { mainAmps: 63 }), traitsOf });
  site.charger('CP_2').setNetwork(false);
  await site.run(60);
  site.killGateway();
  site.charger('CP_1').setNetwork(false);
  await site.run(10);
  await site.startGateway();
  await site.run(360);
  assert.deepEqual(lost(site), ['charger CP_1 is not connected: what it may draw stays reserved']);
});
