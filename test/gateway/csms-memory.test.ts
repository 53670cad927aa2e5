import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SILENT_LOG } from '../../src/core/log.ts';
import { CsmsMemory } from '../../src/gateway/outage/csms-memory.ts';
import { LOCAL_LIST_MOST, type TokenVerdict } from '../../src/ocpp/authorization.ts';
import { Medium, MemoryStore } from '../../src/sim/memory-store.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

const open = async (medium = new Medium()) => {
  const memory = await CsmsMemory.open(new MemoryStore(medium, new VirtualClock()), SILENT_LOG);
  return { memory, medium };
};
/** What a gateway that is started again knows. */
const again = async (medium: Medium) => {
  await new Promise((resolve) => setImmediate(resolve));
  return (await open(medium)).memory;
};
const verdict = (status: TokenVerdict['status']): TokenVerdict => ({ status });
const bytes = (text: string) => Buffer.from(text);

describe('boots', () => {
  test('accepted by the CSMS are known with their interval, until one is not accepted', async () => {
    const { memory, medium } = await open();
    assert.equal(memory.acceptedInterval('CP_1'), undefined);
    assert.equal(memory.bootRefused('CP_1'), false, 'it was never asked');
    memory.learn('CP_1', [{ type: 'boot', accepted: true, intervalSeconds: 300 }]);
    assert.equal(memory.acceptedInterval('CP_1'), 300);
    assert.equal((await again(medium)).acceptedInterval('CP_1'), 300);
    memory.learn('CP_1', [{ type: 'boot', accepted: false, intervalSeconds: 300 }]);
    const later = await again(medium);
    assert.equal(later.acceptedInterval('CP_1'), undefined);
    assert.equal(later.bootRefused('CP_1'), true);
    memory.learn('CP_1', [{ type: 'boot', accepted: true, intervalSeconds: 60 }]);
    assert.equal((await again(medium)).bootRefused('CP_1'), false);
  });

  test('that the CSMS has not seen survive a restart, and not their delivery', async () => {
    const { memory, medium } = await open();
    memory.booted('CP_1', bytes('boot'));
    assert.deepEqual((await again(medium)).boot('CP_1'), bytes('boot'));
    memory.bootDelivered('CP_1');
    assert.equal(memory.boot('CP_1'), undefined);
    assert.equal((await again(medium)).boot('CP_1'), undefined);
  });
});

test('the switches of a charger are kept one by one, whatever its boots', async () => {
  const { memory, medium } = await open();
  assert.deepEqual(memory.switches('CP_1'), {});
  memory.learn('CP_1', [{ type: 'switches', switches: { stopOnInvalid: false } }]);
  memory.learn('CP_1', [{ type: 'switches', switches: { acceptUnknown: true } }]);
  memory.learn('CP_1', [{ type: 'boot', accepted: true, intervalSeconds: 300 }]);
  for (const each of [memory, await again(medium)]) {
    assert.deepEqual(each.switches('CP_1'), { stopOnInvalid: false, acceptUnknown: true });
  }
});

describe('tokens', () => {
  test('of a length that no card has are not remembered', async () => {
    const { memory, medium } = await open();
    for (const token of ['A'.repeat(255), 'B'.repeat(256)]) {
      memory.learn('CP_1', [{ type: 'token', token, verdict: verdict('Accepted') }]);
    }
    assert.deepEqual(memory.token('CP_1', 'a'.repeat(255)), { cache: verdict('Accepted') });
    assert.deepEqual(memory.token('CP_1', 'B'.repeat(256)), {});
    assert.equal([...medium.records.keys()].filter((key) => key.startsWith('t/')).length, 1);
  });

  test('are what the CSMS said last, after a restart too', async () => {
    const { memory, medium } = await open();
    memory.learn('CP_1', [{ type: 'token', token: 'A', verdict: verdict('Accepted') }]);
    memory.learn('CP_2', [{ type: 'token', token: 'A', verdict: verdict('Blocked') }]);
    for (const each of [memory, await again(medium)]) {
      assert.deepEqual(each.token('CP_1', 'A'), { cache: verdict('Blocked') });
    }
  });

  test('are those for whom it starts a session, with what else it said of them', async () => {
    const { memory } = await open();
    const started = (token: string) => memory.learn('CP_1', [{ type: 'remote-start', token }]);
    const known = { ...verdict('Accepted'), group: 'FLEET' };
    memory.learn('CP_1', [{ type: 'token', token: 'A', verdict: known }]);
    for (const token of ['A', 'B']) started(token);
    assert.deepEqual(memory.token('CP_1', 'A'), { cache: known });
    assert.deepEqual(memory.token('CP_1', 'B'), { cache: verdict('Accepted') });
  });

  test('are forgotten where the cache of the charger is cleared that asked, or all of them', async () => {
    const { memory, medium } = await open();
    memory.learn('CP_1', [{ type: 'token', token: 'A', verdict: verdict('Accepted') }]);
    memory.learn('CP_2', [{ type: 'token', token: 'B', verdict: verdict('Accepted') }]);
    memory.learn('CP_1', [{ type: 'cache-cleared' }]);
    const later = await again(medium);
    assert.deepEqual(later.token('CP_1', 'A'), {});
    assert.deepEqual(later.token('CP_1', 'B'), { cache: verdict('Accepted') });
    memory.clearTokens();
    assert.deepEqual((await again(medium)).token('CP_1', 'B'), {});
  });

  test('beyond 5000 push out those that were not seen for longest', async () => {
    const { memory, medium } = await open();
    const learn = (token: string) =>
      memory.learn('CP_1', [{ type: 'token', token, verdict: verdict('Accepted') }]);
    for (let i = 0; i < 5_000; i += 1) learn(`T${i}`);
    learn('T0');
    learn('ONE-MORE');
    const known = ['T0', 'T1', 'T2', 'ONE-MORE'].map((token) => 'cache' in memory.token('', token));
    assert.deepEqual(known, [true, false, true, true]);
    assert.deepEqual((await again(medium)).token('', 'T1'), {}, 'on disk neither');
  });
});

describe('local lists', () => {
  const entries = (...of: readonly (readonly [string, TokenVerdict['status'] | undefined])[]) =>
    of.map(([token, status]) =>
      status === undefined ? { token } : { token, verdict: verdict(status) },
    );

  test('are replaced whole or changed by entries, each charger its own', async () => {
    const { memory, medium } = await open();
    const learn = (full: boolean, version: number, list: ReturnType<typeof entries>) =>
      memory.learn('CP_1', [{ type: 'list', change: { full, version, entries: list } }]);
    learn(true, 1, entries(['A', 'Accepted'], ['B', 'Accepted']));
    learn(false, 2, entries(['B', undefined], ['C', 'Blocked']));
    const listed = (of: CsmsMemory, charger = 'CP_1') =>
      ['A', 'B', 'C'].map((token) => of.token(charger, token).list?.status);
    assert.deepEqual(listed(await again(medium)), ['Accepted', undefined, 'Blocked']);
    assert.deepEqual(listed(memory, 'CP_2'), [undefined, undefined, undefined]);
    learn(true, 3, entries(['B', 'Accepted']));
    assert.deepEqual(listed(memory), [undefined, 'Accepted', undefined]);
  });

  test('that are full still learn that a card was blocked', async () => {
    const { memory } = await open();
    const many = Array.from({ length: LOCAL_LIST_MOST }, (_, i) => [`T${i}`, 'Accepted'] as const);
    const change = (full: boolean, list: ReturnType<typeof entries>) =>
      memory.learn('CP_1', [{ type: 'list', change: { full, version: 1, entries: list } }]);
    change(true, entries(...many));
    change(false, entries(['T7', 'Blocked'], ['NEW', 'Accepted']));
    assert.deepEqual(memory.token('CP_1', 'T7').list, verdict('Blocked'));
    assert.equal(memory.token('CP_1', 'NEW').list, undefined);
  });

  test('of the whole site are taken as far as they fit, or not at all', async () => {
    const { memory, medium } = await open();
    const many = (count: number) =>
      entries(...Array.from({ length: count }, (_, i) => [`T${i}`, 'Accepted'] as const));
    assert.equal(memory.siteListVersion(), 0);
    assert.equal(
      memory.changeSiteList({ full: true, version: 4, entries: many(LOCAL_LIST_MOST) }),
      true,
    );
    const more = { full: false, version: 5, entries: entries(['X', 'Accepted']) };
    assert.equal(memory.changeSiteList(more), false);
    const later = await again(medium);
    assert.equal(later.siteListVersion(), 4);
    assert.deepEqual(later.token('CP_1', 'T1'), { site: verdict('Accepted') });
    assert.equal(later.changeSiteList({ ...more, full: true }), true);
    assert.deepEqual(later.token('CP_1', 'T1'), {});
  });
});

describe('the clock', () => {
  test('is not trusted when it is behind what the CSMS said before the power went', async () => {
    const { memory, medium } = await open();
    const wallMs = Date.UTC(2026, 5, 1, 12);
    memory.learn('CP_1', [{ type: 'time', wallMs }]);
    assert.equal(memory.clockTrusted(wallMs - 1), false);
    memory.learn('CP_1', [{ type: 'time', wallMs: wallMs + 599_999 }]);
    assert.equal(memory.clockTrusted(wallMs), true, 'not noted for ten minutes');
    const later = await again(medium);
    assert.equal(later.clockTrusted(wallMs - 1), false);
    assert.equal(later.clockTrusted(wallMs), true);
  });
});

describe('newest statuses', () => {
  test('are one for each key, in order; a newer one is not delivered by an older', async () => {
    const { memory } = await open();
    memory.keepLatest('CP_1', '1', bytes('a'));
    memory.keepLatest('CP_1', '2', bytes('b'));
    const [sent = bytes('c')] = memory.latest('CP_1').map(([, message]) => message);
    memory.keepLatest('CP_1', '1', bytes('d'));
    memory.latestDelivered('CP_1', '1', sent);
    const kept = () => memory.latest('CP_1').map(([key, message]) => `${key} ${message}`);
    assert.deepEqual(kept(), ['2 b', '1 d']);
    const [[, second] = ['', bytes('')]] = memory.latest('CP_1');
    memory.latestDelivered('CP_1', '2', second);
    assert.deepEqual(kept(), ['1 d']);
  });

  test('of more than 64 keys lose the oldest', async () => {
    const { memory } = await open();
    for (let i = 0; i < 70; i += 1) memory.keepLatest('CP_1', `${i}`, bytes('x'));
    const keys = memory.latest('CP_1').map(([key]) => key);
    assert.deepEqual([keys.length, keys[0], keys.at(-1)], [64, '6', '69']);
  });
});
