import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { ConfigProblem } from '../config/load.ts';
import { loadPolicy } from '../config/policy-files.ts';
import { unreadableText, unwritableText } from '../config/unreadable-file.ts';
import { localTime } from '../core/rules/windows.ts';
import type { Policy } from '../core/sharing/policy.ts';
import type { Site } from '../core/site.ts';
import { Zone } from '../profiles/zone.ts';
import { DayPicture } from '../sim/plan/day-picture.ts';
import { CircuitTally, type PlanReport, planReport } from '../sim/plan/plan-report.ts';
import { verdictOf, verdictWords } from '../sim/plan/plan-verdict.ts';
import { PlannedSite } from '../sim/plan/planned-site.ts';
import { parseVisits } from '../sim/plan/session-file.ts';
import { generateVisits, type VisitPlan } from '../sim/plan/sessions.ts';
import { seededRandom } from '../sim/random.ts';
import { failure, failureJson, packageFolder, problemLines, readSiteFile } from './site-file.ts';
import { wrongUsage } from './wrong-usage.ts';

const DAYS_MOST = 366;
const DAY_MS = 24 * 3_600_000;
/** Larger sites move in longer steps, so that a month stays within a minute. */
const STEP_MS = 30_000;
const LONG_STEP_MS = 60_000;
const MANY_CHARGERS = 12;

export const USAGE =
  'usage: busbar simulate SITE.yaml [--sessions FILE.csv] [--days N] [--seed S] [--policy NAME]\n' +
  '                       [--wishes] [--failsafe] [--picture FILE.svg] [--json]\n' +
  `--days: 1 to ${DAYS_MOST}\n`;

/** Would this fuse do for these chargers? Lets cars come for a month and tells how it went. */
export const run = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      sessions: { type: 'string' },
      days: { type: 'string' },
      seed: { type: 'string' },
      policy: { type: 'string' },
      picture: { type: 'string' },
      wishes: { type: 'boolean' },
      failsafe: { type: 'boolean' },
      json: { type: 'boolean' },
    },
  });
  const [file] = positionals;
  const days = Number(values.days ?? 30);
  const seed = Number(values.seed ?? 1);
  const problem =
    file === undefined || positionals.length > 1
      ? 'one site file is needed'
      : usageProblem(days, seed);
  if (file === undefined || problem !== undefined) {
    return wrongUsage('simulate', problem ?? '', USAGE);
  }
  const { usable, problems } = readSiteFile(file);
  // A warning can be what the answer hangs on: a load of others that nobody stated.
  process.stderr.write(problemLines(file, problems));
  const failed = (others: readonly ConfigProblem[]): number => {
    for (const { place, text } of others) process.stderr.write(`${place}: ${text}\n`);
    if (values.json) process.stdout.write(failureJson([...problems, ...others], file));
    return 1;
  };
  if (usable === undefined) return failed([]);
  // Nobody speaks for an EMS here: its failsafe would be in force all month.
  const site = values.failsafe ? usable.site : { ...usable.site, emsSources: [] };
  const { policy, ...wrong } =
    values.policy === undefined ? usable : policyNamed(values.policy, file);
  const { visits, notes } = visitsOf(site, values.sessions, days, seed);
  const unwritable = values.picture === undefined ? [] : unwritableAt(values.picture);
  const others = [
    'problems' in wrong ? wrong.problems : [],
    visits ? [] : notes,
    unwritable,
  ].flat();
  if (policy === undefined || visits === undefined || others.length > 0) return failed(others);
  for (const { place, text } of notes) process.stderr.write(`${place}: ${text}\n`);
  const isShort = values.sessions !== undefined && values.days === undefined;
  const options = {
    seed,
    days: isShort ? Math.min(days, lastDayOf(visits)) : days,
    wishes: values.wishes === true,
  };
  const { report, picture } = simulate(site, policy, visits, options);
  if (values.picture !== undefined) writeFileSync(values.picture, picture);
  const verdict = verdictOf(report);
  const ok = verdict !== 'over';
  const told = {
    ok,
    file,
    problems: [...problems, ...notes],
    verdict,
    words: verdictWords(report),
  };
  const text = values.json
    ? `${JSON.stringify({ ...told, ...report }, null, 2)}\n`
    : table(report, values.picture);
  process.stdout.write(text);
  return ok ? 0 : 1;
};

const usageProblem = (days: number, seed: number): string | undefined => {
  if (!Number.isInteger(days) || days < 1 || days > DAYS_MOST) {
    return `--days takes a whole number, 1 to ${DAYS_MOST}`;
  }
  return Number.isSafeInteger(seed) && seed >= 0 ? undefined : '--seed takes a whole number';
};

/** Told before the month is run, not after it. */
const unwritableAt = (picture: string): readonly ConfigProblem[] => {
  try {
    writeFileSync(picture, '', { flag: 'a' });
    return [];
  } catch (error) {
    return [failure('--picture', unwritableText(picture, error))];
  }
};

const policyNamed = (name: string, file: string) => {
  const { policy, problems } = loadPolicy(name, `${packageFolder()}/policies`, file);
  return { policy, problems: problems.map((text) => failure('--policy', text)) };
};

/** Who comes; without visits the notes say why, else what is left out or moved elsewhere. */
interface Visits {
  readonly visits?: readonly VisitPlan[];
  readonly notes: readonly ConfigProblem[];
}

const visitsOf = (site: Site, file: string | undefined, days: number, seed: number): Visits => {
  const chargers = site.chargers.flatMap(({ id, connectors }) =>
    Array.from({ length: connectors }, () => id),
  );
  if (file === undefined) return { visits: generateVisits({ seed, days, chargers }), notes: [] };
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { notes: [failure('--sessions', unreadableText(file, error))] };
  }
  const { visits, problem } = parseVisits(text, new Zone(site.timezone));
  if (problem !== undefined) return { notes: [failure('--sessions', `${file}: ${problem}`)] };
  return visitsWithin(visits, new Set(chargers), file, days);
};

/** On which day, counted from 1, the last car leaves: after it there is nothing to see. */
const lastDayOf = (visits: readonly VisitPlan[]): number =>
  visits.reduce((last, { departsAtMs }) => Math.max(last, Math.ceil(departsAtMs / DAY_MS)), 1);

/** The sessions of the first days. */
const visitsWithin = (
  all: readonly VisitPlan[],
  chargers: ReadonlySet<string>,
  file: string,
  days: number,
): Visits => {
  const visits = all.filter((visit) => visit.arrivesAtMs < days * DAY_MS);
  if (visits.length === 0) {
    const first = Math.floor(Math.min(...all.map(({ arrivesAtMs }) => arrivesAtMs)) / DAY_MS) + 1;
    const text =
      `${file}: nobody comes in the first ${days} days: the first car comes on day ${first}; ` +
      `count from the first midnight, or use --days ${first}`;
    return { notes: [failure('--sessions', text)] };
  }
  const later = all.length - visits.length;
  const strangers = visits.filter(({ charger }) => charger !== undefined && !chargers.has(charger));
  const notes: ConfigProblem[] = [];
  const note = (text: string) =>
    notes.push({ ...failure('--sessions', `${file}: ${text}`), severity: 'warning' });
  if (later > 0) note(`${later} sessions begin after day ${days}`);
  if (strangers.length > 0) {
    note(
      `${strangers.length} sessions name a charger that the site has not ` +
        `(such as ${strangers[0]?.charger}): each goes to one that is free`,
    );
  }
  return { visits, notes };
};

const simulate = (
  site: Site,
  policy: Policy,
  visits: readonly VisitPlan[],
  {
    seed,
    days,
    wishes,
  }: { readonly seed: number; readonly days: number; readonly wishes: boolean },
): { readonly report: PlanReport; readonly picture: string } => {
  const stepMs = site.chargers.length > MANY_CHARGERS ? LONG_STEP_MS : STEP_MS;
  const tally = new CircuitTally(site, stepMs);
  const picture = new DayPicture(site);
  const planned = new PlannedSite({
    site,
    policy,
    random: seededRandom(seed),
    startWallMs: firstMidnight(site.timezone),
    stepMs,
    wishes,
    watch: (step) => {
      tally.add(step);
      picture.add(step);
    },
  });
  planned.run(visits, (day) => {
    if (process.stderr.isTTY) process.stderr.write(`\r  day ${day + 1} of ${days}\x1b[K`);
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const report = planReport(site, days, planned.outcomes, planned.turnedAway.length, tally);
  return { report, picture: picture.svg(`${site.id}, policy ${policy.id}`) };
};

/** A Monday at 00:00 on the local clock of the site. */
const firstMidnight = (timezone: string): number => {
  const noon = Date.UTC(2026, 0, 5, 12);
  return noon - localTime(noon, timezone).minute * 60_000;
};

const table = (report: PlanReport, picture: string | undefined): string => {
  const { days, sessions, energyPercent, servedPercent, startsPerSession, fairness } = report;
  const lines = [
    ...verdictWords(report),
    '',
    `${days} days, ${sessions} sessions`,
    `energy ${energyPercent} % of what was wanted (${report.deliveredKwh} of ` +
      `${report.wantedKwh} kWh), ${report.possiblePercent} % with a fuse without end`,
    `${servedPercent} % of the cars got all that they wanted, ` +
      `${report.possibleServedPercent} % with a fuse without end`,
    `${startsPerSession} starts a session, fairness ${fairness} (1 is even)`,
    '',
    'circuit           limit   peak L1      L2      L3   hours short   seconds over',
    ...report.circuits.map(
      (each) =>
        `${each.circuit.padEnd(14)} ${`${each.limitAmps} A`.padStart(8)}  ` +
        `${each.peakPhaseAmps.map((amps) => `${amps} A`.padStart(8)).join('')} ` +
        `${String(each.hoursShort).padStart(13)} ${String(each.secondsOverLimit).padStart(14)}`,
    ),
    '',
    'charger         sessions   wanted kWh   delivered kWh      %',
    ...report.chargers.map(
      (each) =>
        `${each.charger.padEnd(15)} ${String(each.sessions).padStart(8)} ` +
        `${String(each.wantedKwh).padStart(12)} ${String(each.deliveredKwh).padStart(15)} ` +
        `${String(each.energyPercent).padStart(6)}`,
    ),
    ...(picture === undefined ? [] : ['', `picture of the busiest day: ${picture}`]),
  ];
  return `${lines.join('\n')}\n`;
};
