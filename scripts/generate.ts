// Writes what is derived from the schemas. `--check` only tells whether the files are up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { ChargerQuirkSchema } from '../src/schema/charger-quirk.ts';
import { MeterDeviceSchema } from '../src/schema/meter-device.ts';
import { PolicyFileSchema } from '../src/schema/policy-file.ts';
import { SiteConfigSchema } from '../src/schema/site-config.ts';
import { aggregatePage } from './aggregate-page.ts';
import { asyncApi } from './async-api.ts';
import { configurationPage } from './configuration-page.ts';
import { meterPage } from './meter-page.ts';
import { modbusPage } from './modbus-page.ts';

const FILES: Readonly<Record<string, () => string>> = {
  'config/site.schema.json': () => `${JSON.stringify(SiteConfigSchema, null, 2)}\n`,
  'devices/meter.schema.json': () => `${JSON.stringify(MeterDeviceSchema, null, 2)}\n`,
  'policies/policy.schema.json': () => `${JSON.stringify(PolicyFileSchema, null, 2)}\n`,
  'devices/charger.schema.json': () => `${JSON.stringify(ChargerQuirkSchema, null, 2)}\n`,
  'docs/aggregate.md': aggregatePage,
  'docs/asyncapi.yaml': asyncApi,
  'docs/modbus-registers.md': modbusPage,
  'docs/meters.md': meterPage,
  'docs/configuration.md': () => configurationPage(SiteConfigSchema),
};

/** Generated files that differ from what the schemas say. */
export const staleFiles = (): readonly string[] =>
  Object.entries(FILES).flatMap(([file, make]) => (readFileOr(file) === make() ? [] : [file]));

const readFileOr = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};

if (process.argv[1]?.endsWith('generate.ts')) {
  for (const [file, make] of Object.entries(FILES)) writeFileSync(file, make());
}
