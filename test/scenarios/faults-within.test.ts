import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ControlLoop } from '../../src/control/control-loop.ts';
import { ProfileShelf } from '../../src/control/profiles/profile-shelf.ts';
import { PLAIN_TRAITS } from '../../src/core/chargers/charger-traits.ts';
import { type LogFields, SILENT_LOG } from '../../src/core/log.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/core/sharing/policy.ts';
import type { Wish } from '../../src/core/sharing/wish.ts';
import { DEFAULT_SETTINGS } from '../../src/core/tick.ts';
import { Faults } from '../../src/gateway/faults.ts';
import { Car } from '../../src/sim/car.ts';
import { Medium, MemoryStore } from '../../src/sim/memory-store.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { startPair } from './relay-site.ts';
import { garage } from './virtual-garage.ts';

/** A state that nobody thought of: every decision stumbles over it while it lasts. */
class Stumble {
  on = false;
  readonly policy: Policy;

  constructor() {
    const trip = (name: string | symbol): void => {
      if (this.on && name !== 'id') throw new RangeError('nobody thought of that');
    };
    this.policy = new Proxy(DEFAULT_POLICY, {
      get(target, name, receiver) {
        trip(name);
        return Reflect.get(target, name, receiver);
      },
    });
  }
}

/** Two cars that are offered more than their fallback. */
const charging = async (options: Partial<ConstructorParameters<typeof VirtualSite>[0]> = {}) => {
  const stumble = new Stumble();
  const { policy } = stumble;
  const site = new VirtualSite({ site: garage(2), policy, faultsContained: true, ...options });
  await site.run(15);
  for (const id of ['CP_1', 'CP_2']) {
    site.charger(id).plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), `CARD-${id}`);
  }
  await site.run(60);
  for (const id of ['CP_1', 'CP_2']) assert.ok(drawOf(site, id) > 15, `${id} charges`);
  return { site, stumble };
};

const drawOf = (site: VirtualSite, id: string): number => Math.max(...site.chargerAmps(id));

/** Something known of this charger cannot be asked while it stumbles. */
const makeOdd = (site: VirtualSite, id: string, stumble: { readonly on: boolean }): void => {
  const wish = new Proxy<Wish>(
    { energyWh: 200_000 },
    {
      get(target, name, receiver) {
        if (stumble.on) throw new TypeError('no such wish');
        return Reflect.get(target, name, receiver);
      },
    },
  );
  assert.equal(site.setWish(id, 1, wish), true);
};
const undecided = (site: VirtualSite): string | undefined =>
  site.view().alarms.find((alarm) => alarm.startsWith('Nothing can be decided'));

describe('a tick that throws', () => {
  test('is an alarm with its cause, and offers stay for a moment', async () => {
    const { site, stumble } = await charging();
    stumble.on = true;
    await site.run(5);
    assert.match(undecided(site) ?? '', /RangeError: nobody thought of that.*until they end/);
    assert.ok(drawOf(site, 'CP_1') > 15);
  });

  test('that goes on throwing brings every charger to its fallback, long before its offer ends', async () => {
    const { site, stumble } = await charging();
    stumble.on = true;
    await site.run(25);
    assert.match(undecided(site) ?? '', /told its fallback/);
    for (const id of ['CP_1', 'CP_2']) assert.ok(drawOf(site, id) <= 6.1, `${drawOf(site, id)} A`);
    await site.run(300);
    for (const id of ['CP_1', 'CP_2']) assert.ok(drawOf(site, id) <= 6.1, `${drawOf(site, id)} A`);
    assert.equal(site.breaker.record().tripped, false);
  });

  test('costs no billing: transactions begin, end and are relayed meanwhile', async () => {
    const { site, stumble } = await charging();
    stumble.on = true;
    await site.run(30);
    site.charger('CP_1').unplug(1);
    await site.run(30);
    site.charger('CP_1').plugIn(1, new Car({ maxAmps: 32, needWh: 9_000 }), 'CARD-3');
    await site.run(60);
    assert.deepEqual(site.audit('CP_1').lost, []);
    const actions = site.csms.transactionMessages('CP_1').map(({ action }) => action);
    assert.ok(actions.filter((action) => action === 'StartTransaction').length === 2);
    assert.ok(actions.includes('StopTransaction'));
    assert.equal(site.charger('CP_2').online, true);
  });

  test('mends by itself: offers rise again and the alarm is gone', async () => {
    const { site, stumble } = await charging();
    stumble.on = true;
    await site.run(60);
    stumble.on = false;
    await site.run(120);
    assert.deepEqual(site.view().alarms, []);
    for (const id of ['CP_1', 'CP_2']) assert.ok(drawOf(site, id) > 15, `${drawOf(site, id)} A`);
  });

  test('reaches offers that would not end by themselves', async () => {
    const { site, stumble } = await charging({
      traitsOf: () => ({ ...PLAIN_TRAITS, honoursDuration: false }),
      plates: { CP_1: { vendor: 'v', model: 'm' }, CP_2: { vendor: 'v', model: 'm' } },
    });
    stumble.on = true;
    await site.run(25);
    for (const id of ['CP_1', 'CP_2']) assert.ok(drawOf(site, id) <= 6.1, `${drawOf(site, id)} A`);
  });

  test('keeps below a limit from outside that is less than the fallbacks', async () => {
    const source = { id: 'grid', circuit: 'main' };
    const site = garage(4, { emsSources: [source] });
    const { site: live, stumble } = await charging({ site });
    for (const id of ['CP_3', 'CP_4']) {
      live.charger(id).plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), `CARD-${id}`);
    }
    await live.run(60);
    stumble.on = true;
    await live.run(20);
    live.setLimit('grid', { circuit: 'main', amps: [14, 14, 14], ttlSeconds: 3_600 });
    await live.run(45);
    let most = 0;
    live.watch = (amps) => {
      most = Math.max(most, ...amps);
    };
    // Longer than the life of an offer of nothing, that would end in a fallback.
    await live.run(400);
    assert.match(undecided(live) ?? '', /told its fallback/);
    assert.ok(most <= 14.1, `${most} A`);
    assert.ok(most > 11, `as many charge as have room: ${most} A`);
  });

  test('keeps below the fuse beside a building that takes more than was assumed', async () => {
    const { site, stumble } = await charging({
      site: garage(4),
      loadSteps: [{ atMs: 100_000, untilMs: 900_000, amps: [45, 45, 45] }],
    });
    stumble.on = true;
    await site.run(20);
    for (const id of ['CP_3', 'CP_4']) {
      site.charger(id).plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), `CARD-${id}`);
    }
    await site.run(60);
    let most = 0;
    site.watch = (amps) => {
      most = Math.max(most, ...amps);
    };
    await site.run(300);
    assert.ok(most <= 63.1 && most > 56, `${most} A`);
  });

  test('from the first one on leaves something to show, and turns for the watchdog', async () => {
    const stumble = new Stumble();
    stumble.on = true;
    const clock = new VirtualClock();
    const shelf = await ProfileShelf.open(new MemoryStore(new Medium(), clock), SILENT_LOG);
    let turns = 0;
    const told: (readonly string[])[] = [];
    const loop = new ControlLoop({
      site: garage(1),
      clock,
      shelf,
      calls: { call: () => assert.fail('nothing to say') },
      settings: DEFAULT_SETTINGS,
      log: SILENT_LOG,
      version: 'test',
      provenFallbacks: new Set(),
      rememberFallback: () => {},
      policy: stumble.policy,
      published: ({ alarms }) => told.push(alarms),
      turned: () => {
        turns += 1;
      },
    });
    loop.start();
    await clock.run(20_000);
    assert.ok(turns >= 20, `${turns} turns`);
    assert.match(loop.view().alarms[0] ?? '', /Nothing can be decided/);
    assert.equal(loop.view().chargers.length, 0);
    stumble.on = false;
    await clock.run(2_000);
    assert.equal(loop.view().chargers.length, 1);
    assert.match(told[0]?.[0] ?? '', /Nothing can be decided/);
    loop.stop();
  });
});

describe('a fault with one charger', () => {
  test('that no decision can be made with leaves the others theirs, and it its fallback', async () => {
    const stumble = { on: false };
    const { site } = await charging();
    makeOdd(site, 'CP_1', stumble);
    stumble.on = true;
    await site.run(5);
    assert.equal(undecided(site), undefined);
    assert.match(site.view().alarms.join(' '), /decisions with CP_1 .*left out.*no such wish/);
    assert.ok(drawOf(site, 'CP_1') > 15, 'a fault of a moment costs nobody their charge');
    await site.run(60);
    assert.ok(drawOf(site, 'CP_1') <= 6.1, `${drawOf(site, 'CP_1')} A`);
    assert.ok(drawOf(site, 'CP_2') > 25, `its share is for others: ${drawOf(site, 'CP_2')} A`);
    const worst = site.view().chargers.map(({ connectors }) => connectors[0]?.worstCaseAmps);
    assert.ok((worst[0]?.[0] ?? 0) >= 6, 'it stays in the books');
    assert.equal(site.view().chargers[0]?.online, true);
    await site.run(120);
    assert.match(site.view().alarms.join(' '), /decisions with CP_1/, 'as long as it lasts');
    assert.equal(site.breaker.record().tripped, false);
    stumble.on = false;
    await site.run(240);
    assert.deepEqual(site.view().alarms, []);
    assert.ok(drawOf(site, 'CP_1') > 15, `${drawOf(site, 'CP_1')} A`);
  });

  test('stays with it where there are three of them', async () => {
    const stumble = { on: false };
    const three = ['CP_1', 'CP_3', 'CP_5'];
    const site = new VirtualSite({ site: garage(6), faultsContained: true });
    await site.run(15);
    for (const id of ['CP_1', 'CP_2', 'CP_3', 'CP_4', 'CP_5']) {
      site.charger(id).plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), `CARD-${id}`);
    }
    await site.run(90);
    for (const id of three) makeOdd(site, id, stumble);
    stumble.on = true;
    await site.run(90);
    assert.equal(undecided(site), undefined);
    for (const id of three) assert.ok(drawOf(site, id) <= 6.1, `${id}: ${drawOf(site, id)} A`);
    for (const id of ['CP_2', 'CP_4']) assert.ok(drawOf(site, id) > 15, `${drawOf(site, id)} A`);
    assert.equal(site.breaker.record().tripped, false);
  });

  test('in telling it its limit is its own: it falls to its fallback, the others are steered', async () => {
    let on = false;
    const odd = new Proxy(PLAIN_TRAITS, {
      get(target, name, receiver) {
        if (on && name === 'profileKind') throw new TypeError('no such kind');
        return Reflect.get(target, name, receiver);
      },
    });
    const { site } = await charging({
      traitsOf: ({ vendor }) => (vendor === 'odd' ? odd : PLAIN_TRAITS),
      plates: { CP_1: { vendor: 'odd', model: 'm' }, CP_2: { vendor: 'v', model: 'm' } },
    });
    on = true;
    await site.run(150);
    assert.ok(drawOf(site, 'CP_1') <= 6.1, `${drawOf(site, 'CP_1')} A`);
    assert.ok(drawOf(site, 'CP_2') > 15, `${drawOf(site, 'CP_2')} A`);
    assert.equal(undecided(site), undefined);
    assert.match(site.view().alarms.join(' '), /limit of CP_1\/1: TypeError: no such kind/);
    assert.ok((site.view().counters['faults'] ?? 0) > 0);
    on = false;
    await site.run(180);
    assert.deepEqual(site.view().alarms, []);
    assert.ok(drawOf(site, 'CP_1') > 15, `${drawOf(site, 'CP_1')} A`);
  });

  test('in what is made of its messages costs neither its link nor a message', async (t) => {
    const fault = (): never => {
      throw new TypeError('odd message');
    };
    const observer = {
      chargerConnected: fault,
      chargerGone: fault,
      upstreamChanged: fault,
      request: fault,
      answer: fault,
    };
    const { charger, upstream, gateway } = await startPair(t, 'ocpp1.6', { observer });
    charger.send('[2,"1","Heartbeat",{}]');
    assert.equal(await upstream.next(), '[2,"1","Heartbeat",{}]');
    upstream.send('[3,"1",{}]');
    assert.equal(await charger.next(), '[3,"1",{}]');
    const own = { action: 'Reset', payload: {}, priority: 'safety', timeoutMs: 10 } as const;
    gateway.call('CP_1', own, fault);
    gateway.call('nobody', own, fault);
    const [, id] = JSON.parse(await charger.next());
    charger.send(JSON.stringify([3, id, {}]));
    // Nobody answers this one: it ends in a timer.
    await new Promise<void>((resolve) => {
      gateway.call('CP_1', own, () => {
        resolve();
        fault();
      });
    });
    await charger.next();
    charger.send('[2,"2","Heartbeat",{}]');
    assert.equal(await upstream.next(), '[2,"2","Heartbeat",{}]');
  });
});

test('faults are logged with their stack once a minute and part, and forgotten by the alarms', async () => {
  const clock = new VirtualClock();
  const lines: LogFields[] = [];
  const error = (_text: string, fields: LogFields = {}): void => void lines.push(fields);
  const faults = new Faults(clock, { ...SILENT_LOG, error });
  for (let i = 0; i < 1_000; i += 1) faults.note('tick', new Error(`boom ${i}`));
  for (let i = 0; i < 1_000; i += 1) faults.note(`charger ${i}`, 'a text');
  assert.equal(faults.count, 2_000);
  assert.ok(lines.length <= 100 && faults.alarms().length <= 100);
  assert.match(String(lines[0]?.['stack']), /boom 0.*faults-within/s);
  await clock.run(61_000);
  assert.deepEqual(faults.alarms(), []);
  faults.note('tick', new Error('again'));
  assert.equal(lines.at(-1)?.['untold'], 999);
  assert.deepEqual(faults.alarms(), ['Fault of the gateway itself, tick: Error: again.']);
});
