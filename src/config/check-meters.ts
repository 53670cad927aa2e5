import type { MeterDevice } from '../schema/meter-device.ts';
import type { SiteConfig } from '../schema/site-config.ts';
import type { Report } from './check-report.ts';

/** The known meter files, by name. */
export type DeviceFacts = ReadonlyMap<string, Pick<MeterDevice, 'phases' | 'registers'>>;

/** Older than this, nothing below a meter is raised: polled as seldom, it would never be. */
const POLL_MOST_MS = 2_500;

/** That every meter has one source, and is read often enough for what it protects. */
export const checkMeters = ({ meters, circuits, ems }: SiteConfig, report: Report): void => {
  const generates = meters.some(({ role }) => role === 'pv');
  const root = circuits.find(({ parent }) => parent === undefined)?.meter;
  meters.forEach(({ id, exportMostAmps }, i) => {
    if (!generates || id !== root || exportMostAmps > 0) return;
    const text =
      'is 0 although there is a pv meter: feeding back would count as a fault of this one';
    report('warning', ['meters', i, 'exportMostAmps'], text);
  });
  circuits.forEach(({ id, meter, stepReserveQuantile }, i) => {
    if (stepReserveQuantile === undefined || meter !== undefined) return;
    const text = `"${id}" has no meter: steps of other loads are not seen; add one, or leave this out`;
    report('error', ['circuits', i, 'stepReserveQuantile'], text);
  });
  meters.forEach(({ id, device, connect, topic, charger, sum, pollMs }, i) => {
    const sources = [connect, topic, charger, sum].filter((source) => source !== undefined);
    if (sources.length !== 1) {
      const text = `"${id}" needs one of connect (with device), topic, charger or sum`;
      report('error', ['meters', i], sources.length === 0 ? text : `${text}, not several`);
    }
    if ((connect === undefined) !== (device === undefined)) {
      report('error', ['meters', i], `"${id}": device and connect belong together`);
    }
    if (topic !== undefined && ems.mqtt === undefined) {
      report('error', ['meters', i, 'topic'], 'needs a broker: set ems.mqtt.url');
    }
    const protects = circuits.some(({ meter }) => meter === id);
    if (protects && connect !== undefined && pollMs > POLL_MOST_MS) {
      const text = `${pollMs} ms is too seldom for a meter of a circuit: nothing would be raised`;
      report('error', ['meters', i, 'pollMs'], `${text}; at most ${POLL_MOST_MS}`);
    }
  });
};

/** A meter of a circuit has to measure what its fuse is about: the current of every phase in use. */
export const checkMeasured = (
  { meters, circuits, chargers }: SiteConfig,
  devices: DeviceFacts,
  report: Report,
): void => {
  circuits.forEach(({ id, meter }, i) => {
    const device = devices.get(meters.find((each) => each.id === meter)?.device ?? '');
    if (device === undefined) return;
    if (device.registers.ampsL1 === undefined) {
      const text = `"${meter}" measures power only, which cannot protect the phases of "${id}"`;
      report('error', ['circuits', i, 'meter'], text);
    }
    const order = meters.find((each) => each.id === meter)?.phaseOrder.match(/\d/g) ?? [];
    const missing = ['L1', 'L2', 'L3'].filter((_, p) => Number(order[p]) > device.phases);
    const beyond = chargers.find(
      ({ phases, circuit }) =>
        missing.some((phase) => phases.includes(phase)) && isBelow(circuits, circuit, id),
    );
    if (beyond === undefined) return;
    const text = `"${meter}" measures ${device.phases} of three phases; ${beyond.id} is on others too`;
    report('error', ['circuits', i, 'meter'], text);
  });
};

const isBelow = (
  circuits: SiteConfig['circuits'],
  from: string | undefined,
  above: string,
): boolean => {
  let at = from;
  // A circle is told elsewhere.
  for (let i = 0; i <= circuits.length && at !== undefined; i += 1) {
    if (at === above) return true;
    at = circuits.find(({ id }) => id === at)?.parent;
  }
  return false;
};
