import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChargerQuirk, ChargerQuirkSchema } from '../schema/charger-quirk.ts';
import { type MeterDevice, MeterDeviceSchema } from '../schema/meter-device.ts';
import { type Validated, validator } from '../schema/validator.ts';
import { placeOf } from './load.ts';
import { parseYaml } from './yaml.ts';

const EXTENSION = '.yaml';

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

export interface DeviceFile<Device> {
  readonly device: Device | undefined;
  readonly problems: readonly string[];
}

/** One meter file, e.g. one that is being written. Throws when it cannot be read at all. */
export const loadMeterDevice = (file: string): DeviceFile<MeterDevice> =>
  readDevice<MeterDevice>(file, readFileSync(file, 'utf8'), validator(MeterDeviceSchema));

type Validate = (value: unknown) => Validated;

const loadDevices = <Device>(folder: string, validate: Validate): DeviceFiles<Device> => {
  const devices = new Map<string, Device>();
  const problems: string[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith(EXTENSION))) {
    const read = readDevice<Device>(file, readFileSync(join(folder, file), 'utf8'), validate);
    problems.push(...read.problems);
    if (read.device !== undefined) devices.set(file.slice(0, -EXTENSION.length), read.device);
  }
  return { devices, problems };
};

const readDevice = <Device>(file: string, text: string, validate: Validate): DeviceFile<Device> => {
  const yaml = parseYaml(text);
  const form = yaml.problems.map(({ line, text: problem }) => `${file}:${line}: ${problem}`);
  if (form.length > 0) return { device: undefined, problems: form };
  const { value, problems } = validate(yaml.value);
  const wrong = problems.map(
    ({ path, text: problem }) => `${file}:${yaml.lineOf(path)}: ${placeOf(path)} ${problem}`,
  );
  return { device: wrong.length === 0 ? (value as Device) : undefined, problems: wrong };
};
