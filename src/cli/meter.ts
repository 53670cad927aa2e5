import { parseArgs } from 'node:util';
import { nearestName } from '../schema/distance.ts';
import { readOne } from './meter-read.ts';
import { scan } from './meter-scan.ts';
import { testFile } from './meter-test.ts';

export const USAGE = `usage: busbar meter read ID --config FILE [--watch] [--count N] [--json]
       busbar meter scan HOST[:PORT] [--units 1-16,100] [--rtu] [--json]
       busbar meter test FILE.yaml HOST[:PORT] [--unit N] [--rtu] [--json | --fixture]
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
}

const ACTIONS = ['read', 'scan', 'test'];
/** Where meters are found most often: low numbers, and what makers preset. */
const UNITS = '1-16,71,100,126,200,240';

const problemOf = (action: string | undefined, { count, unit }: MeterArguments) => {
  if (!(count >= 1)) return '--count is a number from 1';
  if (!Number.isInteger(unit) || unit < 0 || unit > 255) return '--unit is a number from 0 to 255';
  if (action === undefined || ACTIONS.includes(action)) return undefined;
  const near = nearestName(action, ACTIONS);
  return `unknown: meter ${action}${near === undefined ? '' : `; did you mean meter ${near}?`}`;
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
    },
  });
  const given: MeterArguments = {
    ...values,
    config: values.config,
    count: Number(values.count ?? (values.watch ? Number.POSITIVE_INFINITY : 1)),
    units: values.units ?? values.unit ?? UNITS,
    unit: Number(values.unit ?? 1),
  };
  const [action, first, second] = positionals;
  const problem = problemOf(action, given);
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n${USAGE}`);
    return 2;
  }
  if (action === 'read' && first !== undefined && given.config !== undefined) {
    return readOne(first, given.config, given);
  }
  if (action === 'scan' && first !== undefined) return scan(first, given);
  if (action === 'test' && first !== undefined && second !== undefined) {
    return testFile(first, second, given);
  }
  process.stderr.write(USAGE);
  return 2;
};
