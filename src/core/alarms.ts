import type { CircuitTick, ConnectorTick, MeterTrust, TickInput } from './tick.ts';

const TRUST_TEXT: Record<Exclude<MeterTrust, 'fresh'>, string> = {
  'no-raise': 'late: nothing is raised',
  hold: 'stale: offers are held at the largest load seen',
  lost: 'lost: every car falls to its minimum',
};

/** What somebody has to look at: meters, chargers that do not obey, fuses that are exceeded. */
export const siteAlarms = (
  input: TickInput,
  ticks: readonly ConnectorTick[],
  circuits: readonly CircuitTick[],
): readonly string[] => [
  ...circuits.flatMap(({ id, load }) =>
    load.trust === 'fresh' || load.trust === 'no-raise'
      ? []
      : [`meter of circuit ${id} ${TRUST_TEXT[load.trust]} (${load.problem ?? 'no reading'})`],
  ),
  ...ticks.flatMap((tick) => connectorAlarm(tick)),
  ...overloads(input, circuits),
];

const connectorAlarm = (tick: ConnectorTick): readonly string[] => {
  const problem = tick.enforcement.problem;
  if (tick.obedience === 'overdrawing') {
    return [`${tick.key} draws more than its offer; budgeted at what it draws`];
  }
  if (tick.obedience === 'refused') return [`${tick.key} refused its limit: ${problem ?? ''}`];
  if (tick.enforcement.failures > 0) return [`${tick.key} did not confirm its limit: ${problem}`];
  return [];
};

const overloads = ({ site }: TickInput, circuits: readonly CircuitTick[]): readonly string[] =>
  circuits.flatMap(({ id, limitAmps, measuredAmps, load }, index) => {
    if (measuredAmps === undefined || load.trust !== 'fresh') return [];
    const fuse = site.circuits[index]?.limitAmps ?? limitAmps;
    return (['L1', 'L2', 'L3'] as const).flatMap((phase, p) => {
      const amps = measuredAmps[p] ?? 0;
      return amps > (fuse[p] ?? 0)
        ? [`circuit ${id} ${phase} is over its fuse: ${amps.toFixed(1)} A of ${fuse[p]} A`]
        : [];
    });
  });
