import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { phaseUseOf } from '../../src/core/chargers/phase-switch.ts';
import { commandsOf, main, NOW_MS, type OneCar, type OneTick, toldIn } from './one-tick.ts';

describe('a reduction', () => {
  test('of less than the dead band goes out only where a limit is exceeded', () => {
    const cars = [{ heldAmps: 16, targetAmps: 15.5 }, { heldAmps: 15 }];
    assert.deepEqual(toldIn({ mainAmps: 32, cars }), []);
    assert.deepEqual(toldIn({ mainAmps: 31.6, cars }), ['CP_1 reduce 15.5']);
    assert.deepEqual(toldIn({ mainAmps: 63, cars: [{ heldAmps: 16, targetAmps: 15 }] }), [
      'CP_1 reduce 15',
    ]);
    assert.deepEqual(toldIn({ cars: [{ heldAmps: 16, targetAmps: 16 }] }), []);
  });

  test('to what a profile of the CSMS allows goes out however small it is', () => {
    const reason = { kind: 'csms-profile' as const, id: '17', text: 'CSMS profile 17' };
    const told = (amps: number) =>
      toldIn({
        cars: [{ heldAmps: 16, targetAmps: 15.5 }],
        input: {
          profiles: { connectors: new Map([['CP_1/1', { amps, reason }]]), stations: new Map() },
        },
      });
    assert.deepEqual(told(15.5), ['CP_1 reduce 15.5']);
    assert.deepEqual(told(16), []);
  });

  test('below an overload goes out at once, also within the dead band', () => {
    const told = (atOnce?: true) => {
      const car = { heldAmps: 6.4, targetAmps: 6, ...(atOnce === undefined ? {} : { atOnce }) };
      return toldIn({ mainAmps: 32, cars: [car] });
    };
    assert.deepEqual([told(), told(true)], [[], ['CP_1 reduce 6']]);
  });

  test('goes before every raise', () => {
    const cars = [
      { heldAmps: 6, targetAmps: 16 },
      { heldAmps: 16, targetAmps: 6 },
    ];
    assert.deepEqual(toldIn({ cars }), ['CP_2 reduce 6', 'CP_1 raise 11']);
  });

  test('is said again every 15 s to a charger that does not obey', () => {
    const told = (agoMs: number) =>
      toldIn({ cars: [{ heldAmps: 10, targetAmps: 6, drawnAmps: 20, agoMs }] });
    assert.deepEqual(told(14_999), []);
    assert.deepEqual(told(15_000), ['CP_1 reduce 6']);
  });
});

describe('one step less, for a load of others that breathes', () => {
  const fuse = { kind: 'circuit', id: 'main', text: 'main L1: fuse 32 A' } as const;
  /** 31 A of cars under 32 A with 1 A of margin, and so much of others. */
  const told = (
    othersAmps: number,
    changes: Partial<OneCar> = {},
    given: Partial<Omit<OneTick, 'cars'>> & { readonly more?: readonly OneCar[] } = {},
  ) => {
    const { more = [], ...rest } = given;
    const one: OneCar = {
      heldAmps: 16,
      targetAmps: 15,
      drawnAmps: 16,
      reasons: [fuse],
      ...changes,
    };
    return toldIn({
      mainAmps: 32,
      meterAmps: 31 + othersAmps,
      cars: [one, { heldAmps: 15, drawnAmps: 15 }, ...more],
      ...rest,
    });
  };

  test('waits within half of the margin, and not beyond', () => {
    assert.deepEqual(told(0.49), []);
    assert.deepEqual(told(0.51), ['CP_1 reduce 15']);
  });

  test('goes out where it is more than a step, or a stop', () => {
    assert.deepEqual(told(0.4, { targetAmps: 14 }), ['CP_1 reduce 14']);
    const six = { heldAmps: 6, drawnAmps: 6, targetAmps: 0 };
    assert.deepEqual(told(0.4, six, { mainAmps: 22, meterAmps: 21.4 }), ['CP_1 reduce 0']);
    assert.deepEqual(told(0.4, { spec: { stepsAmps: [6, 10, 16] }, targetAmps: 10 }), []);
  });

  test('goes out where something else than the fuse limits', () => {
    const ems = { kind: 'ems', id: 'bms', text: 'bms' } as const;
    assert.deepEqual(told(0.4, { reasons: [fuse, ems] }), ['CP_1 reduce 15']);
    const profile = { amps: 15, reason: { kind: 'csms-profile', id: '17', text: '17' } } as const;
    const connectors = new Map([['CP_1/1', profile]]);
    const profiles = { connectors, stations: new Map() };
    assert.deepEqual(told(0.4, {}, { input: { profiles } }), ['CP_1 reduce 15']);
    const held = { ...profile, amps: 16 };
    const enough = { profiles: { ...profiles, connectors: new Map([['CP_1/1', held]]) } };
    assert.deepEqual(told(0.4, {}, { input: enough }), []);
    const watts = (limitWatts: number) => ({ site: { circuits: [{ ...main(32), limitWatts }] } });
    assert.deepEqual(told(0.4, {}, watts(230 * 3 * 31.3)), ['CP_1 reduce 15']);
    assert.deepEqual(told(0.4, {}, watts(230 * 3 * 31.5)), []);
    const bay = { ...main(32), id: 'bay', parent: 'main', marginAmps: 0.5 };
    const below = (limitWatts: number) => ({
      site: { circuits: [{ ...main(32), limitWatts }, bay] },
    });
    const inBay = { spec: { circuit: 'bay' } };
    assert.deepEqual(told(0.4, inBay, below(230 * 3 * 31.3)), ['CP_1 reduce 15']);
    assert.deepEqual(told(0.4, inBay, below(230 * 3 * 31.5)), []);
  });

  test('goes out where another waits for it', () => {
    const waits = { heldAmps: 0, targetAmps: 6, drawnAmps: 0 };
    assert.deepEqual(told(0.4, {}, { more: [waits] }), ['CP_1 reduce 15']);
    assert.deepEqual(told(0.4, {}, { more: [{ ...waits, targetAmps: 0 }] }), []);
  });
});

describe('the first offer of a transaction', () => {
  test('goes out at once when it is no more than is reckoned with anyway', () => {
    assert.deepEqual(toldIn({ cars: [{ targetAmps: 6 }] }), ['CP_1 reduce 6']);
    assert.deepEqual(toldIn({ cars: [{ targetAmps: 0 }] }), ['CP_1 reduce 0']);
    assert.deepEqual(toldIn({ cars: [{ targetAmps: 16 }] }), ['CP_1 raise 11']);
    assert.deepEqual(toldIn({ mainAmps: 7, cars: [{ targetAmps: 16 }] }), []);
  });

  test('also after the one before has run out', () => {
    const cars = [{ heldAmps: 6, agoMs: 120_000 }];
    assert.deepEqual(toldIn({ cars }), ['CP_1 reduce 6']);
  });
});

describe('a renewal', () => {
  const told = (changes: object) => toldIn({ cars: [{ heldAmps: 16, ...changes }] });

  test('comes at half of the life of an offer', () => {
    assert.deepEqual(told({ agoMs: 59_999 }), []);
    assert.deepEqual(told({ agoMs: 60_000 }), ['CP_1 renew 16']);
  });

  test('is not needed where an offer does not end', () => {
    const lease = { endsAtMs: Number.POSITIVE_INFINITY };
    assert.deepEqual(told({ agoMs: 600_000, lease }), []);
    const later = [{ atMs: NOW_MS + 60_000, amps: 8 }];
    assert.deepEqual(told({ agoMs: 600_000, lease, later }), [], 'nor to bring it a plan');
  });

  test('keeps what is held where a change is too small to be told', () => {
    assert.deepEqual(told({ agoMs: 60_000, targetAmps: 15.5 }), ['CP_1 renew 16']);
  });

  test('takes a step back that is not wanted any more, 10 s before the charger takes it', () => {
    const step = (inMs: number) => ({ lease: { later: [{ atMs: NOW_MS + inMs, amps: 8 }] } });
    assert.deepEqual(told(step(10_001)), []);
    assert.deepEqual(told(step(10_000)), ['CP_1 renew 16']);
    const wanted = { later: [{ atMs: NOW_MS + 10_000, amps: 8 }] };
    assert.deepEqual(told({ ...step(10_000), ...wanted }), [], 'one that is still wanted stays');
  });

  test('tells of a limit that became known since, if the offer lives to see it', () => {
    const later = (inMs: number, amps = 8) => [{ atMs: NOW_MS + inMs, amps }];
    assert.deepEqual(told({ agoMs: 5_000, later: later(60_000) }), ['CP_1 renew 16']);
    assert.deepEqual(told({ agoMs: 4_999, later: later(60_000) }), [], 'plans change seldom');
    assert.deepEqual(told({ agoMs: 5_000, later: later(115_000) }), []);
    assert.deepEqual(told({ agoMs: 5_000, later: later(114_999) }), ['CP_1 renew 16']);
    const spec = { stepAmps: 0.1 };
    assert.deepEqual(told({ agoMs: 5_000, later: later(60_000, 15.1), spec }), []);
    const knows = { lease: { later: later(60_000) } };
    assert.deepEqual(told({ agoMs: 5_000, later: later(60_000), ...knows }), []);
    const planless = { lease: { planless: true as const } };
    assert.deepEqual(told({ agoMs: 5_000, later: later(60_000), ...planless }), []);
  });
});

test('a charger that is switched is told its phases, and which one where the site names it', () => {
  const phaseSwitching = { upAfterSeconds: 600, mostPerSession: 4, mostPerDay: 20 };
  const told = (phases: 1 | 3, phaseToUse?: 1 | 2 | 3) => {
    const spec = {
      phaseSwitching: { ...phaseSwitching, ...(phaseToUse === undefined ? {} : { phaseToUse }) },
      honoursNumberPhases: true,
    };
    const use = { ...phaseUseOf(undefined, '1', 0), told: phases };
    const [command] = commandsOf({
      cars: [{ heldAmps: 16, targetAmps: 10, spec }],
      input: { phaseUse: new Map([['CP_1/1', use]]) },
    });
    return [command?.numberPhases, command?.phaseToUse];
  };
  assert.deepEqual(told(3, 2), [3, undefined]);
  assert.deepEqual(told(1, 2), [1, 2]);
  assert.deepEqual(told(1), [1, undefined]);
});

test('a command carries its transaction and its plan', () => {
  const later = [{ atMs: NOW_MS + 30_000, amps: 7.5 }];
  const [command] = commandsOf({ cars: [{ heldAmps: 16, targetAmps: 10, later }] });
  assert.deepEqual(command, {
    key: 'CP_1/1',
    charger: 'CP_1',
    connector: 1,
    transactionId: '1',
    amps: 10,
    kind: 'reduce',
    later: [{ atMs: NOW_MS + 30_000, amps: 7 }],
  });
});
