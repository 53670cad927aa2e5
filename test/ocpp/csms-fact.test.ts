import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LOCAL_LIST_MOST } from '../../src/ocpp/authorization.ts';
import { factsOfAnswer, factsOfCsmsCall } from '../../src/ocpp/csms-fact.ts';

describe('what a CSMS says is remembered', () => {
  test('1.6: a card with group and expiry', () => {
    const info = { status: 'Accepted', parentIdTag: 'FLEET', expiryDate: '2026-06-01T12:00:00Z' };
    const facts = factsOfAnswer('1.6', 'Authorize', () => ({ idTag: 'card' }), { idTagInfo: info });
    assert.deepEqual(facts, [
      {
        type: 'token',
        token: 'card',
        verdict: {
          status: 'Accepted',
          group: 'FLEET',
          expiresAtWallMs: Date.UTC(2026, 5, 1, 12),
        },
      },
    ]);
  });

  test('times without a zone are UTC, wherever the box stands', () => {
    const { TZ: before } = process.env;
    process.env['TZ'] = 'Asia/Tokyo';
    try {
      const noon = Date.UTC(2026, 5, 1, 12);
      const currentTime = '2026-06-01T12:00:00';
      assert.deepEqual(
        factsOfAnswer('1.6', 'Heartbeat', () => ({}), { currentTime }),
        [{ type: 'time', wallMs: noon }],
      );
      const idTagInfo = { status: 'Accepted', expiryDate: currentTime };
      const [fact] = factsOfAnswer('1.6', 'Authorize', () => ({ idTag: 'card' }), { idTagInfo });
      assert.equal(fact?.type === 'token' && fact.verdict.expiresAtWallMs, noon);
    } finally {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    }
  });

  test('2.x: a card in the answer to a transaction event', () => {
    const request = () => ({ idToken: { idToken: 'ABC', type: 'ISO14443' } });
    const response = { idTokenInfo: { status: 'Blocked' } };
    assert.deepEqual(factsOfAnswer('2.0.1', 'TransactionEvent', request, response), [
      { type: 'token', token: 'ABC', verdict: { status: 'Blocked' } },
    ]);
    assert.deepEqual(factsOfAnswer('2.0.1', 'TransactionEvent', request, {}), []);
  });

  test('not that a card is in use, or wrong for this EVSE: it is none the worse for it', () => {
    const told = (status: string) =>
      factsOfAnswer('1.6', 'StartTransaction', () => ({ idTag: 'A' }), { idTagInfo: { status } });
    assert.deepEqual(told('ConcurrentTx'), []);
    assert.deepEqual(told('NotAllowedTypeEVSE'), []);
    assert.equal(told('Blocked').length, 1);
  });

  test('boot with interval and time', () => {
    const response = { status: 'Accepted', interval: 60, currentTime: '2026-06-01T00:00:00Z' };
    assert.deepEqual(
      factsOfAnswer('2.1', 'BootNotification', () => ({}), response),
      [
        { type: 'boot', accepted: true, intervalSeconds: 60 },
        { type: 'time', wallMs: Date.UTC(2026, 5, 1) },
      ],
    );
  });

  test('a local list, once the charger accepted it', () => {
    const request = {
      updateType: 'Differential',
      listVersion: 4,
      localAuthorizationList: [{ idTag: 'A', idTagInfo: { status: 'Accepted' } }, { idTag: 'B' }],
    };
    const change = {
      full: false,
      version: 4,
      entries: [{ token: 'A', verdict: { status: 'Accepted' } }, { token: 'B' }],
    };
    const told = factsOfCsmsCall('1.6', 'SendLocalList', request, { status: 'Accepted' });
    assert.deepEqual(told, [{ type: 'list', change }]);
    assert.deepEqual(factsOfCsmsCall('1.6', 'SendLocalList', request, { status: 'Failed' }), []);
  });

  test('a long local list whole, and one entry more than is kept', () => {
    const entries = (count: number) => {
      const list = Array.from({ length: count }, (_, i) => ({ idTag: `T${i}` }));
      const request = { updateType: 'Full', listVersion: 1, localAuthorizationList: list };
      const [fact] = factsOfCsmsCall('1.6', 'SendLocalList', request, { status: 'Accepted' });
      return fact?.type === 'list' ? fact.change.entries.length : 0;
    };
    assert.equal(entries(5_000), 5_000);
    assert.equal(entries(LOCAL_LIST_MOST + 7), LOCAL_LIST_MOST + 1);
  });

  test('for whom it starts a session, once the charger accepted it', () => {
    const old = (status: string) =>
      factsOfCsmsCall('1.6', 'RemoteStartTransaction', { idTag: 'A' }, { status });
    assert.deepEqual(old('Accepted'), [{ type: 'remote-start', token: 'A' }]);
    assert.deepEqual(old('Rejected'), []);
    const request = { idToken: { idToken: 'B', type: 'Central' }, remoteStartId: 1 };
    const told = factsOfCsmsCall('2.1', 'RequestStartTransaction', request, { status: 'Accepted' });
    assert.deepEqual(told, [{ type: 'remote-start', token: 'B' }]);
  });

  test('switches of the charger, read or set', () => {
    const read = { configurationKey: [{ key: 'LocalAuthorizeOffline', value: 'FALSE' }] };
    assert.deepEqual(factsOfCsmsCall('1.6', 'GetConfiguration', {}, read), [
      { type: 'switches', switches: { authorizeOffline: false } },
    ]);
    const variable = {
      component: { name: 'TxCtrlr' },
      variable: { name: 'StopTxOnInvalidId' },
    };
    const set = { setVariableData: [{ ...variable, attributeValue: 'false' }] };
    const done = { setVariableResult: [{ ...variable, attributeStatus: 'Accepted' }] };
    assert.deepEqual(factsOfCsmsCall('2.0.1', 'SetVariables', set, done), [
      { type: 'switches', switches: { stopOnInvalid: false } },
    ]);
    const refused = { setVariableResult: [{ ...variable, attributeStatus: 'Rejected' }] };
    assert.deepEqual(factsOfCsmsCall('2.0.1', 'SetVariables', set, refused), []);
  });

  test('a new password, only when the charger took it', () => {
    const request = { key: 'AuthorizationKey', value: 'new' };
    const facts = (status: string) =>
      factsOfCsmsCall('1.6', 'ChangeConfiguration', request, { status });
    assert.deepEqual(facts('Accepted'), [{ type: 'password', password: 'new' }]);
    assert.deepEqual(facts('Rejected'), []);
  });

  test('nothing from nonsense', () => {
    for (const nonsense of [null, 7, 'x', [], { idTagInfo: 7 }, { setVariableResult: [null] }]) {
      assert.deepEqual(
        factsOfAnswer('1.6', 'Authorize', () => nonsense, nonsense),
        [],
      );
      assert.deepEqual(factsOfCsmsCall('2.1', 'SetVariables', nonsense, nonsense), []);
      assert.deepEqual(factsOfCsmsCall('1.6', 'GetConfiguration', nonsense, nonsense), []);
    }
  });
});
