import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SILENT_LOG } from '../../src/core/log.ts';
import { openOutage } from '../../src/gateway/outage/outage.ts';
import { WAITING_MOST } from '../../src/gateway/outage/stand-in.ts';
import { FIRST_LOCAL_ID } from '../../src/gateway/outage/transaction-ids.ts';
import { callBytes, readFrame } from '../../src/ocpp/frame.ts';
import { readObject } from '../../src/ocpp/payload.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Medium, MemoryStore } from '../../src/sim/memory-store.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

const CHARGER = 'CP_1';
const openOn = (medium: Medium, clock: VirtualClock) =>
  openOutage({
    store: new MemoryStore(medium, clock),
    clock,
    log: SILENT_LOG,
    random: () => 0.5,
    hash: (secret) => Promise.resolve(secret),
    newSalt: () => 'salt',
    settings: {
      unknownTokens: 'accept',
      unknownBoot: 'pending',
      replayPerSecond: 250,
      mostBytes: 1_000_000,
    },
  });

/** A charger whose CSMS is away, and a gateway that can start again. */
const outage = async (version: OcppVersion) => {
  const clock = new VirtualClock();
  const medium = new Medium();
  let shared = await openOn(medium, clock);
  let count = 0;
  const frameOf = (action: string, payload: object) => {
    count += 1;
    return readFrame(callBytes(`m${count}`, action, payload));
  };
  return {
    clock,
    medium,
    now: () => shared,
    frameOf,
    restart: async () => {
      shared = await openOn(medium, clock);
    },
    /** What is answered; undefined: nothing is. */
    says: async (action: string, payload: object) => {
      const frame = frameOf(action, payload);
      const call = { charger: CHARGER, version, frame, mayRepeat: false };
      const answer = await shared.standIn.answer(call);
      return answer !== undefined && 'payload' in answer ? readObject(answer.payload) : undefined;
    },
    held: async () => {
      const entries = await shared.journal.first(CHARGER, 100);
      return entries.map(({ header }) => header.action);
    },
    removeAll: async () => {
      for (const entry of await shared.journal.first(CHARGER, 100)) {
        await shared.journal.remove(entry);
      }
    },
  };
};

const START = { connectorId: 1, idTag: 'A', meterStart: 0, timestamp: '2026-06-01T06:00:00Z' };
const SECURITY = { type: 'StartupOfTheDevice', timestamp: '2026-06-01T06:00:30Z' };
const VALUES = { connectorId: 1, meterValue: [{ timestamp: '2026-06-01T06:00:40Z' }] };

describe('a message that is repeated since its answer was not heard', () => {
  test('is kept once, whatever was said in between, also after a restart', async () => {
    for (const restarts of [false, true]) {
      const { says, held, restart } = await outage('1.6');
      const first = await says('StartTransaction', START);
      for (const [action, payload] of [
        ['SecurityEventNotification', SECURITY],
        ['MeterValues', VALUES],
      ] as const) {
        await says(action, payload);
        if (restarts) await restart();
        assert.deepEqual(await says('StartTransaction', START), first);
        assert.deepEqual(await says(action, payload), {}, 'that one again, too');
      }
      assert.deepEqual(await held(), [
        'StartTransaction',
        'SecurityEventNotification',
        'MeterValues',
      ]);
    }
  });

  test('is known after it was delivered, until the next of a transaction', async () => {
    const { says, now, frameOf, removeAll, restart } = await outage('1.6');
    const first = await says('StartTransaction', START);
    await says('SecurityEventNotification', SECURITY);
    await removeAll();
    await restart();
    const { standIn } = now();
    const again = () => standIn.repeated(CHARGER, frameOf('StartTransaction', START));
    assert.equal(standIn.repeated(CHARGER, frameOf('MeterValues', VALUES)), undefined);
    assert.deepEqual(again()?.answer, first);
    const stop = { transactionId: 7, meterStop: 9, timestamp: '2026-06-01T07:00:00Z' };
    assert.equal(standIn.repeated(CHARGER, frameOf('StopTransaction', stop)), undefined);
    assert.equal(again(), undefined);
  });

  test('has the id of its transaction on disk, beside the message', async () => {
    const { says, restart, now } = await outage('1.6');
    await says('StartTransaction', START);
    await restart();
    assert.deepEqual(now().ids.find(CHARGER, FIRST_LOCAL_ID), { localId: FIRST_LOCAL_ID });
    const next = await says('StartTransaction', { ...START, connectorId: 2 });
    assert.equal(next?.['transactionId'], FIRST_LOCAL_ID + 1);
    await restart();
    const other = await says('StartTransaction', { ...START, connectorId: 3 });
    assert.equal(other?.['transactionId'], FIRST_LOCAL_ID + 2);
  });

  test('in 2.x may be marked as offline meanwhile', async () => {
    const { says, held } = await outage('2.0.1');
    const event = (seqNo: number, more: object = {}) => ({
      eventType: 'Started',
      timestamp: '2026-06-01T06:00:00Z',
      triggerReason: 'CablePluggedIn',
      seqNo,
      ...more,
      transactionInfo: { transactionId: 'T1' },
    });
    await says('TransactionEvent', event(0));
    await says('TransactionEvent', event(0, { offline: true }));
    await says('TransactionEvent', event(1, { offline: false }));
    await says('TransactionEvent', event(1, { offline: true }));
    assert.deepEqual(await held(), ['TransactionEvent', 'TransactionEvent']);
  });
});

test('what could not be kept is not answered, and leaves no transaction id behind', async () => {
  const { says, medium, now } = await outage('1.6');
  medium.conduct.full = true;
  for (let tries = 0; tries < 1_100; tries += 1) {
    assert.equal(await says('StartTransaction', START), undefined);
  }
  assert.equal(now().ids.mapsAny(CHARGER), false);
  medium.conduct.full = false;
  const { transactionId } = (await says('StartTransaction', START)) ?? {};
  assert.ok(Number(transactionId) >= FIRST_LOCAL_ID);
  assert.equal(now().ids.mapsAny(CHARGER), true);
});

test('calls that wait for the medium are bounded by how many wait, not by how many came', async () => {
  const { says, medium, clock, now, held } = await outage('1.6');
  medium.conduct.syncMs = 10;
  const stop = (id: number) => says('StopTransaction', { transactionId: id, meterStop: 1 });
  const first = Array.from({ length: WAITING_MOST }, (_, id) => stop(id));
  assert.equal(await stop(99), undefined, 'the charger keeps it');
  await clock.run(15);
  const more = stop(100);
  await clock.run(10 * WAITING_MOST);
  assert.ok([...(await Promise.all(first)), await more].every((answer) => answer !== undefined));
  assert.equal(now().standIn.busy(CHARGER), false);
  assert.equal((await held()).length, WAITING_MOST + 1);
});

test('what only the CSMS can answer is refused, and not kept', async () => {
  const { now, frameOf, held } = await outage('2.0.1');
  const frame = frameOf('NotifyReport', { requestId: 1 });
  const call = { charger: CHARGER, version: '2.0.1', frame, mayRepeat: false } as const;
  const description = 'the CSMS is unreachable';
  const refusal = { errorCode: 'InternalError', description };
  assert.deepEqual(await now().standIn.answer(call), refusal);
  assert.deepEqual(await held(), []);
});

test('a charger that writes almost JSON is understood, and its message is kept as it came', async () => {
  const { now } = await outage('1.6');
  const { standIn, memory, journal } = now();
  memory.learn(CHARGER, [{ type: 'token', token: 'A', verdict: { status: 'Blocked' } }]);
  const text = '[2,"b1","StartTransaction",{,"connectorId":1,"idTag":"A","meterStart":0}';
  const frame = readFrame(Buffer.from(text));
  const answer = await standIn.answer({
    charger: CHARGER,
    version: '1.6',
    frame,
    mayRepeat: false,
  });
  assert.ok(answer !== undefined && 'payload' in answer);
  assert.deepEqual(readObject(answer.payload)['idTagInfo'], { status: 'Blocked' });
  const [entry] = await journal.first(CHARGER, 1);
  assert.equal(entry?.message.toString(), text);
});
