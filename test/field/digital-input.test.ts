// A contact limits unless it is read, and says that it does not.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LimitCommand } from '../../src/core/limits/limit-book.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import type { ModbusRequest } from '../../src/devices/modbus-frame.ts';
import { type DigitalInput, DigitalInputWatch } from '../../src/field/digital-input.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { RIPPLE_CONTROL } from '../wire/link-parts.ts';

const bench = (
  input: DigitalInput,
  read: (request: ModbusRequest) => Promise<readonly number[]>,
) => {
  const clock = new VirtualClock();
  const taken: LimitCommand[] = [];
  const logged: unknown[] = [];
  const requests: ModbusRequest[] = [];
  let closed = 0;
  const note = (level: string) => (_text: string, data?: object) =>
    logged.push([level, Reflect.get(data ?? {}, 'state')]);
  const watch = new DigitalInputWatch({
    input,
    port: {
      read: (request) => {
        requests.push(request);
        return read(request);
      },
      close: () => {
        closed += 1;
      },
    },
    clock,
    log: { ...SILENT_LOG, info: note('info'), warn: note('warn') },
    setLimit: (source, command) => {
      assert.equal(source, input.id);
      taken.push(command);
    },
  });
  return { watch, clock, taken, logged, requests, closed: () => closed };
};

const LIFTED = { circuit: 'main', ttlSeconds: 10, lifted: true } as const;
const WATTS = { circuit: 'main', ttlSeconds: 10, reason: 'contact', watts: 4_200 } as const;

describe('a contact', () => {
  const { limitWatts: _none, ...unlimited } = RIPPLE_CONTROL;
  const amps = { circuit: 'main', ttlSeconds: 10, reason: 'contact', amps: [16, 16, 16] };
  for (const [name, input, bits, command] of [
    ['that closes is active', RIPPLE_CONTROL, [1], WATTS],
    ['that does not is not', RIPPLE_CONTROL, [0], LIFTED],
    ['without a state lifts nothing', RIPPLE_CONTROL, [], WATTS],
    ['of a relay that opens is active', { ...RIPPLE_CONTROL, activeWhen: false }, [0], WATTS],
    ['of one that does not is not', { ...RIPPLE_CONTROL, activeWhen: false }, [1], LIFTED],
    ['of one without a state', { ...RIPPLE_CONTROL, activeWhen: false }, [], WATTS],
    ['with a limit in amps', { ...unlimited, limitAmps: 16 }, [1], amps],
  ] as const) {
    test(name, async () => {
      const { watch, clock, taken, requests } = bench(input, async () => bits);
      await clock.run(0);
      assert.deepEqual(taken, [command]);
      assert.deepEqual(requests, [{ unit: 1, table: 'coil', address: 3, count: 1 }]);
      watch.stop();
    });
  }

  test('is looked at every second, and told of when it changes', async () => {
    let state: number | undefined = 0;
    const { watch, clock, taken, logged, requests, closed } = bench(RIPPLE_CONTROL, async () => {
      if (state === undefined) throw new Error('no answer in time');
      return [state];
    });
    await clock.run(2_500);
    state = 1;
    await clock.run(2_000);
    state = undefined;
    await clock.run(2_000);
    state = 0;
    await clock.run(1_000);
    assert.equal(requests.length, 8);
    assert.deepEqual(taken, [LIFTED, LIFTED, LIFTED, WATTS, WATTS, LIFTED]);
    assert.deepEqual(logged, [
      ['info', 'not active'],
      ['info', 'active'],
      ['warn', 'cannot be read, its limit is in force: no answer in time'],
      ['info', 'not active'],
    ]);
    watch.stop();
    await clock.run(5_000);
    assert.equal(requests.length, 8);
    assert.equal(closed(), 1);
  });

  test('that is answered after the stop is not listened to any more', async () => {
    let answer: (bits: readonly number[]) => void = () => {};
    const { watch, clock, taken, logged, requests } = bench(
      RIPPLE_CONTROL,
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    watch.stop();
    answer([0]);
    await clock.run(5_000);
    assert.deepEqual([taken, logged, requests.length], [[], [], 1]);
  });
});
