import type { TickInput } from './tick.ts';

/** Chargers restart and change their firmware within this; who stays away longer is missed. */
export const MISSED_AFTER_MS = 300_000;
/** Lost within so long of one another: one thing happened to all of them. */
const TOGETHER_MS = 120_000;
/** With more the page would hold little else: they become one. */
const ALARMS_MOST = 5;
const NAMES_SHOWN = 5;

interface Lost {
  readonly id: string;
  readonly sinceMs: number;
}

/** Was here, now or in an earlier run of the gateway. */
export const wasSeen = ({ chargers, seenBefore }: TickInput, id: string): boolean =>
  chargers.get(id)?.version !== undefined || seenBefore.has(id);

/**
 * Chargers that were here once and do not come back: one alarm for those that were lost together.
 * A charger that was never seen is not installed yet, and none.
 */
export const silentAlarms = (input: TickInput): readonly string[] => {
  const { chargers, nowMs } = input;
  const seen = [...chargers.values()].filter(({ id }) => wasSeen(input, id));
  const lost = seen
    .filter(({ online }) => !online)
    .map(({ id, onlineChangedAtMs }): Lost => ({ id, sinceMs: onlineChangedAtMs }))
    .sort((a, b) => a.sinceMs - b.sinceMs);
  const missed = together(lost).filter(
    ([first]) => first !== undefined && nowMs - first.sinceMs >= MISSED_AFTER_MS,
  );
  const told = missed.length > ALARMS_MOST ? [missed.flat()] : missed;
  return told.map((group) => alarmOf(group, seen.length));
};

/** By rising time, cut where nothing was lost for a while. */
const together = (lost: readonly Lost[]): readonly (readonly Lost[])[] => {
  const groups: Lost[][] = [];
  for (const each of lost) {
    const last = groups.at(-1);
    const before = last?.at(-1)?.sinceMs ?? Number.NEGATIVE_INFINITY;
    if (last === undefined || each.sinceMs - before > TOGETHER_MS) groups.push([each]);
    else last.push(each);
  }
  return groups;
};

const alarmOf = (group: readonly Lost[], seen: number): string => {
  const names = group.slice(0, NAMES_SHOWN).map(({ id }) => id);
  const more = group.length - names.length;
  const list = names.join(', ') + (more > 0 ? ` and ${more} more` : '');
  if (group.length === 1)
    return `charger ${list} is not connected: what it may draw stays reserved`;
  const who = group.length === seen ? `all ${seen}` : `${group.length} of ${seen}`;
  return `${who} chargers are not connected (${list}): what they may draw stays reserved`;
};
