import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { showsPassword } from '../../src/gateway/aggregate/charger-password.ts';
import { type Payload, readList, readObject } from '../../src/ocpp/payload.ts';
import { type AggregateRun, aggregateSite, car, STATION_16 } from './aggregate-site.ts';
import { dialectOf } from './aggregate-words.ts';

const events = ({ heard }: AggregateRun) => heard('TransactionEvent');
const infoOf = (event: Payload): Payload => readObject(event['transactionInfo']);
const idOf = (event: Payload): string => String(infoOf(event)['transactionId']);

/** Numbers of the events of each transaction, as they came. */
const numbersById = (run: AggregateRun): Readonly<Record<string, readonly unknown[]>> => {
  const numbers: Record<string, unknown[]> = {};
  for (const event of events(run)) {
    numbers[idOf(event)] = [...(numbers[idOf(event)] ?? []), event['seqNo']];
  }
  return numbers;
};

const assertWithoutGaps = (run: AggregateRun): void => {
  for (const [id, numbers] of Object.entries(numbersById(run))) {
    const once = [...new Set(numbers)];
    assert.deepEqual(
      once,
      once.map((_, i) => i),
      id,
    );
  }
};

const registerOf = (event: Payload | undefined): number => {
  const values = readList(event?.['meterValue']).map(readObject);
  const samples = values.flatMap((value) => readList(value['sampledValue']).map(readObject));
  return Number(
    samples.filter(({ measurand }) => measurand === 'Energy.Active.Import.Register').at(-1)?.[
      'value'
    ],
  );
};

describe('1.6 chargers under a 2.0.1 CSMS', () => {
  const words = dialectOf('2.0.1');

  test('a remote start keeps its number; events are counted, energy is what was metered', async () => {
    const run = await aggregateSite('2.0.1', ['1.6']);
    const { site } = run;
    const charger = site.charger('CP_1');
    charger.plugIn(1, car());
    await site.run(5);
    await words.start(run, 1, 'CARD-9');
    await site.run(60);
    charger.unplug(1);
    await site.run(20);
    const [started, ...others] = events(run);
    assert.ok(started !== undefined);
    assert.equal(infoOf(started)['remoteStartId'], 42);
    assert.equal(started['triggerReason'], 'RemoteStart');
    assert.ok(others.some((event) => infoOf(event)['chargingState'] === 'Charging'));
    const ended = others.at(-1);
    assert.equal(ended?.['eventType'], 'Ended');
    assert.equal(infoOf(readObject(ended))['stoppedReason'], 'EVDisconnected');
    assert.equal(registerOf(ended), Math.round(charger.energyWh(1)));
    assert.ok(events(run).every((event) => event['offline'] === undefined));
    assertWithoutGaps(run);
    run.assertClean();
  });

  test('after an outage its events are marked, without gaps, and none came twice', async () => {
    const run = await aggregateSite('2.0.1', ['1.6', '1.6']);
    const { site } = run;
    site.charger('CP_1').plugIn(1, car(), 'CARD-1');
    await site.run(45);
    const before = events(run).length;
    site.csms.goDown();
    await site.run(90);
    site.charger('CP_1').unplug(1);
    await site.run(20);
    site.csms.comeBack();
    await site.run(150);
    const after = events(run).slice(before);
    assert.ok(after.length > 5);
    assert.ok(after.every((event) => event['offline'] === true));
    assert.equal(after.at(-1)?.['eventType'], 'Ended');
    assertWithoutGaps(run);
    assert.equal(site.outage?.journal.backlog('CP_1').count, 0);
    run.assertClean();
  });

  test('the gateway dies in a session: the same transaction goes on under the same id', async () => {
    const run = await aggregateSite('2.0.1', ['1.6', '2.0.1']);
    const { site } = run;
    site.charger('CP_1').plugIn(1, car(), 'CARD-1');
    site.charger('CP_2').plugIn(1, car(), 'CARD-2');
    await site.run(40);
    const ids = words.transactionIds(run);
    assert.equal(ids.length, 2);
    site.killGateway();
    await site.run(20);
    await site.startGateway();
    await site.run(120);
    assert.deepEqual(words.transactionIds(run), ids);
    for (const id of ids) assert.equal((await words.stop(run, id))['status'], 'Accepted');
    await site.run(20);
    assert.deepEqual([...words.stopped(run)].sort(), [...ids].sort());
    assertWithoutGaps(run);
    run.assertClean();
  });

  test('the reset of one EVSE reaches its charger only', async () => {
    const asked: string[] = [];
    const logged = (charger: string) => ({
      answers: (action: string, payload: unknown) => {
        if (action === 'Reset') asked.push(`${charger} ${JSON.stringify(payload)}`);
        return undefined;
      },
    });
    const conduct = { CP_1: logged('CP_1'), CP_2: logged('CP_2') };
    const run = await aggregateSite('2.0.1', ['1.6', '2.0.1'], { conduct });
    const { ask } = run;
    assert.equal((await ask('Reset', { type: 'Immediate', evseId: 1 }))['status'], 'Accepted');
    assert.deepEqual(asked, ['CP_1 {"type":"Hard"}']);
    assert.equal((await ask('Reset', { type: 'OnIdle', evseId: 2 }))['status'], 'Accepted');
    assert.equal(asked[1], 'CP_2 {"type":"OnIdle","evseId":1}');
    run.assertClean();
  });
});

describe('2.x chargers under a 1.6 CSMS', () => {
  const words = dialectOf('1.6');

  test('status, start, values and stop are those of a 1.6 station', async () => {
    const run = await aggregateSite('1.6', ['2.0.1', '1.6']);
    const { site, heard } = run;
    const charger = site.charger('CP_1');
    charger.plugIn(1, car(), 'CARD-1');
    await site.run(60);
    const energyWh = () => Math.round(charger.energyWh(1));
    charger.unplug(1);
    await site.run(20);
    const statuses = heard('StatusNotification')
      .filter(({ connectorId }) => connectorId === 1)
      .map(({ status }) => status);
    for (const status of ['Available', 'Preparing', 'Charging', 'Finishing']) {
      assert.ok(statuses.includes(status), `${status} of ${statuses}`);
    }
    assert.equal(statuses.at(-1), 'Available');
    const [stop] = heard('StopTransaction');
    assert.equal(stop?.['reason'], 'EVDisconnected');
    assert.ok(Math.abs(Number(stop?.['meterStop']) - energyWh()) <= 1);
    run.assertClean();
  });

  test('a start at no place in particular goes where a car waits', async () => {
    const run = await aggregateSite('1.6', ['1.6', '2.0.1']);
    const { site, ask } = run;
    site.charger('CP_2').plugIn(1, car());
    await site.run(5);
    const answer = await ask('RemoteStartTransaction', { idTag: 'CARD-7' });
    assert.equal(answer['status'], 'Accepted');
    await site.run(30);
    assert.deepEqual(words.started(run), ['2 CARD-7']);
    run.assertClean();
  });

  test('the local list is on all of them, and its version that of the last', async () => {
    const run = await aggregateSite('1.6', ['1.6', '2.0.1']);
    const { ask } = run;
    const list = {
      listVersion: 3,
      updateType: 'Full',
      localAuthorizationList: [{ idTag: 'CARD-1', idTagInfo: { status: 'Accepted' } }],
    };
    assert.equal((await ask('SendLocalList', list))['status'], 'Accepted');
    assert.equal((await ask('GetLocalListVersion', {}))['listVersion'], 3);
    run.assertClean();
  });

  test('a transaction number of another charger does not reach this one', async () => {
    const run = await aggregateSite('1.6', ['1.6', '2.0.1']);
    const { site, ask } = run;
    site.charger('CP_1').plugIn(1, car(), 'CARD-1');
    await site.run(30);
    const transactionId = Number(words.transactionIds(run)[0]);
    const profile = {
      chargingProfileId: 5,
      transactionId,
      stackLevel: 1,
      chargingProfilePurpose: 'TxProfile',
      chargingProfileKind: 'Relative',
      chargingSchedule: {
        chargingRateUnit: 'A',
        chargingSchedulePeriod: [{ startPeriod: 0, limit: 8 }],
      },
    };
    const there = await ask('SetChargingProfile', { connectorId: 1, csChargingProfiles: profile });
    assert.equal(there['status'], 'Accepted');
    const wrong = await ask('SetChargingProfile', { connectorId: 2, csChargingProfiles: profile });
    assert.equal(wrong['status'], 'Rejected');
    run.assertClean();
  });
});

describe('the station and its CSMS', () => {
  test('a charger that has a password has to show it', async () => {
    const run = await aggregateSite('1.6', ['1.6', '1.6'], {
      aggregate: { station: STATION_16, passwords: { CP_2: 'secret' }, first: { CP_1: 9 } },
    });
    const { site } = run;
    assert.ok(site.charger('CP_1').online && !site.charger('CP_2').connected);
    assert.deepEqual([site.upstreamNumber('CP_1'), site.upstreamNumber('CP_2')], [9, 1]);
    const basic = `Basic ${Buffer.from('CP_2:secret').toString('base64')}`;
    assert.ok(showsPassword('CP_2', 'secret', basic));
    assert.ok(!showsPassword('CP_1', 'secret', basic));
    run.assertClean();
  });

  test('a CSMS that keeps it waiting keeps all waiting, and then gets everything', async () => {
    const run = await aggregateSite('1.6', ['1.6']);
    const { site } = run;
    site.killGateway();
    site.csms.conduct.bootStatus = 'Pending';
    await site.startGateway();
    await site.run(45);
    assert.ok(!site.charger('CP_1').online || site.outage?.memory.boot('CP_1') === undefined);
    site.csms.conduct.bootStatus = 'Accepted';
    await site.run(180);
    assert.ok(site.charger('CP_1').online);
    site.charger('CP_1').plugIn(1, car(), 'CARD-1');
    await site.run(30);
    assert.equal(dialectOf('1.6').started(run).length, 1);
    run.assertClean();
  });

  test('a mixed site with an outage: no frame against the schema, nothing out of turn', async () => {
    for (const upstream of ['1.6', '2.1'] as const) {
      const run = await aggregateSite(upstream, ['1.6', '2.0.1', '2.1']);
      const { site, wire } = run;
      for (let round = 0; round < 4; round += 1) {
        const charger = site.charger(`CP_${(round % 3) + 1}`);
        charger.plugIn(1, car(), `CARD-${round % 3}`);
        await site.run(60);
        if (round === 2) site.csms.goDown();
        if (round === 3) site.csms.comeBack();
        await site.run(50);
        charger.unplug(1);
        await site.run(50);
      }
      assert.equal(dialectOf(upstream).started(run).length, 4, upstream);
      assert.equal(dialectOf(upstream).stopped(run).length, 4, upstream);
      assert.ok(wire.frames > 100, `${wire.frames} frames`);
      if (upstream !== '1.6') assertWithoutGaps(run);
      run.assertClean();
    }
  });
});

for (const upstream of ['1.6', '2.0.1', '2.1'] as const) {
  test(`${upstream}: a reset of the whole ends the sessions of all, and they begin again`, async () => {
    const run = await aggregateSite(upstream, ['1.6', '2.0.1']);
    const { site, ask } = run;
    const words = dialectOf(upstream);
    for (const [i, id] of ['CP_1', 'CP_2'].entries())
      site.charger(id).plugIn(1, car(), `CARD-${i}`);
    await site.run(40);
    const before = words.transactionIds(run);
    const type = upstream === '1.6' ? 'Hard' : 'Immediate';
    assert.equal((await ask('Reset', { type }))['status'], 'Accepted');
    await site.run(120);
    const boots = run.heard('BootNotification').map(({ reason }) => reason);
    assert.deepEqual(boots.slice(1), [upstream === '1.6' ? undefined : 'RemoteReset']);
    assert.deepEqual([...words.stopped(run)].sort(), [...before].sort());
    for (const [i, id] of ['CP_1', 'CP_2'].entries()) {
      site.charger(id).unplug(1);
      await site.run(5);
      site.charger(id).plugIn(1, car(), `CARD-${i}`);
    }
    await site.run(40);
    assert.equal(words.started(run).length, 4);
    assert.equal(new Set(words.transactionIds(run)).size, 4);
    run.assertClean();
  });
}
