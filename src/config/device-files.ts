import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MeterDevice, MeterDeviceSchema } from '../schema/meter-device.ts';
import { validator } from '../schema/validator.ts';
import { placeOf } from './load.ts';
import { parseYaml } from './yaml.ts';

/** Meter files of a folder by name without extension; bad ones are told, the others usable. */
export const loadMeterDevices = (
  folder: string,
): { readonly devices: ReadonlyMap<string, MeterDevice>; readonly problems: readonly string[] } => {
  const validate = validator(MeterDeviceSchema);
  const devices = new Map<string, MeterDevice>();
  const problems: string[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    const yaml = parseYaml(readFileSync(join(folder, file), 'utf8'));
    for (const { line, text } of yaml.problems) problems.push(`${file}:${line}: ${text}`);
    if (yaml.problems.length > 0) continue;
    const { value, problems: wrong } = validate(yaml.value);
    for (const { path, text } of wrong) {
      problems.push(`${file}:${yaml.lineOf(path)}: ${placeOf(path)} ${text}`);
    }
    if (wrong.length === 0) devices.set(file.slice(0, -'.yaml'.length), value as MeterDevice);
  }
  return { devices, problems };
};
