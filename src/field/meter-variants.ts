import { isPowerOnly } from '../devices/decode.ts';
import { resemblance } from '../devices/identify.ts';
import type { MeterDevice } from '../schema/meter-device.ts';
import { readMeterOnce } from './meter-read.ts';
import { specOf } from './meter-scan.ts';
import type { ModbusPort } from './modbus-port.ts';

/** What people get wrong when they write down a map from a manual, and what to change. */
const SLIPS: readonly {
  readonly text: string;
  readonly change: (device: MeterDevice) => MeterDevice;
}[] = [
  {
    text: 'the other word order',
    change: (device) => ({
      ...device,
      wordOrder: device.wordOrder === 'low-first' ? 'high-first' : 'low-first',
    }),
  },
  {
    text: 'every address one lower (the manual counts from 1)',
    change: (device) => moved(device, -1),
  },
  { text: 'every address one higher', change: (device) => moved(device, 1) },
  {
    text: 'the other function',
    change: (device) => ({
      ...device,
      function: device.function === 'input' ? 'holding' : 'input',
    }),
  },
  ...[10, 100, 1000, 0.1, 0.01, 0.001].map((factor) => ({
    text: `every scale times ${factor}`,
    change: (device: MeterDevice) =>
      registersOf(device, (register) => ({ ...register, scale: register.scale * factor })),
  })),
];

/**
 * With which changes of its file, one or two, a device would make sense; undefined when with none.
 * Reads only, at most once for each pair.
 */
export const likelySlip = async (
  port: ModbusPort,
  device: MeterDevice,
  unit: number,
): Promise<string | undefined> => {
  const makesSense = async (changed: MeterDevice): Promise<boolean> => {
    if (Object.values(changed.registers).some(({ address }) => address < 0)) return false;
    const spec = specOf(changed.name, unit);
    const reading = await readMeterOnce(port, { spec, device: changed }, 0);
    return reading.quality === 'good' && resemblance(changed, reading) > 0;
  };
  // Power alone makes sense in any form.
  if (isPowerOnly(device)) return undefined;
  for (const { text, change } of SLIPS) {
    if (await makesSense(change(device))) return text;
  }
  for (const [i, one] of SLIPS.entries()) {
    for (const other of SLIPS.slice(i + 1)) {
      if (await makesSense(other.change(one.change(device))))
        return `${one.text} and ${other.text}`;
    }
  }
  return undefined;
};

const moved = (device: MeterDevice, by: number): MeterDevice =>
  registersOf(device, (register) => ({ ...register, address: register.address + by }));

type Registers = MeterDevice['registers'];

const registersOf = (
  device: MeterDevice,
  change: (register: NonNullable<Registers['watts']>) => NonNullable<Registers['watts']>,
): MeterDevice => {
  const changed = Object.entries(device.registers).map(([name, each]) => [name, change(each)]);
  return { ...device, registers: Object.fromEntries(changed) as Registers };
};
