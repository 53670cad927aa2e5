import { parseArgs } from 'node:util';
import type { ProbeReport } from '../control/chargers/charger-probe.ts';
import { askGateway, noGateway } from './running-gateway.ts';
import { usableSite } from './site-file.ts';
import { actionProblem, wrongUsage } from './wrong-usage.ts';

export const USAGE = `usage: busbar charger probe ID --config FILE [--active] [--json]
       asks the charger how it takes limits; --active tries profiles too: while no car
       charges its defaults, else what a TxProfile of 20 s does to the car (some minutes)
`;
/** Longer than every call of a probe may take to be answered. */
const PROBE_TIMEOUT_MS = 480_000;

/** Asks the running gateway to find out how a charger takes limits. */
export const run = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      active: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [action, id] = positionals;
  const problem =
    actionProblem(action, ['probe'], values.config) ??
    (id === undefined ? 'probe which charger? Its ID is missing' : undefined);
  if (problem !== undefined || id === undefined || values.config === undefined) {
    return wrongUsage('charger', problem ?? '', USAGE);
  }
  const usable = usableSite(values.config, values.json);
  if (usable === undefined) return 1;
  const path = `/api/v1/chargers/${encodeURIComponent(id)}/probe?active=${values.active}`;
  const ask = { method: 'POST', timeoutMs: PROBE_TIMEOUT_MS } as const;
  const report = await askGateway<ProbeReport>(usable.config, path, ask);
  if (report === undefined) {
    throw new Error(noGateway(usable.config));
  }
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : text(report));
  return 0;
};

const text = ({ charger, active, says, tried, learned }: ProbeReport): string => {
  const row = (name: string, value: unknown): string =>
    `  ${name.padEnd(28)}${value === null ? 'not told' : String(value)}\n`;
  const learnt = Object.entries(learned).map(([name, value]) => row(name, value));
  return [
    `${charger} says\n`,
    row('rate units', says.rateUnits),
    row('highest stack level', says.maxStackLevel),
    row('periods in a schedule', says.maxPeriods),
    row('smart charging', says.smartCharging),
    row('composite schedule', says.compositeSchedule ? 'answered' : 'not answered'),
    ...(active ? ['tried\n', ...tried.map(({ what, answer }) => row(what, answer))] : []),
    ...(active && learnt.length > 0 ? ['remembered\n', ...learnt] : []),
    ...(active && learnt.length === 0 ? ['nothing to remember: it keeps to the standard\n'] : []),
  ].join('');
};
