import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';

const FILE_MOST_LINES = 400;
const FUNCTION_MOST_LINES = 70;
const LINE_MOST_COLUMNS = 104;

/** Rooms that each room may import from, besides itself. `*` is everything. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  profiles: ['core'],
  ocpp: ['core', 'profiles'],
  devices: ['core', 'schema'],
  schema: ['core'],
  config: ['core', 'schema'],
  gateway: ['core', 'ocpp', 'store', 'schema'],
  control: ['core', 'ocpp', 'profiles', 'gateway', 'schema', 'store'],
  store: [],
  field: ['core', 'devices', 'schema', 'gateway'],
  station: ['core', 'ocpp', 'profiles', 'gateway', 'schema', 'store'],
  io: ['core', 'gateway', 'devices', 'schema', 'field'],
  sim: ['core', 'ocpp', 'profiles', 'devices', 'schema', 'gateway', 'control', 'store', 'station'],
  ui: ['schema'],
  cli: ['*'],
  main: ['*'],
  'main-field': ['*'],
  'main-held': ['*'],
  'main-learned': ['*'],
  'main-listen': ['*'],
  'main-parts': ['*'],
  'main-reload': ['*'],
  'main-standing': ['*'],
  'main-upstream': ['*'],
  version: [],
};

const PURE_ROOMS = ['core', 'profiles', 'ocpp', 'devices'];
const IMPURE = [
  /from 'node:/,
  /\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b/,
  /\bDate\.now\b|\bnew Date\(\)|\bperformance\b/,
  /\bMath\.random\b/,
  /\bconsole\b|\bprocess\b/,
];

/** Files that wait for their user; nothing may be added without a reason. */
const AWAITED: readonly string[] = [];

/** Packages that two files outside `sim` may import: server and client of the same protocol. */
const TWO_IMPORTERS = new Set(['ws']);
/** Packages of the pure rooms: package to the one file. */
const PURE_PACKAGES = new Set(['simple-statistics']);

const list = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? list(path) : [path];
  });
const isCode = (path: string): boolean => /\.tsx?$/.test(path) && !path.endsWith('.d.ts');
const sources = list('src').filter(isCode);
const others = ['test', 'bench', 'scripts'].flatMap(list).filter(isCode);
const textOf = (path: string): string => readFileSync(path, 'utf8');
const roomOf = (path: string): string => path.split('/')[1]?.replace(/\.ts$/, '') ?? '';

const importsOf = (path: string): string[] =>
  [...textOf(path).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name]) => name ?? '');
const resolved = (path: string, name: string): string => normalize(join(dirname(path), name));

describe('rooms', () => {
  test('import only from the rooms they may', () => {
    const wrong = sources.flatMap((path) => {
      const room = roomOf(path);
      const allowed = MAY_IMPORT[room];
      assert.ok(allowed, `room of ${path} is not in the table`);
      return importsOf(path)
        .filter((name) => name.startsWith('.') && name.endsWith('.ts'))
        .map((name) => resolved(path, name))
        .filter((target) => target.startsWith('src/'))
        .filter((target) => roomOf(target) !== room && !allowed.includes('*'))
        .filter((target) => !allowed.includes(roomOf(target)))
        .map((target) => `${path} imports ${target}`);
    });
    assert.deepEqual(wrong, []);
  });

  test('that are pure have no clock, timer, randomness, I/O or package', () => {
    const wrong = sources
      .filter((path) => PURE_ROOMS.includes(roomOf(path)))
      .flatMap((path) => {
        const code = withoutComments(textOf(path));
        const impure = IMPURE.filter((rule) => rule.test(code)).map((rule) => `${path}: ${rule}`);
        const packages = importsOf(path)
          .filter((name) => !name.startsWith('.') && !PURE_PACKAGES.has(name))
          .map((name) => `${path}: package ${name}`);
        return [...impure, ...packages];
      });
    assert.deepEqual(wrong, []);
  });

  test('io files never import each other', () => {
    const wrong = sources
      .filter((path) => roomOf(path) === 'io')
      .flatMap((path) =>
        importsOf(path)
          .filter((name) => name.startsWith('./'))
          .map((name) => `${path} imports ${name}`),
      );
    assert.deepEqual(wrong, []);
  });

  test('each package has one importing file', () => {
    const importers = new Map<string, Set<string>>();
    for (const path of sources.filter((each) => !['sim', 'ui'].includes(roomOf(each)))) {
      for (const name of importsOf(path)) {
        if (name.startsWith('.') || name.startsWith('node:')) continue;
        importers.set(name, (importers.get(name) ?? new Set()).add(path));
      }
    }
    const wrong = [...importers].filter(
      ([name, files]) => files.size > (TWO_IMPORTERS.has(name) ? 2 : 1),
    );
    assert.deepEqual(
      wrong.map(([name, files]) => `${name}: ${[...files].join(', ')}`),
      [],
    );
  });
});

describe('shape', () => {
  test('no file is dead: each is reached from the program, not only from tests', () => {
    const reached = new Set<string>();
    const visit = (path: string): void => {
      if (reached.has(path)) return;
      reached.add(path);
      for (const name of importsOf(path)) {
        const target = resolved(path, name);
        if (name.startsWith('.') && sources.includes(target)) visit(target);
      }
    };
    for (const root of ['src/cli/main.ts', 'src/ui/main.tsx']) visit(root);
    // The simulator is a product of its own: tests and benches stand on all of it.
    for (const path of others) for (const name of importsOf(path)) visitSim(resolved(path, name));
    function visitSim(target: string): void {
      if (roomOf(target) === 'sim' && sources.includes(target)) visit(target);
    }
    assert.deepEqual(
      sources.filter((path) => !reached.has(path) && !AWAITED.includes(path)),
      [],
    );
  });

  test('files, functions and lines stay small', () => {
    const wrong = [...sources, ...others].flatMap((path) => {
      const lines = textOf(path).split('\n');
      const long = lines.length > FILE_MOST_LINES ? [`${path}: ${lines.length} lines`] : [];
      const wide = lines.flatMap((line, i) =>
        line.length > LINE_MOST_COLUMNS && !/https?:|['"`]/.test(line)
          ? [`${path}:${i + 1}: ${line.length} columns`]
          : [],
      );
      return [...long, ...wide, ...(path.startsWith('src/') ? longFunctions(path, lines) : [])];
    });
    assert.deepEqual(wrong, []);
  });

  test('no default exports, enums, module-level state or any', () => {
    const rules = [
      /^export default/m,
      /^(?:export )?enum /m,
      /^(?:export )?let /m,
      /: any\b|<any>/,
    ];
    const wrong = sources.flatMap((path) =>
      rules.filter((rule) => rule.test(textOf(path))).map((rule) => `${path}: ${rule}`),
    );
    assert.deepEqual(wrong, []);
  });

  test('nothing speaks of one machine', () => {
    const wrong = [...sources, ...others]
      .filter((path) => !path.endsWith('architecture.test.ts'))
      .filter((path) => /\/(?:work|home|root)\/|registry\.npm/.test(textOf(path)));
    assert.deepEqual(wrong, []);
  });
});

/** Functions by their closing brace at the same indentation; good enough for formatted code. */
const longFunctions = (path: string, lines: readonly string[]): string[] =>
  lines.flatMap((line, start) => {
    const opens =
      /^(\s*)(?:export |static |async |get |readonly )*[#\w]+.*(?:=> |\) |\): .+)\{$/.exec(line);
    if (opens === null || /^\s*(?:if|for|while|switch|class|describe|test)\b/.test(line)) return [];
    const end = lines.findIndex((each, i) => i > start && each.startsWith(`${opens[1]}}`));
    const length = end - start;
    return length > FUNCTION_MOST_LINES ? [`${path}:${start + 1}: ${length} lines`] : [];
  });

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
