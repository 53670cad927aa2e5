// Finding and reading a meter, request by request.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ModbusRequest } from '../../src/devices/modbus-frame.ts';
import { findBase, readMeter, readMeterOnce } from '../../src/field/meter-read.ts';
import { scanUnits, specOf } from '../../src/field/meter-scan.ts';
import { ModbusException, type ModbusPort } from '../../src/field/modbus-port.ts';
import type { MeterDevice } from '../../src/schema/meter-device.ts';

const registers = (names: readonly string[], at = 0) =>
  Object.fromEntries(names.map((name, i) => [name, { address: at + i, type: 'u16', scale: 1 }]));
const deviceOf = (changes: Partial<MeterDevice> = {}): MeterDevice => ({
  name: 'Mine',
  models: ['Mine'],
  source: 'me',
  confidence: 'C',
  function: 'holding',
  wordOrder: 'high-first',
  readMost: 80,
  gapMost: 0,
  phases: 3,
  unsignedAmps: false,
  registers: registers(['ampsL1', 'ampsL2', 'ampsL3']),
  ...changes,
});
const AMPS = [10, 11, 12];

/** Registers of units; others do not exist, and a unit that is not there does not answer. */
const bus = (units: Readonly<Record<number, Readonly<Record<number, number>>>>) => {
  const asked: string[] = [];
  const port: ModbusPort = {
    read: async ({ unit, table, address, count }: ModbusRequest) => {
      asked.push(`${unit} ${table} ${address}+${count}`);
      const words = units[unit];
      if (words === undefined) throw new Error(`no answer in time from unit ${unit}`);
      return Array.from({ length: count }, (_, i) => {
        const word = words[address + i];
        if (word === undefined) throw new ModbusException(2, 'exception 2');
        return word;
      });
    },
    close: () => {},
  };
  return { port, asked };
};
const meter = (device: MeterDevice) => ({ spec: specOf('mine', 1), device });
const at = (start: number, words: readonly number[]) =>
  Object.fromEntries(words.map((word, i) => [start + i, word]));

describe('a meter', () => {
  test('is read block by block from its base; each word counts where it lies', async () => {
    const device = deviceOf({
      registers: {
        ...registers(['ampsL1', 'ampsL2', 'ampsL3']),
        ...registers(['frequencyHz'], 40),
      },
    });
    const { port, asked } = bus({ 1: { ...at(100, AMPS), 140: 50 } });
    const reading = await readMeter(port, meter(device), 100, 7);
    assert.deepEqual(asked, ['1 holding 100+3', '1 holding 140+1']);
    assert.deepEqual(reading.amps, AMPS);
    assert.deepEqual([reading.frequencyHz, reading.atMs, reading.quality], [50, 7, 'good']);
  });

  test('that fails is absent, with why', async () => {
    const absent = (problem: string) => ({ meter: 'unit 1', atMs: 7, quality: 'absent', problem });
    const { port } = bus({ 1: at(0, [1, 2]) });
    assert.deepEqual(await readMeter(port, meter(deviceOf()), 0, 7), absent('exception 2'));
    assert.deepEqual(
      await readMeterOnce(bus({}).port, meter(deviceOf()), 7),
      absent('no answer in time from unit 1'),
    );
    const other = deviceOf({ expects: [{ address: 9, value: [1], why: 'set the mode' }] });
    const { problem } = await readMeterOnce(bus({ 1: { 9: 2 } }).port, meter(other), 7);
    assert.equal(problem, 'register 9 is 2 instead of 1: set the mode');
  });

  test('that is set as its file expects begins at 0, by any of the values', async () => {
    const expects = [
      { address: 9, value: [1, 3], why: 'set the mode' },
      { address: 8, value: [7], why: 'set the type' },
    ];
    const device = deviceOf({ function: 'input', expects });
    const { port, asked } = bus({ 1: { 8: 7, 9: 3 } });
    assert.equal(await findBase(port, meter(device)), 0);
    assert.deepEqual(asked, ['1 input 9+1', '1 input 8+1']);
    await assert.rejects(
      findBase(bus({ 1: { 8: 6, 9: 2 } }).port, meter(device)),
      /9 is 2 instead of 1 or 3/,
    );
    await assert.rejects(
      findBase(bus({ 1: { 8: 6, 9: 1 } }).port, meter(device)),
      /8 is 6 instead of 7/,
    );
  });

  test('of SunSpec begins where its model is; a device without registers there is asked on', async () => {
    const device = deviceOf({ sunspec: { models: [203], length: 105 } });
    const { port, asked } = bus({
      1: { ...at(0, [0x5375, 0x6e53, 1, 66]), ...at(70, [203, 105]) },
    });
    assert.equal(await findBase(port, meter(device)), 70);
    assert.equal(asked[0], '1 holding 40000+2');
    await assert.rejects(findBase(bus({ 1: {} }).port, meter(device)), /no "SunS" mark/);
    const dead = bus({});
    await assert.rejects(findBase(dead.port, meter(device)), /no answer in time/);
    assert.equal(dead.asked.length, 1, 'who does not answer is not asked on');
  });
});

describe('a scan', () => {
  const better = deviceOf({
    registers: { ...registers(['ampsL1', 'ampsL2', 'ampsL3']), ...registers(['frequencyHz'], 40) },
  });
  const power = deviceOf({ registers: registers(['watts'], 20) });
  const lost = deviceOf({ registers: registers(['ampsL1', 'ampsL2', 'ampsL3'], 60) });
  const devices = new Map([
    ['plain', deviceOf()],
    ['lost', lost],
    ['better', better],
    ['power', power],
    ['copy', { ...deviceOf(), like: 'plain' }],
    ['variant', { ...deviceOf({ function: 'input' }), like: 'plain' }],
  ]);
  const found = async (units: Parameters<typeof bus>[0], asked: readonly number[]) => {
    const progress: string[] = [];
    const onProgress = (unit: number, problem: string | undefined) =>
      progress.push(`${unit} ${problem ?? 'answers'}`);
    const list = await scanUnits({ port: bus(units).port, units: asked, devices, onProgress });
    return { list, progress };
  };

  test('names the devices that make sense, best first; copies beside what they copy', async () => {
    const { list } = await found({ 3: { ...at(0, AMPS), 20: 500, 40: 50 } }, [2, 3]);
    assert.deepEqual(
      list.map(({ unit, matches }) => [unit, matches.map(({ device, alike }) => [device, alike])]),
      [
        [
          3,
          [
            ['better', []],
            ['plain', ['copy']],
            ['variant', []],
          ],
        ],
      ],
    );
    const [best] = list[0]?.matches ?? [];
    assert.deepEqual([best?.amps, best?.volts, best?.watts], [AMPS, null, null]);
  });

  test('names power alone only where nothing else makes sense', async () => {
    const { list } = await found({ 3: { 20: 500 } }, [3]);
    const [match] = list[0]?.matches ?? [];
    assert.deepEqual([list[0]?.matches.length, match?.device, match?.watts], [1, 'power', 500]);
    assert.deepEqual([match?.amps, match?.volts], [null, null]);
    const { list: nothing } = await found({ 3: { 99: 1 } }, [3]);
    assert.deepEqual(nothing, [{ unit: 3, matches: [] }]);
  });

  test('takes a refusal for an answer, but not the word of a gateway that nobody is there', async () => {
    const refusals: Readonly<Record<number, number>> = { 1: 1, 2: 2, 3: 10, 4: 11, 5: 6 };
    const progress: string[] = [];
    const list = await scanUnits({
      port: {
        read: async ({ unit }) => {
          const code = refusals[unit];
          if (code === undefined) throw new Error('no answer in time');
          throw new ModbusException(code, `exception ${code}`);
        },
        close: () => {},
      },
      units: [1, 2, 3, 4, 5, 6],
      devices: new Map(),
      onProgress: (unit, problem) => progress.push(`${unit} ${problem ?? 'answers'}`),
    });
    assert.deepEqual(
      list.map(({ unit }) => unit),
      [1, 2, 5],
    );
    assert.deepEqual(progress, [
      '1 answers',
      '2 answers',
      '3 exception 10',
      '4 exception 11',
      '5 answers',
      '6 no answer in time',
    ]);
  });
});
