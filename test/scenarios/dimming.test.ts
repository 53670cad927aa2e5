import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { dimmingFloorWatts } from '../../src/core/limits/dimming.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { closeCutOff, EvidenceRecorder } from '../../src/field/evidence.ts';
import type { Evidence } from '../../src/schema/evidence.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { EvidenceFiles, KEPT_MS } from '../../src/store/evidence-files.ts';
import { garage } from './virtual-garage.ts';

const floor = dimmingFloorWatts({ devices: 3, heatPumpWatts: 0, coolingWatts: 0 });
const dimmed = garage(3, {
  emsSources: [
    {
      id: 'grid-operator',
      circuit: 'main',
      failsafeWatts: floor,
      dimmingFloorWatts: floor,
      lpc: { heartbeatMs: 120_000, failsafeMs: 7_200_000 },
    },
  ],
});

describe('the grid operator dims', () => {
  test('within seconds, with a record of command, effect and every minute', async () => {
    const site = new VirtualSite({ site: dimmed });
    const folder = mkdtempSync(join(tmpdir(), 'busbar-evidence-'));
    const files = new EvidenceFiles<Evidence>(folder);
    const recorder = new EvidenceRecorder(dimmed, files, SILENT_LOG);
    const run = async (seconds: number): Promise<void> => {
      for (let i = 0; i < seconds; i += 1) {
        await site.run(1);
        recorder.take(site.view());
      }
    };
    const set = (command: { readonly watts?: number; readonly lifted?: boolean }) =>
      site.setLimit('grid-operator', { circuit: 'main', ttlSeconds: 600, ...command });
    await site.run(1);
    set({ lifted: true });
    await run(20);
    for (const charger of site.chargers.values()) {
      charger.plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), charger.identity);
    }
    await run(90);
    assert.equal(set({ watts: 10_000 })?.reason.includes('below the 10500 W'), true);
    await run(100);
    const watts = site.trueAmps.reduce((sum, amps) => sum + amps * 230, 0);
    assert.ok(watts <= 10_200, `${watts} W`);
    set({ watts: 6_000 });
    await run(60);
    set({ lifted: true });
    await run(30);
    await recorder.close(site.view().at);
    const records = await files.list();
    assert.equal(records.length, 1);
    const [record] = records;
    assert.ok(record);
    assert.equal(record.belowFloor, true);
    assert.deepEqual(
      record.orders.map((order) => [order.state, order.watts]),
      [
        ['active', 10_000],
        ['active', 6_000],
      ],
    );
    for (const { at, effectAt = '' } of record.orders) {
      const effectMs = Date.parse(effectAt) - Date.parse(at);
      assert.ok(effectMs > 0 && effectMs <= 15_000, `effect after ${effectMs} ms`);
    }
    assert.equal(record.effectAt, record.orders[0]?.effectAt);
    assert.ok(record.minutes.length >= 2);
    assert.ok((record.minutes.at(-1)?.chargersWatts ?? Number.NaN) <= 10_200);
    assert.notEqual(record.endedAt, null);
  });

  test('a record that a power cut left open is closed with the last that it knows', () => {
    const order = { state: 'active', watts: 5_000, amps: null, reason: null };
    const minute = { limitWatts: 5_000, limitAmps: null, circuitWatts: null };
    const closed = closeCutOff({
      version: 1,
      id: 'x',
      site: 'garage',
      source: 'grid-operator',
      circuit: 'main',
      begunAt: '2026-06-01T10:00:30.000Z',
      endedAt: null,
      effectAt: null,
      floorWatts: floor,
      belowFloor: true,
      orders: [{ ...order, at: '2026-06-01T10:00:30.000Z', effectAt: '2026-06-01T10:00:41.000Z' }],
      minutes: [
        { ...minute, at: '2026-06-01T10:00:00.000Z', chargersWatts: 1, offeredWatts: 1 },
        { ...minute, at: '2026-06-01T10:01:00.000Z', chargersWatts: 1, offeredWatts: 1 },
      ],
    });
    assert.deepEqual([closed.endedAt, closed.cutOff], ['2026-06-01T10:02:00.000Z', true]);
    assert.equal(closeCutOff({ ...closed, minutes: [] }).endedAt, '2026-06-01T10:00:41.000Z');
  });

  test('records are removed two years after they ended, and not before', async () => {
    const files = new EvidenceFiles<Evidence>(mkdtempSync(join(tmpdir(), 'busbar-evidence-')));
    const record = (id: string, endedAt: string): Evidence => ({
      version: 1,
      id,
      site: 'garage',
      source: 'grid-operator',
      circuit: 'main',
      begunAt: endedAt,
      endedAt,
      effectAt: null,
      floorWatts: floor,
      belowFloor: false,
      orders: [],
      minutes: [],
    });
    const oldAt = Date.UTC(2026, 0, 1);
    await files.save(record('old', new Date(oldAt).toISOString()));
    await files.save(record('young', new Date(oldAt + 86_400_000).toISOString()));
    assert.equal(await files.prune(oldAt + KEPT_MS), 0);
    assert.equal(await files.prune(oldAt + KEPT_MS + 1), 1);
    assert.deepEqual(
      (await files.list()).map(({ id }) => id),
      ['young'],
    );
  });
});
