import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { staleFiles } from '../../scripts/generate.ts';
import { checkConfig } from '../../src/config/check.ts';
import { loadMeterDevices } from '../../src/config/device-files.ts';
import { loadConfig, readConfig } from '../../src/config/load.ts';
import { toSite } from '../../src/config/site.ts';

const DEVICES = loadMeterDevices('devices/meters').devices;
const MINIMAL = `version: 1
site: {id: here}
upstream: {url: ws://csms.example/ocpp}
circuits:
  - {id: main, limitAmps: 63, assumedLoadAmps: 10}
chargers:
  - {id: CP_1, circuit: main}
`;

/** All problems of a text, as `line place: text`. */
const problemsOf = (text: string, environment: Record<string, string> = {}): string[] => {
  const { config, problems, lineOf } = readConfig(text, environment);
  const all = config === undefined ? problems : checkConfig(config, DEVICES, lineOf).problems;
  return all
    .filter(({ severity }) => severity === 'error')
    .map(({ line, place, text: what }) => `${line} ${place}: ${what}`);
};
const add = (lines: string): string => `${MINIMAL}${lines}\n`;
const meterAt = (device: string, connect: string): string =>
  add(`meters: [{id: grid, device: ${device}, connect: '${connect}'}]`);

test('the smallest site file is enough, and gets its defaults', () => {
  assert.deepEqual(problemsOf(MINIMAL), []);
  const { config } = readConfig(MINIMAL, {});
  assert.ok(config);
  const site = toSite(config);
  assert.deepEqual(site.circuits[0]?.limitAmps, [63, 63, 63]);
  assert.deepEqual(site.chargers[0]?.phases, [0, 1, 2]);
  assert.equal(site.chargers[0]?.minAmps, 6);
});

test('chargers are called as OCPP lets them', () => {
  const called = (name: string) => problemsOf(MINIMAL.replace('CP_1', name));
  for (const name of ['"DE*ABC*E123*1"', 'RDAM|123', '"RDAM 123"', '_CP@site', '+49=7']) {
    assert.deepEqual(called(name), [], name);
  }
  for (const name of ['"a:b"', '" a"', '"a "', '".."', 'a/b', 'a'.repeat(49)]) {
    assert.match(
      called(name).join(),
      /^7 chargers\[0\]\.id: must be letters, digits, spaces/,
      name,
    );
  }
});

test('room for steps of other loads is off unless it is asked for', () => {
  const { config: plain } = readConfig(MINIMAL, {});
  const circuit = '63, meter: grid, stepReserveQuantile: 0.95,';
  const { config } = readConfig(MINIMAL.replace('63,', circuit), {});
  assert.ok(plain && config);
  assert.equal(toSite(plain).circuits[0]?.stepReserveQuantile, undefined);
  assert.equal(toSite(config).circuits[0]?.stepReserveQuantile, 0.95);
});

describe('a bad site file names the line, the place and the remedy', () => {
  for (const [name, text, problem] of [
    ['not YAML', 'version: 1\nsite: {id: [', /^[23] : /],
    [
      'a version that YAML takes for a number',
      MINIMAL.replace('/ocpp}', '/ocpp, controller: {identity: S, version: 1.6}}'),
      /^3 upstream\.controller\.version: .*got 1\.6: write it in quotes/,
    ],
    [
      'a controller with the identity of a charger',
      MINIMAL.replace('/ocpp}', '/ocpp, controller: {identity: CP_1}}'),
      /^3 upstream\.controller\.identity: "CP_1" is a charger: .* an identity of its own/,
    ],
    [
      'a meter that cannot protect its circuit',
      `${MINIMAL.replace('63,', '63, meter: grid,')}meters: [{id: grid, device: sma-data-manager, connect: "tcp://a:502"}]\n`,
      /^5 circuits\[0\]\.meter: "grid" measures power only, which cannot protect/,
    ],
    [
      'a meter of one phase above chargers on three',
      `${MINIMAL.replace('63,', '63, meter: grid,')}meters: [{id: grid, device: sunspec-one-phase, connect: "tcp://a:502"}]\n`,
      /^5 circuits\[0\]\.meter: "grid" measures 1 of three phases; CP_1 is on others too/,
    ],
    [
      'room for steps that no meter sees',
      MINIMAL.replace('63,', '63, stepReserveQuantile: 0.95,'),
      /^5 circuits\[0\]\.stepReserveQuantile: "main" has no meter: .* add one/,
    ],
    [
      'aggregate mode without a station',
      MINIMAL.replace('/ocpp}', '/ocpp, mode: aggregate}'),
      /^3 upstream\.station: mode aggregate needs the station: set identity and version/,
    ],
    [
      'a station without a version',
      MINIMAL.replace('/ocpp}', '/ocpp, mode: aggregate, station: {identity: S}}'),
      /^3 upstream\.station.*"version" is missing/,
    ],
    [
      'two chargers with one connector towards the CSMS',
      MINIMAL.replace('circuit: main}', 'circuit: main, connectors: 2, upstreamConnector: 1}') +
        '  - {id: CP_2, circuit: main, upstreamConnector: 2}\n',
      /^8 chargers\[1\]\.upstreamConnector: connector 2 towards the CSMS is one of "CP_1" already/,
    ],
    ['empty', '', /empty or not a mapping/],
    [
      'unknown key',
      add('chargerz: []'),
      /^8 chargerz: unknown key "chargerz"; did you mean "chargers"\?/,
    ],
    [
      'unknown nested key',
      MINIMAL.replace('limitAmps', 'limitAmp'),
      /^5 circuits\[0\]\.limitAmp: unknown key.*"limitAmps"/,
    ],
    [
      'a meter with two sources',
      add('meters: [{id: m, sum: [x], charger: CP_1}, {id: x, charger: CP_1}]'),
      /^8 meters\[0\]: "m" needs one of connect \(with device\), topic, charger or sum, not several/,
    ],
    [
      'a sum of sums',
      add('meters: [{id: a, charger: CP_1}, {id: b, sum: [a]}, {id: c, sum: [a, -b]}]'),
      /meters\[2\]\.sum\[1\]: unknown meter that is not a sum "b"; known are a$/,
    ],
    [
      'a meter over MQTT without a broker',
      add('meters: [{id: m, topic: building/main}]'),
      /meters\[0\]\.topic: needs a broker: set ems\.mqtt\.url/,
    ],
    [
      'a meter without a source',
      add('meters: [{id: m, device: eastron-sdm630}]'),
      /"m" needs one of connect/,
    ],
    [
      'a word that is none of several',
      MINIMAL.replace('ocpp}', 'ocpp, outage: anser}'),
      /^3 upstream\.outage: must be one of answer, close, got "anser"$/,
    ],
    [
      'adoption into nowhere',
      add('unknownChargers: {adopt: hall}'),
      /^8 unknownChargers\.adopt: unknown circuit "hall"; known are main$/,
    ],
    [
      'missing key',
      MINIMAL.replace('upstream: {url: ws://csms.example/ocpp}\n', ''),
      /"upstream" is missing/,
    ],
    [
      'negative fuse',
      MINIMAL.replace('63', '-63'),
      /^5 circuits\[0\]\.limitAmps: must be >= 0, got -63/,
    ],
    [
      'a port that there is not',
      add('listen: {ocpp: "0.0.0.0:99999"}'),
      /^8 listen\.ocpp: must be host:port, .* got "0\.0\.0\.0:99999"/,
    ],
    [
      'a meter at a port that there is not',
      add('meters: [{id: m, device: eastron-sdm630, connect: "tcp://10.0.0.2:70000"}]'),
      /^8 meters\[0\]\.connect: must be tcp:\/\/host:port/,
    ],
    [
      'two doors on one port',
      add('listen: {ocpp: "0.0.0.0:9000", http: "127.0.0.1:9000"}'),
      /^8 listen\.http: listen\.ocpp listens on port 9000 already: take another$/,
    ],
    [
      'a building that takes the whole fuse',
      MINIMAL.replace('assumedLoadAmps: 10', 'assumedLoadAmps: 80'),
      /^5 circuits\[0\]\.assumedLoadAmps: assumedLoadAmps 80 A is above limitAmps 63 A/,
    ],
    [
      'a list that is left empty',
      MINIMAL.replace('  - {id: CP_1, circuit: main}\n', ''),
      /^6 chargers: must be a list, got nothing$/,
    ],
    [
      'text for a number',
      MINIMAL.replace('63', 'much'),
      /^5 circuits\[0\]\.limitAmps: must be a number/,
    ],
    [
      'http for ws',
      MINIMAL.replace('ws:', 'http:'),
      /^3 upstream\.url: must be ws:\/\/\.\.\. or wss/,
    ],
    [
      'newer version',
      MINIMAL.replace('version: 1', 'version: 2'),
      /^1 version: version 2 is newer.*update Busbar/,
    ],
    [
      'unknown circuit',
      MINIMAL.replace('circuit: main', 'circuit: roof'),
      /^7 chargers\[0\]\.circuit: unknown circuit "roof"; known are main/,
    ],
    [
      'unknown meter',
      MINIMAL.replace('assumed', 'meter: grid, assumed'),
      /unknown meter "grid"; known are none/,
    ],
    [
      'unknown meter device',
      add('meters:\n  - {id: grid, device: abacus, connect: tcp://10.0.0.1:502}'),
      /^9 meters\[0\]\.device: unknown meter device "abacus": docs\/meters\.md lists them, "busbar meter scan/,
    ],
    [
      'id used twice',
      add('  - {id: CP_1, circuit: main}'),
      /^8 chargers\[1\]\.id: "CP_1" is used twice/,
    ],
    [
      'two roots',
      MINIMAL.replace('chargers:', '  - {id: other, limitAmps: 10}\nchargers:'),
      /a second circuit without parent/,
    ],
    [
      'circle of circuits',
      MINIMAL.replace(
        'chargers:',
        '  - {id: a, parent: b, limitAmps: 9}\n  - {id: b, parent: a, limitAmps: 9}\nchargers:',
      ),
      /"a" is in a circle of parents/,
    ],
    ['phase twice', add('  - {id: CP_2, circuit: main, phases: L1L1}'), /names a phase twice/],
    [
      'minimum above maximum',
      add('  - {id: CP_2, circuit: main, maxAmps: 5}'),
      /minAmps 6 is above maxAmps 5/,
    ],
    [
      'unknown zone',
      MINIMAL.replace('id: here', 'id: here, timezone: Berlin'),
      /unknown time zone Berlin/,
    ],
    ['open HTTP without a token', add('listen: {http: 0.0.0.0:8080}'), /set listen\.token/],
    [
      'fallbacks that do not fit',
      add('  - {id: CP_2, circuit: main, connectors: 9}'),
      /^5 circuits\[0\]: .*fallbacks below "main" add up to 60 A on L1, more than its 63 A less 10 A.*fallbackAmps: 0 on 1 of 2 chargers \(CP_2\)$/,
    ],
    [
      'a unit beside a number',
      MINIMAL.replace('limitAmps: 63', 'limitAmps: 63 A'),
      /limitAmps: must be a number or a list, got "63 A": write 63$/,
    ],
    [
      'a decimal comma',
      MINIMAL.replace('limitAmps: 63', 'limitAmps: 63,5'),
      /unknown key "5": a decimal comma\? Write decimals with a point$/,
    ],
    [
      'a key in another unit',
      add('  - {id: CP_2, circuit: main, maxKw: 22}'),
      /unknown key "maxKw"; did you mean "maxAmps"\?$/,
    ],
    [
      'a list for a text',
      add('  - {id: CP_2, circuit: main, phases: [L1, L2]}'),
      /phases: must be like L1L2L3/,
    ],
    [
      'a key that is there twice',
      add('site: {id: there}'),
      /^8 : this key is there twice: site: \{id: there\}$/,
    ],
    [
      'fallbacks that would fit when they are lower',
      add(
        '  - {id: CP_2, circuit: main, fallbackAmps: 16, connectors: 2}\n' +
          '  - {id: CP_3, circuit: main, fallbackAmps: 16, connectors: 2}',
      ),
      /fallbackAmps: 0 on 1 of 3 chargers \(CP_2\), or at most 11 A on each$/,
    ],
    [
      'an address with a number too large',
      meterAt('eastron-sdm630', 'tcp://10.0.0.320:502'),
      /connect: .*got "tcp:\/\/10\.0\.0\.320:502": 10\.0\.0\.320 is no IP address$/,
    ],
    [
      'a meter by its brand only',
      meterAt('janitza', 'tcp://10.0.0.20'),
      /unknown meter device "janitza"; did you mean janitza-umg604 or janitza-umg96\?$/,
    ],
    [
      'a meter by its type only',
      meterAt('SDM630', 'tcp://10.0.0.20'),
      /unknown meter device "SDM630"; did you mean "eastron-sdm630"\?$/,
    ],
    [
      'phases with commas',
      add('  - {id: CP_2, circuit: main, phases: L1,L2,L3}'),
      /unknown key "L2": phases are written without commas: L1L2L3$/,
    ],
    [
      'a list without its dash',
      MINIMAL.replace('  - {id: CP_1', '  {id: CP_1'),
      /chargers: must be a list: every entry begins with "- "$/,
    ],
    [
      'a certificate by its path only',
      add('ems: {mqtt: {url: "mqtts://h", tls: {ca: /etc/busbar/ca.pem}}}'),
      /ems\.mqtt\.tls\.ca: must be the text of a PEM file: write \$\{file:\/path\/of\/it\}$/,
    ],
    [
      'missing secret',
      add(`ems: {mqtt: {url: "mqtt://h", password: "\${env:NOT_THERE}"}}`),
      /^8 ems\.mqtt\.password: environment variable NOT_THERE is not set/,
    ],
  ] as const) {
    test(name, () => {
      const problems = problemsOf(text);
      assert.ok(
        problems.some((each) => problem.test(each)),
        problems.join('\n') || 'it was accepted',
      );
    });
  }
});

test('the environment overrides the file, also in lists', () => {
  const environment = {
    BUSBAR__LISTEN__HTTP: '127.0.0.1:9999',
    BUSBAR__CIRCUITS__0__LIMITAMPS: '40',
    BUSBAR__CHARGERS__0__FALLBACKTRUSTED: 'true',
  };
  const { config } = readConfig(MINIMAL, environment);
  assert.equal(config?.listen.http, '127.0.0.1:9999');
  assert.equal(config?.circuits[0]?.limitAmps, 40);
  assert.equal(config?.chargers[0]?.fallbackTrusted, true);
});

test('what is wrong in the environment is told by the name of the variable', () => {
  const problem = (name: string, text: string) => problemsOf(MINIMAL, { [name]: text })[0];
  assert.match(
    problem('BUSBAR__CIRCUITS__0__LIMITAMPS', 'abc') ?? '',
    /: BUSBAR__CIRCUITS__0__LIMITAMPS in the environment: must be a number or a list, got "abc"/,
  );
  assert.match(problem('BUSBAR__LISTEN__HTPP', '1') ?? '', /BUSBAR__LISTEN__HTPP in the.*"http"/);
  assert.match(
    problem('BUSBAR__CIRCUITS__MAIN__LIMITAMPS', '40') ?? '',
    /^\d+ circuits: BUSBAR__CIRCUITS__MAIN.*"MAIN" is no entry of the list: they count from 0/,
  );
});

test('no problem repeats a secret', () => {
  const [short] = problemsOf(add('listen: {token: geheim}'));
  assert.match(short ?? '', /listen\.token: needs at least 16 characters$/);
  const url = add('ems: {mqtt: {url: "mqqt://me:geheim@broker"}}');
  assert.match(problemsOf(url).join(), /got "mqqt:\/\/\.\.\.@broker"/);
});

test('secrets come from the environment or from files', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'busbar-secret-')), 'password');
  writeFileSync(file, 'hush\n');
  const text = add(
    `ems: {mqtt: {url: "mqtt://h", username: "\${env:NAME}", password: "\${file:${file}}"}}`,
  );
  const { config } = readConfig(text, { NAME: 'bms' });
  assert.equal(config?.ems.mqtt?.username, 'bms');
  assert.equal(config?.ems.mqtt?.password, 'hush');
});

test('a file that is not there is a problem, not a crash', () => {
  assert.match(loadConfig('nowhere.yaml', {}).problems[0]?.text ?? '', /there is no such file/);
});

describe('example sites', () => {
  for (const name of readdirSync('config').filter((file) => file.endsWith('.yaml'))) {
    test(name, () => {
      const { config, problems, lineOf } = loadConfig(join('config', name), {});
      assert.deepEqual(problems, []);
      assert.ok(config);
      const errors = checkConfig(config, DEVICES, lineOf).problems.filter(
        ({ severity }) => severity === 'error',
      );
      assert.deepEqual(errors, []);
    });
  }
});

test('generated files are up to date (npm run generate)', () => {
  assert.deepEqual(staleFiles(), []);
});
