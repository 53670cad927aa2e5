import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readObject } from '../../src/ocpp/payload.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { type AggregateRun, aggregateSite, car, STATION } from './aggregate-site.ts';
import { dialectOf } from './aggregate-words.ts';

const PAIRS: readonly (readonly [OcppVersion, readonly OcppVersion[]])[] = [
  ['1.6', ['1.6', '1.6']],
  ['1.6', ['1.6', '2.1']],
  ['2.0.1', ['2.0.1', '2.0.1']],
  ['2.0.1', ['2.0.1', '1.6']],
  ['2.1', ['2.0.1', '1.6']],
];

const statusAt = ({ heard }: AggregateRun, number: number): string =>
  String(
    heard('StatusNotification')
      .filter(
        (each) => (each['connectorId'] === number && !each['evseId']) || each['evseId'] === number,
      )
      .map((each) => each['status'] ?? each['connectorStatus'])
      .at(-1),
  );

for (const [upstream, chargers] of PAIRS) {
  const words = dialectOf(upstream);

  describe(`aggregate ${upstream} with chargers of ${chargers.join(' and ')}`, () => {
    test('boot, statuses and transactions under the numbers of the station', async () => {
      const run = await aggregateSite(upstream, chargers);
      const { site, heard, assertClean } = run;
      assert.deepEqual(site.csms.connected(), [STATION]);
      assert.equal(heard('BootNotification').length, 1);
      assert.equal(statusAt(run, 1), 'Available');
      assert.equal(statusAt(run, 2), 'Available');
      site.charger('CP_1').plugIn(1, car(), 'CARD-1');
      site.charger('CP_2').plugIn(1, car(), 'CARD-2');
      await site.run(60);
      assert.deepEqual([...words.started(run)].sort(), ['1 CARD-1', '2 CARD-2']);
      assert.ok(words.energies(run, 2).length > 2, 'meter values of the second');
      assert.ok(heard('Heartbeat').length >= 1);
      site.charger('CP_1').unplug(1);
      site.charger('CP_2').unplug(1);
      await site.run(30);
      assert.equal(words.stopped(run).length, 2);
      assertClean();
    });

    test('calls of the CSMS reach the charger that they are for, and no other', async () => {
      const run = await aggregateSite(upstream, chargers);
      const { site, ask, assertClean } = run;
      const [first, second] = [site.charger('CP_1'), site.charger('CP_2')];
      second.plugIn(1, car());
      await site.run(5);
      assert.equal((await words.start(run, 2, 'CARD-9'))['status'], 'Accepted');
      await site.run(40);
      assert.ok(second.hasSession(1) && !first.hasSession(1));
      assert.deepEqual(words.started(run), ['2 CARD-9']);
      assert.equal((await words.profile(run, 2, 10))['status'], 'Accepted');
      await site.run(10);
      assert.ok(second.offeredAmps(1) <= 10, `${second.offeredAmps(1)} A`);
      const schedule = await words.composite(run, 2);
      assert.equal(schedule['status'], 'Accepted');
      assert.equal(words.compositeOutlet(schedule), 2);
      assert.equal((await words.clear(run, 2))['status'], 'Accepted');
      assert.equal(
        (await words.stop(run, words.transactionIds(run)[0] ?? ''))['status'],
        'Accepted',
      );
      await site.run(10);
      assert.ok(!second.hasSession(1));
      assert.equal((await words.unlock(run, 1))['status'], 'Unlocked');
      assert.equal((await words.trigger(run, 'StatusNotification', 1))['status'], 'Accepted');
      assert.equal((await words.trigger(run, 'Heartbeat', undefined))['status'], 'Accepted');
      assert.equal((await words.availability(run, 1, 'Inoperative'))['status'], 'Accepted');
      await site.run(5);
      assert.equal(statusAt(run, 1), 'Unavailable');
      assert.notEqual(statusAt(run, 2), 'Unavailable');
      assert.equal((await words.availability(run, 0, 'Inoperative'))['status'], 'Accepted');
      assert.equal((await ask('ClearCache', {}))['status'], 'Accepted');
      assert.equal((await words.start(run, 7, 'CARD-9'))['status'], 'Rejected');
      assert.equal((await words.stop(run, '4711'))['status'], 'Rejected');
      assertClean();
    });

    test('reservations go to one charger, their end is found again', async () => {
      const asked: string[] = [];
      const conduct = (charger: string) => ({
        answers: (action: string, payload: unknown) => {
          if (!action.includes('Reserv')) return undefined;
          const place = readObject(payload)['connectorId'] ?? readObject(payload)['evseId'] ?? '';
          asked.push(`${charger} ${action} ${place}`);
          const known = charger === 'CP_2';
          return { result: { status: known ? 'Accepted' : 'Rejected' } };
        },
      });
      const run = await aggregateSite(upstream, chargers, {
        conduct: { CP_1: conduct('CP_1'), CP_2: conduct('CP_2') },
      });
      assert.equal((await words.reserve(run, 2, 77))['status'], 'Accepted');
      assert.deepEqual(asked, ['CP_2 ReserveNow 1']);
      const cancelled = await run.ask('CancelReservation', { reservationId: 77 });
      assert.equal(cancelled['status'], 'Accepted');
      run.assertClean();
    });

    test('what has no meaning for one station is refused with the reason', async () => {
      const run = await aggregateSite(upstream, chargers);
      for (const [action, payload] of words.refused) {
        const answer = await run.ask(action, payload);
        assert.equal(answer['code'], 'NotSupported', action);
        assert.ok(String(answer['description']).length > 10, action);
      }
      const answer = await run.ask(...words.configuration);
      assert.ok(JSON.stringify(answer).includes('Site gateway'), JSON.stringify(answer));
      run.assertClean();
    });

    test('a charger that goes shows as unavailable, and as itself when it is back', async () => {
      const run = await aggregateSite(upstream, chargers);
      const { site, assertClean } = run;
      site.charger('CP_2').setNetwork(false);
      await site.run(40);
      assert.deepEqual(site.csms.connected(), [STATION]);
      assert.equal(statusAt(run, 2), 'Unavailable');
      assert.equal(statusAt(run, 1), 'Available');
      assert.equal((await words.start(run, 2, 'CARD-9'))['status'], 'Rejected');
      site.charger('CP_2').setNetwork(true);
      await site.run(60);
      assert.equal(statusAt(run, 2), 'Available');
      assertClean();
    });

    test('while the CSMS is away sessions go on, begin and end, and it hears all of it', async () => {
      const run = await aggregateSite(upstream, chargers);
      const { site, heard, assertClean } = run;
      const [first, second] = [site.charger('CP_1'), site.charger('CP_2')];
      first.plugIn(1, car(), 'CARD-1');
      await site.run(60);
      second.plugIn(1, car(), 'CARD-2');
      await site.run(30);
      second.unplug(1);
      await site.run(10);
      site.csms.goDown();
      await site.run(60);
      assert.ok(first.connected && second.connected);
      second.plugIn(1, car(), 'CARD-2');
      await site.run(60);
      assert.ok(second.hasSession(1), 'a known driver starts');
      first.unplug(1);
      await site.run(30);
      site.csms.comeBack();
      await site.run(120);
      second.unplug(1);
      await site.run(30);
      assert.deepEqual([...words.started(run)].sort(), ['1 CARD-1', '2 CARD-2', '2 CARD-2']);
      assert.equal(words.stopped(run).length, 3);
      assert.equal(new Set(words.stopped(run)).size, 3);
      assert.equal(heard('BootNotification').length, 1);
      for (const id of ['CP_1', 'CP_2']) {
        assert.equal(site.outage?.journal.backlog(id).count, 0, id);
      }
      assert.equal((await words.start(run, 2, 'CARD-9'))['status'], 'Rejected');
      assertClean();
    });

    test('a CSMS that has forgotten the station gets its boot, and loses no message', async () => {
      const run = await aggregateSite(upstream, chargers);
      const { site, heard, assertClean } = run;
      const [first, second] = [site.charger('CP_1'), site.charger('CP_2')];
      first.plugIn(1, car(), 'CARD-1');
      await site.run(60);
      site.csms.goDown();
      await site.run(60);
      first.unplug(1);
      await site.run(30);
      // Its answers to what came before the boot would have been errors.
      site.csms.conduct.unknown.add(STATION);
      site.csms.comeBack();
      await site.run(120);
      assert.equal(heard('BootNotification').length, 2);
      assert.equal(words.stopped(run).length, 1);
      site.csms.conduct.unknown.add(STATION);
      await site.run(150);
      second.plugIn(1, car(), 'CARD-2');
      await site.run(90);
      assert.equal(heard('BootNotification').length, 3);
      assert.deepEqual([...words.started(run)].sort(), ['1 CARD-1', '2 CARD-2']);
      assertClean();
    });
  });
}
