// Every action of the tables of docs/aggregate.md, in both directions, for a CSMS of each version
// with chargers of 1.6 and 2.x. One that is added to the tables is driven here without being named.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { downRules, familyOf, upRules } from '../../src/ocpp/aggregate/rules.ts';
import type { Payload } from '../../src/ocpp/payload.ts';
import { OCPP_VERSIONS } from '../../src/ocpp/version.ts';
import { requestNames } from '../ocpp-schemas.ts';
import { AggregateScene } from './aggregate-scene.ts';
import type { RawCharger } from './raw-charger.ts';

/** Where a transaction begins or ends. */
const TURNS = new Set([
  'BootNotification',
  'StartTransaction',
  'StopTransaction',
  'TransactionEvent',
]);

const events = (scene: AggregateScene, charger: RawCharger, eventType: string, id: string) => {
  const timestamp = scene.now();
  return {
    eventType,
    timestamp,
    transactionInfo: { transactionId: id },
    evse: { id: 1 },
    ...(eventType === 'Started' ? { idToken: { idToken: 'CARD', type: 'ISO14443' } } : {}),
    meterValue: [{ timestamp, sampledValue: [{ value: 1 }] }],
    seqNo: charger.heard.length,
  } satisfies Payload;
};

/** Both chargers of 2.x call theirs the same. */
const start = async (scene: AggregateScene, charger: RawCharger, id: string): Promise<void> => {
  scene.own.delete(charger);
  scene.station.delete(charger);
  if (charger.version === '1.6') {
    const answer = await scene.up(charger, 'StartTransaction');
    scene.own.set(charger, Number(answer['transactionId']));
    await scene.up(charger, 'MeterValues');
    return;
  }
  scene.own.set(charger, id);
  await scene.up(charger, 'TransactionEvent', events(scene, charger, 'Started', id));
  await scene.up(charger, 'TransactionEvent', events(scene, charger, 'Updated', id));
};

const stop = async (scene: AggregateScene, charger: RawCharger): Promise<void> => {
  if (charger.version === '1.6') await scene.up(charger, 'StopTransaction');
  else {
    const id = String(scene.own.get(charger));
    await scene.up(charger, 'TransactionEvent', events(scene, charger, 'Ended', id));
  }
};

for (const upstream of OCPP_VERSIONS) {
  const family = familyOf(upstream);
  const asked = Object.keys(downRules(family)).filter((action) =>
    requestNames(upstream).includes(action),
  );

  /** Every question about one outlet or transaction, of each charger. */
  const askEach = async (scene: AggregateScene, actions = asked): Promise<void> => {
    for (const action of actions) {
      const { to } = downRules(family)[action] ?? {};
      if (to !== 'outlet' && to !== 'transaction') continue;
      for (const charger of scene.chargers) await scene.down(action, charger);
    }
  };

  describe(`a CSMS of ${upstream}, chargers of 1.6 and 2.x`, () => {
    test('an outage: transactions end and begin, and are found again under their ids', async () => {
      const scene = new AggregateScene(upstream);
      await scene.begin();
      for (const charger of scene.chargers) await start(scene, charger, 'T-1');
      scene.learnStationIds();
      await scene.outage(async () => {
        for (const charger of scene.chargers) await stop(scene, charger);
        for (const charger of scene.chargers) await start(scene, charger, 'T-2');
      });
      const before = [...scene.station.values()];
      scene.learnStationIds();
      assert.ok([...scene.station.values()].every((id) => !before.includes(id)));
      // What has to do with transactions, whose ids are new.
      const ofTransactions = asked.filter(
        (action) =>
          action === 'SetChargingProfile' || downRules(family)[action]?.to === 'transaction',
      );
      await askEach(scene, ofTransactions);
      for (const charger of scene.chargers) await stop(scene, charger);
      scene.assertClean();
    });

    test('every action in both directions, with numbers and ids of one charger each', async () => {
      const scene = new AggregateScene(upstream);
      await scene.begin();
      for (const action of asked)
        await scene.down(action, undefined).catch(noTarget(family, action));
      for (const charger of scene.chargers) await start(scene, charger, 'T-1');
      scene.learnStationIds();
      for (const charger of scene.chargers) {
        const known = requestNames(charger.version);
        const said = Object.keys(upRules(familyOf(charger.version))).filter((action) =>
          known.includes(action),
        );
        for (const action of said) if (!TURNS.has(action)) await scene.up(charger, action);
      }
      await askEach(scene);
      for (const charger of scene.chargers) await stop(scene, charger);
      scene.assertClean();
    });
  });
}

/** What belongs to a transaction is asked of one below. */
const noTarget = (family: '1.6' | '2.x', action: string) => (error: unknown) => {
  if (downRules(family)[action]?.to !== 'transaction') throw error;
};
