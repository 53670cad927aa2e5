import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NO_PREFERENCES, takePreference } from '../../src/core/preferences.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from '../scenarios/virtual-garage.ts';

describe('a request about a connector', () => {
  const take = (command: Parameters<typeof takePreference>[2]) =>
    takePreference(NO_PREFERENCES, garage(2), command, 1_000);

  test('names a charger and a connector that exist', () => {
    assert.deepEqual(take({ kind: 'resume', charger: 'CP_9' }).answer, {
      accepted: false,
      reason: 'unknown charger "CP_9"; did you mean "CP_1"? known are CP_1, CP_2',
    });
    const answer = take({ kind: 'pause', charger: 'CP_1', connector: 2, by: 'me' }).answer;
    assert.match(answer.reason, /CP_1 has no connector 2/);
  });

  test('a pause and a priority live beside each other', () => {
    const first = take({ kind: 'priority', charger: 'CP_1', weight: 2 });
    const command = { kind: 'pause', charger: 'CP_1', by: 'me', ttlSeconds: 10 } as const;
    const { preferences } = takePreference(first.preferences, garage(2), command, 1_000);
    assert.equal(preferences.get('CP_1/1')?.priority?.weight, 2);
    assert.equal(preferences.get('CP_1/1')?.paused?.untilMs, 11_000);
  });
});

describe('in a garage with two cars', () => {
  const busy = async (): Promise<VirtualSite> => {
    const site = new VirtualSite({ site: garage(2, { mainAmps: 32 }), buildingAmps: [5, 5, 5] });
    await site.run(20);
    for (const id of ['CP_1', 'CP_2']) {
      site.charger(id).plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), `CARD-${id}`);
    }
    await site.run(90);
    return site;
  };
  const connector = (site: VirtualSite, i: number) => site.view().chargers[i]?.connectors[0];
  const offer = (site: VirtualSite, i: number): number => connector(site, i)?.offerAmps ?? 0;

  test('a paused one gives its amps to the other, with the reason, and gets them back', async () => {
    const site = await busy();
    const shared = offer(site, 1);
    site.setPreference({ kind: 'pause', charger: 'CP_1', by: 'janitor', ttlSeconds: 120 });
    await site.run(60);
    assert.equal(offer(site, 0), 0);
    assert.match(connector(site, 0)?.reason ?? '', /paused by janitor/);
    assert.ok(offer(site, 1) > shared + 5);
    await site.run(120);
    assert.ok(offer(site, 0) >= 6, 'the pause ended by itself');
    assert.equal(site.breaker.record().overMs, 0);
  });

  test('what one does not want goes to the other', async () => {
    const site = await busy();
    const shared = offer(site, 1);
    site.setPreference({ kind: 'want', charger: 'CP_1', amps: 8 });
    await site.run(60);
    assert.equal(offer(site, 0), 8);
    assert.match(connector(site, 0)?.reason ?? '', /wants 8 A/);
    assert.ok(offer(site, 1) > shared + 2);
  });

  test('twice the weight is about twice the amps', async () => {
    const site = await busy();
    site.setPreference({ kind: 'priority', charger: 'CP_1', weight: 2 });
    await site.run(90);
    assert.ok(offer(site, 0) >= offer(site, 1) * 1.6, `${offer(site, 0)}, ${offer(site, 1)}`);
    assert.equal(site.breaker.record().overMs, 0);
  });
});
