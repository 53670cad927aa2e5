// A parent and two halls on one real broker: whoever dies, the halls together never hold more than
// the fuse of the parent. The loops run on the virtual clock, the messages over real sockets.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { checkConfig } from '../../src/config/check.ts';
import { loadChargerQuirks, loadMeterDevices } from '../../src/config/device-files.ts';
import { loadConfig } from '../../src/config/load.ts';
import { toSite } from '../../src/config/site.ts';
import { ControlLoop } from '../../src/control/control-loop.ts';
import { ProfileShelf } from '../../src/control/profiles/profile-shelf.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { DEFAULT_SETTINGS } from '../../src/core/tick.ts';
import { traitsOf } from '../../src/devices/charger-quirks.ts';
import { ChildStations } from '../../src/field/child-stations.ts';
import { EmsLink } from '../../src/field/ems-link.ts';
import type { OwnCall } from '../../src/gateway/observer.ts';
import { openBroker } from '../../src/io/mqtt.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import type { SiteView } from '../../src/schema/view.ts';
import { Medium, MemoryStore } from '../../src/sim/memory-store.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { startMosquitto, watch } from './mosquitto.ts';

const LIFE_MS = 60_000;
const quirks = loadChargerQuirks('devices/chargers').devices;
const meters = loadMeterDevices('devices/meters').devices;

interface Box {
  readonly id: string;
  view(): SiteView;
  /** A car on every charger; they take what they are offered. */
  plugIn(): void;
  /** The process is gone: nothing is said any more, the broker notices. */
  die(): Promise<void>;
}

const startBox = async (
  t: TestContext,
  file: string,
  clock: VirtualClock,
  url: string,
  epoch: number,
): Promise<Box> => {
  const { config, lineOf } = loadConfig(file, {});
  assert.ok(config, file);
  assert.deepEqual(checkConfig(config, meters, lineOf).problems.filter(isError), []);
  const site = toSite(config);
  let children: ChildStations | undefined;
  let view: SiteView | undefined;
  const call = (charger: string, asked: OwnCall, done: (outcome: never) => void): void => {
    if (children?.call(charger, asked, done as never) === true) return;
    const outcome = { outcome: 'answered', payload: { status: 'Accepted' } };
    clock.after(20, () => done(outcome as never));
  };
  const loop = new ControlLoop({
    site,
    clock,
    calls: { call },
    settings: { ...DEFAULT_SETTINGS, lifeMs: LIFE_MS },
    log: SILENT_LOG,
    version: '1',
    provenFallbacks: new Set(),
    rememberFallback: () => {},
    makes: {
      traitsOf: (plate) => traitsOf(quirks, plate),
      plates: new Map(
        config.ems.children.map(({ id }) => [id, { vendor: 'Busbar', model: 'gateway' }]),
      ),
      remember: () => {},
    },
    shelf: await ProfileShelf.open(new MemoryStore(new Medium(), clock), SILENT_LOG),
    published: (next) => {
      view = next;
      ems.publish(next);
    },
  });
  const ems: EmsLink = new EmsLink({
    openBroker: (listener, will) =>
      openBroker({
        url,
        clientId: site.id + epoch,
        will,
        listener,
        clock: systemClock,
        log: SILENT_LOG,
      }),
    root: 'busbar/v1',
    siteId: site.id,
    clock,
    log: SILENT_LOG,
    version: '1',
    setLimit: (source, command) => loop.setLimit(source, command),
    taker: loop,
    meters: site.meters,
    onReading: (reading) => loop.takeReading(reading),
    handlers: (broker) => {
      children = new ChildStations({
        children: config.ems.children.map((spec) => ({ ...spec, circuit: spec.limits })),
        root: 'busbar/v1',
        clock,
        log: SILENT_LOG,
        epoch,
        siteId: site.id,
        observer: loop.links,
        broker,
        want: (command) => loop.setPreference(command),
      });
      return [children];
    },
  });
  t.after(() => ems.close());
  loop.start();
  return {
    id: site.id,
    view: () => view ?? loop.view(),
    plugIn: () => {
      for (const { id: charger } of config.chargers) {
        loop.links.chargerConnected(charger, '2.0.1', clock.monotonicMs());
        const payload = {
          eventType: 'Started',
          transactionInfo: { transactionId: charger, chargingState: 'Charging' },
          evse: { id: 1 },
        };
        loop.links.request({
          charger,
          version: '2.0.1',
          from: 'charger',
          action: 'TransactionEvent',
          payload: () => payload,
          atMs: clock.monotonicMs(),
        });
      }
    },
    die: async () => {
      loop.stop();
      await ems.close();
    },
  };
};

const isError = ({ severity }: { severity: string }): boolean => severity === 'error';
const limitOf = (box: Box): number => Math.min(...(box.view().circuits[0]?.limitInForceAmps ?? []));
const offerOf = (parent: Box, child: string) =>
  parent.view().chargers.find(({ id }) => id === child)?.connectors[0];

test('three boxes on one broker: parent, child or broker dies', async (t) => {
  const broker = await startMosquitto(t, 'allow_anonymous true\nset_tcp_nodelay true\n');
  if (broker === undefined) return t.skip('Mosquitto is not installed');
  const clock = new VirtualClock();
  let watcher = await watch(t, broker.url);
  const boxes = new Map<string, Box>();
  const start = async (name: string, epoch: number): Promise<Box> => {
    const box = await startBox(t, `config/large-site/${name}.yaml`, clock, broker.url, epoch);
    boxes.set(name, box);
    return box;
  };
  /** What was sent has been handled: messages went through the broker and back meanwhile. */
  let pings = 0;
  const settled = async (): Promise<void> => {
    if (!watcher.client.connected) return;
    for (let i = 0; i < 4; i += 1) {
      pings += 1;
      const text = String(pings);
      watcher.client.publish('ping', text);
      await watcher.until('ping', (latest) => latest === text);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const fuse = 125;
  const run = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i += 1) {
      await clock.run(1_000);
      await settled();
      const halls = ['hall-a', 'hall-b'].map((name) => boxes.get(name)).filter((box) => box);
      const held = halls.map((box) => (box ? limitOf(box) : 0));
      const sum = held.reduce((a, b) => a + b, 0);
      assert.ok(sum <= fuse, `the halls hold ${held.join(' + ')} A behind a fuse of ${fuse} A`);
    }
  };
  const until = async (ok: () => boolean, seconds: number, what: string): Promise<void> => {
    for (let i = 0; i < seconds && !ok(); i += 1) await run(1);
    assert.ok(ok(), what);
  };

  const hallA = await start('hall-a', 0);
  const hallB = await start('hall-b', 0);
  let campus = await start('campus', 1);
  await watcher.until('busbar/v1/campus/status', (text) => text === 'online');
  assert.deepEqual([limitOf(hallA), limitOf(hallB)], [20, 20], 'failsafe before anybody spoke');
  const confirmed = (child: string): boolean => offerOf(campus, child)?.obedience === 'confirmed';
  const bothHold20 = (): boolean => limitOf(hallA) === 20 && limitOf(hallB) === 20;
  // While one of them has not answered yet the other may be told less.
  await until(
    () => confirmed('hall-a') && confirmed('hall-b') && bothHold20(),
    120,
    'both are told',
  );
  await run(30);
  assert.ok(bothHold20(), 'no more without cars');

  hallA.plugIn();
  hallB.plugIn();
  await until(() => limitOf(hallA) > 50 && limitOf(hallB) > 50, 240, 'both get their share');

  // The parent dies: each hall falls to its failsafe share by itself.
  await campus.die();
  await run(LIFE_MS / 1000 + 2);
  assert.deepEqual([limitOf(hallA), limitOf(hallB)], [20, 20], 'failsafe without the parent');

  // Another takes its place; what the old one sent late is fenced off.
  campus = await start('campus', 2);
  await watcher.until('busbar/v1/campus/status', (text) => text === 'online');
  await until(() => limitOf(hallA) > 40, 300, 'the new parent shares again');
  const late = { circuit: 'main', amps: 120, ttlSeconds: 600, epoch: 1, seq: 9_999 };
  watcher.texts.delete('busbar/v1/hall-a/limits/campus');
  await watcher.client.publishAsync('busbar/v1/hall-a/limits/campus/set', JSON.stringify(late));
  const refusal = await watcher.until('busbar/v1/hall-a/limits/campus', (text) =>
    text.includes('"epoch":1'),
  );
  assert.match(JSON.parse(refusal).reason, /epoch 1 is lower than 2: a newer sender/);

  // A hall dies: its share goes to the other one only after it must have let go.
  await hallA.die();
  boxes.delete('hall-a');
  await run(20);
  assert.equal(offerOf(campus, 'hall-a')?.obedience, 'silent');
  assert.ok((offerOf(campus, 'hall-a')?.worstCaseAmps[0] ?? 0) > 20, 'still in the books');
  const worstOfA = () => offerOf(campus, 'hall-a')?.worstCaseAmps[0];
  await until(() => worstOfA() === 20, 100, 'a silent hall is at its failsafe');
  await until(() => limitOf(hallB) > 85, 600, 'the other hall gets what is left');

  // The broker dies: nobody is told anything, everybody falls back; it returns, and so does all.
  const lost = new Promise<void>((resolve) => watcher.client.once('close', resolve));
  await broker.stop();
  await lost;
  await run(LIFE_MS / 1000 + 15);
  assert.equal(limitOf(hallB), 20);
  assert.equal(offerOf(campus, 'hall-b')?.obedience, 'silent');
  await broker.start();
  watcher = await watch(t, broker.url);
  for (const site of ['campus', 'hall-b']) {
    await watcher.until(`busbar/v1/${site}/status`, (text) => text === 'online');
  }
  await until(() => limitOf(hallB) > 50, 300, 'the hall is served again');
});
