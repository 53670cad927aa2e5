import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_POLICY } from '../../src/core/sharing/policy.ts';
import type { EmsSourceSpec } from '../../src/core/site.ts';
import { sameAmps } from '../../src/core/units.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

const SOURCES: readonly EmsSourceSpec[] = [
  { id: 'dso', circuit: 'main' },
  { id: 'bms', circuit: 'main', failsafeAmps: 40 },
  {
    id: 'lpc',
    circuit: 'main',
    failsafeAmps: 50,
    lpc: { heartbeatMs: 120_000, failsafeMs: 7.2e6 },
  },
];
const quarter = {
  ...DEFAULT_POLICY,
  id: 'quarter',
  windows: [
    { id: 'q', days: [0, 1, 2, 3, 4, 5, 6], fromMinute: 0, toMinute: 0, limitAmps: 15 },
  ].map((window) => ({ ...window, calmBelow: 0 })),
};
const policies = new Map([['quarter', quarter]]);

const busy = async (
  emsSources: readonly EmsSourceSpec[] = [],
  mainAmps = 63,
): Promise<VirtualSite> => {
  const site = new VirtualSite({ site: garage(2, { emsSources, mainAmps }), policies });
  await site.run(15);
  for (const id of ['CP_1', 'CP_2']) {
    site.charger(id).plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), `CARD-${id}`);
  }
  await site.run(45);
  return site;
};

/** SIGKILL, and a new start after a pause. */
const restart = async (site: VirtualSite, seconds = 10): Promise<void> => {
  await site.run(2);
  site.killGateway();
  await site.run(seconds);
  await site.startGateway();
  await site.run(45);
};

const connector = (site: VirtualSite, i: number) => site.view().chargers[i]?.connectors[0];
const offer = (site: VirtualSite, i: number): number => connector(site, i)?.offerAmps ?? 0;
const inForce = (site: VirtualSite, source: string) =>
  site.view().limits.filter((limit) => limit.source === source);
const mainAmps = (site: VirtualSite): number =>
  site.view().circuits[0]?.limitInForceAmps[0] ?? Number.NaN;

describe('over a restart of the gateway', () => {
  test('a pause holds, and ends when it was to end', async () => {
    const site = await busy();
    site.setPreference({ kind: 'pause', charger: 'CP_1', by: 'janitor', ttlSeconds: 150 });
    await restart(site);
    assert.equal(offer(site, 0), 0);
    assert.match(connector(site, 0)?.reason ?? '', /paused by janitor/);
    await site.run(150);
    assert.ok(offer(site, 0) >= 6, `${offer(site, 0)} A after the pause`);
  });

  test('a pause without an end holds until it is resumed', async () => {
    const site = await busy();
    site.setPreference({ kind: 'pause', charger: 'CP_1', by: 'janitor' });
    await restart(site);
    await restart(site, 1_000);
    assert.equal(offer(site, 0), 0);
    site.setPreference({ kind: 'resume', charger: 'CP_1' });
    await restart(site);
    assert.ok(offer(site, 0) >= 6);
  });

  test('a priority holds', async () => {
    const site = await busy([], 40);
    site.setPreference({ kind: 'priority', charger: 'CP_1', weight: 3 });
    await restart(site);
    await site.run(60);
    assert.ok(offer(site, 0) >= offer(site, 1) + 5, `${offer(site, 0)}, ${offer(site, 1)}`);
  });

  test('a wish is that of the car which is still there, and of no other', async () => {
    const site = await busy([], 40);
    // Nearly nothing until much later: the other car goes first.
    const calm = { energyWh: 3_000, departsAtWallMs: site.clock.wallMs() + 20 * 3_600_000 };
    site.setWish('CP_1', 1, calm);
    await restart(site);
    await site.run(60);
    assert.ok(offer(site, 1) >= offer(site, 0) + 5, `${offer(site, 0)}, ${offer(site, 1)}`);
    site.killGateway();
    site.charger('CP_1').unplug(1);
    await site.run(5);
    site.charger('CP_1').plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), 'ANOTHER');
    await site.startGateway();
    await site.run(240);
    assert.ok(Math.abs(offer(site, 1) - offer(site, 0)) <= 2);
  });

  test('the chosen policy holds until its time is over', async () => {
    const site = await busy();
    site.setPolicy({
      name: 'quarter',
      policy: quarter,
      untilMs: site.clock.monotonicMs() + 150_000,
    });
    await site.run(5);
    assert.equal(mainAmps(site), 15);
    await restart(site);
    assert.equal(mainAmps(site), 15);
    assert.equal(site.view().policy, 'quarter');
    await site.run(100);
    assert.equal(mainAmps(site), 63);
  });

  test('a limit that was ordered ahead begins and ends in time', async () => {
    const site = await busy(SOURCES);
    const startAtMs = site.clock.wallMs() + 100_000;
    const ahead = { circuit: 'main', amps: sameAmps(20), ttlSeconds: 60, startAtMs };
    assert.equal(site.setLimit('dso', ahead)?.accepted, true);
    await restart(site);
    assert.ok(mainAmps(site) > 20);
    await site.run(50);
    assert.equal(mainAmps(site), 20);
    await restart(site);
    assert.ok(mainAmps(site) > 20, 'its end came while the gateway was started');
    assert.equal(site.breaker.record().overMs, 0);
  });

  test('the limit of a source that has no failsafe goes on', async () => {
    const site = await busy(SOURCES);
    site.setLimit('dso', { circuit: 'main', amps: sameAmps(25), ttlSeconds: 200, reason: 'peak' });
    await site.run(60);
    await restart(site);
    assert.equal(mainAmps(site), 25);
    assert.equal(inForce(site, 'dso')[0]?.reason, 'peak');
    await site.run(100);
    assert.ok(mainAmps(site) > 25);
  });

  test('sources with a failsafe or a heartbeat come back in it', async () => {
    const site = await busy(SOURCES);
    for (const source of ['bms', 'lpc']) {
      const command = { circuit: 'main', amps: sameAmps(60), ttlSeconds: 600, epoch: 7 };
      assert.equal(site.setLimit(source, command)?.accepted, true);
    }
    await site.run(60);
    assert.equal(mainAmps(site), 60);
    await restart(site);
    assert.equal(mainAmps(site), 40);
    assert.deepEqual(
      site
        .view()
        .limits.map(({ source, state }) => [source, state])
        .sort(),
      [
        ['bms', 'failsafe'],
        ['dso', 'none'],
        ['lpc', 'failsafe'],
      ],
    );
    const stale = { circuit: 'main', amps: sameAmps(60), ttlSeconds: 600, epoch: 6 };
    assert.match(site.setLimit('bms', stale)?.reason ?? '', /epoch 6 is lower than 7/);
  });
});
