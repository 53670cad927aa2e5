import { unknownText } from '../core/near-name.ts';
import type { SiteConfig } from '../schema/site-config.ts';
import { type CircuitSums, checkFallbacks, circuitSums } from './check-fallbacks.ts';
import { checkListening } from './check-listening.ts';
import { checkMeasured, checkMeters, type DeviceFacts } from './check-meters.ts';
import type { Path, Report } from './check-report.ts';
import { type ConfigProblem, type LoadedConfig, placeOf } from './load.ts';
import { toSite } from './site.ts';

export interface Checked {
  readonly problems: readonly ConfigProblem[];
  readonly sums: readonly CircuitSums[];
}

/**
 * Checks what a schema cannot: names that refer to nothing, circles, and the physics. `devices`
 * are the meter files that it uses, `known` the names of all that there are.
 */
export const checkConfig = (
  config: SiteConfig,
  devices: DeviceFacts,
  lineOf: LoadedConfig['lineOf'],
  known: Iterable<string> = devices.keys(),
): Checked => {
  const problems: ConfigProblem[] = [];
  const report: Report = (severity, path, text) =>
    problems.push({ severity, place: placeOf(path), line: lineOf(path), text });
  checkZone(config, report);
  checkNames(config, new Set(known), report);
  checkMeters(config, report);
  checkMeasured(config, devices, report);
  checkWriters(config, report);
  checkSources(config, report);
  checkAdoption(config, report);
  checkTree(config, report);
  checkChargers(config, report);
  checkDirectCurrent(config, report);
  checkPhaseSwitching(config, report);
  checkListening(config, report);
  checkAggregate(config, report);
  if (problems.some(({ severity }) => severity === 'error')) return { problems, sums: [] };
  const site = toSite(config);
  const sums = circuitSums(site);
  checkFallbacks(config, site, sums, report);
  return { problems, sums };
};

const checkAdoption = ({ unknownChargers, circuits }: SiteConfig, report: Report): void => {
  if (unknownChargers === 'reject') return;
  const { adopt } = unknownChargers;
  if (circuits.some(({ id }) => id === adopt)) return;
  const known = circuits.map(({ id }) => id).join(', ');
  report('error', ['unknownChargers', 'adopt'], `unknown circuit "${adopt}"; known are ${known}`);
};

/** The CSMS sees one station: it needs a name, and numbers that mean one connector each. */
const checkAggregate = (
  { upstream, chargers, unknownChargers }: SiteConfig,
  report: Report,
): void => {
  const { mode, station } = upstream;
  if (mode === 'aggregate' && unknownChargers !== 'reject') {
    const text = 'in mode aggregate no CSMS is asked about a charger: list the chargers';
    report('error', ['unknownChargers'], text);
  }
  const open = chargers.filter(({ password, upstream: own }) => !password && !own);
  if (mode === 'aggregate' && open.length > 0) {
    const text = `${open.length} chargers without password get in by their name alone`;
    report('warning', ['chargers'], text);
  }
  if (mode === 'aggregate' && station === undefined) {
    const text = 'mode aggregate needs the station: set identity and version (1.6, 2.0.1 or 2.1)';
    report('error', ['upstream', 'station'], text);
  }
  if (mode !== 'aggregate' && station !== undefined) {
    report('warning', ['upstream', 'station'], 'not used: upstream.mode is not aggregate');
  }
  const owners = new Map<number, string>();
  chargers.forEach(({ id, connectors, upstreamConnector: first }, i) => {
    if (first === undefined) return;
    for (let number = first; number < first + connectors; number += 1) {
      const owner = owners.get(number);
      owners.set(number, id);
      if (owner === undefined) continue;
      const text = `connector ${number} towards the CSMS is one of "${owner}" already`;
      report('error', ['chargers', i, 'upstreamConnector'], text);
      return;
    }
  });
};

const checkZone = ({ site }: SiteConfig, report: Report): void => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: site.timezone });
  } catch {
    report(
      'error',
      ['site', 'timezone'],
      `unknown time zone ${site.timezone}: use a name like Europe/Berlin`,
    );
  }
};

const DEVICE = 'meter device';

/** There are too many of them to list. */
const unknownDevice = (name: string, known: ReadonlySet<string>): string => {
  const [told = '', others] = unknownText(DEVICE, name, known).split(/(?<=\?)|; known are /);
  if (others === undefined || told.endsWith('?')) return told;
  return `${told}: docs/meters.md lists them, "busbar meter scan HOST" finds the one that fits`;
};

const checkNames = (config: SiteConfig, devices: ReadonlySet<string>, report: Report): void => {
  const circuits = new Set(config.circuits.map(({ id }) => id));
  const meters = new Set(config.meters.map(({ id }) => id));
  const chargers = new Set(config.chargers.map(({ id }) => id));
  for (const [list, items] of [
    ['circuits', config.circuits],
    ['meters', config.meters],
    ['chargers', [...config.chargers, ...config.ems.children]],
  ] as const) {
    const seen = new Set<string>();
    items.forEach(({ id }, i) => {
      if (seen.has(id)) report('error', [list, i, 'id'], `"${id}" is used twice`);
      seen.add(id);
    });
  }
  const known = (path: Path, id: string | undefined, among: ReadonlySet<string>, what: string) => {
    if (id === undefined || among.has(id)) return;
    report(
      'error',
      path,
      what === DEVICE ? unknownDevice(id, among) : unknownText(what, id, among),
    );
  };
  const { controller } = config.upstream;
  if (controller !== undefined && chargers.has(controller.identity)) {
    const text = `"${controller.identity}" is a charger: the controller needs an identity of its own`;
    report('error', ['upstream', 'controller', 'identity'], text);
  }
  config.circuits.forEach(({ parent, meter }, i) => {
    known(['circuits', i, 'parent'], parent, circuits, 'circuit');
    known(['circuits', i, 'meter'], meter, meters, 'meter');
  });
  config.meters.forEach(({ device, charger, sum = [] }, i) => {
    known(['meters', i, 'device'], device, devices, DEVICE);
    known(['meters', i, 'charger'], charger, chargers, 'charger');
    const real = new Set(config.meters.flatMap((each) => (each.sum ? [] : [each.id])));
    sum.forEach((term, t) => {
      known(['meters', i, 'sum', t], term.replace(/^-/, ''), real, 'meter that is not a sum');
    });
  });
  config.chargers.forEach(({ circuit }, i) => {
    known(['chargers', i, 'circuit'], circuit, circuits, 'circuit');
  });
  for (const list of ['sources', 'inputs', 'children'] as const) {
    config.ems[list].forEach(({ circuit }, i) => {
      known(['ems', list, i, 'circuit'], circuit, circuits, 'circuit');
    });
  }
};

const checkSources = ({ ems, circuits }: SiteConfig, report: Report): void => {
  const writable = new Set(ems.modbusServer?.sources);
  ems.sources.forEach(({ id, circuit, failsafeAmps, failsafeWatts }, i) => {
    const path = ['ems', 'sources', i];
    if (ems.mqtt === undefined && !writable.has(id)) {
      const text = `nobody can send a limit of "${id}": set ems.mqtt.url, or name it in ems.modbusServer`;
      report('warning', path, text);
    }
    if (failsafeAmps === undefined && failsafeWatts === undefined) {
      report('warning', path, `"${id}" has no failsafe: when it is silent there is no limit`);
    }
    const fuse = mostAmps(circuits.find((each) => each.id === circuit)?.limitAmps);
    if (failsafeAmps !== undefined && failsafeAmps > fuse) {
      const text = `limits nothing: circuit "${circuit}" has ${fuse} A`;
      report('warning', [...path, 'failsafeAmps'], text);
    }
  });
  const sources = new Set<string>();
  for (const list of ['sources', 'inputs'] as const) {
    ems[list].forEach(({ id }, i) => {
      if (sources.has(id)) report('error', ['ems', list, i, 'id'], `"${id}" is used twice`);
      sources.add(id);
    });
  }
  if (ems.children.length > 0 && ems.mqtt === undefined) {
    report('error', ['ems', 'children'], 'needs a broker: set ems.mqtt.url');
  }
  ems.children.forEach(({ maxAmps, failsafeAmps }, i) => {
    if (failsafeAmps <= maxAmps) return;
    report('error', ['ems', 'children', i, 'failsafeAmps'], `above maxAmps ${maxAmps}`);
  });
  ems.inputs.forEach(({ id, limitAmps, limitWatts }, i) => {
    if (limitAmps !== undefined || limitWatts !== undefined) return;
    report('error', ['ems', 'inputs', i], `"${id}" needs limitAmps or limitWatts`);
  });
};

/** Lists of sources that somebody may write. */
const checkWriters = ({ ems }: SiteConfig, report: Report): void => {
  const known = (sources: readonly string[] | undefined, path: Path): void =>
    sources?.forEach((source, i) => {
      if (ems.sources.some(({ id }) => id === source)) return;
      report('error', [...path, i], `unknown source "${source}": add it to ems.sources`);
    });
  known(ems.mqtt?.homeAssistant?.limitSources, ['ems', 'mqtt', 'homeAssistant', 'limitSources']);
  known(ems.modbusServer?.sources, ['ems', 'modbusServer', 'sources']);
};

const mostAmps = (limitAmps: number | readonly number[] = Number.POSITIVE_INFINITY): number =>
  Math.max(...[limitAmps].flat());

const checkTree = ({ circuits }: SiteConfig, report: Report): void => {
  const roots = circuits.filter(({ parent }) => parent === undefined);
  if (roots.length > 1) {
    const path = ['circuits', circuits.indexOf(roots[1] as (typeof circuits)[number])];
    report('error', path, `a second circuit without parent: "${roots[0]?.id}" is the root already`);
  }
  circuits.forEach(({ id, parent, limitAmps }, i) => {
    const above = circuits.find((each) => each.id === parent);
    if (above === undefined || mostAmps(limitAmps) <= mostAmps(above.limitAmps)) return;
    const text = `"${id}" is fed by "${parent}", which has ${mostAmps(above.limitAmps)} A only`;
    report('warning', ['circuits', i, 'limitAmps'], text);
  });
  circuits.forEach((circuit, i) => {
    let at: typeof circuit | undefined = circuit;
    for (let steps = 0; at?.parent !== undefined; steps += 1) {
      if (steps > circuits.length) {
        report('error', ['circuits', i, 'parent'], `"${circuit.id}" is in a circle of parents`);
        return;
      }
      at = circuits.find(({ id }) => id === at?.parent);
    }
    if (
      circuit.meter === undefined &&
      circuit.parent === undefined &&
      circuit.assumedLoadAmps === undefined
    ) {
      report(
        'warning',
        ['circuits', i],
        `"${circuit.id}" has no meter and no assumedLoadAmps: other loads are taken as 0 A`,
      );
    }
    if (circuit.meter !== undefined && circuit.assumedLoadAmps === undefined) {
      report(
        'warning',
        ['circuits', i],
        `"${circuit.id}" has no assumedLoadAmps: if its meter is lost, only the load seen lately is kept free; state the worst case`,
      );
    }
  });
};

const checkChargers = ({ chargers, enforcement }: SiteConfig, report: Report): void => {
  chargers.forEach(({ phases, minAmps, maxAmps, fallbackAmps, connectors, csmsProfiles }, i) => {
    if ((csmsProfiles ?? enforcement.csmsProfiles) === 'overlay' && connectors > 1) {
      const text = 'overlay limits the charger as a whole: with several connectors use virtualised';
      report('error', ['chargers', i, 'connectors'], text);
    }
    const named = phases.match(/L\d/g) ?? [];
    if (new Set(named).size !== named.length) {
      report('error', ['chargers', i, 'phases'], `${phases} names a phase twice`);
    }
    if (minAmps > maxAmps) {
      report('error', ['chargers', i, 'minAmps'], `minAmps ${minAmps} is above maxAmps ${maxAmps}`);
    }
    if (fallbackAmps > maxAmps) {
      report('error', ['chargers', i, 'fallbackAmps'], `above maxAmps ${maxAmps}`);
    }
    if (fallbackAmps > 0 && fallbackAmps < minAmps) {
      report(
        'warning',
        ['chargers', i, 'fallbackAmps'],
        `below minAmps ${minAmps}: cars will pause`,
      );
    }
  });
};

const checkPhaseSwitching = ({ chargers }: SiteConfig, report: Report): void => {
  chargers.forEach(({ phases, dc, phaseSwitching }, i) => {
    const three = phases === 'unknown' || phases.length === 'L1L2L3'.length;
    if (phaseSwitching === undefined || (three && dc === undefined)) return;
    const text = 'only an AC charger on three phases can be switched between three and one';
    report('error', ['chargers', i, 'phaseSwitching'], text);
  });
};

const checkDirectCurrent = ({ chargers }: SiteConfig, report: Report): void => {
  chargers.forEach(({ phases, dc }, i) => {
    if (dc === undefined) return;
    if (phases.length !== 'L1L2L3'.length) {
      report('error', ['chargers', i, 'dc'], 'a DC charger is on three phases: phases: L1L2L3');
    }
    if (dc.minWatts > dc.maxWatts) {
      report('error', ['chargers', i, 'dc', 'minWatts'], `above maxWatts ${dc.maxWatts}`);
    }
  });
};
