import { parseArgs } from 'node:util';
import { readOne } from './meter-read.ts';
import { scan } from './meter-scan.ts';
import { testFile } from './meter-test.ts';
import { actionProblem, NO_CONFIG, wrongUsage } from './wrong-usage.ts';

export const USAGE = `usage: busbar meter read ID --config FILE [--watch] [--count N] [--timeout S] [--json]
       busbar meter scan HOST[:PORT] [--units 1-16,100] [--rtu] [--timeout S] [--json]
       busbar meter test FILE.yaml HOST[:PORT] [--unit N] [--rtu] [--timeout S] [--json | --fixture]
  --timeout S  give up an answer after so many seconds, for slow gateways: 1, scan 0.5
`;

export interface MeterArguments {
  readonly config: string | undefined;
  readonly json: boolean;
  readonly watch: boolean;
  readonly count: number;
  readonly units: string;
  /** Absent: 1. */
  readonly unit: number;
  readonly rtu: boolean;
  readonly fixture: boolean;
  /** Absent: what suits the action. */
  readonly timeoutMs: number | undefined;
}

const TIMEOUT_MOST_MS = 60_000;
const ACTIONS = ['read', 'scan', 'test'];
/** Where meters are found most often: low numbers, and what makers preset. */
const UNITS = '1-16,71,100,126,200,240';

const problemOf = (
  [action, first, second]: readonly string[],
  { count, unit, config, timeoutMs = TIMEOUT_MOST_MS }: MeterArguments,
): string | undefined => {
  if (!(count >= 1)) return '--count is a number from 1';
  if (!Number.isInteger(unit) || unit < 0 || unit > 255) return '--unit is a number from 0 to 255';
  if (!(timeoutMs > 0 && timeoutMs <= TIMEOUT_MOST_MS)) {
    return `--timeout is a number of seconds, up to ${TIMEOUT_MOST_MS / 1000}`;
  }
  const wrong = actionProblem(action, ACTIONS, config ?? '');
  if (wrong !== undefined) return wrong;
  switch (action) {
    case 'read':
      if (first === undefined) return 'read which meter? Its ID is missing';
      return config === undefined ? NO_CONFIG : undefined;
    case 'scan':
      return first === undefined ? 'scan where? HOST is missing' : undefined;
    default:
      return second === undefined ? 'test what where? FILE.yaml and HOST are needed' : undefined;
  }
};

/** The ladder to a meter that works: find it, try its file, read it as the site does. */
export const run = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      json: { type: 'boolean', default: false },
      watch: { type: 'boolean', default: false },
      count: { type: 'string' },
      units: { type: 'string' },
      unit: { type: 'string' },
      rtu: { type: 'boolean', default: false },
      fixture: { type: 'boolean', default: false },
      timeout: { type: 'string' },
    },
  });
  const given: MeterArguments = {
    ...values,
    config: values.config,
    count: Number(values.count ?? (values.watch ? Number.POSITIVE_INFINITY : 1)),
    units: values.units ?? values.unit ?? UNITS,
    unit: Number(values.unit ?? 1),
    timeoutMs: values.timeout === undefined ? undefined : Number(values.timeout) * 1000,
  };
  const [action, first, second] = positionals;
  const problem = problemOf(positionals, given);
  if (problem !== undefined) return wrongUsage('meter', problem, USAGE);
  if (action === 'read' && first !== undefined && given.config !== undefined) {
    return readOne(first, given.config, given);
  }
  if (action === 'scan' && first !== undefined) return scan(first, given);
  if (action === 'test' && first !== undefined && second !== undefined) {
    return testFile(first, second, given);
  }
  return wrongUsage('meter', 'there is something missing', USAGE);
};
