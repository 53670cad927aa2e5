import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_POLICY } from '../../src/core/sharing/policy.ts';
import { Zone } from '../../src/profiles/zone.ts';
import { DayPicture } from '../../src/sim/plan/day-picture.ts';
import {
  type CircuitReport,
  CircuitTally,
  type PlanReport,
  planReport,
} from '../../src/sim/plan/plan-report.ts';
import { verdictOf, verdictWords } from '../../src/sim/plan/plan-verdict.ts';
import { PlannedSite } from '../../src/sim/plan/planned-site.ts';
import { parseVisits } from '../../src/sim/plan/session-file.ts';
import { generateVisits } from '../../src/sim/plan/sessions.ts';
import { seededRandom } from '../../src/sim/random.ts';
import { garage } from '../scenarios/virtual-garage.ts';

const STEP_MS = 30_000;

const simulate = (mainAmps: number, policy = DEFAULT_POLICY) => {
  const site = garage(6, { mainAmps });
  const chargers = site.chargers.map(({ id }) => id);
  const tally = new CircuitTally(site, STEP_MS);
  const picture = new DayPicture(site);
  const planned = new PlannedSite({
    site,
    policy,
    random: seededRandom(7),
    startWallMs: Date.UTC(2026, 0, 5),
    stepMs: STEP_MS,
    wishes: true,
    watch: (step) => {
      tally.add(step);
      picture.add(step);
    },
  });
  planned.run(generateVisits({ seed: 7, days: 2, chargers, visitsPerDay: 1 }), () => {});
  const { outcomes, turnedAway } = planned;
  return { report: planReport(site, 2, outcomes, turnedAway.length, tally), picture };
};

test('cars at both connectors of a charger are charged and shown', () => {
  const base = garage(1, { mainAmps: 63 });
  const site = { ...base, chargers: base.chargers.map((spec) => ({ ...spec, connectors: 2 })) };
  const picture = new DayPicture(site);
  const planned = new PlannedSite({
    site,
    policy: DEFAULT_POLICY,
    random: seededRandom(7),
    startWallMs: Date.UTC(2026, 0, 5),
    stepMs: STEP_MS,
    wishes: false,
    watch: (step) => picture.add(step),
  });
  const visit = { charger: 'CP_1', arrivesAtMs: 0, departsAtMs: 4 * 3_600_000, needWh: 5_000 };
  planned.run([visit, visit, visit], () => {});
  assert.equal(planned.turnedAway.length, 1);
  assert.deepEqual(
    planned.outcomes.map(({ deliveredWh }) => Math.round(deliveredWh / 100)),
    [50, 50],
  );
  assert.match(picture.svg('garage'), />CP_1\/2<.*5\.0 kWh/s);
});

describe('a planned site', () => {
  const { report, picture } = simulate(40);

  test('is never over its fuse, and uses it', () => {
    assert.equal(report.circuits[0]?.secondsOverLimit, 0);
    assert.ok((report.circuits[0]?.peakAmps ?? 0) > 30, JSON.stringify(report.circuits));
  });

  test('repeats for the same seed', () => {
    assert.deepEqual(simulate(40).report, report);
  });

  test('delivers more with a larger fuse, and no more than cars can take', () => {
    const large = simulate(200).report;
    assert.ok(large.energyPercent > report.energyPercent);
    assert.ok(large.energyPercent <= large.possiblePercent);
    assert.ok(large.energyPercent > large.possiblePercent - 8, JSON.stringify(large));
  });

  test('says in words whether the fuse would do, and what was short', () => {
    const [small, large] = [simulate(14).report, simulate(200).report];
    assert.equal(verdictOf(large), 'enough');
    assert.deepEqual(verdictWords(large).length, 1);
    assert.equal(verdictOf(small), 'not-enough');
    assert.match(
      verdictWords(small).join('\n'),
      /^No: the cars got [\d.]+ % less .*\nThe narrowest is main/,
    );
    const [main] = small.circuits;
    assert.ok((main?.hoursShort ?? 0) >= Math.max(...(main?.hoursShortByPhase ?? [])));
    assert.ok((main?.hoursShort ?? 0) > 1, JSON.stringify(main));
    assert.equal(main?.peakAmps, Math.max(...(main?.peakPhaseAmps ?? [])));
  });

  test('whose one phase is short is told to turn phases; an overload and crowds are told too', () => {
    const uneven: CircuitReport = {
      circuit: 'main',
      limitAmps: 63,
      peakAmps: 60,
      peakPhaseAmps: [60, 30, 30],
      hoursNearLimit: 0,
      hoursShort: 9,
      hoursShortByPhase: [9, 2, 1],
      secondsOverLimit: 0,
    };
    const words = (changed: Partial<PlanReport>) =>
      verdictWords({ ...report, energyPercent: 80, possiblePercent: 96, ...changed }).join('\n');
    assert.match(words({ circuits: [uneven] }), /L1 of main was short for 9 h, L3 for 1 h/);
    assert.match(
      words({ circuits: [{ ...uneven, secondsOverLimit: 40 }] }),
      /^No: above the limit \(main 40 s\)/,
    );
    assert.match(
      words({ circuits: [], turnedAway: 7, sessions: 3 }),
      /^No:.*\n7 of 10 cars found .*\nNo circuit was short: it is the policy/,
    );
  });

  test('has a picture with every charger', () => {
    const svg = picture.svg('garage');
    assert.match(svg, /^<svg .*<\/svg>\n$/s);
    for (let i = 1; i <= 6; i += 1) assert.ok(svg.includes(`>CP_${i}<`));
  });
});

describe('a file of sessions', () => {
  test('in slots of five minutes or in minutes', () => {
    const text = '# a comment\narrival_slot,departure_slot,energy_kwh,station\n12,24,4.5,A\n';
    assert.deepEqual(parseVisits(text).visits, [
      { arrivesAtMs: 3_600_000, departsAtMs: 7_200_000, needWh: 4500, charger: 'A' },
    ]);
    const minutes = 'arrival_minute,departure_minute,energy_kwh\n60,120,4.5\n';
    assert.equal(parseVisits(minutes).visits[0]?.departsAtMs, 7_200_000);
  });

  test('as a CSMS exports it, with dates: of the site, or with their offset', () => {
    const text =
      'charger,arrival,departure,energy_kwh\n' +
      'A,2026-03-02 17:30,2026-03-03 07:00:00,22\n' +
      'B,2026-03-02T15:00:00Z,2026-03-02T18:00:00.5+02:00,9\n';
    const hours = (from: number, to: number) => ({
      arrivesAtMs: from * 3_600_000,
      departsAtMs: to * 3_600_000,
    });
    assert.deepEqual(parseVisits(text, new Zone('Europe/Berlin')), {
      visits: [
        { ...hours(17.5, 31), needWh: 22_000, charger: 'A' },
        { ...hours(16, 17), needWh: 9_000, charger: 'B' },
      ],
    });
    const problem = (line: string) =>
      parseVisits(`arrival,departure,energy_kwh\n${line}\n`).problem ?? '';
    assert.match(
      problem('02.03.2026 17:30,2026-03-02 18:00,5'),
      /^line 2: arrival has to be a time like 2026-03-02 17:30 or .*, got "02\.03\.2026 17:30"$/,
    );
    assert.match(
      problem('2026-03-02 18:00,2026-03-02 17:00,5'),
      /departs .* before it has arrived/,
    );
    assert.match(
      parseVisits('arrival,departure_minute,energy_kwh\n').problem ?? '',
      /do not go together/,
    );
  });

  test('that is wrong is told with its line', () => {
    const text = 'arrival_slot,departure_slot,energy_kwh,station\n12,24,4.5,A\n24,12,4.5,A\n';
    assert.match(parseVisits(text).problem ?? '', /^line 3: the car departs \(12\) before/);
    const header = 'arrival_minute,departure_minute,energy_kwh\n';
    const problem = (line: string) => parseVisits(header + line).problem ?? '';
    assert.match(problem('480,960,12,5'), /^line 2: 4 cells, but the header has 3: with decimal/);
    assert.match(problem('480,960,12000'), /^line 2: energy_kwh is 12000, above 1000: is it in Wh/);
    assert.match(
      problem('08:00,960,12'),
      /has to be the number of minutes since the first midnight/,
    );
    assert.match(problem('1,2,x'), /^line 2: energy_kwh has to be a number above 0, got "x"/);
    assert.match(problem('1,,3'), /^line 2: departure_minute has to be the number of minutes/);
    assert.match(problem('1,999999,3'), /more than 60 days: is the unit/);
    assert.match(parseVisits('').problem ?? '', /no session/);
  });

  test('without a column says which one, and what is there', () => {
    const { problem } = parseVisits('arrival,end,kwh\n1,2,3\n');
    assert.match(problem ?? '', /^line 1: the header has no column departure .*, energy_kwh;/);
    assert.match(problem ?? '', /it has arrival, end, kwh$/);
  });

  test('as a spreadsheet writes it, with semicolons and decimal commas', () => {
    const text = '\uFEFFarrival_minute;departure_minute;energy_kwh\r\n"60";120;4,5\r\n';
    assert.deepEqual(parseVisits(text).visits, [
      { arrivesAtMs: 3_600_000, departsAtMs: 7_200_000, needWh: 4500 },
    ]);
  });
});
