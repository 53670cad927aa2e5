import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Payload, readList, readObject } from '../../src/ocpp/payload.ts';
import { type AggregateRun, aggregateSite, car } from './aggregate-site.ts';

const CHARGERS = 200;

const inventory = async ({ site, ask, heard }: AggregateRun, requestId: number) => {
  const before = heard('NotifyReport').length;
  const asked = { requestId, reportBase: 'FullInventory' };
  assert.equal((await ask('GetBaseReport', asked))['status'], 'Accepted');
  await site.run(60);
  const pages = heard('NotifyReport').slice(before);
  assert.deepEqual(
    pages.map((page) => [page['requestId'], page['seqNo'], page['tbc']]),
    pages.map((_page, i) => [requestId, i, i < pages.length - 1]),
  );
  assert.equal(pages.at(-1)?.['tbc'], false, 'the report is whole');
  return pages.flatMap((page) => readList(page['reportData']).map(readObject));
};

const value = (items: readonly Payload[], name: string, evse: number, variable: string) => {
  const found = items.find(({ component, variable: of }) => {
    const { name: is, evse: where } = readObject(component);
    return is === name && readObject(where)['id'] === evse && readObject(of)['name'] === variable;
  });
  return readObject(readList(found?.['variableAttribute'])[0])['value'];
};

describe('aggregate under 2.x: the device model of the station', () => {
  for (const version of ['2.0.1', '2.1'] as const) {
    test(`${version}: has the EVSEs and connectors of the chargers as they are`, async () => {
      const run = await aggregateSite(version, [version, '1.6', '1.6']);
      const { site, ask, assertClean } = run;
      site.charger('CP_2').plugIn(1, car(), 'CARD-2');
      site.charger('CP_3').stop();
      await site.run(60);
      const items = await inventory(run, 9);
      const states = [1, 2, 3].map((evse) => value(items, 'Connector', evse, 'AvailabilityState'));
      assert.deepEqual(states, ['Available', 'Occupied', 'Unavailable']);
      assert.equal(value(items, 'EVSE', 2, 'SupplyPhases'), '3');
      assert.ok(Number(value(items, 'EVSE', 2, 'Power')) > 1_000);
      const place = (id: number) => ({
        component: { name: 'EVSE', evse: { id } },
        variable: { name: 'AvailabilityState' },
      });
      const answer = await ask('GetVariables', { getVariableData: [place(2), place(4)] });
      const results = readList(answer['getVariableResult']).map(readObject);
      assert.deepEqual(
        results.map(({ attributeStatus, attributeValue }) => [attributeStatus, attributeValue]),
        [
          ['Accepted', 'Occupied'],
          ['UnknownComponent', undefined],
        ],
      );
      assertClean();
    });
  }

  test('is told whole on a site with more pages than may wait for the line', async () => {
    const run = await aggregateSite(
      '2.0.1',
      Array.from({ length: CHARGERS }, () => '2.0.1'),
    );
    const items = await inventory(run, 3);
    const evses = new Set(
      items.map((item) => readObject(readObject(item['component'])['evse'])['id']),
    );
    evses.delete(undefined);
    assert.equal(evses.size, CHARGERS);
    run.assertClean();
  });
});
