import { parseArgs } from 'node:util';
import { VERSION } from '../version.ts';

export const USAGE = 'usage: busbar version [--json]\n';

export const run = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean' } } });
  const text = values.json
    ? JSON.stringify({ name: 'busbar', version: VERSION, node: process.version })
    : `busbar ${VERSION} (node ${process.version})`;
  process.stdout.write(`${text}\n`);
  return 0;
};
