import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Checked, checkConfig } from '../config/check.ts';
import { deviceNames, loadChargerQuirks, loadSiteMeters } from '../config/device-files.ts';
import { type ConfigProblem, loadConfig, placeOf } from '../config/load.ts';
import { loadPolicy, policyGaps } from '../config/policy-files.ts';
import { toSite } from '../config/site.ts';
import type { Policy } from '../core/sharing/policy.ts';
import type { Site } from '../core/site.ts';
import type { QuirkFiles } from '../devices/charger-quirks.ts';
import type { MeterDevice } from '../schema/meter-device.ts';
import type { SiteConfig } from '../schema/site-config.ts';

export interface SiteFile {
  /** Undefined when there are errors. */
  readonly usable:
    | {
        readonly config: SiteConfig;
        readonly site: Site;
        readonly devices: ReadonlyMap<string, MeterDevice>;
        readonly policy: Policy;
        /** That may be chosen by request, by name. */
        readonly policies: ReadonlyMap<string, Policy>;
        readonly quirks: QuirkFiles;
      }
    | undefined;
  readonly problems: readonly ConfigProblem[];
  readonly sums: Checked['sums'];
}

/** Reads and checks a site file with the device files of this installation. */
export const readSiteFile = (file: string): SiteFile => {
  const meters = join(packageFolder(), 'devices/meters');
  const known = deviceNames(meters);
  const { devices: quirks, problems: quirkProblems } = loadChargerQuirks(
    join(packageFolder(), 'devices/chargers'),
  );
  const warning = (place: string) => (text: string) =>
    ({ severity: 'warning', place, line: 0, text }) satisfies ConfigProblem;
  const ofQuirks = quirkProblems.map(warning('devices/chargers'));
  const { config, problems, lineOf } = loadConfig(file, process.env);
  if (config === undefined) {
    return { usable: undefined, problems: [...problems, ...ofQuirks], sums: [] };
  }
  // Only what the site has is read: a start on a small box is quicker by the other files.
  const used = new Set(config.meters.flatMap(({ device }) => device ?? []));
  const { devices, problems: deviceProblems, own } = loadSiteMeters(meters, file, used);
  const ofDevices = [...deviceProblems.map(warning('devices/meters')), ...ofQuirks];
  const shipped = known.filter((name) => !used.has(name) || devices.has(name));
  const usable = [...shipped, ...own.keys()];
  const checked = checkConfig(config, devices, lineOf, usable);
  const ofFiles: ConfigProblem[] = config.meters.flatMap(({ device = '' }, i) => {
    const path = ['meters', i, 'device'] as const;
    const at = { severity: 'error', place: placeOf(path), line: lineOf(path) } as const;
    return (own.get(device) ?? []).map((text) => ({ ...at, text }));
  });
  const policyAt = (names: string | readonly string[], ...path: readonly (string | number)[]) => {
    const loaded = loadPolicy(names, join(packageFolder(), 'policies'), file);
    const found = [...loaded.problems, ...policyGaps(loaded.policy, config)];
    const at = { severity: 'error', place: placeOf(path), line: lineOf(path) } as const;
    ofFiles.push(...found.map((text) => ({ ...at, text })));
    return loaded.policy;
  };
  const policy = policyAt(config.policy, 'policy');
  const policies = new Map(
    config.ems.policies.flatMap((name, i) => {
      const choice = policyAt(name, 'ems', 'policies', i);
      return choice === undefined ? [] : [[name, choice] as const];
    }),
  );
  const broken =
    ofFiles.length > 0 || checked.problems.some(({ severity }) => severity === 'error');
  return {
    usable:
      broken || policy === undefined
        ? undefined
        : { config, site: toSite(config), devices, quirks, policy, policies },
    problems: [...checked.problems, ...ofFiles, ...ofDevices],
    sums: checked.sums,
  };
};

/** The same for verbs that need a usable one: undefined after its problems were told. */
export const usableSite = (file: string, json = false): SiteFile['usable'] => {
  const { usable, problems } = readSiteFile(file);
  if (usable !== undefined) return usable;
  process.stderr.write(problemLines(file, problems));
  if (json) process.stdout.write(failureJson(problems, file));
  return undefined;
};

/** What a script gets of a verb that could not do it: the shape of `busbar check --json`. */
export const failureJson = (problems: readonly ConfigProblem[], file?: string): string =>
  `${JSON.stringify({ ok: false, ...(file !== undefined && { file }), problems }, null, 2)}\n`;

/** Something wrong outside the site file; `place` is the option, file or address that it is about. */
export const failure = (place: string, text: string): ConfigProblem => ({
  severity: 'error',
  place,
  line: 0,
  text,
});

/** The folder of this installation: where package.json lies, above the sources or the bundle. */
export const packageFolder = (): string => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) {
    folder = dirname(folder);
  }
  return folder;
};

/** `file:line: error at place: text`, one a line. */
export const problemLines = (file: string, problems: readonly ConfigProblem[]): string =>
  problems
    .map(({ severity, place, line, text }) => {
      const where = place === '' ? '' : ` ${place}:`;
      return `${file}:${line}: ${severity}:${where} ${text}\n`;
    })
    .join('');
