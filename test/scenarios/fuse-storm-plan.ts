import { DEFAULT_POLICY, type Policy } from '../../src/core/sharing/policy.ts';
import type { ChargerSpec, Circuit, Site } from '../../src/core/site.ts';
import { mapPhases, sameAmps } from '../../src/core/units.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import type { LoadStep } from '../../src/sim/building.ts';
import { type ChargerConduct, CONDUCTS } from '../../src/sim/charger/charger-conduct.ts';
import { PLAIN_METER, plainCharger } from '../../src/sim/plain-site.ts';
import { between, type Random } from '../../src/sim/random.ts';

/** A site, what is wrong with it, and what its building does. */
export interface StormPlan {
  readonly site: Site;
  readonly policy: Policy;
  readonly baseAmps: number;
  readonly steps: readonly LoadStep[];
  readonly conduct: Readonly<Record<string, Partial<ChargerConduct>>>;
  readonly versions: Readonly<Record<string, OcppVersion>>;
  /** The one charger that does not obey, or tells what is not so. */
  readonly liar: string | undefined;
  readonly lie: string;
}

const HOUR_MS = 3_600_000;

export const pick = <T>(random: Random, from: readonly T[]): T => {
  const one = from[Math.floor(random() * from.length)];
  if (one === undefined) throw new RangeError('nothing to pick from');
  return one;
};

/** Obeys, in its own way. */
const ODDITIES: readonly Partial<ChargerConduct>[] = [
  {},
  {},
  CONDUCTS['watts-only'],
  CONDUCTS['amps-only'],
  CONDUCTS['one-period'],
  CONDUCTS['stack-level-zero'],
  CONDUCTS['no-station-maximum'],
  CONDUCTS['no-connector-zero'],
  CONDUCTS['ignores-duration'],
  CONDUCTS.impatient,
  CONDUCTS['times-without-zone'],
  CONDUCTS['padded-numbers'],
  CONDUCTS['phase-in-measurand'],
  { measures: false },
  { stepsAmps: [6, 10, 13, 16, 20, 25, 32] },
  { clockAheadMs: 4 * HOUR_MS },
  { clockAheadMs: -4 * HOUR_MS },
  { clockAheadMs: -50_000 },
];

/** By a clock that is far off every offer is over, or has not begun: it stays at its fallback. */
export const isSteered = ({ conduct, liar }: StormPlan, id: string): boolean =>
  id !== liar && Math.abs(conduct[id]?.clockAheadMs ?? 0) < HOUR_MS;

const CURRENT = /("value":"?)([\d.]+)("?[^{}]*"measurand":"Current\.Import")/g;
const telling = (lie: (amps: number) => number): Partial<ChargerConduct> => ({
  writes: (text) =>
    text.replace(CURRENT, (_all, head, value, tail) => `${head}${lie(Number(value))}${tail}`),
});
const dated = (day: string): Partial<ChargerConduct> => ({
  writes: (text) => text.replace(/"timestamp":"2026-06-01/g, `"timestamp":"${day}`),
});

const LIES: Readonly<Record<string, Partial<ChargerConduct>>> = {
  'ignores-profiles': CONDUCTS['ignores-profiles'],
  'ignores-profiles and tells nothing': { ...CONDUCTS['ignores-profiles'], measures: false },
  'relative-only': CONDUCTS['relative-only'],
  'rejects-profiles': CONDUCTS['rejects-profiles'],
  'never-answers-profiles': CONDUCTS['never-answers-profiles'],
  'forgets-on-disconnect': CONDUCTS['forgets-on-disconnect'],
  'ignores-limit-after-resume': CONDUCTS['ignores-limit-after-resume'],
  'accepts-watts-without-effect': CONDUCTS['accepts-watts-without-effect'],
  'tells a third': telling((amps) => amps / 3),
  'tells that nothing flows': telling(() => 0),
  'tells twice as much': telling((amps) => amps * 2),
  'tells milliamps': telling((amps) => amps * 1000),
  'tells negative amps': telling((amps) => -amps),
  'tells watts as amps': telling((amps) => amps * 230),
  'tells numbers beyond all measure': telling(() => 1e300),
  'tells of other phases': {
    writes: (text) =>
      text.replace(/"phase":"L([12])/g, (_all, p) => `"phase":"L${p === '1' ? 2 : 1}`),
  },
  'measured it yesterday': dated('2026-05-31'),
  'measured it tomorrow': dated('2026-06-02'),
};

const ORDERS = [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 2, 1], [-1, -1, -1], [0], [1], [2]] as const;
const BETWEEN_LINES = [
  [0, 1],
  [1, 2],
  [2, 0],
] as const;

/** Everything about a site is drawn from its seed, and what cannot be steered always fits. */
export const stormPlan = (seed: number, random: Random, untilMs: number): StormPlan => {
  const mainAmps = pick(random, [25, 32, 40, 50, 63, 80]);
  const american = random() < 0.15;
  const circuits = circuitsOf(random, mainAmps, american);
  const baseAmps = mainAmps * between(random, 0.05, 0.25);
  const mostAmps = mainAmps * between(random, 0.3, 0.6);
  const freeAmps = mainAmps - mostAmps;
  const chargers = withFallbacks(random, chargersOf(random, circuits, american), freeAmps);
  const lie = Object.keys(LIES)[seed % Object.keys(LIES).length] ?? '';
  const liar = random() < 0.6 ? liarOf(chargers, freeAmps, lie)?.id : undefined;
  const conduct = conductsOf(random, chargers, liar, lie);
  const policy = policyOf(random, mainAmps);
  const meters = circuits.flatMap(({ meter: id }) => (id === undefined ? [] : [id]));
  return {
    site: {
      id: `storm-${seed}`,
      timezone: 'UTC',
      voltageVolts: 230,
      circuits,
      meters: meters.map((id) => ({ ...PLAIN_METER, id })),
      chargers,
      emsSources: ['ems', 'grid'].map((id) => ({ id, circuit: 'main' })),
      arrivalReserve: 1,
    },
    policy,
    baseAmps,
    steps: stepsOf(random, mostAmps - baseAmps, untilMs),
    conduct,
    versions: Object.fromEntries(
      chargers.map(({ id }) => [id, pick<OcppVersion>(random, ['1.6', '2.0.1', '2.1'])]),
    ),
    liar,
    lie,
  };
};

/** One in five watches the mean of its windows, one in five is dimmed by the grid operator. */
const policyOf = (random: Random, mainAmps: number): Policy => {
  const kind = Math.floor(random() * 10);
  const limitWatts = Math.round(mainAmps * 690 * between(random, 0.5, 0.9));
  if (kind < 2) return { ...DEFAULT_POLICY, id: 'demand', demand: { minutes: 15, limitWatts } };
  if (kind < 4) return { ...DEFAULT_POLICY, id: 'dimming', dimming: { source: 'grid' } };
  if (kind === 4) return { ...DEFAULT_POLICY, id: 'throughput', objective: 'throughput' };
  if (kind === 5) {
    return { ...DEFAULT_POLICY, id: 'in-order', objective: 'in-order', order: 'first-come' };
  }
  return DEFAULT_POLICY;
};

const circuitsOf = (random: Random, mainAmps: number, american: boolean): readonly Circuit[] => {
  const circuit = (id: string, amps: number, more: Partial<Circuit>): Circuit => ({
    id,
    limitAmps: sameAmps(amps),
    marginAmps: 1,
    assumedLoadAmps: sameAmps(0),
    ...(american ? { phasorSum: true } : {}),
    ...more,
  });
  const main = circuit('main', mainAmps, {
    meter: 'grid',
    assumedLoadAmps: sameAmps(mainAmps * 0.5),
    ...(random() < 0.2 ? { limitWatts: mainAmps * 690 * between(random, 0.6, 1) } : {}),
    ...(random() < 0.3 ? { unbalanceAmps: pick(random, [10, 16, 20]) } : {}),
  });
  if (random() < 0.5) return [main];
  const hall = circuit('hall', Math.max(20, Math.round(mainAmps * between(random, 0.5, 1))), {
    parent: 'main',
    ...(random() < 0.5 ? { meter: 'hall' } : {}),
  });
  return random() < 0.5 ? [main, hall] : [main, hall, circuit('row', 20, { parent: 'hall' })];
};

const chargersOf = (random: Random, circuits: readonly Circuit[], american: boolean) =>
  Array.from({ length: 2 + Math.floor(random() * 5) }, (_, i): ChargerSpec => {
    const lineToLine = american && random() < 0.7;
    const dc = !american && random() < 0.1;
    return plainCharger(`CP_${i + 1}`, pick(random, circuits).id, {
      phases: dc ? [0, 1, 2] : pick<readonly number[]>(random, lineToLine ? BETWEEN_LINES : ORDERS),
      ...(lineToLine ? { lineToLine } : {}),
      ...(dc ? { dcEfficiency: 0.92 } : {}),
      maxAmps: pick(random, [16, 32]),
      stepAmps: pick(random, [1, 1, 0.1]),
    });
  });

/** Those of all together have to fit, as the check of a site file asks for. */
const withFallbacks = (random: Random, chargers: readonly ChargerSpec[], freeAmps: number) => {
  const fits = chargers.length * 6 + 1 < Math.min(freeAmps, LEAST_FUSE_AMPS);
  return chargers.map((spec) => ({ ...spec, fallbackAmps: fits && random() < 0.8 ? 6 : 0 }));
};
const LEAST_FUSE_AMPS = 20;

/** Whoever takes what it likes has to find room; who tells nothing shows on a meter only. */
const liarOf = (chargers: readonly ChargerSpec[], freeAmps: number, lie: string) =>
  chargers.find(({ circuit, maxAmps }) => {
    const unseen = circuit !== 'main' && LIES[lie]?.measures === false;
    const fuseAmps = circuit === 'main' ? freeAmps : Math.min(freeAmps, LEAST_FUSE_AMPS);
    return !unseen && maxAmps + 2 <= fuseAmps;
  });

const conductsOf = (
  random: Random,
  chargers: readonly ChargerSpec[],
  liar: string | undefined,
  lie: string,
): StormPlan['conduct'] =>
  Object.fromEntries(
    chargers.map(({ id, dcEfficiency }) => [
      id,
      {
        reactionMs: between(random, 100, 500),
        pilotHoldMs: between(random, 0, 5_000),
        ...(dcEfficiency === undefined ? pick(random, ODDITIES) : CONDUCTS['watts-only']),
        ...(id === liar ? LIES[lie] : {}),
      },
    ]),
  );

/** The building adds something on one phase or on all, a minute or two at a time. */
const stepsOf = (random: Random, mostAmps: number, untilMs: number): readonly LoadStep[] => {
  const steps: LoadStep[] = [];
  for (let atMs = 120_000; atMs < untilMs; atMs += between(random, 120_000, 300_000)) {
    const more = between(random, 0.3, 1) * mostAmps;
    const phase = Math.floor(random() * 4);
    steps.push({
      atMs,
      untilMs: atMs + between(random, 60_000, 110_000),
      amps: mapPhases((p) => (phase === 3 || phase === p ? more : 0)),
    });
  }
  return steps;
};
