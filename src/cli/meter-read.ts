import type { Reading } from '../core/meters/reading.ts';
import { unknownText } from '../core/near-name.ts';
import type { MeterSpec } from '../core/site.ts';
import { readMeterOnce } from '../field/meter-read.ts';
import { openModbusPort } from '../io/modbus.ts';
import { systemClock } from '../io/system-clock.ts';
import type { MeterDevice } from '../schema/meter-device.ts';
import type { SiteConfig } from '../schema/site-config.ts';
import type { SiteView } from '../schema/view.ts';
import { readingTable } from './meter-table.ts';
import { failure, failureJson, usableSite } from './site-file.ts';

const ASK_TIMEOUT_MS = 5_000;
const METERS_SHOWN = 20;
/** Clears the screen and goes to its top. */
const CLEAR = '\u001b[2J\u001b[H';

interface ReadArguments {
  readonly json: boolean;
  readonly watch: boolean;
  readonly count: number;
  readonly timeoutMs: number | undefined;
}

/** Reads one meter of a site file. Exit 1 when it gives no currents. */
export const readOne = async (
  id: string,
  file: string,
  { json, watch, count, timeoutMs }: ReadArguments,
): Promise<number> => {
  const usable = usableSite(file, json);
  if (usable === undefined) return 1;
  const { site, devices, config } = usable;
  const spec = site.meters.find((meter) => meter.id === id);
  if (spec === undefined) {
    const known = site.meters.map((meter) => meter.id);
    const problem = unknownText('meter', id, known, METERS_SHOWN);
    process.stderr.write(`${file}: ${problem}\n`);
    if (json) process.stdout.write(failureJson([failure(id, problem)], file));
    return 2;
  }
  const source = sourceOf(spec, devices.get(spec.device), config, timeoutMs);
  let stopped = false;
  let wake = (): void => {};
  const stop = (): void => {
    stopped = true;
    wake();
  };
  process.once('SIGINT', stop);
  let last: Reading | undefined;
  for (let i = 0; i < count && !stopped; i += 1) {
    if (i > 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, spec.pollMs);
      });
      if (stopped) break;
    }
    last = await source.read();
    const clear = watch && process.stdout.isTTY ? CLEAR : '';
    const text = json ? `${JSON.stringify(last)}\n` : clear + readingTable(last, source.title);
    process.stdout.write(text);
  }
  process.off('SIGINT', stop);
  source.close();
  return last?.quality === 'good' ? 0 : 1;
};

interface ReadingSource {
  readonly title: string;
  read(): Promise<Reading>;
  close(): void;
}

/** A device is asked itself; everything else is known to the running gateway only. */
const sourceOf = (
  spec: MeterSpec,
  device: MeterDevice | undefined,
  config: SiteConfig,
  timeoutMs: number | undefined,
): ReadingSource => {
  if (device === undefined || spec.source !== undefined) return gatewaySource(spec, config);
  const port = openModbusPort({ url: spec.connect, clock: systemClock, timeoutMs });
  return {
    title: `${spec.id}: ${device.name} at ${spec.connect}, unit ${spec.unit}`,
    read: () => readMeterOnce(port, { spec, device }, systemClock.monotonicMs()),
    close: () => port.close(),
  };
};

const gatewaySource = (spec: MeterSpec, { listen }: SiteConfig): ReadingSource => {
  const url = `http://${listen.http.replace(/^0\.0\.0\.0|^\[::\]/, '127.0.0.1')}/api/v1/state`;
  const headers = listen.token === undefined ? {} : { authorization: `Bearer ${listen.token}` };
  return {
    title: `${spec.id}: ${spec.device}, as the gateway at ${listen.http} knows it`,
    read: async () => {
      const absent = (problem: string): Reading => ({
        meter: spec.id,
        atMs: 0,
        quality: 'absent',
        problem,
      });
      try {
        const answer = await fetch(url, { headers, signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
        if (!answer.ok) return absent(`the gateway answers ${answer.status}`);
        const view = (await answer.json()) as SiteView;
        const meter = view.meters.find(({ id }) => id === spec.id);
        if (meter === undefined) return absent('the gateway does not know it: restart it');
        return {
          meter: spec.id,
          atMs: 0,
          quality: meter.quality as Reading['quality'],
          ...(meter.problem === null ? {} : { problem: meter.problem }),
          ...(meter.amps === null ? {} : { amps: meter.amps }),
          ...(meter.volts === null ? {} : { volts: meter.volts }),
          ...(meter.watts === null ? {} : { watts: meter.watts }),
        };
      } catch {
        return absent(`no gateway at ${listen.http}: it has to run to know this meter`);
      }
    },
    close: () => {},
  };
};
