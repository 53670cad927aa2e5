import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dimmingFloorWatts } from '../../src/core/limits/dimming.ts';
import {
  EMPTY_BOOK,
  hearSource,
  type LimitBook,
  type LimitCommand,
  limitState,
  limitsInForce,
  lpcPhase,
  startBook,
  submitLimit,
} from '../../src/core/limits/limit-book.ts';
import type { EmsSourceSpec, Site } from '../../src/core/site.ts';
import { sameAmps } from '../../src/core/units.ts';
import { garage } from '../scenarios/virtual-garage.ts';

const HOUR_MS = 3_600_000;
const WALL_MS = Date.UTC(2026, 5, 1, 12);
const grid: EmsSourceSpec = {
  id: 'grid-operator',
  circuit: 'main',
  failsafeWatts: 4_200,
  lpc: { heartbeatMs: 120_000, failsafeMs: 2 * HOUR_MS },
};
const site: Site = garage(1, { emsSources: [grid, { id: 'bms', circuit: 'main' }] });

/** A book with hands: every step at a time of its own. */
class Desk {
  book: LimitBook = startBook(site, 0);
  set(ms: number, changes: Partial<LimitCommand> = {}, source = 'grid-operator') {
    const command: LimitCommand = { circuit: 'main', ttlSeconds: 86_400, ...changes };
    const { book, answer } = submitLimit(this.book, site, source, command, {
      monotonicMs: ms,
      wallMs: WALL_MS + ms,
      random: 0.5,
    });
    this.book = book;
    return answer;
  }
  hear(ms: number): void {
    this.book = hearSource(this.book, site, 'grid-operator', ms) ?? this.book;
  }
  /** Heartbeats every minute. */
  hearUntil(from: number, to: number): void {
    for (let ms = from; ms <= to; ms += 60_000) this.hear(ms);
  }
  phase(ms: number) {
    return lpcPhase(this.book, grid, ms);
  }
  why(ms: number) {
    return limitsInForce(this.book, site, ms).find(({ source }) => source === grid.id)?.reason;
  }
  watts(ms: number) {
    return limitsInForce(this.book, site, ms).find(({ source }) => source === grid.id)?.watts;
  }
}

describe('a source with a heartbeat', () => {
  test('comes back limited by its failsafe after a start', () => {
    const desk = new Desk();
    assert.equal(desk.phase(0), 'init');
    assert.equal(desk.watts(0), 4_200);
    assert.equal(desk.watts(2 * HOUR_MS - 1), 4_200, 'for two hours, if nobody is heard');
    assert.equal(desk.phase(2 * HOUR_MS), 'unlimited-autonomous');
  });

  test('limits while it is heard, lifts, and limits again', () => {
    const desk = new Desk();
    desk.set(1_000, { watts: 7_000 });
    assert.equal(desk.phase(2_000), 'limited');
    assert.equal(desk.watts(2_000), 7_000);
    desk.set(60_000, { lifted: true });
    assert.equal(desk.phase(61_000), 'unlimited-controlled');
    assert.equal(desk.watts(61_000), undefined);
  });

  test('limits for as long as was said, from when it was to begin', () => {
    const desk = new Desk();
    desk.set(0, { watts: 7_000, ttlSeconds: 100, startAtMs: WALL_MS - 40_000 });
    assert.equal(desk.phase(59_999), 'limited');
    assert.equal(desk.phase(60_000), 'unlimited-controlled');
  });

  test('falls to its failsafe 120 s after it was heard last, for two hours, then to nothing', () => {
    const desk = new Desk();
    desk.set(0, { lifted: true });
    desk.hear(60_000);
    assert.equal(desk.phase(180_000), 'unlimited-controlled');
    assert.equal(desk.phase(180_001), 'failsafe');
    assert.equal(desk.watts(180_001), 4_200);
    assert.equal(desk.phase(180_000 + 2 * HOUR_MS - 1), 'failsafe');
    assert.equal(desk.phase(180_000 + 2 * HOUR_MS), 'unlimited-autonomous');
    assert.equal(desk.watts(180_000 + 2 * HOUR_MS), undefined);
  });

  test('leaves the failsafe with a heartbeat and a limit', () => {
    const desk = new Desk();
    assert.equal(desk.why(0), 'failsafe: no limit received yet');
    desk.set(0, { watts: 9_000 });
    assert.equal(desk.phase(130_000), 'failsafe');
    assert.equal(desk.why(130_000), 'failsafe: no heartbeat for 120 s');
    desk.hear(200_000);
    assert.equal(desk.phase(201_000), 'failsafe');
    assert.equal(desk.why(201_000), 'failsafe: heartbeats are back, no limit yet');
    desk.set(210_000, { watts: 8_000 });
    assert.equal(desk.phase(211_000), 'limited');
    assert.equal(desk.watts(211_000), 8_000);
  });

  test('heard again without a limit for 120 s does not limit any more', () => {
    const desk = new Desk();
    desk.set(0, { watts: 9_000 });
    desk.hearUntil(200_000, 300_000);
    assert.equal(desk.phase(319_000), 'failsafe');
    assert.equal(desk.phase(321_000), 'unlimited-autonomous');
  });

  test('heard after a start without a limit for 120 s does not limit any more', () => {
    const desk = new Desk();
    desk.hearUntil(10_000, 70_000);
    assert.equal(desk.phase(129_999), 'init');
    assert.equal(desk.watts(129_999), 4_200);
    assert.equal(desk.phase(130_000), 'unlimited-autonomous');
    desk.set(140_000, { watts: 5_000 });
    assert.equal(desk.phase(140_001), 'limited');
  });

  test('heard again only once stays in its failsafe', () => {
    const desk = new Desk();
    desk.set(0, { watts: 9_000 });
    desk.hear(200_000);
    assert.equal(desk.phase(330_000), 'failsafe');
    assert.equal(desk.phase(800_000), 'failsafe');
  });

  test('a limit with a duration ends by itself, in control', () => {
    const desk = new Desk();
    desk.set(0, { watts: 9_000, ttlSeconds: 90 });
    desk.hear(60_000);
    assert.equal(desk.phase(89_000), 'limited');
    assert.equal(desk.phase(91_000), 'unlimited-controlled');
  });

  test('a source without a heartbeat has none', () => {
    assert.equal(hearSource(EMPTY_BOOK, site, 'bms', 0), undefined);
    assert.equal(hearSource(EMPTY_BOOK, site, 'nobody', 0), undefined);
  });
});

describe('a limit ordered ahead', () => {
  const state = (desk: Desk, ms: number) => {
    const found = limitsInForce(desk.book, site, ms).find(({ source }) => source === 'bms');
    return found?.amps?.[0];
  };

  test('begins at its time and ends after its life, beside the one that holds', () => {
    const desk = new Desk();
    desk.set(0, { amps: sameAmps(40), ttlSeconds: 7_200 }, 'bms');
    const startAtMs = WALL_MS + 600_000;
    const ordered = { amps: sameAmps(20), startAtMs, ttlSeconds: 300 };
    const answer = desk.set(0, ordered, 'bms');
    assert.equal(answer.applied?.startsAt, '2026-06-01T12:10:00.000Z');
    assert.equal(answer.applied?.expiresAt, '2026-06-01T12:15:00.000Z');
    assert.deepEqual(
      [599_000, 600_000, 899_000, 900_000].map((ms) => state(desk, ms)),
      [40, 20, 20, 40],
    );
  });

  test('that should have begun already begins now and ends when it should', () => {
    const desk = new Desk();
    desk.set(0, { amps: sameAmps(20), startAtMs: WALL_MS - 60_000, ttlSeconds: 100 }, 'bms');
    assert.equal(state(desk, 39_000), 20);
    assert.equal(state(desk, 41_000), undefined);
    const over = { amps: sameAmps(20), startAtMs: WALL_MS - 200_000, ttlSeconds: 100 };
    assert.match(desk.set(0, over, 'bms').reason, /are over/);
  });

  test('a random beginning lies within its span', () => {
    const desk = new Desk();
    desk.set(0, { amps: sameAmps(20), randomizeSeconds: 600, ttlSeconds: 60 }, 'bms');
    assert.equal(state(desk, 299_000), undefined);
    assert.equal(state(desk, 300_000), 20);
  });

  test('there is an end to ordering ahead', () => {
    const desk = new Desk();
    const far = { amps: sameAmps(1), startAtMs: WALL_MS + 30 * 24 * HOUR_MS };
    assert.match(desk.set(0, far, 'bms').reason, /more than a week/);
    const answers = Array.from({ length: 20 }, (_, i) =>
      desk.set(0, { amps: sameAmps(1), startAtMs: WALL_MS + (i + 1) * HOUR_MS }, 'bms'),
    );
    assert.equal(answers.filter(({ accepted }) => accepted).length, 16);
  });
});

test('several sources hold at once: every one is there, and one that lifts lifts only itself', () => {
  const desk = new Desk();
  desk.set(0, { watts: 9_000 });
  desk.set(0, { watts: 5_000 }, 'bms');
  assert.deepEqual(
    limitsInForce(desk.book, site, 1_000).map(({ source, watts }) => [source, watts]),
    [
      ['grid-operator', 9_000],
      ['bms', 5_000],
    ],
  );
  desk.set(2_000, { lifted: true }, 'bms');
  assert.equal(limitsInForce(desk.book, site, 3_000).length, 1);
  const bms = site.emsSources[1];
  assert.ok(bms);
  assert.equal(limitState(desk.book, bms, 3_000), 'none');
});

describe('what has to be left when dimming (BK6-22-300, Ziff. 4.5.2)', () => {
  for (const [devices, watts] of [
    [1, 4_200],
    [2, 7_560],
    [3, 10_500],
    [10, 21_210],
    [54, 104_370],
  ] as const) {
    test(`${devices} devices: ${watts} W`, () => {
      assert.equal(dimmingFloorWatts({ devices, heatPumpWatts: 0, coolingWatts: 0 }), watts);
    });
  }

  test('large heat pumps raise the base, small ones do not', () => {
    const with_ = (heatPumpWatts: number) =>
      dimmingFloorWatts({ devices: 2, heatPumpWatts, coolingWatts: 0 });
    assert.equal(with_(11_000), 7_560);
    assert.equal(with_(20_000), 8_000 + 3_360);
  });
});
