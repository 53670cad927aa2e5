import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadMeterDevices } from '../../src/config/device-files.ts';
import type { Reading } from '../../src/core/meters/reading.ts';
import { mapPhases } from '../../src/core/units.ts';
import { decodeReading } from '../../src/devices/decode.ts';
import { Car } from '../../src/sim/car.ts';
import { imageOf } from '../../src/sim/modbus-meter.ts';
import { VirtualSite, type VirtualSiteOptions } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

const CARS = 3;

/** Cars charge behind a meter; the fuse is nearly full. */
const busyGarage = async (options: Partial<VirtualSiteOptions> = {}): Promise<VirtualSite> => {
  const site = new VirtualSite({
    site: garage(CARS),
    buildingAmps: [14, 10, 12],
    buildingNoiseAmps: 0.5,
    ...options,
  });
  await site.run(20);
  for (let i = 1; i <= CARS; i += 1) {
    site.charger(`CP_${i}`).plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), `CARD-${i}`);
    await site.run(5);
  }
  await site.run(90);
  return site;
};

const offers = (site: VirtualSite): readonly number[] =>
  site.view().chargers.map(({ connectors }) => connectors[0]?.offerAmps ?? 0);

/** Offers may only fall while a fault lasts. */
const neverRaises = async (site: VirtualSite, seconds: number): Promise<void> => {
  let before = offers(site);
  for (let second = 0; second < seconds; second += 1) {
    await site.run(1);
    const now = offers(site);
    now.forEach((amps, i) => {
      assert.ok(amps <= (before[i] ?? 0) + 0.01, `raised from ${before[i]} to ${amps} A`);
    });
    before = now;
  }
};

const file = loadMeterDevices('devices/meters').devices.get('eastron-sdm630');
assert.ok(file);

/** The reading as its registers would give it after something happened to their words. */
const throughRegisters =
  (spoil: (words: Map<number, number>) => void) =>
  (reading: Reading): Reading => {
    const [ampsL1 = 0, ampsL2 = 0, ampsL3 = 0] = reading.amps ?? [];
    const [wattsL1 = 0, wattsL2 = 0, wattsL3 = 0] = reading.phaseWatts ?? [];
    const values = { ampsL1, ampsL2, ampsL3, wattsL1, wattsL2, wattsL3 };
    const image = imageOf(file, { ...values, voltsL1: 230, voltsL2: 230, voltsL3: 230 });
    spoil(image);
    const [spec] = garage(1).meters;
    assert.ok(spec);
    return decodeReading(file, spec, image, reading.atMs);
  };

const times =
  (factor: number) =>
  (reading: Reading): Reading => ({
    ...reading,
    ...(reading.amps ? { amps: mapPhases((p) => (reading.amps?.[p] ?? 0) * factor) } : {}),
    ...(reading.phaseWatts
      ? { phaseWatts: mapPhases((p) => (reading.phaseWatts?.[p] ?? 0) * factor) }
      : {}),
  });

const FAULTS: Readonly<Record<string, (reading: Reading) => Reading | undefined>> = {
  'NaN in every float': throughRegisters((words) => {
    for (const address of words.keys()) words.set(address, address % 2 === 0 ? 0x7fc0 : 0);
  }),
  'words of every float swapped': throughRegisters((words) => {
    const copy = new Map(words);
    for (const address of copy.keys()) words.set(address, copy.get(address ^ 1) ?? 0);
  }),
  'one phase not available': throughRegisters((words) => words.set(8, 0x7fc0)),
  'ten times too high': times(10),
  'sign flipped': times(-1),
  'an exception or no answer': ({ meter, atMs }) => ({
    meter,
    atMs,
    quality: 'absent',
    problem: 'exception 6: device busy',
  }),
  'no reading at all': () => undefined,
};

describe('a meter fault never raises anything, is told, and ends at the minimum', () => {
  for (const [name, alter] of Object.entries(FAULTS)) {
    test(name, async () => {
      const site = await busyGarage();
      for (const meter of site.plant.meters.values()) meter.alter = alter;
      await neverRaises(site, 45);
      for (const amps of offers(site)) assert.ok(amps <= 6, `${amps} A without a meter`);
      assert.match(site.view().alarms.join(), /meter of circuit main lost/);
      const [meter] = site.view().meters;
      assert.notEqual(meter?.quality, 'good');
      assert.ok((meter?.problem ?? '').length > 0);
      assert.equal(site.breaker.record().overMs, 0);
    });
  }

  test('a tenth of the truth: found out by what the chargers draw', async () => {
    const site = await busyGarage();
    for (const meter of site.plant.meters.values()) meter.alter = times(0.1);
    await site.run(75);
    assert.match(site.view().alarms.join(), /meter of circuit main lost/);
    for (const amps of offers(site)) assert.ok(amps <= 6, `${amps} A`);
    assert.equal(site.breaker.record().tripped, false);
  });

  test('one false sample is not even noticed', async () => {
    const site = await busyGarage();
    let left = 1;
    for (const meter of site.plant.meters.values()) {
      meter.alter = (reading) => {
        left -= 1;
        return left >= 0 ? times(-1)(reading) : reading;
      };
    }
    const before = offers(site);
    await site.run(10);
    assert.deepEqual(site.view().alarms, []);
    for (const [i, amps] of offers(site).entries()) assert.ok(amps >= (before[i] ?? 0) - 2);
  });
});

describe('the meter freezes', () => {
  test('while the building takes more: found out within a minute, the breaker holds', async () => {
    const site = await busyGarage({
      loadSteps: [{ atMs: 130_000, untilMs: 600_000, amps: [8, 8, 8] }],
    });
    site.meterFault = 'frozen';
    await site.run(5);
    await neverRaises(site, 75);
    for (const amps of offers(site)) assert.ok(amps <= 6, `${amps} A behind a frozen meter`);
    assert.match(site.view().alarms.join(), /frozen: no number changed for \d+ s/);
    assert.equal(site.breaker.record().tripped, false);
    site.meterFault = 'none';
    await site.run(120);
    assert.deepEqual(site.view().alarms, []);
    assert.ok(offers(site).some((amps) => amps > 8));
  });

  test('and then dies: the alarm and the meter tell that, not what was before', async () => {
    const site = await busyGarage({});
    site.meterFault = 'frozen';
    await site.run(75);
    assert.match(site.view().alarms.join(), /frozen/);
    site.meterFault = 'dead';
    await site.run(30);
    assert.doesNotMatch(site.view().alarms.join(), /frozen/);
    assert.match(site.view().alarms.join(), /no fresh reading/);
    const [meter] = site.view().meters;
    assert.equal(meter?.quality, 'stale');
    assert.match(meter?.problem ?? '', /^no reading for (2|3)\d s$/);
  });

  test('before cars arrive: they do not share room that nobody sees', async () => {
    const site = new VirtualSite({
      site: garage(CARS),
      buildingAmps: [6, 5, 4],
      buildingNoiseAmps: 0.2,
      loadSteps: [{ atMs: 25_000, untilMs: 900_000, amps: [30, 30, 30] }],
    });
    await site.run(20);
    site.meterFault = 'frozen';
    await site.run(10);
    for (let i = 1; i <= CARS; i += 1) {
      site.charger(`CP_${i}`).plugIn(1, new Car({ maxAmps: 32 }), `CARD-${i}`);
    }
    await site.run(90);
    for (const amps of offers(site)) assert.ok(amps <= 6, `${amps} A behind a frozen meter`);
    assert.equal(site.breaker.record().tripped, false);
  });
});
