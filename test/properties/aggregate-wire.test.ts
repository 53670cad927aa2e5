import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Payload, readObject } from '../../src/ocpp/payload.ts';
import { OCPP_VERSIONS, type OcppVersion } from '../../src/ocpp/version.ts';
import { AggregateScene } from '../scenarios/aggregate-scene.ts';
import type { RawCharger } from '../scenarios/raw-charger.ts';

/** Site files of successive runs: which number each charger is to have, if any. */
const files = fc.array(
  fc.array(fc.option(fc.integer({ min: 1, max: 7 }), { nil: undefined }), {
    minLength: 3,
    maxLength: 3,
  }),
  { minLength: 2, maxLength: 3 },
);

const start = (charger: RawCharger, at: string, turn: number): Promise<Payload> =>
  charger.version === '1.6'
    ? charger.ask('StartTransaction', {
        connectorId: 1,
        idTag: 'C',
        meterStart: turn,
        timestamp: at,
      })
    : charger.ask('TransactionEvent', {
        eventType: 'Started',
        timestamp: at,
        triggerReason: 'Authorized',
        seqNo: 0,
        transactionInfo: { transactionId: `T-${turn}` },
        evse: { id: 1 },
        idToken: { idToken: 'C', type: 'ISO14443' },
      });

/** The number under which the CSMS heard of a start, and its id of it. */
const startIn = (upstream: OcppVersion, payload: Payload): readonly [number, unknown] =>
  upstream === '1.6'
    ? [Number(payload['connectorId']), undefined]
    : [
        Number(readObject(payload['evse'])['id']),
        readObject(payload['transactionInfo'])['transactionId'],
      ];

const life = async (upstream: OcppVersion, pins: readonly (readonly (number | undefined)[])[]) => {
  const scene = new AggregateScene(upstream);
  const { site } = scene;
  for (const id of Object.keys(scene.numbers)) delete scene.numbers[id];
  const owner = new Map<number, string>();
  const ids = new Map<unknown, string>();
  for (const [turn, file] of pins.entries()) {
    site.killGateway();
    const free = file.map((first, i) => (file.indexOf(first) === i ? first : undefined));
    for (const [i, first] of free.entries()) {
      delete scene.numbers[`CP_${i + 1}`];
      if (first !== undefined) scene.numbers[`CP_${i + 1}`] = first;
    }
    await site.startGateway();
    await site.run(30);
    for (const charger of scene.chargers) {
      await charger.connect();
      const before = site.csms.received.length;
      await start(charger, scene.now(), turn);
      const [heard] = site.csms.received
        .slice(before)
        .filter(
          ({ action }) =>
            /^(StartTransaction|TransactionEvent)$/.test(action) && action !== 'NotifyEvent',
        );
      const [number, id] = startIn(upstream, readObject(heard?.payload));
      const { identity } = charger;
      assert.equal(owner.get(number) ?? identity, identity, `${number} was another charger's`);
      owner.set(number, identity);
      assert.equal(ids.has(id) && id !== undefined, false, 'no id twice');
      ids.set(id, identity);
      const unlock =
        upstream === '1.6' ? { connectorId: number } : { evseId: number, connectorId: 1 };
      await scene.question('UnlockConnector', unlock);
      const reached = scene.chargers.filter(
        ({ heard: all }) => all.at(-1)?.action === 'UnlockConnector',
      );
      assert.ok(reached.includes(charger), `${number} of ${identity} reaches it`);
    }
  }
  // Ids of every run still mean the charger that they were given to.
  for (const [transactionId, identity] of ids) {
    if (transactionId === undefined) continue;
    const before = scene.chargers.map(({ heard }) => heard.length);
    await scene.question('RequestStopTransaction', { transactionId });
    const reached = scene.chargers.filter(({ heard }, i) =>
      heard.slice(before[i]).some(({ action }) => /Re(mote|quest)Stop/.test(action)),
    );
    assert.deepEqual(
      reached.map((charger) => charger.identity),
      [identity],
    );
  }
  scene.assertClean();
};

for (const upstream of OCPP_VERSIONS) {
  test(`${upstream}: whatever the site file says next, numbers and ids never cross chargers`, async () => {
    await fc.assert(
      fc.asyncProperty(files, (pins) => life(upstream, pins)),
      { numRuns: 2 },
    );
  });
}
