/** Share of the 4.2 kW of each further device that counts, by number of devices (GZF). */
const SIMULTANEITY = [1, 1, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5];
const MANY_DEVICES = 0.45;
const DEVICE_WATTS = 4_200;

/**
 * The power that a grid operator has to leave when it dims `devices` controllable devices behind
 * one connection that has an energy manager: 4.2 kW + (n - 1) x GZF(n) x 4.2 kW
 * (BNetzA BK6-22-300, Anlage 1, 4.5.2).
 */
export const dimmingFloorWatts = (devices: number): number => {
  if (devices <= 0) return 0;
  const factor = SIMULTANEITY[devices] ?? MANY_DEVICES;
  return Math.round(DEVICE_WATTS + (devices - 1) * factor * DEVICE_WATTS);
};
