import { loadMeterDevices } from '../src/config/device-files.ts';
import { isPowerOnly } from '../src/devices/decode.ts';
import type { MeterDevice } from '../src/schema/meter-device.ts';

/** docs/meters.md: every meter there is a file for, from the files. */
export const meterPage = (): string =>
  `# Meters

\`device:\` in the site file is the name in the first column. \`busbar meter scan HOST\` finds out
which one answers; \`busbar meter test FILE.yaml HOST\` tries one. A meter that is not here needs a
file and no program: see [devices/README.md](../devices/README.md). A: two independent sources agree
on its registers. B: one source. C: not seen on a device yet. A meter that gives its power only can
be that of the sun or of a battery; it cannot protect a circuit. Generated from \`devices/meters\`.

| device | meters | gives | sure | to know |
|---|---|---|---|---|
${[...loadMeterDevices('devices/meters').devices]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, device]) => rowOf(name, device))
  .join('\n')}
`;

const rowOf = (name: string, device: MeterDevice): string => {
  const { name: title, models, confidence, note = '' } = device;
  return `| \`${name}\` | ${title}: ${models.join(', ')} | ${givenBy(device)} | ${confidence} | ${note} |`;
};

const givenBy = (device: MeterDevice): string => {
  if (isPowerOnly(device)) return 'power only';
  return device.phases === 3 ? 'three phases' : `${device.phases} of three phases`;
};
