import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SILENT_LOG } from '../../src/core/log.ts';
import type { Broker, BrokerListener } from '../../src/field/broker-port.ts';
import { DigitalInputWatch } from '../../src/field/digital-input.ts';
import { EmsLink } from '../../src/field/ems-link.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { linkParts, RIPPLE_CONTROL } from './link-parts.ts';

test('a broker that is away for half a minute is an alarm, until it is back', async () => {
  const clock = new VirtualClock();
  let connected = false;
  let listener: BrokerListener | undefined;
  const broker: Broker = {
    connected: () => connected,
    problem: () => 'connect ECONNREFUSED',
    publish: () => connected,
    subscribe: () => {},
    unsubscribe: () => {},
    close: async () => {},
  };
  const accepted = { accepted: true, reason: '' };
  const link = new EmsLink({
    openBroker: (given) => {
      listener = given;
      return broker;
    },
    ...linkParts(clock),
    setLimit: () => ({ ...accepted, applied: null }),
  });
  await clock.run(29_000);
  assert.deepEqual(link.alarms(), []);
  await clock.run(1_000);
  assert.match(link.alarms().join(), /MQTT broker, limits from there run out: .*ECONNREFUSED/);
  connected = true;
  listener?.connected();
  assert.deepEqual(link.alarms(), []);
  listener?.disconnected?.();
  await clock.run(30_000);
  assert.equal(link.alarms().length, 1);
  await link.close();
});

test('a contact that cannot be read is an alarm once its limit is in force for it', async () => {
  const clock = new VirtualClock();
  let readable = true;
  const watch = new DigitalInputWatch({
    input: RIPPLE_CONTROL,
    port: {
      read: async () => (readable ? [0] : Promise.reject(new Error('no answer in time'))),
      close: () => {},
    },
    clock,
    log: SILENT_LOG,
    setLimit: () => {},
  });
  await clock.run(20_000);
  assert.deepEqual(watch.alarms(), []);
  readable = false;
  await clock.run(9_000);
  assert.deepEqual(watch.alarms(), []);
  await clock.run(4_000);
  const [alarm] = watch.alarms();
  assert.match(alarm ?? '', /contact ripple-control cannot be read, .* no answer in time/);
  readable = true;
  await clock.run(2_000);
  assert.deepEqual(watch.alarms(), []);
  watch.stop();
});
