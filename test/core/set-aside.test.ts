import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Enforcement } from '../../src/core/chargers/enforcement.ts';
import { decide } from '../../src/core/decide.ts';
import { withAside, withKnown } from '../../src/core/set-aside.ts';
import type { TickInput } from '../../src/core/tick.ts';
import { inputOf, NOW_MS, type OneCar } from './one-tick.ts';

const ODD = { drawnAmps: 16, heldAmps: 16 } as const;

/** Two cars, the first of which is left out. */
const decided = (car: OneCar, changes: (input: TickInput) => TickInput = (input) => input) => {
  const input = inputOf({ cars: [car, { heldAmps: 16, drawnAmps: 16 }], meterAmps: 32 });
  return decide(withAside(changes(input), new Set(['CP_1'])));
};

const worstOf = (decision: ReturnType<typeof decided>, key = 'CP_1/1'): number | undefined =>
  decision.connectors.find(({ tick }) => tick.key === key)?.tick.worstAmps;

/** A state that throws whatever is asked of it. */
const odd = <Value extends object>(value: Value): Value =>
  new Proxy(value, {
    get() {
      throw new TypeError('odd');
    },
  });

describe('a charger that is left out of a decision', () => {
  test('is in the books at the offer that it holds, and steered by nothing', () => {
    const decision = decided(ODD);
    assert.equal(worstOf(decision), 16);
    const { tick } = decision.connectors.find((each) => each.tick.key === 'CP_1/1') ?? {};
    assert.equal(tick?.role, 'reserved');
    assert.ok(decision.commands.every(({ charger }) => charger === 'CP_2'));
    // 63 - 1 of margin - 16, and the fallback of a next car need not be kept for it.
    assert.ok(
      decision.connectors.some(({ tick: t, targetAmps }) => t.key === 'CP_2/1' && targetAmps > 16),
    );
  });

  test('has its turn, and what was learned of its car, when it is back', () => {
    const input = inputOf({ cars: [ODD, { heldAmps: 16, drawnAmps: 16 }], meterAmps: 32 });
    const before = decide(input);
    const owed = new Map(
      [...before.carried.turns].map(([key, turn]) => [key, { ...turn, owedHours: 3 }]),
    );
    const frozen = { ...input, turns: owed, learned: before.carried.learned };
    const aside = new Set(['CP_1']);
    const without = decide(withAside(frozen, aside));
    assert.notEqual(without.carried.turns.get('CP_1/1')?.owedHours, 3);
    const kept = withKnown(without, frozen, aside);
    assert.equal(kept.carried.turns.get('CP_1/1')?.owedHours, 3);
    assert.equal(kept.carried.learned.get('CP_1/1'), before.carried.learned.get('CP_1/1'));
    // Of everybody else counts what was decided.
    assert.equal(kept.carried.turns.get('CP_2/1'), without.carried.turns.get('CP_2/1'));
    assert.equal(withKnown(without, frozen, new Set()), without);
  });

  test('is there at its fallback once its offer has ended, at its rating where none is proven', () => {
    const ended = { heldAmps: 16, agoMs: 600_000, drawnAmps: 5 };
    assert.equal(worstOf(decided(ended)), 6);
    const unproven = (input: TickInput) => ({ ...input, fallbackProven: new Set<string>() });
    assert.equal(worstOf(decided(ended, unproven)), 32);
  });

  test('is there at its rating when it was seen to draw more than it holds, or what is odd', () => {
    assert.equal(worstOf(decided({ heldAmps: 16, drawnAmps: 30 })), 32);
    assert.equal(worstOf(decided({ heldAmps: 16, drawnAmps: [16, Number.NaN, 16] })), 32);
  });

  test('is there at what it was offered before, while its car may still follow', () => {
    const recent = [{ amps: 16, untilMs: NOW_MS - 1_000 }];
    assert.equal(worstOf(decided({ heldAmps: 6, drawnAmps: 16, enforcement: { recent } })), 16);
  });

  test('holds its offer for as long as its clock is behind', () => {
    const ended = { heldAmps: 16, agoMs: 150_000, drawnAmps: 5 };
    assert.equal(worstOf(decided(ended)), 6);
    const behind = (input: TickInput) => ({
      ...input,
      clocksAheadMs: new Map([['CP_1', -60_000]]),
    });
    assert.equal(worstOf(decided(ended, behind)), 16);
  });

  test('is there at its rating when what it holds is odd', () => {
    const rated = (enforcement: Partial<Enforcement>) => worstOf(decided({ ...ODD, enforcement }));
    const lease = { amps: 16, sentAtMs: NOW_MS, endsAtMs: NOW_MS + 60_000 };
    assert.equal(rated({ accepted: { ...lease, amps: Number.NaN } }), 32);
    assert.equal(rated({ accepted: { ...lease, endsAtMs: Number.NaN } }), 32);
    assert.equal(rated({ doubtful: { amps: 16, untilMs: Number.NaN } }), 32);
    assert.equal(rated({ recent: [{ amps: Number.NaN, untilMs: NOW_MS }] }), 32);
    const poison = ({ enforcement, ...input }: TickInput): TickInput => ({
      ...input,
      enforcement: new Map([...enforcement, ['CP_1/1', odd({} as Enforcement)]]),
    });
    assert.equal(worstOf(decided(ODD, poison)), 32);
  });

  test('is there with each connector, also where only what it holds tells of one', () => {
    const two = inputOf({ cars: [ODD, { ...ODD, second: true }, { heldAmps: 16 }], meterAmps: 32 });
    const charger = two.chargers.get('CP_1');
    assert.ok(charger !== undefined);
    const chargers = new Map([...two.chargers, ['CP_1', odd(charger)]]);
    const decision = decide(withAside({ ...two, chargers }, new Set(['CP_1'])));
    for (const key of ['CP_1/1', 'CP_1/2']) assert.equal(worstOf(decision, key), 32, key);
  });

  test('brings nothing else of it into the decision', () => {
    const poison = (input: TickInput): TickInput => ({
      ...input,
      wishes: new Map([['CP_1/1', odd({})]]),
      turns: new Map([['CP_1/1', odd({} as never)]]),
      learned: new Map([['CP_1/1', odd({} as never)]]),
      wiring: new Map([['CP_1/1', odd({} as never)]]),
      meterEvidence: new Map([['CP_1/1', odd({} as never)]]),
      phaseUse: new Map([['CP_1/1', odd({} as never)]]),
      wakeUps: new Map([['CP_1/1', odd({} as never)]]),
      preferences: new Map([['CP_1/1', odd({} as never)]]),
      profiles: {
        connectors: new Map([['CP_1/1', odd({} as never)]]),
        stations: new Map([['CP_1', odd({} as never)]]),
      },
      clocksAheadMs: new Map([['CP_1', Number.NaN]]),
    });
    assert.equal(worstOf(decided(ODD, poison)), 16);
  });
});
