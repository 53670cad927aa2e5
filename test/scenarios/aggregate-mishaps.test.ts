// What goes wrong at chargers and at the CSMS, behind one station.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Payload, readObject } from '../../src/ocpp/payload.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { AggregateScene } from './aggregate-scene.ts';
import type { RawCharger } from './raw-charger.ts';

const begin = async (upstream: OcppVersion, versions: readonly OcppVersion[]) => {
  const scene = new AggregateScene(upstream, versions);
  await scene.begin();
  const heard = (action: string): readonly Payload[] =>
    scene.site.csms.received
      .filter((call) => call.action === action)
      .map(({ payload }) => readObject(payload));
  const [first, second] = scene.chargers as [RawCharger, RawCharger];
  return { scene, heard, first, second };
};

const event = (
  scene: AggregateScene,
  eventType: string,
  id: string,
  seqNo: number,
  at = scene.now(),
) => ({
  eventType,
  timestamp: at,
  triggerReason: 'Authorized',
  seqNo,
  transactionInfo: { transactionId: id },
  evse: { id: 1 },
  ...(eventType === 'Started' ? { idToken: { idToken: 'CARD', type: 'ISO14443' } } : {}),
  meterValue: [{ timestamp: at, sampledValue: [{ value: 1000 + seqNo }] }],
});
const startOf = (scene: AggregateScene, meterStart = 0) => ({
  connectorId: 1,
  idTag: 'CARD',
  meterStart,
  timestamp: scene.now(),
});

/** Both of 1.6. */
const tellStatus = (charger: RawCharger, status: string) =>
  charger.ask('StatusNotification', { connectorId: 1, errorCode: 'NoError', status });
const bootAgain = async (charger: RawCharger): Promise<void> => {
  await charger.connect();
  await charger.ask('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' });
};

describe('a charger whose line breaks', () => {
  test('while the CSMS thinks about a start: the repetition is no second transaction', async () => {
    const { scene, heard, first } = await begin('1.6', ['2.0.1', '1.6']);
    const { site } = scene;
    const started = event(scene, 'Started', 'T', 0);
    site.csms.conduct.answerDelayMs = 5_000;
    first.send('TransactionEvent', started, () => {});
    await site.run(1);
    site.network.cut('charger', 'CP_1');
    await site.run(1);
    await first.connect();
    const answer = await first.ask('TransactionEvent', started);
    assert.equal(readObject(answer['idTokenInfo'])['status'], 'Accepted');
    site.csms.conduct.answerDelayMs = 0;
    await first.ask('TransactionEvent', event(scene, 'Ended', 'T', 1));
    assert.equal(heard('StartTransaction').length, 1);
    assert.equal(heard('StopTransaction').length, 1);
    scene.assertClean();
  });

  test('and is half open: what it said on the old line is not said twice', async () => {
    const { scene, heard, first, second } = await begin('1.6', ['1.6', '1.6']);
    const { site } = scene;
    site.csms.conduct.answerDelayMs = 5_000;
    // The lane is busy with another charger.
    second.send('Authorize', { idTag: 'OTHER' }, () => {});
    await site.run(0.5);
    const start = startOf(scene);
    first.send('StartTransaction', start, () => {});
    await site.run(1);
    site.network.silence('charger', 'CP_1');
    await first.connect();
    const answer = await first.ask('StartTransaction', start);
    assert.ok(Number(answer['transactionId']) > 0);
    assert.equal(heard('StartTransaction').length, 1);
    scene.assertClean();
  });
});

test('a disk that is full keeps nobody from hearing what the CSMS took: a repetition would be a second one', async () => {
  for (const [upstream, version] of [
    ['1.6', '1.6'],
    ['1.6', '2.0.1'],
    ['2.0.1', '2.0.1'],
    ['2.0.1', '1.6'],
  ] as const) {
    const { scene, heard, first } = await begin(upstream, [version, version]);
    const { site } = scene;
    site.csms.conduct.answers = () => {
      site.medium.conduct.full = true;
      return undefined;
    };
    const started =
      version === '1.6'
        ? await first.ask('StartTransaction', startOf(scene))
        : await first.ask('TransactionEvent', event(scene, 'Started', 'T', 0));
    const told = `${version} under ${upstream}`;
    assert.ok('idTagInfo' in started || 'idTokenInfo' in started, told);
    site.medium.conduct.full = false;
    const { transactionId } = started;
    const stop = { transactionId, meterStop: 9, timestamp: scene.now() };
    const ended =
      version === '1.6'
        ? await first.ask('StopTransaction', stop)
        : await first.ask('TransactionEvent', event(scene, 'Ended', 'T', 1));
    assert.equal(ended['code'], undefined, told);
    site.medium.conduct.full = false;
    await site.run(60);
    const events = heard('TransactionEvent').map(({ eventType }) => eventType);
    const counts =
      upstream === '1.6'
        ? [heard('StartTransaction').length, heard('StopTransaction').length]
        : ['Started', 'Ended'].map((type) => events.filter((each) => each === type).length);
    assert.deepEqual(counts, [1, 1], told);
  }
});

test('a charger whose clock stands still begins another transaction when it says the same again', async () => {
  const { scene, heard, first } = await begin('2.0.1', ['1.6', '2.0.1']);
  const timestamp = '1970-01-01T00:00:00Z';
  const start = { ...startOf(scene), timestamp };
  for (const meterStop of [5, 7]) {
    const { transactionId } = await first.ask('StartTransaction', start);
    const again = await first.ask('StartTransaction', start);
    assert.equal(again['transactionId'], transactionId, 'a repetition is none');
    await first.ask('StopTransaction', { transactionId, meterStop, timestamp });
  }
  const infos = heard('TransactionEvent').map((each) => readObject(each['transactionInfo']));
  assert.equal(new Set(infos.map(({ transactionId }) => transactionId)).size, 2);
});

describe('a charger that connects anew', () => {
  test('and leaves during the handshake stays where it was, each time', async () => {
    const { scene, first } = await begin('1.6', ['1.6', '1.6']);
    const { site } = scene;
    const leave = () => Promise.reject(new Error('the charger left during the handshake'));
    const who = { rawPath: '/ocpp/CP_1', subprotocols: ['ocpp1.6'], remoteAddress: 'memory' };
    for (let time = 1; time <= 2; time += 1) {
      await site.gateway.knock({ ...who, gone: false, accept: leave, refuse: () => {} });
      await site.run(30);
    }
    assert.deepEqual(await scene.question('UnlockConnector', { connectorId: 5 }), {
      status: 'Unlocked',
    });
    assert.equal(first.heard.at(-1)?.action, 'UnlockConnector');
  });

  test('with what it did meanwhile: it was offline, whoever else was not', async () => {
    const { scene, heard, first } = await begin('2.0.1', ['1.6', '2.0.1']);
    first.close();
    await scene.site.run(60);
    const start = startOf(scene);
    await scene.site.run(60);
    await first.connect();
    await first.ask('StartTransaction', start);
    await first.ask('StartTransaction', startOf(scene, 7));
    assert.deepEqual(
      heard('TransactionEvent').map(({ offline }) => offline),
      [true, undefined],
    );
    scene.assertClean();
  });

  test('in the version of the CSMS where it knows several', async () => {
    const { scene } = await begin('2.0.1', ['1.6', '2.0.1']);
    scene.chargers[0]?.close();
    await scene.site.run(5);
    const knock = scene.site.network.connect('CP_1', ['ocpp2.1', 'ocpp1.6', 'ocpp2.0.1']);
    await scene.site.run(5);
    assert.equal((await knock).subprotocol, 'ocpp2.0.1');
  });
});

describe('connector 0 of a charger', () => {
  test('brings its connectors back only after it took them away', async () => {
    const { heard, first } = await begin('1.6', ['1.6', '1.6']);
    const say = (connectorId: number, status: string) =>
      first.ask('StatusNotification', { connectorId, errorCode: 'NoError', status });
    const told = () =>
      heard('StatusNotification')
        .filter(({ connectorId }) => connectorId === 5)
        .map(({ status }) => status);
    await say(1, 'Charging');
    const before = told().length;
    await say(0, 'Available');
    assert.equal(told().length, before, 'a boot says it too');
    await say(0, 'Faulted');
    await say(0, 'Available');
    assert.deepEqual(told().slice(before), ['Faulted', 'Charging']);
  });
});

describe('a charger that gets another number', () => {
  test('leaves the old one unavailable; what is asked of it goes nowhere', async () => {
    const { scene, heard, first } = await begin('1.6', ['1.6', '1.6']);
    const { site } = scene;
    site.killGateway();
    scene.numbers['CP_1'] = 11;
    await site.startGateway();
    await site.run(60);
    await bootAgain(first);
    await tellStatus(first, 'Charging');
    const last = (number: number) =>
      heard('StatusNotification').findLast(({ connectorId }) => connectorId === number)?.['status'];
    assert.deepEqual([last(5), last(11)], ['Unavailable', 'Charging']);
    assert.deepEqual(await scene.question('UnlockConnector', { connectorId: 5 }), {
      status: 'UnlockFailed',
    });
    assert.deepEqual(await scene.question('UnlockConnector', { connectorId: 11 }), {
      status: 'Unlocked',
    });
    scene.assertClean();
  });
});

describe('a charger from another site', () => {
  test('with a transaction of a number that is another charger’s does not end that one', async () => {
    const { scene, heard, first, second } = await begin('1.6', ['1.6', '1.6']);
    const { transactionId } = await first.ask('StartTransaction', startOf(scene));
    const foreign = { transactionId, meterStop: 5, timestamp: scene.now() };
    await second.ask('MeterValues', {
      connectorId: 1,
      transactionId,
      meterValue: [{ timestamp: scene.now(), sampledValue: [{ value: '5' }] }],
    });
    await second.ask('StopTransaction', foreign);
    // -1: a transaction that the CSMS knows nothing of; its figures are not lost.
    assert.deepEqual(
      [...heard('MeterValues'), ...heard('StopTransaction')].map((call) => call['transactionId']),
      [-1, -1],
    );
    await first.ask('StopTransaction', { ...foreign, meterStop: 9 });
    assert.equal(heard('StopTransaction').at(-1)?.['transactionId'], transactionId);
  });

  test('of 2.x that names one in an event: it is not another charger’s either', async () => {
    const { scene, heard, first, second } = await begin('2.1', ['2.1', '2.1']);
    await first.ask('TransactionEvent', event(scene, 'Started', 'T', 0));
    await second.ask('NotifySettlement', {
      transactionId: 'T',
      pspRef: 'x',
      status: 'Settled',
      settlementAmount: 1,
      settlementTime: scene.now(),
    });
    assert.notEqual(heard('NotifySettlement').at(-1)?.['transactionId'], 'T');
    scene.assertClean();
  });
});

describe('a transaction that never ended', () => {
  test('is over once another began there: a new driver finds the place free', async () => {
    const { scene, first, heard } = await begin('1.6', ['1.6', '2.0.1']);
    const { site } = scene;
    scene.chargers[1]?.close();
    for (let round = 0; round < 11; round += 1) {
      await first.ask('StartTransaction', startOf(scene, round));
    }
    const { transactionId } = await first.ask('StartTransaction', startOf(scene, 99));
    await first.ask('StopTransaction', { transactionId, meterStop: 100, timestamp: scene.now() });
    await tellStatus(first, 'Available');
    for (const restart of [false, true]) {
      if (restart) {
        site.killGateway();
        await site.startGateway();
        await site.run(60);
        await bootAgain(first);
        await tellStatus(first, 'Available');
      }
      const answer = await scene.question('RemoteStartTransaction', { idTag: 'CARD' });
      assert.deepEqual(answer, { status: 'Accepted' }, `restart: ${restart}`);
    }
    assert.equal(heard('StartTransaction').length, 12);
  });

  test('does not swallow a later one that a 2.x charger calls the same', async () => {
    const { scene, heard, first } = await begin('1.6', ['2.0.1', '1.6']);
    for (let round = 0; round < 2; round += 1) {
      await first.ask('TransactionEvent', event(scene, 'Started', '1', 0));
      await first.ask('TransactionEvent', event(scene, 'Ended', '1', 1));
      await scene.site.run(60);
    }
    assert.equal(heard('StartTransaction').length, 2);
    assert.equal(new Set(heard('StopTransaction').map((stop) => stop['transactionId'])).size, 2);
    scene.assertClean();
  });
});

describe('a CSMS', () => {
  test('that reserves at no place in particular gets one where no car stands', async () => {
    const { scene, first, second } = await begin('1.6', ['1.6', '1.6']);
    await tellStatus(first, 'Preparing');
    const reserve = { connectorId: 0, expiryDate: scene.now(), idTag: 'CARD', reservationId: 7 };
    assert.deepEqual(await scene.question('ReserveNow', reserve), { status: 'Accepted' });
    const reserved = ({ heard }: RawCharger) => heard.some(({ action }) => action === 'ReserveNow');
    assert.deepEqual([reserved(first), reserved(second)], [false, true]);
  });

  test('that moves a reservation to another charger leaves none behind', async () => {
    for (const upstream of ['1.6', '2.0.1'] as const) {
      const { scene, first, second } = await begin(upstream, ['1.6', '2.0.1']);
      const at = scene.now();
      const reserve = (number: number) =>
        upstream === '1.6'
          ? { connectorId: number, expiryDate: at, idTag: 'CARD', reservationId: 7 }
          : {
              evseId: number,
              expiryDateTime: at,
              idToken: { idToken: 'CARD', type: 'ISO14443' },
              id: 7,
            };
      await scene.question('ReserveNow', reserve(5));
      await scene.question('ReserveNow', reserve(7));
      const cancelled = ({ heard }: RawCharger) =>
        heard.filter(({ action }) => action === 'CancelReservation').length;
      assert.deepEqual([cancelled(first), cancelled(second)], [1, 0]);
      await scene.question('ReserveNow', reserve(7));
      assert.deepEqual([cancelled(first), cancelled(second)], [1, 0]);
      scene.assertClean();
    }
  });

  test('that asks for the state of uploads and downloads hears that of the station', async () => {
    for (const upstream of ['1.6', '2.0.1'] as const) {
      const { scene, heard, first } = await begin(upstream, ['1.6', '2.0.1']);
      for (const requestedMessage of [
        'FirmwareStatusNotification',
        'DiagnosticsStatusNotification',
        'LogStatusNotification',
      ]) {
        if (requestedMessage.startsWith(upstream === '1.6' ? 'Log' : 'Diag')) continue;
        const answer = await scene.question('TriggerMessage', { requestedMessage });
        assert.equal(answer['status'], 'Accepted', requestedMessage);
        await scene.site.run(1);
        assert.deepEqual(heard(requestedMessage), [{ status: 'Idle' }]);
      }
      assert.ok(
        first.heard.every(
          ({ payload }) =>
            !/Status.*Notification/.test(
              String(payload['requestedMessage'] ?? '').replace('StatusNotification', ''),
            ),
        ),
      );
      scene.assertClean();
    }
  });

  test('of 2.x that accepted the station cannot have it boot again (F06.FR.17)', async () => {
    for (const upstream of ['1.6', '2.0.1'] as const) {
      const { scene, heard } = await begin(upstream, ['1.6', '2.0.1']);
      const asked = { requestedMessage: 'BootNotification' };
      const { status } = await scene.question('TriggerMessage', asked);
      await scene.site.run(1);
      const boots = heard('BootNotification').length;
      assert.deepEqual([status, boots], upstream === '1.6' ? ['Accepted', 2] : ['Rejected', 1]);
    }
  });

  test('hears of no limit of the whole site that is one charger’s', async () => {
    const { heard, first } = await begin('2.0.1', ['2.0.1', '1.6']);
    await first.ask('NotifyChargingLimit', { chargingLimit: { chargingLimitSource: 'EMS' } });
    await first.ask('ClearedChargingLimit', { chargingLimitSource: 'EMS' });
    await first.ask('NotifyChargingLimit', {
      evseId: 1,
      chargingLimit: { chargingLimitSource: 'EMS' },
    });
    assert.deepEqual(
      heard('NotifyChargingLimit').map(({ evseId }) => evseId),
      [5],
    );
    assert.deepEqual(heard('ClearedChargingLimit'), []);
  });

  test('whose remote start is refused does not find its number in another session', async () => {
    const { scene, heard, first } = await begin('2.0.1', ['1.6', '2.0.1']);
    first.answers.set('RemoteStartTransaction', { status: 'Rejected' });
    const idToken = { idToken: 'CARD', type: 'ISO14443' };
    await scene.question('RequestStartTransaction', { evseId: 5, remoteStartId: 31, idToken });
    await first.ask('StartTransaction', startOf(scene));
    const [started] = heard('TransactionEvent');
    assert.equal(readObject(started?.['transactionInfo'])['remoteStartId'], undefined);
    assert.equal(started?.['triggerReason'], 'Authorized');
    scene.assertClean();
  });
});
