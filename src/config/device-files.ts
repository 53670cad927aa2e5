import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChargerQuirk, ChargerQuirkSchema } from '../schema/charger-quirk.ts';
import { type MeterDevice, MeterDeviceSchema } from '../schema/meter-device.ts';
import { validator } from '../schema/validator.ts';
import { placeOf } from './load.ts';
import { parseYaml } from './yaml.ts';

export interface DeviceFiles<Device> {
  /** By file name without extension; bad files are told, the others usable. */
  readonly devices: ReadonlyMap<string, Device>;
  readonly problems: readonly string[];
}

/** Meter files of a folder. */
export const loadMeterDevices = (folder: string): DeviceFiles<MeterDevice> =>
  loadDevices<MeterDevice>(folder, validator(MeterDeviceSchema));

/** Files about the quirks of chargers. */
export const loadChargerQuirks = (folder: string): DeviceFiles<ChargerQuirk> =>
  loadDevices<ChargerQuirk>(folder, validator(ChargerQuirkSchema));

const loadDevices = <Device>(
  folder: string,
  validate: ReturnType<typeof validator>,
): DeviceFiles<Device> => {
  const devices = new Map<string, Device>();
  const problems: string[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    const yaml = parseYaml(readFileSync(join(folder, file), 'utf8'));
    for (const { line, text } of yaml.problems) problems.push(`${file}:${line}: ${text}`);
    if (yaml.problems.length > 0) continue;
    const { value, problems: wrong } = validate(yaml.value);
    for (const { path, text } of wrong) {
      problems.push(`${file}:${yaml.lineOf(path)}: ${placeOf(path)} ${text}`);
    }
    if (wrong.length === 0) devices.set(file.slice(0, -'.yaml'.length), value as Device);
  }
  return { devices, problems };
};
