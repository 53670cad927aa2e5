import { describe, type TestContext, test } from 'node:test';
import type { LimitCommand } from '../../src/core/limits/limit-book.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import type { Reading } from '../../src/core/meters/reading.ts';
import type { PreferenceCommand } from '../../src/core/preferences.ts';
import { DEFAULT_POLICY } from '../../src/core/sharing/policy.ts';
import { EmsLink, type EmsLinkOptions } from '../../src/field/ems-link.ts';
import { openBroker } from '../../src/io/mqtt.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { startBroker } from '../../src/sim/broker.ts';
import { startMosquitto, type Watcher } from './mosquitto.ts';

export const BASE = 'busbar/v1/garage';

export const startEms = (t: TestContext, url: string, changes: Partial<EmsLinkOptions> = {}) => {
  const taken: { source: string; command: LimitCommand }[] = [];
  const requests: PreferenceCommand[] = [];
  const wishes: object[] = [];
  const readings: Reading[] = [];
  const heard = { mostBytes: 0, losses: 0 };
  const link = new EmsLink({
    openBroker: (listener, will) =>
      openBroker({
        url,
        clientId: 'busbar-garage',
        will,
        listener: {
          connected: () => listener.connected(),
          disconnected: () => {
            heard.losses += 1;
          },
          message: (message) => {
            heard.mostBytes = Math.max(heard.mostBytes, message.bytes);
            listener.message(message);
          },
        },
        clock: systemClock,
        log: SILENT_LOG,
      }),
    root: 'busbar/v1',
    siteId: 'garage',
    clock: systemClock,
    version: '1',
    log: SILENT_LOG,
    setLimit: (source, command) => {
      taken.push({ source, command });
      const applied = { circuit: command.circuit, amps: null, watts: null, expiresAt: 'x' };
      return { accepted: true, applied, reason: 'accepted' };
    },
    taker: {
      setPreference: (command) => {
        requests.push(command);
        return { accepted: true, reason: 'accepted' };
      },
      setWish: (charger, connector, wish) => {
        wishes.push({ charger, connector, ...wish });
        return charger === 'CP_1';
      },
      setPolicy: (choice) => wishes.push({ policy: choice?.policy.id }),
    },
    policies: new Map([['equal', DEFAULT_POLICY]]),
    meters: [],
    onReading: (reading) => readings.push(reading),
    ...changes,
  });
  t.after(() => link.close());
  return { link, taken, requests, wishes, readings, heard };
};

export const online = (watcher: Watcher) =>
  watcher.until(`${BASE}/status`, (text) => text === 'online');

export const LIMIT = { circuit: 'main', amps: [16, 16, 16], ttlSeconds: 120 };
export const SET = `${BASE}/limits/bms/set`;
export const send = (watcher: Watcher, message: unknown, options = {}) =>
  watcher.client.publishAsync(
    SET,
    typeof message === 'string' ? message : JSON.stringify(message),
    { qos: 1, ...options },
  );

type On = (title: string, body: (t: TestContext, url: string) => Promise<void>) => void;

const conforms = (
  title: string,
  name: string,
  startUrl: (t: TestContext) => Promise<string | undefined>,
  tests: (on: On) => void,
): void => {
  describe(`${title} on ${name}`, { concurrency: true }, () => {
    tests((each, body) =>
      test(each, async (t) => {
        const url = await startUrl(t);
        if (url === undefined) return t.skip(`${name} is not installed`);
        return body(t, url);
      }),
    );
  });
};

/** The same tests on a broker of MQTT 3.1.1 and on one of MQTT 5. */
export const onBothBrokers = (title: string, tests: (on: On) => void): void => {
  const embedded = async (t: TestContext): Promise<string> => {
    const broker = await startBroker();
    t.after(() => broker.close());
    return broker.url;
  };
  conforms(title, 'the embedded broker (3.1.1)', embedded, tests);
  const real = async (t: TestContext) => (await startMosquitto(t))?.url;
  conforms(title, 'Mosquitto (MQTT 5)', real, tests);
};
