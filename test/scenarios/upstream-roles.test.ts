import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SILENT_LOG } from '../../src/core/log.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { MIRROR_QUEUE_MOST } from '../../src/gateway/mirror.ts';
import { DialGate } from '../../src/gateway/redial.ts';
import { type Roles, UpstreamRoles } from '../../src/gateway/upstream-roles.ts';
import { Car } from '../../src/sim/car.ts';
import { SimCharger } from '../../src/sim/charger/charger.ts';
import { SimCsms } from '../../src/sim/csms.ts';
import { MemoryNetwork } from '../../src/sim/memory-network.ts';
import { seededRandom } from '../../src/sim/random.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { NO_OBSERVER } from './relay-site.ts';

const PRIMARY = 'ws://csms/ocpp';
const OTHER = 'ws://other/ocpp';
const MIRROR = { id: 'billing', url: 'ws://mirror/ocpp' };
const ROLES: Roles = { url: PRIMARY, routes: new Map(), mirrors: [MIRROR], rules: [] };

/** Two chargers, a primary CSMS, another one and a mirror; the host of a URL decides who is dialled. */
const start = async (roles: Partial<Roles> = {}, meddle: (csms: SimCsms) => void = () => {}) => {
  const clock = new VirtualClock();
  const random = seededRandom(5);
  const hosts = ['csms', 'other', 'mirror'] as const;
  const csms = Object.fromEntries(hosts.map((host) => [host, new SimCsms(clock)])) as Record<
    (typeof hosts)[number],
    SimCsms
  >;
  const networks = new Map(
    // Luck of its own for each: what one does changes nothing for the others.
    hosts.map((host, i) => [host as string, new MemoryNetwork(clock, seededRandom(i), csms[host])]),
  );
  const network = networks.get('csms') as MemoryNetwork;
  meddle(csms.mirror);
  const dialer = {
    dial: (request: Parameters<MemoryNetwork['dialer']['dial']>[0]) =>
      (networks.get(new URL(request.url).hostname) ?? network).dialer.dial(request),
  };
  const upstream = new UpstreamRoles(
    { ...ROLES, ...roles },
    {
      first: NO_OBSERVER,
      interceptor: { csmsCall: () => undefined },
      mirrorParts: { dialer, gate: new DialGate(), clock, log: SILENT_LOG, random },
    },
  );
  let ids = 0;
  const gateway = new Gateway({
    clock,
    dialer,
    observer: upstream,
    interceptor: upstream.interceptor,
    upstreamBase: (identity) => upstream.base(identity),
    admits: () => true,
    newId: () => {
      ids += 1;
      return `own-${ids}`;
    },
    log: SILENT_LOG,
  });
  network.attachGateway((knock) => void gateway.knock(knock));
  const chargers = ['CP_1', 'CP_2'].map(
    (identity, i) =>
      new SimCharger({
        identity,
        version: i === 0 ? '1.6' : '2.0.1',
        clock,
        random: seededRandom(i),
        connect: (id, subprotocols) => network.connect(id, subprotocols),
      }),
  );
  for (const charger of chargers) {
    charger.start();
    charger.plugIn(1, new Car({ needWh: 10_000_000 }), 'CARD');
  }
  await clock.run(60_000);
  for (const charger of chargers) {
    charger.unplug(1);
    charger.plugIn(1, new Car({ needWh: 10_000_000 }), 'CARD');
  }
  await clock.run(120_000);
  return { clock, csms, networks, gateway, upstream, chargers };
};

const actionsOf = (csms: SimCsms, charger: string) =>
  csms.received.filter((call) => call.charger === charger).map(({ action }) => action);

describe('a mirror', () => {
  test('hears what the chargers say, boot first, and nothing of its answers comes back', async () => {
    const { csms } = await start();
    for (const charger of ['CP_1', 'CP_2']) {
      const mirrored = actionsOf(csms.mirror, charger);
      assert.equal(mirrored[0], 'BootNotification');
      const queued = (actions: readonly string[]) =>
        actions.filter((action) => /Transaction|MeterValues/.test(action));
      assert.deepEqual(queued(mirrored), queued(actionsOf(csms.csms, charger)));
      assert.ok(queued(mirrored).length > 3);
    }
    assert.deepEqual(csms.csms.problems, []);
  });

  test('may not command', async () => {
    const { csms, clock, chargers } = await start();
    const refused = csms.mirror.call('CP_1', 'Reset', { type: 'Hard' }).catch(String);
    await clock.run(5_000);
    assert.match(String(await refused), /SecurityError/);
    assert.equal(chargers[0]?.connected, true);
  });

  test('that stalls, then dies, changes nothing for the primary; its queue is bounded', async () => {
    const { csms, clock, chargers, upstream } = await start();
    csms.mirror.conduct.silent = true;
    await clock.run(300_000);
    csms.mirror.goDown();
    const before = csms.csms.received.length;
    await clock.run(MIRROR_QUEUE_MOST * 60_000);
    assert.ok(csms.csms.received.length > before + MIRROR_QUEUE_MOST);
    assert.ok(upstream.dropped > 0);
    assert.deepEqual(csms.csms.problems, []);
    assert.ok(chargers.every(({ online, lost }) => online && lost.discarded === 0));
    csms.mirror.conduct.silent = false;
    csms.mirror.comeBack();
    const missed = csms.mirror.received.length;
    await clock.run(300_000);
    assert.ok(csms.mirror.received.length > missed);
  });

  test('whose line breaks while it stalls gets what had been queued for it', async () => {
    const { csms, networks, clock, chargers } = await start();
    const [charger] = chargers;
    const said = Array.from({ length: 12 }, (_, n) => `said-${n}`);
    csms.mirror.conduct.silent = true;
    for (const data of said) {
      charger?.tell('DataTransfer', { vendorId: 'v', data }).catch(() => {});
      await clock.run(1_000);
    }
    networks.get('mirror')?.cut('csms', 'CP_1');
    csms.mirror.conduct.silent = false;
    await clock.run(120_000);
    const heard = csms.mirror.received.flatMap(({ payload }) =>
      'data' in payload ? [payload.data] : [],
    );
    assert.deepEqual(heard, said);
  });

  test('may answer as much as it is told, however busy a charger is', async () => {
    const { csms, networks, clock, upstream } = await start();
    Object.assign(networks.get('mirror')?.conduct ?? {}, { delayLeastMs: 1, delayMostMs: 5 });
    const heard = csms.mirror.received.length;
    for (let i = 0; i < 400; i += 1) {
      const message = Buffer.from(`[2,"busy-${i}","Heartbeat",{}]`);
      upstream.request({
        charger: 'CP_1',
        version: '1.6',
        from: 'charger',
        action: 'Heartbeat',
        payload: () => ({}),
        atMs: clock.monotonicMs(),
        message,
      });
    }
    await clock.run(9_000);
    assert.ok(csms.mirror.received.length >= heard + 400);
    assert.equal(upstream.cut, 0);
  });

  test('gets only the chargers that it is meant for', async () => {
    const { csms } = await start({ mirrors: [{ ...MIRROR, chargers: ['CP_2'] }] });
    assert.deepEqual(actionsOf(csms.mirror, 'CP_1'), []);
    assert.ok(actionsOf(csms.mirror, 'CP_2').length > 0);
  });
});

/** Connections that were flooded. */
let floods = 0;
/** A mirror that calls without end as soon as a charger is there. */
const flooding = (csms: SimCsms): void => {
  const take = csms.take.bind(csms);
  csms.take = (charger, socket) => {
    take(charger, socket);
    floods += 1;
    const call = Buffer.from('[2,"flood","Reset",{"type":"Hard"}]');
    for (let i = 0; i < 5_000; i += 1) socket.send(call);
  };
};

describe('a mirror, whatever it does,', () => {
  const conducts: Readonly<Record<string, (csms: SimCsms) => void>> = {
    'is there': () => {},
    stalls: (csms) => {
      csms.conduct.silent = true;
    },
    'answers late': (csms) => {
      csms.conduct.answerDelayMs = 9_000;
    },
    'refuses everybody': (csms) => {
      csms.conduct.refusesWith = 401;
    },
    'is dead': (csms) => {
      csms.conduct.down = true;
    },
    floods: flooding,
  };
  /** What the primary heard and when, to the millisecond of the virtual clock. */
  const heardBy = async (roles: Partial<Roles>, meddle?: (csms: SimCsms) => void) => {
    const { csms, clock, chargers, upstream } = await start(roles, meddle);
    await clock.run(300_000);
    const heard = csms.csms.received.map(({ charger, action, atMs }) => [charger, action, atMs]);
    const acknowledged = chargers.map((each) => each.acknowledged.length);
    return { heard, acknowledged, problems: csms.csms.problems, cut: upstream.cut };
  };
  const alone = heardBy({ mirrors: [] });

  for (const [name, meddle] of Object.entries(conducts)) {
    test(`${name}: the primary hears the same at the same instants`, async () => {
      const { cut, ...beside } = await heardBy({}, meddle);
      const { cut: _none, ...without } = await alone;
      assert.deepEqual(beside, without);
      // Each connection is cut once, however much of it was on its way.
      assert.equal(cut, name === 'floods' ? floods : 0);
    });
  }
});

describe('rules', () => {
  test('deny an action for a charger, and only that', async () => {
    const rule = { deny: ['Reset'], chargers: ['CP_1'] };
    const { csms, clock, upstream } = await start({ rules: [rule] });
    const reset = (charger: string, type: string) => {
      const answer = csms.csms.call(charger, 'Reset', { type }).catch(String);
      return clock.run(5_000).then(() => answer);
    };
    assert.match(String(await reset('CP_1', 'Soft')), /SecurityError/);
    assert.deepEqual(await reset('CP_2', 'OnIdle'), { status: 'Accepted' });
    upstream.change({ ...ROLES, rules: [] });
    assert.deepEqual(await reset('CP_1', 'Soft'), { status: 'Accepted' });
  });
});

describe('rules of one upstream', () => {
  test('allow only what is listed, at that upstream only', async () => {
    const rule = { allow: ['TriggerMessage'], upstream: OTHER };
    const routes = new Map([['CP_2', OTHER]]);
    const { csms, clock } = await start({ routes, rules: [rule] });
    const ask = (from: SimCsms, charger: string, action: string, payload: object) => {
      const answer = from.call(charger, action, payload).catch(String);
      return clock.run(5_000).then(() => answer);
    };
    const beat = { requestedMessage: 'Heartbeat' };
    assert.match(String(await ask(csms.other, 'CP_2', 'ClearCache', {})), /SecurityError/);
    assert.deepEqual(await ask(csms.other, 'CP_2', 'TriggerMessage', beat), { status: 'Accepted' });
    assert.deepEqual(await ask(csms.csms, 'CP_1', 'ClearCache', {}), { status: 'Accepted' });
  });
});

describe('routes', () => {
  test('a charger goes to its own CSMS; a changed route moves it and nobody else', async () => {
    const { csms, clock, gateway, upstream } = await start({ routes: new Map([['CP_2', OTHER]]) });
    assert.deepEqual(csms.other.connected(), ['CP_2']);
    assert.deepEqual(csms.csms.connected(), ['CP_1']);
    const before = csms.csms.received.filter((m) => m.action === 'BootNotification').length;
    const moved = upstream.change({ ...ROLES, routes: new Map() });
    assert.deepEqual(moved, ['CP_2']);
    for (const charger of moved) gateway.disconnect(charger, 'its CSMS changed');
    await clock.run(60_000);
    assert.deepEqual([...csms.csms.connected()].sort(), ['CP_1', 'CP_2']);
    const boots = csms.csms.received.filter((m) => m.action === 'BootNotification').length;
    assert.equal(boots, before, 'CP_1 kept its connection');
  });
});
