/** Devices that a network operator may dim (§14a EnWG, BNetzA BK6-22-300, Anlage 1). */
export interface DimmedDevices {
  /** Charge points and storages above 4.2 kW that are not public, and groups below, counted each. */
  readonly devices: number;
  /** Sums of rated power of heat pumps and of cooling; a group above 11 kW raises the base. */
  readonly heatPumpWatts: number;
  readonly coolingWatts: number;
}

const BASE_WATTS = 4_200;
const GROUP_WATTS = 11_000;
const GROUP_SHARE = 0.4;
/** Simultaneity for 2, 3, ... 9 and more devices (Ziff. 4.5.2). */
const SIMULTANEITY = [0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45] as const;

/**
 * Power that has to be left to the devices together when an energy management shares it:
 * base + (n - 1) x simultaneity(n) x 4.2 kW (Ziff. 4.5.2). A command below it is obeyed and
 * reported (Ziff. 4.6).
 */
export const dimmingFloorWatts = (dimmed: DimmedDevices): number => {
  const { devices, heatPumpWatts, coolingWatts } = dimmed;
  const groups = [heatPumpWatts, coolingWatts].filter((watts) => watts > GROUP_WATTS);
  const base = Math.max(BASE_WATTS, ...groups.map((watts) => watts * GROUP_SHARE));
  if (devices < 2) return base;
  const factor = SIMULTANEITY[Math.min(devices, 9) - 2] ?? 0.45;
  return Math.round(base + (devices - 1) * factor * BASE_WATTS);
};
