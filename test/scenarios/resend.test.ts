import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ResendDesk } from '../../src/gateway/outage/resend-desk.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { car, startSite } from './outage-site.ts';

type Site = Awaited<ReturnType<typeof startSite>>;

/** As POST /api/v1/queue/resend does. */
const resend = (site: Site) => {
  const outage = site.outage ?? assert.fail();
  const desk = new ResendDesk({
    ...outage,
    chargers: () => site.chargers.keys(),
    queued: (charger) => site.gateway.deliverHeld(charger),
  });
  return desk.resend({});
};
const queueOf = (site: Site): readonly [held: number, aside: number] => {
  const { count, parked } = site.outage?.journal.backlog('CP_1') ?? assert.fail();
  return [count, parked];
};

/** A session of an outage that a broken CSMS does not take, and the car goes on charging. */
const refusedSession = async (version: OcppVersion) => {
  const site = await startSite(version, { outageSettings: { unknownTokens: 'accept' } });
  site.csms.goDown();
  await site.run(10);
  site.charger('CP_1').plugIn(1, car(), 'CARD-1');
  await site.run(70);
  for (const action of ['StartTransaction', 'MeterValues', 'TransactionEvent']) {
    site.csms.conduct.failNext.set(action, 1_000);
  }
  site.csms.comeBack();
  await site.run(80);
  return site;
};

describe('a CSMS that refused a session, and is mended', () => {
  for (const version of ['1.6', '2.1'] as const) {
    test(`gets the whole of it in order while it goes on (${version})`, async () => {
      const site = await refusedSession(version);
      const [, aside] = queueOf(site);
      assert.ok(aside > 0, `${aside} set aside`);
      site.csms.conduct.failNext.clear();
      const answer = await resend(site);
      assert.equal('resent' in answer && answer.resent, aside);
      await site.run(20);
      site.charger('CP_1').unplug(1);
      await site.run(120);
      assert.deepEqual(queueOf(site), [0, 0]);
      assert.deepEqual(site.csms.problems, []);
      const { lost, altered, inverted, invented } = site.audit('CP_1');
      assert.deepEqual([lost, altered, inverted, invented], [[], [], [], []]);
    });
  }

  test('gets it after a restart, and once', async () => {
    const site = await refusedSession('1.6');
    site.charger('CP_1').unplug(1);
    await site.run(60);
    site.csms.conduct.failNext.clear();
    site.csms.goDown();
    await site.run(5);
    const [, aside] = queueOf(site);
    await site.run(60);
    assert.equal(queueOf(site)[1], aside, 'nothing goes again by itself');
    await resend(site);
    site.killGateway();
    await site.startGateway();
    await site.run(10);
    const [held, left] = queueOf(site);
    assert.ok(held >= aside && left === 0, `${held} of ${aside} wait, ${left} do not`);
    site.csms.comeBack();
    await site.run(120);
    assert.deepEqual(queueOf(site), [0, 0]);
    const { lost, repeated, inverted } = site.audit('CP_1');
    assert.deepEqual([lost, inverted], [[], []]);
    assert.deepEqual(site.csms.problems, []);
    const starts = repeated.filter((key) => key.startsWith('StartTransaction'));
    assert.deepEqual(starts, [], 'what was refused was not taken');
  });
});
