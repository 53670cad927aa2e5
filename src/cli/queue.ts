import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import type { QueuedMessage, QueueSummary } from '../gateway/outage/queue-desk.ts';
import type { Resent, Selection } from '../gateway/outage/resend-desk.ts';
import { openQueue, PAGE, type QueueSource } from './queue-source.ts';
import { usableSite } from './site-file.ts';
import { actionProblem, wrongUsage } from './wrong-usage.ts';

export const USAGE = `usage: busbar queue ls --config FILE [--json]
       busbar queue show CHARGER --config FILE [--json]
       busbar queue export [CHARGER] --config FILE        (one JSON message a line)
       busbar queue drop CHARGER SEQ --config FILE [--by NAME] [--yes]
       busbar queue resend [CHARGER [SEQ]] [--transaction ID] --config FILE [--by NAME] [--json]
                                                          (what is set aside, once more)
`;

interface Order {
  readonly charger: string | undefined;
  readonly seq: number | undefined;
  readonly transaction: string | undefined;
  readonly json: boolean;
  readonly by: string;
  readonly yes: boolean;
}

/** What is held for the CSMS: list, look at, copy, let go of one message. */
export const run = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      json: { type: 'boolean', default: false },
      by: { type: 'string' },
      transaction: { type: 'string' },
      yes: { type: 'boolean', default: false },
    },
  });
  const [action = '', charger, seq] = positionals;
  const verb = VERBS.get(action);
  const problem =
    actionProblem(positionals[0], [...VERBS.keys()], values.config) ??
    incomplete(action, charger, seq) ??
    (values.transaction === undefined || action === 'resend'
      ? undefined
      : '--transaction is for resend');
  if (problem !== undefined || verb === undefined || values.config === undefined) {
    return wrongUsage('queue', problem ?? '', USAGE);
  }
  const usable = usableSite(values.config, values.json);
  if (usable === undefined) return 1;
  const source = await openQueue(usable.config);
  try {
    const by = values.by ?? userInfo().username;
    return await verb(source, {
      charger,
      seq: seq === undefined ? undefined : Number(seq),
      transaction: values.transaction,
      by,
      json: values.json,
      yes: values.yes,
    });
  } finally {
    await source.close();
  }
};

const incomplete = (
  action: string,
  charger: string | undefined,
  seq: string | undefined,
): string | undefined => {
  if (['show', 'drop'].includes(action) && charger === undefined) return `${action} which CHARGER?`;
  const needed = action === 'drop' || (action === 'resend' && seq !== undefined);
  return !needed || (seq !== undefined && Number.isInteger(Number(seq)))
    ? undefined
    : `${action} which message? Its SEQ is the first number that busbar queue show prints`;
};

const list = async (source: QueueSource, { json }: Order): Promise<number> => {
  const summaries = await source.list();
  if (json) process.stdout.write(`${JSON.stringify(summaries)}\n`);
  else if (summaries.length === 0) process.stdout.write('nothing is held for the CSMS\n');
  else process.stdout.write(HEAD + summaries.map(row).join(''));
  return 0;
};

const HEAD = `${'charger'.padEnd(24)}${'held'.padStart(8)}${'set aside'.padStart(11)}${'thinned'.padStart(9)}  oldest\n`;
const row = ({ charger, held, parked, thinned, oldestAt }: QueueSummary): string =>
  `${charger.padEnd(24)}${String(held).padStart(8)}${String(parked).padStart(11)}` +
  `${String(thinned).padStart(9)}  ${oldestAt ?? '-'}\n`;

const show = async (source: QueueSource, { charger, json }: Order): Promise<number> => {
  if (charger === undefined) return 2;
  let shown = 0;
  for await (const message of messagesOf(source, charger)) {
    process.stdout.write(json ? `${JSON.stringify(message)}\n` : line(message));
    shown += 1;
  }
  if (shown === 0) process.stderr.write(`nothing is held of "${charger}"\n`);
  return 0;
};

const line = ({ seq, takenAt, action, transactionId, parked, resent }: QueuedMessage): string =>
  `${String(seq).padStart(8)}  ${takenAt}  ${action.padEnd(26)}` +
  `${transactionId === null ? '' : `transaction ${transactionId}`}` +
  `${resent === 0 ? '' : `  sent again ${resent === 1 ? 'once' : `${resent} times`}`}` +
  `${parked === null ? '' : `  SET ASIDE: ${parked}`}\n`;

const copy = async (source: QueueSource, { charger }: Order): Promise<number> => {
  const chargers =
    charger === undefined ? (await source.list()).map((each) => each.charger) : [charger];
  for (const each of chargers) {
    for await (const message of messagesOf(source, each)) {
      process.stdout.write(`${JSON.stringify(message)}\n`);
    }
  }
  return 0;
};

const drop = async (source: QueueSource, order: Order): Promise<number> => {
  const { charger = '', seq = 0, by, yes } = order;
  if (!yes && !(await confirmed(charger, seq))) {
    process.stderr.write('nothing was dropped\n');
    return 1;
  }
  const dropped = await source.drop(charger, seq, by);
  process.stdout.write(
    dropped
      ? `message ${seq} of ${charger} dropped by ${by}\n`
      : `${charger} has no message ${seq}: busbar queue show ${charger} tells which\n`,
  );
  return dropped ? 0 : 1;
};

const confirmed = async (charger: string, seq: number): Promise<boolean> => {
  if (!process.stdin.isTTY) {
    process.stderr.write('to drop a message without being asked, say --yes\n');
    return false;
  }
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  const question = `Message ${seq} of ${charger} will never reach the CSMS. Type ${charger} to drop it: `;
  try {
    return (await dialogue.question(question)).trim() === charger;
  } finally {
    dialogue.close();
  }
};

const resend = async (source: QueueSource, order: Order): Promise<number> => {
  const { charger, seq, transaction, by, json } = order;
  const selection: Selection = {
    ...(charger !== undefined && { charger }),
    ...(seq !== undefined && { seq }),
    ...(transaction !== undefined && { transactionId: transaction }),
  };
  const answer = await source.resend(selection, by);
  process.stdout.write(json ? `${JSON.stringify(answer)}\n` : resentText(answer, source.running));
  return 0;
};

const resentText = ({ resent, chargers, staying, stays, more }: Resent, running: boolean): string =>
  [
    `${resent} ${resent === 1 ? 'message' : 'messages'} of ${chargers.join(', ')} queued again` +
      `${running ? '' : ': no gateway runs, they go out when it does'}\n`,
    ...stays.map((each) => `${each.charger} ${each.seq} stays set aside: ${each.why}\n`),
    ...(staying > stays.length ? [`and ${staying - stays.length} more stay set aside\n`] : []),
    ...(more === null ? [] : [`there is more: ${more}\n`]),
  ].join('');

/** Those set aside first, then those that wait, in order. */
async function* messagesOf(source: QueueSource, charger: string): AsyncGenerator<QueuedMessage> {
  for (const parked of [true, false]) {
    for (let after = 0; ; ) {
      const page = await source.messages(charger, parked, after);
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      after = last.seq;
    }
  }
}

const VERBS: ReadonlyMap<string, (source: QueueSource, order: Order) => Promise<number>> = new Map([
  ['ls', list],
  ['show', show],
  ['export', copy],
  ['drop', drop],
  ['resend', resend],
]);
