import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectCharger, startRawCsms, startRelay } from '../scenarios/relay-site.ts';

/** A report as chargers send it: it shrinks to a tenth. */
const REPORT = `[2,"r","NotifyReport",{"a":1.0,"data":"${'OCPPCommCtrlr '.repeat(2_000)}"}]`;

const compressed = (offered: string | undefined): boolean =>
  offered?.includes('permessage-deflate') === true;

describe('compression of messages (RFC 7692, OCPP-J 2.1 §3.4)', () => {
  for (const subprotocol of ['ocpp2.0.1', 'ocpp2.1']) {
    test(`${subprotocol}: agreed on both sides, and what arrives is what was sent`, async (t) => {
      const csms = await startRawCsms(t, { compresses: true });
      const { url } = await startRelay(t, csms.url);
      const charger = await connectCharger(`${url}/CP_1`, [subprotocol]);
      const upstream = await csms.nextPeer();
      assert.ok(compressed(charger.socket.extensions));
      assert.ok(compressed(upstream.socket.extensions));
      charger.send(REPORT);
      assert.equal(await upstream.next(), REPORT);
      upstream.send(REPORT);
      assert.equal(await charger.next(), REPORT);
    });
  }

  test('a CSMS without it is talked to without it', async (t) => {
    const csms = await startRawCsms(t);
    const { url } = await startRelay(t, csms.url);
    const charger = await connectCharger(`${url}/CP_1`, ['ocpp2.0.1']);
    const upstream = await csms.nextPeer();
    assert.equal(upstream.socket.extensions, '');
    charger.send(REPORT);
    assert.equal(await upstream.next(), REPORT);
  });

  test('1.6 does not know of it, on either side', async (t) => {
    const csms = await startRawCsms(t, { compresses: true });
    const { url } = await startRelay(t, csms.url);
    const charger = await connectCharger(`${url}/CP_1`, ['ocpp1.6']);
    await csms.nextPeer();
    assert.equal(charger.socket.extensions, '');
    assert.equal(csms.requests[0]?.headers['sec-websocket-extensions'], undefined);
  });

  test('a message that is too large once it is unpacked closes its connection', async (t) => {
    const csms = await startRawCsms(t, { compresses: true });
    const { url } = await startRelay(t, csms.url);
    const charger = await connectCharger(`${url}/CP_1`, ['ocpp2.1']);
    const upstream = await csms.nextPeer();
    charger.send(`[2,"b","NotifyReport",{"data":"${'0'.repeat(64 * 1024 * 1024)}"}]`);
    assert.equal((await charger.closed).code, 1009);
    assert.deepEqual(upstream.pending(), []);
  });
});
