import { nearestName } from '../core/near-name.ts';

/** Exit code of a command line that is not understood. */
const WRONG_USAGE = 2;

/** Says what is wrong with a command line before how it is written; gives the exit code. */
export const wrongUsage = (verb: string, problem: string, usage: string): number => {
  process.stderr.write(`busbar ${verb}: ${problem}\n${usage}`);
  return WRONG_USAGE;
};

/** What is wrong with the action and the site file of a verb; undefined: nothing. */
export const actionProblem = (
  action: string | undefined,
  actions: readonly string[],
  config: string | undefined,
): string | undefined => {
  if (action === undefined) return `what? ${oneOf(actions)}`;
  if (!actions.includes(action)) {
    const near = nearestName(action, actions);
    const hint = near === undefined ? oneOf(actions) : `did you mean ${near}?`;
    return `unknown: ${action}; ${hint}`;
  }
  return config === undefined ? NO_CONFIG : undefined;
};

const oneOf = (actions: readonly string[]): string =>
  actions.length === 1 ? `there is only ${actions[0]}` : `one of ${actions.join(', ')}`;

export const NO_CONFIG = 'the site file is missing: --config FILE';

const UNKNOWN_OPTION = /^Unknown option '--?([^']+)'/;

const UNEXPECTED_FILE = /^Unexpected argument '([^']+\.ya?ml)'/;

/** The words of Node's `parseArgs`, with the option that was meant; `usage` names all there are. */
export const optionProblem = (message: string, usage: string): string => {
  // Node goes on to explain how a file name that begins with a dash is written.
  const [problem = ''] = message.split('. To specify');
  const [, unknown] = UNKNOWN_OPTION.exec(problem) ?? [];
  const options = new Set([...usage.matchAll(/--([a-z]+)/g)].flatMap(([, name]) => name ?? []));
  const [, file] = UNEXPECTED_FILE.exec(problem) ?? [];
  if (file !== undefined && usage.includes('--config')) return `did you mean --config ${file}?`;
  if (unknown === 'config') return `${problem}: the site file is named without it`;
  const near = unknown === undefined ? undefined : nearestName(unknown, options);
  return near === undefined ? problem : `${problem}; did you mean --${near}?`;
};
