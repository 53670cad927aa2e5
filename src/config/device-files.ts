import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type ChargerQuirk, ChargerQuirkSchema } from '../schema/charger-quirk.ts';
import { type MeterDevice, MeterDeviceSchema } from '../schema/meter-device.ts';
import { type Validated, validator } from '../schema/validator.ts';
import { placeOf } from './load.ts';
import { unreadableText } from './unreadable-file.ts';
import { parseYaml } from './yaml.ts';

const EXTENSION = '.yaml';

export interface DeviceFiles<Device> {
  /** By file name without extension; bad files are told, the others usable. */
  readonly devices: ReadonlyMap<string, Device>;
  readonly problems: readonly string[];
}

/** Names of the files of a folder, without reading them. */
export const deviceNames = (folder: string): readonly string[] =>
  readdirSync(folder).flatMap((name) =>
    name.endsWith(EXTENSION) ? [name.slice(0, -EXTENSION.length)] : [],
  );

/** Meter files of a folder; those of `names` only where it is given. */
export const loadMeterDevices = (
  folder: string,
  names: Iterable<string> = deviceNames(folder),
): DeviceFiles<MeterDevice> =>
  loadDevices<MeterDevice>(folder, names, validator(MeterDeviceSchema), (raw) =>
    withLike(raw, folder),
  );

/**
 * The meter files that a site uses: names of files in the folder, or paths beside the site file
 * (beginning with `./` or `/`), whose problems are told by path. Never throws.
 */
export const loadSiteMeters = (
  folder: string,
  siteFile: string,
  used: Iterable<string>,
): DeviceFiles<MeterDevice> & { readonly own: ReadonlyMap<string, readonly string[]> } => {
  const names = [...new Set(used)];
  const known = deviceNames(folder);
  const shipped = loadMeterDevices(
    folder,
    names.filter((name) => known.includes(name)),
  );
  const devices = new Map(shipped.devices);
  const own = new Map<string, readonly string[]>();
  for (const name of names.filter((each) => /^\.{0,2}\//.test(each))) {
    const path = resolve(dirname(siteFile), name);
    try {
      const read = loadMeterDevice(path, folder);
      own.set(name, read.problems);
      if (read.device !== undefined) devices.set(name, read.device);
    } catch (error) {
      own.set(name, [unreadableText(path, error, name)]);
    }
  }
  return { devices, problems: shipped.problems, own };
};

/** Files about the quirks of chargers. */
export const loadChargerQuirks = (folder: string): DeviceFiles<ChargerQuirk> =>
  loadDevices<ChargerQuirk>(folder, deviceNames(folder), validator(ChargerQuirkSchema));

export interface DeviceFile<Device> {
  readonly device: Device | undefined;
  readonly problems: readonly string[];
}

/**
 * One meter file, e.g. one that is being written; `folder` holds the files that it may be like.
 * Throws when it cannot be read at all.
 */
export const loadMeterDevice = (file: string, folder: string): DeviceFile<MeterDevice> =>
  readDevice<MeterDevice>(file, readFileSync(file, 'utf8'), validator(MeterDeviceSchema), (raw) =>
    withLike(raw, folder),
  );

type Validate = (value: unknown) => Validated;
/** The whole of what a file says, or why that cannot be told. */
type Complete = (raw: unknown) => { readonly value: unknown; readonly problem?: string };

const asItIs: Complete = (value) => ({ value });

/** What a file says of itself and does not take from another one. */
const OWN = ['name', 'models', 'source', 'confidence', 'note', 'like'];

/** A file that is like another one says only what is different. */
const withLike = (raw: unknown, folder: string): ReturnType<Complete> => {
  const own = raw as { readonly like?: unknown; readonly registers?: object } | null;
  if (typeof own !== 'object' || typeof own?.like !== 'string') return { value: raw };
  const known = readdirSync(folder).includes(`${own.like}${EXTENSION}`);
  const text = known ? readFileSync(join(folder, `${own.like}${EXTENSION}`), 'utf8') : '';
  const base = parseYaml(text).value as { readonly registers?: object; like?: unknown } | null;
  if (!known || typeof base !== 'object' || base === null || base.like !== undefined) {
    const problem = known ? 'is itself like another file' : `is no file in ${folder}`;
    return { value: raw, problem: `like: "${own.like}" ${problem}` };
  }
  const taken = Object.fromEntries(Object.entries(base).filter(([key]) => !OWN.includes(key)));
  const registers = { ...base.registers, ...own.registers };
  return { value: { ...taken, ...own, registers } };
};

const loadDevices = <Device>(
  folder: string,
  names: Iterable<string>,
  validate: Validate,
  complete: Complete = asItIs,
): DeviceFiles<Device> => {
  const devices = new Map<string, Device>();
  const problems: string[] = [];
  for (const name of names) {
    const file = `${name}${EXTENSION}`;
    const text = readFileSync(join(folder, file), 'utf8');
    const read = readDevice<Device>(file, text, validate, complete);
    problems.push(...read.problems);
    if (read.device !== undefined) devices.set(name, read.device);
  }
  return { devices, problems };
};

const readDevice = <Device>(
  file: string,
  text: string,
  validate: Validate,
  complete: Complete,
): DeviceFile<Device> => {
  const yaml = parseYaml(text);
  const form = yaml.problems.map(({ line, text: problem }) => `${file}:${line}: ${problem}`);
  if (form.length > 0) return { device: undefined, problems: form };
  const whole = complete(yaml.value);
  if (whole.problem !== undefined) {
    const line = yaml.lineOf(['like']);
    return { device: undefined, problems: [`${file}:${line}: ${whole.problem}`] };
  }
  const { value, problems } = validate(whole.value);
  const wrong = problems.map(
    ({ path, text: problem }) => `${file}:${yaml.lineOf(path)}: ${placeOf(path)} ${problem}`,
  );
  return { device: wrong.length === 0 ? (value as Device) : undefined, problems: wrong };
};
