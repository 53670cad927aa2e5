import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConnectorStatus } from '../../src/core/chargers/charger-event.ts';
import type { ConnectorState } from '../../src/core/chargers/charger-state.ts';
import { decide } from '../../src/core/decide.ts';
import type { Floors } from '../../src/core/overload-floor.ts';
import { reasonText } from '../../src/core/reason.ts';
import { newTurn, type Turn } from '../../src/core/sharing/turns.ts';
import { newWakeUp, type PilotBreak, type WakeUp } from '../../src/core/sharing/wake-ladder.ts';
import type { Decision, TickInput } from '../../src/core/tick.ts';
import { sameAmps } from '../../src/core/units.ts';
import { inputOf, NOW_MS, type OneCar, type OneTick } from './one-tick.ts';

const KEY = 'CP_1/1';
const SLEEPER: OneCar = { heldAmps: 16, drawnAmps: 0 };
const ON: Turn = { ...newTurn('1'), on: true, sinceMs: NOW_MS - 600_000, startsAtMs: [1] };

const overloaded: Floors = new Map([
  ['main', { peakAmps: [95, 0, 0], fuseAmps: sameAmps(63), withinSinceMs: NOW_MS - 5_000 }],
]);

const sleeping = (pilotBreak?: PilotBreak): WakeUp => ({
  ...newWakeUp('1'),
  idleSinceMs: NOW_MS - 60_000,
  tries: pilotBreak === undefined ? 0 : 2,
  ...(pilotBreak === undefined ? {} : { pilotBreak }),
});

const tickOf = (
  wakeUp: WakeUp,
  given: OneTick,
  change: (input: TickInput) => Partial<TickInput> = () => ({}),
): Decision => {
  const input = inputOf({
    ...given,
    input: { wakeUps: new Map([[KEY, wakeUp]]), turns: new Map([[KEY, ON]]), ...given.input },
  });
  return decide({ ...input, ...change(input) });
};

const begins = (decision: Decision): boolean =>
  decision.carried.wakeUps.get(KEY)?.pilotBreak?.phase === 'off';

const inStatus =
  (status: ConnectorStatus) =>
  ({ chargers }: TickInput): Partial<TickInput> => {
    const charger = chargers.get('CP_1');
    const state = charger?.connectors.get(1);
    if (charger === undefined || state === undefined) throw new Error('no CP_1');
    const connectors = new Map<number, ConnectorState>([[1, { ...state, status }]]);
    return { chargers: new Map(chargers).set('CP_1', { ...charger, connectors }) };
  };

describe('a break of the pilot signal begins', () => {
  test('where a car takes nothing of what it is offered', () => {
    assert.ok(begins(tickOf(sleeping(), { cars: [SLEEPER] })));
    assert.ok(begins(tickOf(sleeping(), { cars: [SLEEPER] }, inStatus('suspended-ev'))));
  });

  const cases: Readonly<Record<string, OneTick>> = {
    'of a charger that is away': { cars: [{ ...SLEEPER, online: false }] },
    'of one that was not measured since its offer': { cars: [{ ...SLEEPER, drawnAgoMs: 31_000 }] },
    'of one without a measurement': { cars: [{ heldAmps: 16 }] },
    'of a car that charges': { cars: [{ ...SLEEPER, drawnAmps: 8 }] },
    'where a pause can end in an error': {
      cars: [{ ...SLEEPER, spec: { zeroAmpPause: 'unsafe' } }],
    },
    'of a DC charger': { cars: [{ ...SLEEPER, spec: { dcEfficiency: 0.95 } }] },
    'while something is not answered': {
      cars: [
        {
          ...SLEEPER,
          enforcement: { pending: { amps: 16, sentAtMs: NOW_MS, endsAtMs: NOW_MS + 120_000 } },
        },
      ],
    },
    'after an overload of a fuse above it': { cars: [SLEEPER], input: { floors: overloaded } },
    'while the meter above it is away': { cars: [SLEEPER], meterAgoMs: 60_000 },
    'of a child gateway that tells what it wants': {
      cars: [SLEEPER],
      input: {
        preferences: new Map([[KEY, { wanted: { amps: 20, untilMs: NOW_MS + 60_000 } }]]),
      },
    },
  };
  for (const [name, given] of Object.entries(cases)) {
    test(`not ${name}`, () => assert.ok(!begins(tickOf(sleeping(), given))));
  }

  for (const status of ['suspended-evse', 'finishing', 'faulted', 'unavailable'] as const) {
    test(`not in the state ${status}`, () => {
      assert.ok(!begins(tickOf(sleeping(), { cars: [SLEEPER] }, inStatus(status))));
    });
  }

  test('not for the car that came after it', () => {
    const { wakeUps } = tickOf(sleeping(), {
      cars: [{ ...SLEEPER, transaction: { id: '2' } }],
    }).carried;
    assert.equal(wakeUps.get(KEY)?.idleSinceMs, NOW_MS);
  });
});

describe('in a break', () => {
  const off: PilotBreak = { phase: 'off', sinceMs: NOW_MS - 1_000, amps: 16 };
  const away: OneCar = { heldAmps: 0, agoMs: 5_000, drawnAmps: 0 };
  /** Has nothing, and would get the minimum if the sleeper gave its amps away. */
  const waiting: OneCar = { heldAmps: 0, drawnAmps: 0 };
  // Room for the minimum of one of them, beside what is kept for a car that comes next.
  const narrow = { mainAmps: 12, site: { arrivalReserve: 0 } };

  test('the connector is told 0 A, and the reason says why', () => {
    const { commands, connectors } = tickOf(sleeping(off), { cars: [SLEEPER] });
    assert.deepEqual(
      commands.map(({ key, amps, kind }) => [key, amps, kind]),
      [[KEY, 0, 'reduce']],
    );
    const text = reasonText(connectors[0]?.reasons ?? []);
    assert.match(text, /^takes nothing: woken up by a pause of 10 s \(2 of 3\) → /);
  });

  test('it keeps its turn and its budget of starts', () => {
    for (const phase of ['off', 'back'] as const) {
      const { turns } = tickOf(sleeping({ ...off, phase }), { cars: [away] }).carried;
      assert.deepEqual(turns.get(KEY), ON);
    }
    assert.equal(tickOf(sleeping(), { cars: [away] }).carried.turns.get(KEY)?.on, false);
  });

  test('its amps start nobody else', () => {
    for (const phase of ['off', 'back'] as const) {
      const { connectors } = tickOf(sleeping({ ...off, phase }), {
        ...narrow,
        cars: [away, waiting],
      });
      assert.equal(connectors[1]?.targetAmps, 0, phase);
      assert.equal((connectors[0]?.targetAmps ?? 0) > 0, phase === 'back');
    }
  });

  test('it comes back without the long look that a start takes', () => {
    const amps = sameAmps(0);
    const recent = [{ atMs: NOW_MS - 30_000, amps: sameAmps(9) }];
    const { commands } = tickOf(sleeping({ ...off, phase: 'back' }), {
      ...narrow,
      cars: [away],
      background: { amps, recent },
    });
    assert.deepEqual(
      commands.map(({ key, amps, kind }) => [key, amps, kind]),
      [[KEY, 6, 'raise']],
    );
  });

  test('it is given up in an overload: nothing is raised then', () => {
    for (const phase of ['off', 'back'] as const) {
      const given = { cars: [away], input: { floors: overloaded } };
      const { commands, carried } = tickOf(sleeping({ ...off, phase }), given);
      assert.deepEqual(commands, []);
      assert.equal(carried.wakeUps.get(KEY)?.pilotBreak, undefined);
    }
  });

  test('it is kept on by the margin as one that charges', () => {
    const given = { ...narrow, cars: [away], meterAmps: 5.3 };
    const { connectors } = tickOf(sleeping({ ...off, phase: 'back' }), given);
    assert.equal(connectors[0]?.targetAmps, 6);
  });

  test('it does not lose its share to a load that has just gone', () => {
    const recent = [{ atMs: NOW_MS - 5_000, amps: sameAmps(9) }];
    const background = { amps: sameAmps(0), recent };
    const { wakeUps } = tickOf(sleeping(off), { ...narrow, cars: [away], background }).carried;
    assert.deepEqual(wakeUps.get(KEY)?.pilotBreak, off);
  });

  test('one whose charger goes away is given up, and the next is no sooner for that', () => {
    const { wakeUps } = tickOf(sleeping(off), { cars: [{ ...SLEEPER, online: false }] }).carried;
    const wakeUp = wakeUps.get(KEY);
    assert.equal(wakeUp?.pilotBreak, undefined);
    assert.equal(wakeUp?.notBeforeMs, NOW_MS + 240_000);
  });
});
