import { needOf } from '../contenders.ts';
import type { PolicyWindow } from '../sharing/policy.ts';
import type { ConnectorKey, ConnectorTick, TickInput } from '../tick.ts';

/** Cars that no longer wait for a rule, since they would not be ready in time: see `hurryOf`. */
export type Hurried = ReadonlySet<string>;

/** The rule by which cars wait for the sun. */
export const SURPLUS = 'surplus';
/** Who has begun to hurry goes on until it needs less than this share of what it began with. */
const CALMS_SHARE = 0.5;

export const hurryOf = (rule: string, key: ConnectorKey): string => `${rule} ${key}`;

/**
 * Who hurries after this tick. A car that charges needs less of its full power by the minute: without
 * a memory it would stop as soon as it began, and begin again as soon as it stopped.
 */
export const hurriedAfter = (
  input: TickInput,
  ticks: readonly ConnectorTick[],
  windows: readonly PolicyWindow[],
): Hurried => {
  const hurried = new Set<string>();
  const rules = thresholds(input, windows);
  if (rules.length === 0) return hurried;
  for (const tick of ticks) {
    if (tick.state.transaction === undefined) continue;
    const { urgencyNow } = needOf(input, tick);
    if (urgencyNow === undefined) continue;
    for (const { rule, from } of rules) {
      const name = hurryOf(rule, tick.key);
      const goesOn = input.policyState.hurried?.has(name) === true;
      if (urgencyNow >= (goesOn ? from * CALMS_SHARE : from)) hurried.add(name);
    }
  }
  return hurried;
};

const thresholds = (
  { policy: { surplus } }: TickInput,
  windows: readonly PolicyWindow[],
): readonly { readonly rule: string; readonly from: number }[] => [
  ...windows.flatMap(({ id, calmAmps, calmBelow }) =>
    calmAmps === undefined ? [] : [{ rule: id, from: calmBelow }],
  ),
  ...(surplus === undefined ? [] : [{ rule: SURPLUS, from: surplus.urgentFrom }]),
];
