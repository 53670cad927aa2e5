import { PHASES } from '../../core/units.ts';
import type { CircuitReport, PlanReport } from './plan-report.ts';

/** over: a limit was exceeded. The others: what sharing cost the cars. */
export type Verdict = 'over' | 'not-enough' | 'just-enough' | 'enough';

/** Energy that sharing may cost, in percent of what the same cars could have taken. */
const ENOUGH_PERCENT = 1;
const JUST_ENOUGH_PERCENT = 5;
/** A phase that is short so many times as long as the least one is worth a word. */
const UNEVEN_TIMES = 3;
const UNEVEN_LEAST_HOURS = 1;

/** What sharing cost: percent of the energy that the same cars could have taken. */
const lostPercent = ({ energyPercent, possiblePercent }: PlanReport): number =>
  Math.round(
    Math.max(0, (1000 * (possiblePercent - energyPercent)) / Math.max(1, possiblePercent)),
  ) / 10;

export const verdictOf = (report: PlanReport): Verdict => {
  if (report.circuits.some(({ secondsOverLimit }) => secondsOverLimit > 0)) return 'over';
  const lost = lostPercent(report);
  if (lost <= ENOUGH_PERCENT) return 'enough';
  return lost <= JUST_ENOUGH_PERCENT ? 'just-enough' : 'not-enough';
};

/** The answer to "would these fuses do?", then what to look at: one sentence each. */
export const verdictWords = (report: PlanReport): readonly string[] => [
  answer(report),
  ...crowded(report),
  ...bottleneck(report),
];

const answer = (report: PlanReport): string => {
  const lost = lostPercent(report);
  const less = `the cars got ${lost} % less energy than with a fuse without end`;
  switch (verdictOf(report)) {
    case 'over': {
      const over = report.circuits.filter(({ secondsOverLimit }) => secondsOverLimit > 0);
      const each = over.map(({ circuit, secondsOverLimit }) => `${circuit} ${secondsOverLimit} s`);
      return `No: above the limit (${each.join(', ')}): is the load of others too large for it?`;
    }
    case 'enough':
      return lost === 0
        ? 'Yes: the cars got what they would have got with a fuse without end.'
        : `Yes: ${less}.`;
    case 'just-enough':
      return `Just: ${less}.`;
    case 'not-enough':
      return `No: ${less}.`;
  }
};

const crowded = ({ turnedAway, sessions }: PlanReport): readonly string[] =>
  turnedAway === 0
    ? []
    : [
        `${turnedAway} of ${turnedAway + sessions} cars found their charger taken or none free; ` +
          'they count nowhere below.',
      ];

/** The circuit that was short longest, and whether one phase of it is to blame. */
const bottleneck = (report: PlanReport): readonly string[] => {
  const [most] = [...report.circuits].sort((a, b) => b.hoursShort - a.hoursShort);
  const verdict = verdictOf(report);
  if (most === undefined || most.hoursShort === 0) {
    return verdict === 'just-enough' || verdict === 'not-enough'
      ? ['No circuit was short: it is the policy that held cars back.']
      : [];
  }
  const { circuit, limitAmps, hoursShort } = most;
  return [
    `The narrowest is ${circuit} (${limitAmps} A): for ${hoursShort} h cars waited or charged slower because of it.`,
    ...(verdict === 'enough' ? [] : uneven(most)),
  ];
};

const uneven = ({ circuit, hoursShortByPhase }: CircuitReport): readonly string[] => {
  const most = Math.max(...hoursShortByPhase);
  const least = Math.min(...hoursShortByPhase);
  if (most < UNEVEN_LEAST_HOURS || most < UNEVEN_TIMES * least) return [];
  const name = (hours: number): string => PHASES[hoursShortByPhase.indexOf(hours)] ?? '';
  return [
    `${name(most)} of ${circuit} was short for ${most} h, ${name(least)} for ${least} h: turn the ` +
      'phases of some chargers (phases: L2L3L1, L3L1L2), since one-phase cars load the first.',
  ];
};
