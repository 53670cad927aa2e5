// What Home Assistant was told of: an entity that has gone is named once more, with its platform alone.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ToldDevices } from '../../src/field/told-devices.ts';

const TOPIC = 'homeassistant/device/busbar_garage/config';
const entities = (...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, { p: 'sensor', name }]));
const tell = (told: ToldDevices, nowMs: number, ...names: readonly string[]) => {
  const text = told.complete(new Map([[TOPIC, { cmps: entities(...names) }]]), nowMs).get(TOPIC);
  const { cmps } = JSON.parse(text ?? '{}') as { cmps: Record<string, { name?: string }> };
  return Object.entries(cmps).map(([key, { name }]) => (name === undefined ? `-${key}` : key));
};

describe('an entity', () => {
  test('that has gone is said to be gone for ten seconds, and then left out', () => {
    const told = new ToldDevices();
    assert.deepEqual(tell(told, 0, 'a', 'b'), ['a', 'b']);
    assert.deepEqual(tell(told, 60_000, 'a'), ['a', '-b']);
    assert.deepEqual(tell(told, 69_999, 'a'), ['a', '-b']);
    assert.deepEqual(tell(told, 70_000, 'a'), ['a']);
    assert.deepEqual(tell(told, 70_001, 'a'), ['a']);
  });

  test('that comes back is there, and its next going counts anew', () => {
    const told = new ToldDevices();
    tell(told, 0, 'a', 'b');
    tell(told, 1_000, 'a');
    assert.deepEqual(tell(told, 5_000, 'a', 'b'), ['a', 'b']);
    assert.deepEqual(tell(told, 20_000, 'a'), ['a', '-b']);
  });

  test('of an earlier run is said to be gone; what is none of ours is not', () => {
    const told = new ToldDevices();
    const earlier = { ...entities('a', 'old'), odd: null, number: 7, text: { p: 7 } };
    told.found(TOPIC, JSON.stringify({ cmps: earlier }));
    // The first message counts: what comes later is our own.
    told.found(TOPIC, JSON.stringify({ cmps: entities('other') }));
    assert.deepEqual(tell(told, 0, 'a'), ['a', '-old']);
    for (const text of ['', '{', 'null', '{}', '{"cmps":null}', '{"cmps":"text"}', '[]']) {
      const fresh = new ToldDevices();
      fresh.found(TOPIC, text);
      assert.deepEqual([...fresh.topics], [TOPIC], text);
      assert.deepEqual(tell(fresh, 0, 'a'), ['a'], text);
    }
  });
});

test('a device that has gone is forgotten', () => {
  const told = new ToldDevices();
  tell(told, 0, 'a', 'b');
  assert.equal(told.complete(new Map(), 1_000).size, 0);
  assert.deepEqual([...told.topics], []);
  assert.deepEqual(tell(told, 2_000, 'a'), ['a']);
});

test('an earlier run does not fill the memory', () => {
  const told = new ToldDevices();
  for (let i = 0; i < 6_000; i += 1) told.found(`${TOPIC}/${i}`, '{}');
  assert.equal([...told.topics].length, 5_000);
  const many = new ToldDevices();
  const names = Array.from({ length: 1_500 }, (_, i) => `e${i}`);
  many.found(TOPIC, JSON.stringify({ cmps: entities(...names) }));
  assert.equal(tell(many, 0).length, 1_000);
});
