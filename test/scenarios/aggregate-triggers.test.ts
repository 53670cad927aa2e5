import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Payload, readObject } from '../../src/ocpp/payload.ts';
import { AggregateScene } from './aggregate-scene.ts';
import type { RawCharger } from './raw-charger.ts';

const begin = async () => {
  const scene = new AggregateScene('1.6', ['1.6', '1.6']);
  await scene.begin();
  const heard = (action: string): readonly Payload[] =>
    scene.site.csms.received
      .filter((call) => call.action === action)
      .map(({ payload }) => readObject(payload));
  const [first, second] = scene.chargers as [RawCharger, RawCharger];
  return { scene, heard, first, second };
};

describe('what a CSMS asks the whole station to say', () => {
  test('follows the answer, also where another charger keeps that waiting', async () => {
    const { scene, heard, first, second } = await begin();
    const { site } = scene;
    second.answersAfterMs.set('TriggerMessage', 10_000);
    const before = heard('StatusNotification').length;
    let toldFirst: number | undefined;
    const ask = { requestedMessage: 'StatusNotification' };
    void site.csms.ask('SITE-1', 'TriggerMessage', ask).then(() => {
      toldFirst = heard('StatusNotification').length - before;
    });
    for (let i = 0; !first.heard.some(({ action }) => action === 'TriggerMessage'); i += 1) {
      assert.ok(i < 100, 'it is triggered');
      await site.run(0.1);
    }
    const status = { connectorId: 1, errorCode: 'NoError', status: 'Preparing' };
    first.send('StatusNotification', status, () => {});
    await site.run(60);
    assert.equal(toldFirst, 0);
    const told = heard('StatusNotification').slice(before);
    assert.deepEqual(
      told.map(({ status }) => status),
      ['Preparing'],
    );
    scene.assertClean();
  });

  test('follows the answer where the station itself says it', async () => {
    const { scene, heard } = await begin();
    const { csms } = scene.site;
    const action = 'FirmwareStatusNotification';
    const before = heard(action).length;
    let toldFirst: number | undefined;
    void csms.ask('SITE-1', 'TriggerMessage', { requestedMessage: action }).then(() => {
      toldFirst = heard(action).length - before;
    });
    await scene.site.run(5);
    assert.deepEqual([toldFirst, heard(action).length - before], [0, 1]);
  });
});
