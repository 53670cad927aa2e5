import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { summaryOf } from '../field/evidence-routes.ts';
import type { Evidence } from '../schema/evidence.ts';
import { EvidenceFiles } from '../store/evidence-files.ts';
import { usableSite } from './site-file.ts';
import { actionProblem, wrongUsage } from './wrong-usage.ts';

export const USAGE = `usage: busbar evidence ls --config FILE [--source ID] [--json]
       busbar evidence export [CASE] --config FILE [--source ID] [--csv]
`;

/** Records of dimming: list them, or hand them over as JSON lines or as a table of minutes. */
export const run = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      source: { type: 'string' },
      json: { type: 'boolean', default: false },
      csv: { type: 'boolean', default: false },
    },
  });
  const [action = '', id] = positionals;
  const problem = actionProblem(positionals[0], ['ls', 'export'], values.config);
  if (problem !== undefined || values.config === undefined) {
    return wrongUsage('evidence', problem ?? '', USAGE);
  }
  const usable = usableSite(values.config, values.json);
  if (usable === undefined) return 1;
  const files = new EvidenceFiles<Evidence>(join(usable.config.dataDir, 'evidence'));
  const records = (await files.list())
    .filter((record) => values.source === undefined || record.source === values.source)
    .filter((record) => id === undefined || record.id === id);
  if (id !== undefined && records.length === 0) {
    process.stderr.write(`no case ${id}; see busbar evidence ls\n`);
    return 1;
  }
  if (action === 'ls') {
    process.stdout.write(
      values.json ? `${JSON.stringify(records.map(summaryOf), null, 2)}\n` : table(records),
    );
  } else {
    process.stdout.write(values.csv ? csv(records) : lines(records));
  }
  return 0;
};

const lines = (records: readonly Evidence[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');

const table = (records: readonly Evidence[]): string =>
  records.length === 0
    ? 'no case so far\n'
    : records
        .map(({ id, begunAt, endedAt, cutOff, belowFloor, orders }) => {
          const { at = begunAt, effectAt, watts = null, amps = null } = orders.at(-1) ?? {};
          const limit = watts === null ? `${amps?.join('/')} A` : `${watts} W`;
          const effect =
            effectAt === undefined ? 'no effect yet' : `effect ${secondsTo(at, effectAt)} s`;
          const floor = belowFloor ? '  below the floor' : '';
          const end = `${endedAt ?? 'now'}${cutOff === true ? ' (cut off)' : ''}`;
          return `${id}  ${begunAt} to ${end}  ${limit}  ${effect}${floor}\n`;
        })
        .join('');

const secondsTo = (from: string, to: string): number =>
  Math.round((Date.parse(to) - Date.parse(from)) / 1000);

const COLUMNS = ['limitWatts', 'circuitWatts', 'chargersWatts', 'offeredWatts'] as const;

const csv = (records: readonly Evidence[]): string =>
  [
    `case,source,at,${COLUMNS.join(',')}`,
    ...records.flatMap(({ id, source, minutes }) =>
      minutes.map((minute) =>
        [id, source, minute.at, ...COLUMNS.map((column) => minute[column] ?? '')].join(','),
      ),
    ),
    '',
  ].join('\n');
