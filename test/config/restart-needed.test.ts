import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restartNeeded, takenOver } from '../../src/config/restart-needed.ts';
import type { SiteConfig } from '../../src/schema/site-config.ts';

const config = {
  version: 1,
  upstream: { url: 'ws://csms.example', mode: 'per-charger', mirrors: [], rules: [] },
  chargers: [{ id: 'CP_1', circuit: 'main' }],
  circuits: [{ id: 'main', limitAmps: 63 }],
} as unknown as SiteConfig;

test('a restart is needed for what a running gateway does not take over, and for nothing else', () => {
  const changed = (change: object) => restartNeeded(config, { ...config, ...change } as SiteConfig);
  const upstream = (change: object) => changed({ upstream: { ...config.upstream, ...change } });
  assert.deepEqual(changed({}), []);
  assert.deepEqual(upstream({ url: 'ws://other.example', rules: [{ deny: ['Reset'] }] }), []);
  const route = { id: 'CP_1', circuit: 'main', upstream: 'ws://other.example' };
  assert.deepEqual(changed({ chargers: [route] }), []);
  assert.deepEqual(changed({ chargers: [{ id: 'CP_1', circuit: 'garage' }] }), ['chargers']);
  assert.deepEqual(upstream({ controller: { identity: 'A' } }), ['upstream.controller']);
  assert.deepEqual(upstream({ url: 'ws://other.example', mode: 'aggregate' }), [
    'upstream.url',
    'upstream.mode',
  ]);
  assert.deepEqual(changed({ circuits: [] }), ['circuits']);
  const controller = { identity: 'A', version: '2.0.1', vendor: 'B', model: 'C' };
  const withController = { ...config, upstream: { ...config.upstream, controller } } as SiteConfig;
  const moved = { ...withController.upstream, url: 'ws://other.example' };
  assert.deepEqual(restartNeeded(withController, { ...withController, upstream: moved }), [
    'upstream.controller',
  ]);
});

test('what is no reason for a restart is taken over by a reload', () => {
  const upstream = { ...config.upstream, rules: [{ deny: ['Reset'] }], unknownBoot: 'accept' };
  const route = { id: 'CP_1', circuit: 'main', upstream: 'ws://other.example' };
  const changed = { ...config, upstream, chargers: [route] } as unknown as SiteConfig;
  assert.deepEqual(takenOver(config, changed), ['upstream.rules', 'chargers.upstream']);
  assert.deepEqual(restartNeeded(config, changed), ['upstream.unknownBoot']);
});
