import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readObject } from '../../src/ocpp/payload.ts';
import type { VirtualSite } from '../../src/sim/virtual-site.ts';
import { callAndRun, car, startSite, VERSIONS } from './outage-site.ts';

/** What the CSMS takes the connector of a charger for. */
const statusOf = ({ csms }: VirtualSite, id: string): unknown => {
  const told = csms.received
    .filter(({ charger, action }) => charger === id && action === 'StatusNotification')
    .map(({ payload }) => readObject(payload))
    .filter(({ connectorId }) => connectorId === 1)
    .at(-1);
  return told?.['status'] ?? told?.['connectorStatus'];
};

const until = async (site: VirtualSite, done: () => boolean): Promise<void> => {
  for (let i = 0; !done() && i < 3_000; i += 1) await site.run(0.1);
  assert.ok(done());
};

for (const version of VERSIONS) {
  test(`${version}: a status that was held does not undo one of now`, async () => {
    // One message in ten seconds: what is held waits long after the CSMS is back.
    const site = await startSite(version, { outageSettings: { replayPerSecond: 0.1 } });
    site.csms.goDown();
    await site.run(20);
    for (const id of ['CP_1', 'CP_2']) site.charger(id).plugIn(1, car(), 'CARD-1');
    await site.run(60);
    site.csms.comeBack();
    const both = ['CP_1', 'CP_2'];
    await until(site, () => both.every((id) => site.csms.connected().includes(id)));
    for (const id of both) site.charger(id).unplug(1);
    await until(site, () => both.every((id) => statusOf(site, id) === 'Available'));
    await site.run(600);
    assert.deepEqual(
      both.map((id) => statusOf(site, id)),
      ['Available', 'Available'],
    );
    assert.deepEqual(site.csms.problems, []);
  });
}

for (const version of VERSIONS) {
  test(`${version}: a session that the CSMS started begins although it is gone by then`, async () => {
    const site = await startSite(version, { outageSettings: { unknownTokens: 'reject' } });
    const [action, payload] =
      version === '1.6'
        ? ['RemoteStartTransaction', { connectorId: 1, idTag: 'APP-1' }]
        : [
            'RequestStartTransaction',
            { evseId: 1, remoteStartId: 1, idToken: { idToken: 'APP-1', type: 'Central' } },
          ];
    site.charger('CP_1').plugIn(1, car());
    await site.run(5);
    // Its start is on the way when the CSMS goes.
    site.csms.conduct.answerDelayMs = 60_000;
    assert.equal(await callAndRun(site, action as string, payload as object), 'Accepted');
    site.csms.goDown();
    await site.run(60);
    assert.equal(site.charger('CP_1').hasSession(1), true);
  });
}
