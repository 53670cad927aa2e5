import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readObject } from '../../src/ocpp/payload.ts';
import { OCPP_VERSIONS, type OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { directSite, NOTHING_WRONG } from './direct-site.ts';

const kindOf = ({ action, payload }: { action: string; payload: object }): string =>
  String(readObject(payload)['eventType'] ?? action);
const timeOf = (payload: object): string => {
  const { timestamp, meterValue } = readObject(payload) as {
    timestamp?: string;
    meterValue?: { timestamp: string }[];
  };
  return timestamp ?? meterValue?.[0]?.timestamp ?? '';
};

const wholeOutage = async (version: OcppVersion) => {
  const site = directSite({ version });
  await site.run(10);
  site.csms.goDown();
  await site.run(30);
  site.charger.plugIn(1, new Car(), 'TAG');
  await site.run(600);
  site.charger.unplug(1);
  await site.run(60);
  const heldDuring = site.charger.held;
  site.csms.comeBack();
  await site.run(120);
  return { ...site, heldDuring };
};

for (const version of OCPP_VERSIONS) {
  describe(`a charger of OCPP ${version} without its CSMS`, () => {
    it('charges, keeps every message and delivers them in order with their own times', async () => {
      const { csms, charger, messages, audit, heldDuring } = await wholeOutage(version);
      assert.ok(heldDuring >= 60, `${heldDuring}`);
      assert.equal(charger.held, 0);
      assert.deepEqual(charger.lost, { discarded: 0, thinned: 0 });
      assert.deepEqual(audit(), NOTHING_WRONG);
      assert.deepEqual(csms.problems, []);
      const told = messages();
      assert.equal(told.length, heldDuring);
      const times = told.map(({ payload }) => timeOf(payload));
      assert.deepEqual(times, [...times].sort());
      assert.ok(Date.parse(times[0] ?? '') < Date.parse('2026-06-01T06:01:00Z'));
      const [first, last] = [told[0], told.at(-1)].map((call) => call && kindOf(call));
      const names = version === '1.6' ? ['StartTransaction', 'StopTransaction'] : [];
      assert.deepEqual([first, last], names.length > 0 ? names : ['Started', 'Ended']);
    });

    it('boots once, and not again after a plain reconnect', async () => {
      const { actions } = await wholeOutage(version);
      assert.equal(actions().filter((action) => action === 'BootNotification').length, 1);
    });
  });
}

describe('messages that were held', () => {
  it('carry the id of their transaction in 1.6 although it came late', async () => {
    const { messages } = await wholeOutage('1.6');
    const ids = messages().map(({ payload }) => readObject(payload)['transactionId']);
    assert.deepEqual([...new Set(ids)], [undefined, 1_000]);
  });

  it('are marked offline and numbered without a gap in 2.x (E11, E12)', async () => {
    const { messages } = await wholeOutage('2.0.1');
    const events = messages().map(({ payload }) => readObject(payload));
    assert.ok(events.every((event) => event['offline'] === true));
    assert.deepEqual(
      events.map((event) => event['seqNo']),
      events.map((_, i) => i),
    );
  });

  it('are sent again when the answer was lost with the connection', async () => {
    const { csms, charger, run, messages, audit } = directSite();
    csms.conduct.answerDelayMs = 500;
    await run(10);
    charger.plugIn(1, new Car(), 'TAG');
    await run(1.5);
    charger.loseConnection();
    csms.conduct.answerDelayMs = 0;
    await run(30);
    charger.unplug(1);
    await run(10);
    assert.equal(charger.held, 0);
    const starts = messages().filter(({ action }) => action === 'StartTransaction');
    assert.equal(starts.length, 2);
    assert.deepEqual(starts[0]?.payload, starts[1]?.payload);
    const { lost, repeated, altered, inverted } = audit();
    assert.deepEqual([lost, repeated.length, altered, inverted], [[], 1, [], []]);
  });
});

describe('a charger whose messages are refused', () => {
  it('repeats them with growing waits and discards them after the last attempt', async () => {
    const { csms, charger, clock, run } = directSite();
    await run(10);
    csms.conduct.failNext.set('StartTransaction', 99);
    const failedAt: number[] = [];
    const { failNext } = csms.conduct;
    let left = 99;
    charger.plugIn(1, new Car(), 'TAG');
    for (let i = 0; i < 2_000; i += 1) {
      await run(0.1);
      const now = failNext.get('StartTransaction') ?? 0;
      if (now < left) failedAt.push(Math.round(clock.monotonicMs() / 1000));
      left = now;
    }
    const waits = failedAt.slice(1).map((at, i) => at - (failedAt[i] ?? 0));
    assert.deepEqual(waits, [10, 20, 30, 40]);
    assert.equal(charger.lost.discarded, 1);
  });
});

describe('a driver without the CSMS', () => {
  const offlineWith = async (settings: Record<string, string>, list: object[]) => {
    const site = directSite();
    await site.run(10);
    for (const [name, value] of Object.entries(settings)) site.charger.settings.change(name, value);
    await Promise.all([
      site.csms.call('CP_1', 'SendLocalList', {
        listVersion: 1,
        updateType: 'Full',
        localAuthorizationList: list,
      }),
      site.run(5),
    ]);
    site.csms.goDown();
    await site.run(5);
    site.charger.plugIn(1, new Car(), 'TAG');
    await site.run(30);
    return site.charger.hasSession(1);
  };
  const entry = (status: string): object => ({ idTag: 'tag', idTagInfo: { status } });

  it('may charge when the local list says so, and not when it says no', async () => {
    assert.equal(await offlineWith({}, [entry('Accepted')]), true);
    assert.equal(await offlineWith({}, [entry('Blocked')]), false);
    assert.equal(await offlineWith({ LocalAuthorizeOffline: 'false' }, [entry('Accepted')]), false);
  });

  it('who is unknown may charge only when the charger allows it', async () => {
    assert.equal(await offlineWith({}, []), true);
    assert.equal(await offlineWith({ AllowOfflineTxForUnknownId: 'false' }, []), false);
  });

  it('whom the CSMS refuses afterwards is stopped', async () => {
    const { csms, charger, run, messages } = directSite();
    await run(10);
    csms.goDown();
    charger.plugIn(1, new Car(), 'TAG');
    await run(60);
    csms.conduct.blockedTags.add('TAG');
    csms.comeBack();
    await run(60);
    assert.equal(charger.hasSession(1), false);
    const stop = messages().at(-1);
    assert.equal(stop?.action, 'StopTransaction');
    assert.equal(readObject(stop?.payload)['reason'], 'DeAuthorized');
  });
});

describe('a link that goes half open', () => {
  it('is given up after calls without answers, and dialled again', async () => {
    const { network, charger, run, audit } = directSite();
    await run(10);
    charger.plugIn(1, new Car(), 'TAG');
    await run(20);
    network.silence('csms');
    await run(200);
    charger.unplug(1);
    await run(60);
    assert.equal(charger.held, 0);
    assert.deepEqual(audit().lost, []);
    assert.deepEqual(audit().inverted, []);
  });
});
