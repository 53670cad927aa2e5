import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/io/system-clock.ts';
import { SimCsms } from '../../src/sim/csms.ts';
import { serveCsms, wsConnect } from '../../src/sim/ws-socket.ts';

const start = async (t: TestContext) => {
  const csms = new SimCsms(systemClock);
  const server = await serveCsms(csms);
  t.after(() => server.close());
  return { csms, server };
};

describe('a simulated CSMS on a real port', () => {
  it('chooses the first subprotocol that it knows', async (t) => {
    const { csms, server } = await start(t);
    csms.conduct.subprotocols = ['ocpp1.6', 'ocpp2.0.1'];
    const socket = await wsConnect(server.url)('CP/1', ['ocpp2.1', 'ocpp2.0.1', 'ocpp1.6']);
    assert.equal(socket.subprotocol, 'ocpp2.0.1');
    assert.deepEqual(csms.connected(), ['CP/1']);
    socket.terminate();
  });

  it('refuses with the status that it is told to, and wrong passwords with 401', async (t) => {
    const { csms, server } = await start(t);
    csms.conduct.refusesWith = 404;
    await assert.rejects(wsConnect(server.url)('CP_1', ['ocpp1.6']), /^Error: 404/);
    csms.conduct.refusesWith = undefined;
    csms.conduct.passwords.set('CP_1', 'secret');
    await assert.rejects(wsConnect(server.url, 'wrong')('CP_1', ['ocpp1.6']), /^Error: 401/);
    const socket = await wsConnect(server.url, 'secret')('CP_1', ['ocpp1.6']);
    assert.equal(socket.subprotocol, 'ocpp1.6');
    socket.terminate();
  });

  it('completes a handshake without a common subprotocol only to close it', async (t) => {
    const { csms, server } = await start(t);
    csms.conduct.subprotocols = ['ocpp1.6'];
    await assert.rejects(wsConnect(server.url)('CP_1', ['ocpp2.1']), /subprotocol/);
    assert.deepEqual(csms.connected(), []);
  });

  it('drops everybody when it goes down, and takes them again on the same port', async (t) => {
    const { csms, server } = await start(t);
    const connect = wsConnect(server.url);
    const socket = await connect('CP_1', ['ocpp1.6']);
    const closed = new Promise((resolve) => {
      socket.listen({ message() {}, closed: (code) => resolve(code) });
    });
    csms.goDown();
    assert.equal(await closed, 1006);
    await assert.rejects(connect('CP_1', ['ocpp1.6']));
    csms.comeBack();
    const again = await connect('CP_1', ['ocpp1.6']);
    assert.equal(again.subprotocol, 'ocpp1.6');
    again.terminate();
  });
});
