import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Unanswered } from '../../src/gateway/aggregate/fair-lane.ts';
import { PATIENCE_MS, Seat } from '../../src/gateway/aggregate/seat.ts';
import { callBytes, type Frame, readFrame, resultBytes } from '../../src/ocpp/frame.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

const call = (id: string): Buffer => callBytes(id, 'Heartbeat', {});

/** A charger's seat, its link, and a station that answers when the test says so. */
const seated = (clock = new VirtualClock(), before?: Seat) => {
  const asked: string[] = [];
  const overdue: string[] = [];
  const left: boolean[] = [];
  let previous: Seat | undefined;
  const heard: string[] = [];
  /** What the link takes back of a call whose turn is far off. */
  const takesBack = new Map<string, readonly string[]>();
  const open = new Map<string, (answer: Buffer | undefined) => void>();
  const seat = new Seat({
    charger: 'CP_1',
    version: '1.6',
    subprotocol: 'ocpp1.6',
    before,
    clock,
    answer: (_seat, { id }) => {
      asked.push(id);
      return new Promise((resolve) => open.set(id, resolve));
    },
    overdue: (_seat, { id }) => overdue.push(id),
    left: (it, closedByLink) => {
      left.push(closedByLink);
      ({ previous } = it);
    },
  });
  seat.socket.listen({
    message: (bytes) => {
      const { kind, id, action } = readFrame(bytes);
      heard.push(kind === 'call' ? `${action} ${id}` : `${kind} ${id}`);
    },
    closed: (code) => heard.push(`closed ${code}`),
    unsent: (id) => takesBack.get(id) ?? [],
  });
  const answered = async (id: string, silently = false): Promise<void> => {
    open.get(id)?.(silently ? undefined : resultBytes(id, {}));
    await clock.run(0);
  };
  const says = (id: string): void => seat.socket.send(call(id));
  return {
    before: () => previous,
    clock,
    seat,
    says,
    answered,
    asked,
    overdue,
    left,
    heard,
    takesBack,
  };
};
type Outcome = Frame | Unanswered | undefined;
const asks = (seat: Seat, id: string, timeoutMs = 1_000) => {
  const result: { now: Outcome } = { now: undefined };
  void seat.ask(readFrame(call(id)), timeoutMs).then((settled) => {
    result.now = settled;
  });
  return result;
};
const named = ({ now }: { now: Outcome }) => (typeof now === 'object' ? now.kind : now);

describe('a seat in the station: calls of the charger', () => {
  test('are answered one after the other, in their order', async () => {
    const { clock, says, answered, asked, heard, overdue } = seated();
    for (const id of ['a', 'b', 'c']) says(id);
    await clock.run(1);
    assert.deepEqual(asked, ['a']);
    await answered('a');
    assert.deepEqual([asked, heard], [['a', 'b'], ['result a']]);
    await answered('b', true);
    await answered('c');
    assert.deepEqual(heard, ['result a', 'result c'], 'no answer is none');
    await clock.run(10 * PATIENCE_MS);
    assert.deepEqual(overdue, []);
  });

  test('are refused beyond a bound, and taken again below it', async () => {
    const { clock, says, answered, asked, heard } = seated();
    for (let n = 1; n <= 65; n += 1) says(`c${n}`);
    await clock.run(0);
    assert.deepEqual(heard, ['error c65']);
    await answered('c1');
    says('c66');
    await clock.run(0);
    assert.deepEqual(heard, ['error c65', 'result c1']);
    for (let n = 2; n <= 66; n += 1) await answered(`c${n}`);
    assert.deepEqual(asked.slice(-2), ['c64', 'c66']);
    assert.equal(heard.length, 66);
  });

  test('that wait too long go back to the link, and are not answered here too', async () => {
    const { clock, says, answered, asked, heard, takesBack, overdue } = seated();
    says('a');
    await clock.run(10);
    for (const id of ['b', 'c', 'd']) says(id);
    takesBack.set('b', ['b', 'c', 'x']);
    await clock.run(PATIENCE_MS - 1);
    assert.deepEqual([asked, overdue], [['a'], ['a']], 'one that has begun is told');
    await clock.run(1);
    await answered('a');
    assert.deepEqual(asked, ['a', 'd'], 'neither b nor c');
    await answered('d');
    says('x');
    says('b');
    await clock.run(0);
    await answered('x');
    await answered('b');
    assert.deepEqual(heard, ['result a', 'result d', 'result x', 'result b']);
  });

  test('that has begun is answered here although it goes back: but only that time', async () => {
    const { clock, seat, says, answered, takesBack, heard } = seated();
    takesBack.set('a', ['a']);
    says('a');
    await clock.run(0);
    assert.equal(seat.handBack(readFrame(call('a'))), true);
    assert.equal(seat.handBack(readFrame(call('z'))), false, 'the link keeps it');
    await answered('a', true);
    says('a');
    await clock.run(0);
    await answered('a');
    assert.deepEqual(heard, ['result a']);
  });

  test('are not asked any more when the link has gone', async () => {
    const { clock, seat, says, answered, asked, left, heard } = seated();
    says('a');
    says('b');
    await clock.run(0);
    seat.socket.close(1000, '');
    await answered('a');
    says('c');
    await clock.run(0);
    await seat.settled;
    assert.deepEqual([asked, left, heard], [['a'], [true], ['closed 1000']]);
  });
});

describe('a seat in the station: calls to the charger', () => {
  test('get its answer, or hear that there was none', async () => {
    const { clock, seat, heard } = seated();
    const [one, two] = [asks(seat, 'u1'), asks(seat, 'u2', 500)];
    await clock.run(0);
    assert.deepEqual(heard, ['Heartbeat u1', 'Heartbeat u2']);
    seat.socket.send(resultBytes('u1', {}));
    seat.socket.send(resultBytes('nobody', {}));
    await clock.run(499);
    assert.deepEqual([named(one), named(two)], ['result', undefined]);
    await clock.run(1);
    assert.equal(two.now, 'timeout');
    seat.socket.send(resultBytes('u2', {}));
    await clock.run(5_000);
    assert.deepEqual([named(one), named(two)], ['result', 'timeout']);
  });

  test('are bounded, and lost with the connection', async () => {
    const { clock, seat, left } = seated();
    const all = Array.from({ length: 33 }, (_, n) => asks(seat, `u${n}`));
    await clock.run(0);
    assert.deepEqual([all[31]?.now, all[32]?.now], [undefined, 'full']);
    seat.socket.send(resultBytes('u0', {}));
    const next = asks(seat, 'next', 5_000);
    await clock.run(1_000);
    assert.deepEqual([all[1]?.now, next.now], ['timeout', undefined]);
    const more = Array.from({ length: 32 }, (_, n) => asks(seat, `v${n}`, 60_000));
    await clock.run(0);
    assert.deepEqual(
      [more[30]?.now, more[31]?.now],
      [undefined, 'full'],
      'who timed out made room',
    );
    seat.socket.lose();
    await clock.run(0);
    assert.deepEqual([next.now, left], ['lost', [false]]);
    await clock.run(10_000);
    assert.equal(next.now, 'lost');
  });
});

describe('a seat that takes the place of another', () => {
  test('asks nothing before what the other said last is settled', async () => {
    const clock = new VirtualClock();
    const old = seated(clock);
    old.says('a');
    await clock.run(10);
    const now = seated(clock, old.seat);
    assert.deepEqual([now.seat.previous, old.seat.previous], [old.seat, undefined]);
    assert.equal(now.seat.sinceWallMs - old.seat.sinceWallMs, 10);
    now.says('b');
    old.seat.socket.terminate();
    await clock.run(0);
    assert.deepEqual([now.asked, now.seat.previous], [[], undefined]);
    await old.answered('a');
    assert.deepEqual(now.asked, ['b']);
  });

  test('knows the newest one that is still there, whoever gave up in between', () => {
    const clock = new VirtualClock();
    const first = seated(clock);
    const second = seated(clock, first.seat);
    const third = seated(clock, second.seat);
    assert.equal(third.seat.previous, second.seat);
    second.seat.socket.close(1000, '');
    assert.equal(third.seat.previous, first.seat);
    third.seat.socket.close(1000, '');
    assert.deepEqual([second.left, third.left, first.left], [[true], [true], []]);
    assert.equal(third.before(), first.seat, 'when it left');
    first.seat.socket.terminate();
    assert.equal(third.seat.previous, undefined);
  });
});
