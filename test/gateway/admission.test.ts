import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SILENT_LOG } from '../../src/core/log.ts';
import { Admission } from '../../src/gateway/outage/admission.ts';
import { hashSecret } from '../../src/io/secret-hash.ts';
import { Medium, MemoryStore } from '../../src/sim/memory-store.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

const basic = (password: string) => `Basic ${Buffer.from(`CP_1:${password}`).toString('base64')}`;
const OFFERED = ['ocpp2.0.1', 'ocpp1.6'];

const start = async (medium = new Medium()) => {
  let salts = 0;
  const admission = await Admission.open({
    store: new MemoryStore(medium, new VirtualClock()),
    hash: hashSecret,
    newSalt: () => {
      salts += 1;
      return `salt-${salts}`;
    },
    log: SILENT_LOG,
  });
  return { admission, medium };
};

describe('while the CSMS cannot be asked', () => {
  test('a charger comes in with the password that the CSMS accepted last, and no other', async () => {
    const { admission, medium } = await start();
    await admission.accepted('CP_1', 'ocpp1.6', basic('secret'));
    const { admission: later } = await start(medium);
    assert.equal(await later.admits('CP_1', OFFERED, basic('secret')), 'ocpp1.6');
    assert.equal(await later.admits('CP_1', OFFERED, basic('wrong')), undefined);
    assert.equal(await later.admits('CP_1', OFFERED, undefined), undefined);
    assert.equal(await later.admits('CP_2', OFFERED, basic('secret')), undefined);
    assert.equal(await later.admits('CP_1', ['ocpp2.1'], basic('secret')), undefined);
  });

  test('the password is nowhere on the disk', async () => {
    const { admission, medium } = await start();
    await admission.accepted('CP_1', 'ocpp1.6', basic('secret'));
    const disk = [...medium.records.values()].map((value) => Buffer.from(value).toString()).join();
    assert.ok(disk.length > 0);
    for (const trace of ['secret', basic('secret').slice(6)]) assert.ok(!disk.includes(trace));
  });

  test('a password that the CSMS has just set is let in beside the old one', async () => {
    const { admission } = await start();
    await admission.accepted('CP_1', 'ocpp1.6', basic('old'));
    await admission.passwordSet('CP_1', basic('new'));
    assert.equal(await admission.admits('CP_1', OFFERED, basic('new')), 'ocpp1.6');
    assert.equal(await admission.admits('CP_1', OFFERED, basic('old')), 'ocpp1.6');
  });

  test('a charger that the CSMS refused stays out', async () => {
    const { admission } = await start();
    await admission.accepted('CP_1', 'ocpp1.6', basic('secret'));
    await admission.refused('CP_1', { authorization: basic('secret') });
    assert.equal(await admission.admits('CP_1', OFFERED, basic('secret')), undefined);
    await admission.accepted('CP_1', 'ocpp1.6', basic('secret'));
    await admission.refused('CP_1', 'name');
    assert.equal(await admission.admits('CP_1', OFFERED, basic('secret')), undefined);
  });

  test('a stranger who was refused with its name keeps no charger out', async () => {
    const { admission, medium } = await start();
    await admission.accepted('CP_1', 'ocpp1.6', basic('secret'));
    for (const authorization of [undefined, basic('guess')]) {
      await admission.refused('CP_1', { authorization });
      assert.equal(await admission.admits('CP_1', OFFERED, basic('secret')), 'ocpp1.6');
      const { admission: later } = await start(medium);
      assert.equal(await later.admits('CP_1', OFFERED, basic('secret')), 'ocpp1.6');
    }
  });

  test('a charger without a password needs none, until it came with one', async () => {
    const { admission } = await start();
    await admission.accepted('CP_1', 'ocpp2.0.1');
    assert.equal(await admission.admits('CP_1', OFFERED, undefined), 'ocpp2.0.1');
    await admission.accepted('CP_1', 'ocpp2.0.1', basic('secret'));
    assert.equal(await admission.admits('CP_1', OFFERED, undefined), undefined);
  });
});
