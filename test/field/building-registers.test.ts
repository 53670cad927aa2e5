// What a building controller may write: whole limits, at their own registers, while it repeats them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LimitCommand } from '../../src/core/limits/limit-book.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { ILLEGAL_ADDRESS, ILLEGAL_VALUE } from '../../src/devices/modbus-answer.ts';
import { BuildingRegisters } from '../../src/field/building-registers.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { garage } from '../scenarios/virtual-garage.ts';
import { emptyView } from '../wire/empty-view.ts';

const LIFE_SECONDS = 30;
const AMPS = 60_010;
const WATTS = AMPS + 1;
const NONE_AMPS = 0xffff;
const NONE_WATTS = [0x8000, 0x0000];

/** Two sources: the second one is written. */
const bench = () => {
  const clock = new VirtualClock();
  const taken: (readonly [source: string, command: LimitCommand])[] = [];
  const source = (id: string) => ({ id, circuit: 'main' });
  const registers = new BuildingRegisters({
    site: { ...garage(1), emsSources: [source('other'), source('bms')] },
    view: emptyView,
    sources: ['other', 'bms'],
    watchdogSeconds: LIFE_SECONDS,
    setLimit: (name, command) => {
      taken.push([name, command]);
      const accepted = command.watts !== 666;
      return { accepted, applied: null, reason: accepted ? 'accepted' : 'no' };
    },
    clock,
    log: SILENT_LOG,
  });
  const write = (address: number, ...words: readonly number[]) => registers.write(address, words);
  const last = () => {
    const [name, { amps, watts, lifted }] = taken.at(-1) ?? ['', { circuit: '', ttlSeconds: 0 }];
    return { name, amps: amps?.[0], watts, lifted };
  };
  return { write, last, taken, clock };
};

describe('a limit that is written', () => {
  test('is in tenths of amps, and in watts of two words, high word first', () => {
    const { write, last, taken } = bench();
    assert.equal(write(AMPS, 165), undefined);
    assert.deepEqual(last(), { name: 'bms', amps: 16.5, watts: undefined, lifted: undefined });
    assert.equal(write(WATTS, 0x0001, 0x86a0), undefined);
    assert.deepEqual(last(), { name: 'bms', amps: 16.5, watts: 100_000, lifted: undefined });
    assert.equal(write(AMPS, 80, 0x0000, 0x1194), undefined);
    assert.deepEqual(last(), { name: 'bms', amps: 8, watts: 4_500, lifted: undefined });
    assert.equal(taken.at(-1)?.[1].ttlSeconds, LIFE_SECONDS);
    assert.equal(taken.at(-1)?.[1].circuit, 'main');
  });

  test('of nothing is lifted, one half at a time too', () => {
    const { write, last } = bench();
    write(AMPS, 80, 0x0000, 0x1194);
    write(AMPS, NONE_AMPS);
    assert.deepEqual(last(), { name: 'bms', amps: undefined, watts: 4_500, lifted: undefined });
    write(WATTS, ...NONE_WATTS);
    assert.deepEqual(last(), { name: 'bms', amps: undefined, watts: undefined, lifted: true });
  });

  test('is forgotten with its life: the other half does not come back with this one', async () => {
    const { write, last, clock } = bench();
    write(AMPS, 80);
    await clock.run((LIFE_SECONDS - 1) * 1000);
    write(WATTS, 0, 4_000);
    assert.equal(last().amps, 8);
    await clock.run(LIFE_SECONDS * 1000);
    write(WATTS, 0, 4_000);
    assert.equal(last().amps, undefined);
  });

  test('that was refused is not remembered as written', () => {
    const { write, last } = bench();
    write(AMPS, 80);
    assert.equal(write(WATTS, 0, 666), ILLEGAL_VALUE);
    write(AMPS, 90);
    assert.deepEqual(last(), { name: 'bms', amps: 9, watts: undefined, lifted: undefined });
  });
});

describe('what is no limit is refused, and changes none', () => {
  const rows: readonly (readonly [string, number, readonly number[], number])[] = [
    ['half of the watts', WATTS, [1], ILLEGAL_VALUE],
    ['amps and half of the watts', AMPS, [80, 1], ILLEGAL_VALUE],
    ['more than a limit has', AMPS, [80, 0, 1, 1], ILLEGAL_VALUE],
    ['from the middle of the watts on', WATTS + 1, [0, 9], ILLEGAL_ADDRESS],
    ['its state', AMPS + 3, [1], ILLEGAL_ADDRESS],
    ['watts below 0', WATTS, [0xffff, 0xffff], ILLEGAL_VALUE],
    ['a source that is not named', AMPS + 10, [80], ILLEGAL_ADDRESS],
    ['what can only be read', 100, [80], ILLEGAL_ADDRESS],
  ];
  for (const [name, address, words, exception] of rows) {
    test(name, () => {
      const { write, taken } = bench();
      assert.equal(write(address, ...words), exception);
      assert.equal(taken.length, 0);
    });
  }
});
