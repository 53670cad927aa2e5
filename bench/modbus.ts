import { loadMeterDevices } from '../src/config/device-files.ts';
import { SILENT_LOG } from '../src/core/log.ts';
import type { MeterSpec } from '../src/core/site.ts';
import { MeterBus } from '../src/field/meter-bus.ts';
import { readMeter } from '../src/field/meter-read.ts';
import { openModbusPort } from '../src/io/modbus.ts';
import { systemClock } from '../src/io/system-clock.ts';
import { startModbusMeter } from '../src/sim/modbus-meter.ts';
import type { BenchOptions } from './main.ts';
import { percentile } from './part-statistics.ts';

const METERS = 30;
const POLL_MS = 1_000;
/** What a gateway to RS-485 at 38,400 baud needs for a request of 76 registers, and no wait. */
const DELAYS_MS = [0, 20];

/** Poll cycle of 30 meters: each on its own TCP address, and all behind one gateway. */
export const run = async ({ quick }: BenchOptions) => {
  const seconds = quick ? 3 : 15;
  const rows: object[] = [];
  for (const delayMs of DELAYS_MS) {
    rows.push(await measure('one gateway, 30 units', METERS, delayMs, seconds));
  }
  rows.push(await measure('30 addresses', 1, 0, seconds));
  const cpuMsPer1000Polls = await flatOut(quick ? 2_000 : 10_000);
  return { meters: METERS, pollMs: POLL_MS, seconds, cpuMsPer1000Polls, rows };
};

/** CPU of polling without a pause; the simulated meter costs as much again and is included. */
const flatOut = async (polls: number): Promise<number> => {
  const device = loadMeterDevices('devices/meters').devices.get('eastron-sdm630');
  if (device === undefined) throw new Error('no device file eastron-sdm630');
  const server = await startModbusMeter({ device, unit: 1, values: () => ({ ampsL1: 10 }) });
  const url = `tcp://127.0.0.1:${server.port}`;
  const port = openModbusPort({ url, clock: systemClock });
  const meter = { spec: specOf('flat out', url, 1), device };
  for (let i = 0; i < 500; i += 1) await readMeter(port, meter, 0, 0);
  const cpu = process.cpuUsage();
  for (let i = 0; i < polls; i += 1) await readMeter(port, meter, 0, 0);
  const { user, system } = process.cpuUsage(cpu);
  port.close();
  await server.close();
  return Math.round((user + system) / polls);
};

const specOf = (id: string, connect: string, unit: number): MeterSpec => ({
  id,
  device: 'eastron-sdm630',
  connect,
  unit,
  pollMs: POLL_MS,
  ctRatio: 1,
  invert: false,
  phaseOrder: [0, 1, 2],
});

const measure = async (layout: string, perBus: number, delayMs: number, seconds: number) => {
  const device = loadMeterDevices('devices/meters').devices.get('eastron-sdm630');
  if (device === undefined) throw new Error('no device file eastron-sdm630');
  const units = Array.from({ length: perBus }, (_, i) => i + 1);
  const servers = await Promise.all(
    Array.from({ length: METERS / perBus }, () =>
      startModbusMeter({
        device,
        unit: units,
        delayMs,
        values: () => ({ ampsL1: 10, ampsL2: 11, ampsL3: 12 }),
      }),
    ),
  );
  const intervals: number[] = [];
  const latencies: number[] = [];
  const last = new Map<string, number>();
  let good = 0;
  const buses = servers.map(({ port }, b) => {
    const url = `tcp://127.0.0.1:${port}`;
    return new MeterBus({
      meters: units.map((unit) => ({
        spec: specOf(`${b}/${unit}`, url, unit),
        device,
      })),
      port: openModbusPort({ url, clock: systemClock }),
      clock: systemClock,
      log: SILENT_LOG,
      onReading: ({ meter, quality, atMs }) => {
        if (quality === 'good') good += 1;
        latencies.push(systemClock.monotonicMs() - atMs);
        const before = last.get(meter);
        if (before !== undefined) intervals.push(atMs - before);
        last.set(meter, atMs);
      },
    });
  });
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  for (const bus of buses) bus.stop();
  for (const server of servers) await server.close();
  return {
    layout,
    answerDelayMs: delayMs,
    polls: good,
    failed: latencies.length - good,
    cycleP50Ms: percentile(intervals, 0.5),
    cycleP99Ms: percentile(intervals, 0.99),
    pollP50Ms: percentile(latencies, 0.5),
    pollP99Ms: percentile(latencies, 0.99),
  };
};
