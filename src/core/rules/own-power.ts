/** Power that the site gives itself, as a dimming may count on it. */
export interface OwnPower {
  readonly watts: number;
  readonly atMs: number;
}

/** Time constant with which it is believed to have risen: no car is started for a gap in the clouds. */
const RISE_MS = 60_000;

/** Less is taken in at once, more slowly. */
export const ownPowerAfter = (
  before: OwnPower | undefined,
  watts: number,
  nowMs: number,
): OwnPower => {
  if (before === undefined || watts <= before.watts) return { watts, atMs: nowMs };
  const share = 1 - Math.exp(-(nowMs - before.atMs) / RISE_MS);
  return { watts: before.watts + (watts - before.watts) * share, atMs: nowMs };
};
