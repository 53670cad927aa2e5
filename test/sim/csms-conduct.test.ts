import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Car } from '../../src/sim/car.ts';
import { CONDUCTS } from '../../src/sim/charger/charger-conduct.ts';
import { directSite } from './direct-site.ts';

describe('a boot', () => {
  it('that is rejected is repeated after the interval, in silence until then', async () => {
    const { csms, charger, run, actions } = directSite();
    csms.conduct.bootStatus = 'Rejected';
    csms.conduct.heartbeatSeconds = 30;
    charger.plugIn(1, new Car(), 'TAG');
    await run(95);
    assert.deepEqual(actions(), Array(4).fill('BootNotification'));
    assert.equal(charger.online, false);
    csms.conduct.bootStatus = 'Accepted';
    await run(60);
    assert.equal(charger.online, true);
    assert.ok(actions().includes('Heartbeat') && actions().includes('StatusNotification'));
  });

  it('that is pending lets the charger answer calls and send what is triggered', async () => {
    const { csms, run, actions } = directSite();
    csms.conduct.bootStatus = 'Pending';
    csms.conduct.heartbeatSeconds = 600;
    await run(10);
    const request = { requestedMessage: 'MeterValues', connectorId: 1 };
    const [answer] = await Promise.all([csms.call('CP_1', 'TriggerMessage', request), run(5)]);
    assert.deepEqual(answer, { status: 'Accepted' });
    assert.deepEqual(actions(), ['BootNotification', 'MeterValues']);
  });
});

describe('a reset', () => {
  it('ends the transaction, reboots and boots anew', async () => {
    const { csms, charger, run, actions, messages } = directSite({ version: '2.0.1' });
    await run(10);
    charger.plugIn(1, new Car(), 'TAG');
    await run(30);
    await Promise.all([csms.call('CP_1', 'Reset', { type: 'Immediate' }), run(30)]);
    assert.equal(actions().filter((action) => action === 'BootNotification').length, 2);
    assert.equal(charger.hasSession(1), false);
    const ended = messages().at(-1)?.payload as { transactionInfo: { stoppedReason: string } };
    assert.equal(ended.transactionInfo.stoppedReason, 'ImmediateReset');
  });
});

describe('calls of a CSMS', () => {
  it('go one at a time, and a charger that never answers costs each its timeout', async () => {
    const { csms, run } = directSite({ conduct: CONDUCTS['never-answers'] });
    await run(10);
    const outcomes: string[] = [];
    for (const action of ['ClearCache', 'GetConfiguration']) {
      void csms.ask('CP_1', action, {}).then(({ outcome }) => outcomes.push(outcome));
    }
    await run(31);
    assert.deepEqual(outcomes, ['timeout']);
    await run(30);
    assert.deepEqual(outcomes, ['timeout', 'timeout']);
  });

  it('that a charger does not know are refused as not implemented', async () => {
    const { csms, run } = directSite();
    await run(10);
    const [result] = await Promise.all([csms.ask('CP_1', 'MakeCoffee', {}), run(5)]);
    assert.deepEqual(result, {
      outcome: 'error',
      code: 'NotImplemented',
      description: '',
      details: {},
    });
  });

  it('can start and stop a transaction, with its profile', async () => {
    const { csms, charger, run } = directSite();
    await run(10);
    const request = {
      idTag: 'APP',
      connectorId: 1,
      chargingProfile: {
        chargingProfileId: 5,
        stackLevel: 0,
        chargingProfilePurpose: 'TxProfile',
        chargingProfileKind: 'Relative',
        chargingSchedule: {
          chargingRateUnit: 'A',
          chargingSchedulePeriod: [{ startPeriod: 0, limit: 11 }],
        },
      },
    };
    const ask = (action: string, payload: object) =>
      Promise.all([csms.call('CP_1', action, payload), run(30)]).then(([answer]) => answer);
    assert.deepEqual(await ask('RemoteStartTransaction', request), { status: 'Rejected' });
    charger.plugIn(1, new Car());
    assert.deepEqual(await ask('RemoteStartTransaction', request), { status: 'Accepted' });
    assert.equal(charger.offeredAmps(1), 11);
    const transactionId = Number(charger.transactionId(1));
    const stop = { transactionId };
    assert.deepEqual(await ask('RemoteStopTransaction', stop), { status: 'Accepted' });
    assert.deepEqual([charger.hasSession(1), charger.offeredAmps(1)], [false, 0]);
  });
});

describe('a strict CSMS', () => {
  it('refuses a call that comes before the previous one was answered', async () => {
    const { csms, charger, run } = directSite({ conduct: CONDUCTS['impatient'] });
    csms.conduct.oneCallAtATime = true;
    csms.conduct.answerDelayMs = 300;
    await run(10);
    charger.plugIn(1, new Car(), 'TAG');
    await run(60);
    assert.ok(csms.problems.some((problem) => problem.includes('before the previous call')));
  });

  it('has nothing to complain about with a charger that waits', async () => {
    const { csms, charger, run } = directSite();
    csms.conduct.oneCallAtATime = true;
    csms.conduct.answerDelayMs = 300;
    await run(10);
    charger.plugIn(1, new Car(), 'TAG');
    await run(60);
    assert.deepEqual(csms.problems, []);
  });

  it('turns away who offers no subprotocol that it knows, or the wrong password', async () => {
    const { csms, charger, run } = directSite({ version: '2.1' });
    csms.conduct.subprotocols = ['ocpp1.6'];
    await run(30);
    assert.deepEqual([charger.connected, csms.connected()], [false, []]);
    csms.conduct.passwords.set('CP_1', 'secret');
    const authorization = `Basic ${Buffer.from('CP_1:wrong').toString('base64')}`;
    assert.equal(csms.choose('CP_1', ['ocpp1.6'], authorization).outcome, 'refused');
  });
});
