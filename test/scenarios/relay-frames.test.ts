import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startPair } from './relay-site.ts';

/** Frames as chargers and CSMSs really write them; each has to arrive as these very bytes. */
const CALLS: readonly (readonly [string, string])[] = [
  ['number forms', '[2,"a1","MeterValues",{"v":20000.0,"w":1e-7,"x":-0,"y":9007199254740993}]'],
  ['key order and spaces', '[ 2 , "a2" , "Foo" , { "z" : 1 , "a" : [ ] } ]'],
  ['unicode and escapes', '[2,"a3","DataTransfer",{"data":"\\u00e9é🚗\\/"}]'],
  ['escaped id', '[2,"a\\u0034\\"x","Heartbeat",{}]'],
  ['vendor DataTransfer', '[2,"a5","DataTransfer",{"vendorId":"x","data":"<b>&\\n</b>"}]'],
  ['unknown action', '[2,"a6","SetChargingProfile-Signed",{"payload":"e30","signatures":[]}]'],
  ['9 kB', `[2,"a7","NotifyReport",{"data":"${'0123456789'.repeat(900)}"}]`],
  ['duplicate keys', '[2,"a8","Foo",{"a":1,"a":2}]'],
];
const UNREADABLE = ['{"not":"an array"}', '[2,17,"Heartbeat",{}]', '[2,"x"', 'hello', '[]'];

for (const subprotocol of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1']) {
  describe(`${subprotocol}: frames cross as the bytes they came in`, () => {
    for (const [name, call] of CALLS) {
      test(name, async (t) => {
        const { charger, upstream } = await startPair(t, subprotocol);
        charger.send(call);
        assert.equal(await upstream.next(), call);
        upstream.send(call);
        assert.equal(await charger.next(), call);
      });
    }

    test('answers and errors, in both directions', async (t) => {
      const { charger, upstream } = await startPair(t, subprotocol);
      const answer = '[3,"1", {"currentTime":"2026-06-01T00:00:00Z", "interval":3.00e2}]';
      charger.send('[2,"1","BootNotification",{}]');
      await upstream.next();
      upstream.send(answer);
      assert.equal(await charger.next(), answer);

      const error = '[4,"2","OccurenceConstraintViolation","d\\u00e9tail",{"k": 1.50}]';
      upstream.send('[2,"2","Reset",{"type":"Hard"}]');
      await charger.next();
      charger.send(error);
      assert.equal(await upstream.next(), error);
    });

    for (const text of UNREADABLE) {
      test(`unreadable message ${text} is passed on, not repaired`, async (t) => {
        const { charger, upstream, gateway } = await startPair(t, subprotocol);
        charger.send(text);
        assert.equal(await upstream.next(), text);
        assert.equal(gateway.counters.malformed, 1);
      });
    }
  });
}

describe('a message that is not whole', () => {
  test('is answered by whom it is for, and the answer finds its way back', async (t) => {
    const { charger, upstream } = await startPair(t);
    for (const call of ['[2,"n1","Heartbeat"]', '[2,"n2","Heartbeat",{}']) {
      charger.send(call);
      assert.equal(await upstream.next(), call);
      const error = `[4,"${call.slice(4, 6)}","FormationViolation","",{}]`;
      upstream.send(error);
      assert.equal(await charger.next(), error);
    }
  });

  test('and has no id: the error under "-1" finds its way back too', async (t) => {
    const { charger, upstream } = await startPair(t, 'ocpp2.0.1');
    const error = '[4,"-1","RpcFrameworkError","",{}]';
    charger.send('[2,}');
    assert.equal(await upstream.next(), '[2,}');
    upstream.send(error);
    assert.equal(await charger.next(), error);
    charger.send(error);
    assert.equal(await upstream.next(), error);
  });

  test('and answers a call of ours: the CSMS hears nothing of it', async (t) => {
    const { charger, upstream, gateway } = await startPair(t);
    for (const body of ['', ',{"status":"Accepted"']) {
      const own = {
        action: 'ClearCache',
        payload: {},
        priority: 'safety',
        timeoutMs: 60_000,
      } as const;
      const outcome = new Promise((resolve) => gateway.call('CP_1', own, resolve));
      const [, id] = JSON.parse(await charger.next()) as [number, string];
      charger.send(`[3,"${id}"${body}${body === '' ? ']' : ''}`);
      const payload = body === '' ? {} : { status: 'Accepted' };
      assert.deepEqual(await outcome, { outcome: 'answered', payload });
    }
    charger.send('[2,"1","Heartbeat",{}]');
    assert.equal(await upstream.next(), '[2,"1","Heartbeat",{}]');
  });
});

describe('OCPP 2.1 message types', () => {
  test('SEND passes while a CALL is outstanding', async (t) => {
    const { charger, upstream } = await startPair(t, 'ocpp2.1');
    const send = '[6,"s1","NotifyPeriodicEventStream",{"id":1,"data":[]}]';
    charger.send('[2,"c1","Heartbeat",{}]');
    charger.send(send);
    assert.match(await upstream.next(), /Heartbeat/);
    assert.equal(await upstream.next(), send);
  });

  test('CALLRESULTERROR goes to the party whose answer was bad', async (t) => {
    const { charger, upstream } = await startPair(t, 'ocpp2.1');
    charger.send('[2,"c1","Heartbeat",{}]');
    await upstream.next();
    upstream.send('[3,"c1",{"currentTime":7}]');
    await charger.next();
    const complaint = '[5,"c1","TypeConstraintViolation","currentTime",{}]';
    charger.send(complaint);
    assert.equal(await upstream.next(), complaint);
    // About answers that nobody here gave.
    for (const peer of [charger, upstream]) peer.send(complaint.replace('c1', 'ours'));
    charger.send('[2,"c2","Heartbeat",{}]');
    assert.match(await upstream.next(), /"c2"/);
    upstream.send('[2,"c3","Reset",{}]');
    assert.match(await charger.next(), /"c3"/);
  });
});

test('unreadable messages beyond the bound close the connection', async (t) => {
  const { charger, upstream } = await startPair(t);
  for (let i = 0; i < 40; i += 1) charger.send('nonsense');
  assert.equal((await charger.closed).code, 1008);
  await upstream.closed;
});

test('those of the CSMS end its own connection and are not held against the charger', async (t) => {
  const { charger, upstream } = await startPair(t);
  for (let i = 0; i < 40; i += 1) upstream.send('nonsense');
  assert.deepEqual(await charger.closed, { code: 1001, reason: 'CSMS disconnected' });
  assert.equal((await upstream.closed).code, 1006);
});
