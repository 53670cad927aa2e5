import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadMeterDevices } from '../../src/config/device-files.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { MeterBus } from '../../src/field/meter-bus.ts';
import { PLAIN_METER } from '../../src/sim/plain-site.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

const device = loadMeterDevices('devices/meters').devices.get(PLAIN_METER.device);

test('a reading that nobody could take does not end the polling of its bus', async (t) => {
  assert.ok(device !== undefined);
  const clock = new VirtualClock();
  const told: string[] = [];
  let readings = 0;
  const bus = new MeterBus({
    meters: [{ spec: PLAIN_METER, device }],
    port: { read: ({ count }) => Promise.resolve(new Array<number>(count).fill(0)), close() {} },
    clock,
    onReading: () => {
      readings += 1;
      if (readings === 1) throw new Error('mistake');
    },
    log: { ...SILENT_LOG, error: (_message, fields) => told.push(String(fields?.['problem'])) },
  });
  t.after(() => bus.stop());
  await clock.run(5_500);
  assert.ok(readings > 3, `${readings} readings`);
  assert.deepEqual(told, ['Error: mistake']);
});
