import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sameAmps } from '../../src/core/units.ts';
import { limitReader } from '../../src/schema/limit-message.ts';
import { Breaker } from '../../src/sim/breaker.ts';
import { Building } from '../../src/sim/building.ts';
import { SimEms } from '../../src/sim/ems.ts';
import { SimMeter } from '../../src/sim/meter.ts';
import { Plant } from '../../src/sim/plant.ts';
import { seededRandom } from '../../src/sim/random.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { garage } from '../scenarios/virtual-garage.ts';

const near = (actual: number, expected: number, tolerance: number): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not about ${expected}`);

describe('a building', () => {
  it('is the same for the same seed and another for another', () => {
    const minutes = (seed: number): readonly number[] => {
      const random = seededRandom(seed);
      const building = new Building({ baseAmps: [20, 10, 10], noiseAmps: 0.5, random });
      return Array.from({ length: 60 }, (_, minute) => building.amps(minute * 60_000)[0]);
    };
    assert.deepEqual(minutes(5), minutes(5));
    assert.notDeepEqual(minutes(5), minutes(6));
  });

  it('adds a step for as long as it lasts', () => {
    const steps = [{ atMs: 1_000, untilMs: 2_000, amps: [5, 0, 0] as const }];
    const building = new Building({ baseAmps: [1, 1, 1], steps, random: seededRandom(1) });
    const seen = [999, 1_000, 1_999, 2_000].map((at) => building.amps(at)[0]);
    assert.deepEqual(seen, [1, 6, 6, 1]);
  });
});

describe('a breaker', () => {
  const seconds = (breaker: Breaker, share: number, count: number): void => {
    for (let i = 0; i < count; i += 1) breaker.step(1_000, sameAmps(100 * share));
  };

  it('carries its rating and 1.13 of it for ever', () => {
    const breaker = new Breaker(sameAmps(100));
    seconds(breaker, 1, 3_600);
    seconds(breaker, 1.13, 3_600);
    assert.equal(breaker.record().tripped, false);
  });

  it('trips at 1.45, sooner the higher the current', () => {
    const timeToTrip = (share: number): number => {
      const breaker = new Breaker(sameAmps(100));
      let time = 0;
      while (!breaker.record().tripped && time < 3_600) {
        seconds(breaker, share, 1);
        time += 1;
      }
      return time;
    };
    assert.ok(timeToTrip(1.45) <= 61);
    assert.ok(timeToTrip(2.55) < timeToTrip(1.45) / 4);
  });

  it('remembers the worst and the longest overload', () => {
    const breaker = new Breaker([100, 50, 100]);
    breaker.step(1_000, [0, 60, 0]);
    breaker.step(1_000, [0, 40, 0]);
    breaker.step(500, [0, 55, 0]);
    const { worstOverAmps, worstShare, overMs, longestOverMs, longestOver113Ms } = breaker.record();
    assert.deepEqual(
      [worstOverAmps, worstShare, overMs, longestOverMs, longestOver113Ms],
      [10, 1.2, 1_500, 1_000, 1_000],
    );
  });
});

describe('the circuits of a plant', () => {
  const site = garage(0);
  const circuits = [
    ...site.circuits,
    {
      id: 'cellar',
      parent: 'main',
      limitAmps: sameAmps(16),
      marginAmps: 0,
      meter: 'sub',
      assumedLoadAmps: sameAmps(0),
    },
  ];
  const [meter] = site.meters;
  const meters = meter === undefined ? [] : [meter, { ...meter, id: 'sub' }];
  const load = (amps: number): Building =>
    new Building({ baseAmps: sameAmps(amps), random: seededRandom(1) });

  it('add up towards the root, each with its own breaker and meter', () => {
    const buildings = new Map([
      ['main', load(10)],
      ['cellar', load(20)],
    ]);
    const chargers = new Map();
    const plant = new Plant({ site: { ...site, circuits, meters }, chargers, buildings });
    for (let i = 0; i < 10; i += 1) plant.step(100);
    assert.deepEqual([plant.amps(), plant.amps('cellar')], [sameAmps(30), sameAmps(20)]);
    assert.deepEqual(plant.meters.get('grid')?.sample()?.amps, sameAmps(30));
    assert.deepEqual(plant.meters.get('sub')?.sample()?.amps, sameAmps(20));
    assert.equal(plant.breakers.get('main')?.record().overMs, 0);
    assert.equal(plant.breakers.get('cellar')?.record().overMs, 1_000);
  });
});

describe('a meter', () => {
  it('counts energy, freezes or dies on demand, and recovers', () => {
    const meter = new SimMeter('grid', 230);
    for (let i = 0; i < 3_600; i += 1) meter.step(1_000, [10, 0, 0]);
    near(meter.sample()?.importWh ?? 0, 2_300, 1);
    meter.fault = 'frozen';
    const frozen = meter.reading(1);
    meter.step(1_000, [20, 0, 0]);
    assert.deepEqual(meter.reading(2), { ...frozen, atMs: 2 });
    meter.fault = 'dead';
    assert.equal(meter.reading(3), undefined);
    meter.fault = 'none';
    assert.equal(meter.reading(4)?.amps?.[0], 20);
  });
});

describe('an EMS', () => {
  it('sends limits that a gateway reads, renews them, and lets them expire when it dies', () => {
    const clock = new VirtualClock();
    const sent: { topic: string; text: string }[] = [];
    const ems = new SimEms({
      clock,
      publish: (topic, text) => sent.push({ topic, text }),
      site: 'garage',
      source: 'bms',
      circuit: 'main',
    });
    ems.limit({ amps: [16, 16, 10] }, 60, 'evening peak');
    clock.runSync(95_000);
    ems.stop();
    clock.runSync(300_000);
    assert.equal(sent.length, 4);
    assert.ok(sent.every(({ topic }) => topic === 'busbar/v1/garage/limits/bms/set'));
    const read = limitReader();
    const commands = sent.map(({ text }) => read(text));
    assert.deepEqual(
      commands.map((command) => ('problem' in command ? command.problem : command.seq)),
      [1, 2, 3, 4],
    );
    ems.once({ watts: 4_200 }, 10, 'grid');
    const last = read(sent.at(-1)?.text ?? '');
    assert.ok(!('problem' in last) && last.watts === 4_200 && last.ttlSeconds === 10);
  });
});
