import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restartNeeded, takenOver } from '../../src/config/restart-needed.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { DialGate } from '../../src/gateway/redial.ts';
import { UpstreamRoles } from '../../src/gateway/upstream-roles.ts';
import type { BusbarOptions } from '../../src/main.ts';
import { Reload } from '../../src/main-reload.ts';
import { rolesOf } from '../../src/main-upstream.ts';
import type { SiteConfig } from '../../src/schema/site-config.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import type { Controller, ControllerSpec } from '../../src/station/controller.ts';
import { NO_OBSERVER } from '../scenarios/relay-site.ts';

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
  // Of the one station that the CSMS sees nothing is taken over, whatever it is.
  const station = { identity: 'GARAGE-7', version: '2.0.1', vendor: 'B', model: 'C' };
  const aggregate = { ...config, upstream: { ...config.upstream, mode: 'aggregate', station } };
  for (const change of [{ password: 'x' }, { identity: 'GARAGE-8' }, { serial: '1' }]) {
    const upstream = { ...aggregate.upstream, station: { ...station, ...change } };
    const pair = [aggregate, { ...aggregate, upstream }] as unknown as [SiteConfig, SiteConfig];
    assert.deepEqual([restartNeeded(...pair), takenOver(...pair)], [['upstream.station'], []]);
  }
  const controller = { identity: 'A', version: '2.0.1', vendor: 'B', model: 'C' };
  const withController = { ...config, upstream: { ...config.upstream, controller } } as SiteConfig;
  const ofController = (change: object, more: object = {}) => {
    const before = withController.upstream;
    const upstream = { ...before, ...more, controller: { ...controller, ...change } };
    const after = { ...withController, upstream } as SiteConfig;
    return [restartNeeded(withController, after), takenOver(withController, after)];
  };
  const moved = { url: 'ws://other.example' };
  assert.deepEqual(ofController({}, moved), [[], ['upstream.url', 'upstream.controller']]);
  assert.deepEqual(ofController({ url: 'ws://csms.example' }, moved), [[], ['upstream.url']]);
  assert.deepEqual(ofController({ password: 'x', serial: '1' }), [[], ['upstream.controller']]);
  assert.deepEqual(ofController({ password: 'x', identity: 'B' }), [['upstream.controller'], []]);
});

test('what is no reason for a restart is taken over by a reload', () => {
  const upstream = { ...config.upstream, rules: [{ deny: ['Reset'] }], unknownBoot: 'accept' };
  const route = { id: 'CP_1', circuit: 'main', upstream: 'ws://other.example' };
  const changed = { ...config, upstream, chargers: [route] } as unknown as SiteConfig;
  assert.deepEqual(takenOver(config, changed), ['upstream.rules', 'chargers.upstream']);
  assert.deepEqual(restartNeeded(config, changed), ['upstream.unknownBoot']);
});

test('a reload tells the controller how it presents itself, unless a restart is needed for it', () => {
  const roles = { change: () => [] } as unknown as UpstreamRoles;
  const specs: ControllerSpec[] = [];
  const taker = { change: (spec: ControllerSpec) => specs.push(spec) } as unknown as Controller;
  const start = { identity: 'A', version: '2.0.1', vendor: 'B', model: 'C' };
  const of = (controller: object): SiteConfig =>
    ({ ...config, upstream: { ...config.upstream, controller } }) as unknown as SiteConfig;
  const options = { config: of(start), log: SILENT_LOG } as unknown as BusbarOptions;
  const gateway = () => ({}) as Gateway;
  const parts = { roles, gateway, controller: taker, securityEvent: () => {} };
  const reload = new Reload(options, parts);
  reload.take(of({ ...start, password: 'x' }));
  assert.deepEqual(specs, [{ ...start, password: 'x', url: 'ws://csms.example' }]);
  reload.take(of({ ...start, password: 'y', identity: 'Z' }));
  assert.equal(specs.length, 1);
  assert.match(reload.alarms().join(), /restart for upstream.controller/);
});

test('a reload moves chargers of changed routes, and an alarm names what waits for a restart', async () => {
  const roles = new UpstreamRoles(rolesOf(config), {
    first: NO_OBSERVER,
    interceptor: { csmsCall: () => undefined },
    mirrorParts: {
      dialer: { dial: () => Promise.resolve({ outcome: 'unreachable', problem: 'test' }) },
      gate: new DialGate(),
      clock: new VirtualClock(),
      log: SILENT_LOG,
      random: () => 0,
    },
  });
  roles.chargerConnected('CP_1', '1.6', 0);
  const disconnected: string[] = [];
  const gateway = { disconnect: (charger: string) => disconnected.push(charger) };
  const reload = new Reload({ config, log: SILENT_LOG } as unknown as BusbarOptions, {
    roles,
    gateway: () => gateway as unknown as Gateway,
    securityEvent: () => {},
  });
  const upstream = { ...config.upstream, controller: { identity: 'A' } };
  const chargers = [{ id: 'CP_1', circuit: 'main', upstream: 'ws://other.example' }];
  const changed = { ...config, upstream, chargers } as unknown as SiteConfig;
  const [shown, taken] = reload.routes({ path: '/site.yaml', read: () => changed });
  const state = {
    path: '/site.yaml',
    reload: ['chargers.upstream'],
    restart: ['upstream.controller'],
  };
  const request = { params: {}, query: {}, body: undefined };
  assert.deepEqual(await shown?.handle(request), { body: state });
  assert.deepEqual([disconnected, reload.alarms()], [[], []]);
  await taken?.handle(request);
  assert.deepEqual(disconnected, ['CP_1']);
  assert.match(reload.alarms().join(), /restart for upstream\.controller/);
  assert.deepEqual(await shown?.handle(request), { body: { ...state, reload: [] } });
  const [broken] = reload.routes({ path: '/site.yaml', read: () => undefined });
  assert.match(JSON.stringify(await broken?.handle(request)), /site\.yaml has errors/);
});
