import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aggregateSite, car, STATION } from './aggregate-site.ts';

describe('aggregate 1.6: the CSMS sees one station', () => {
  test('boot, statuses and transactions of two chargers under its numbers', async () => {
    const { site, heard, assertClean } = await aggregateSite('1.6', ['1.6', '1.6']);
    assert.deepEqual(site.csms.connected(), [STATION]);
    assert.equal(heard('BootNotification').length, 1);
    assert.equal(heard('BootNotification')[0]?.['chargePointSerialNumber'], 'SN-1');
    const statuses = heard('StatusNotification').map((status) => status['connectorId']);
    assert.deepEqual([...new Set(statuses)].sort(), [0, 1, 2]);
    site.charger('CP_1').plugIn(1, car(), 'CARD-1');
    site.charger('CP_2').plugIn(1, car(), 'CARD-2');
    await site.run(60);
    const starts = heard('StartTransaction');
    assert.deepEqual(starts.map((start) => start['connectorId']).sort(), [1, 2]);
    const values = heard('MeterValues').filter((each) => each['connectorId'] === 2);
    const id = site.charger('CP_2').transactionId(1);
    assert.ok(values.length > 2);
    assert.ok(values.every((each) => String(each['transactionId']) === id));
    site.charger('CP_1').unplug(1);
    site.charger('CP_2').unplug(1);
    await site.run(30);
    assert.equal(heard('StopTransaction').length, 2);
    assertClean();
  });
});
