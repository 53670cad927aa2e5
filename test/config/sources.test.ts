import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfig } from '../../src/config/check.ts';
import { readConfig } from '../../src/config/load.ts';

const siteWith = (ems: string): string => `version: 1
site: {id: here}
upstream: {url: ws://csms.example/ocpp}
circuits: [{id: main, limitAmps: 63, assumedLoadAmps: 10}]
chargers: [{id: CP_1, circuit: main}]
ems: {${ems}}
`;

test('a source that nobody can write is told', () => {
  const source = 'sources: [{id: bms, circuit: main, failsafeAmps: 20}]';
  const isTold = (ems: string): boolean => {
    const { config, lineOf } = readConfig(siteWith(ems), {});
    assert.ok(config);
    const { problems } = checkConfig(config, new Map(), lineOf);
    return problems.some(({ text }) => text.startsWith('nobody can send a limit of "bms"'));
  };
  assert.equal(isTold(source), true);
  assert.equal(isTold(`${source}, modbusServer: {}`), true);
  assert.equal(isTold(`${source}, modbusServer: {sources: [bms]}`), false);
  assert.equal(isTold(`${source}, mqtt: {url: "mqtt://a"}`), false);
});
