import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Payload, readObject } from '../../src/ocpp/payload.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { type AggregateRun, aggregateSite, car, STATION } from './aggregate-site.ts';
import { garage } from './virtual-garage.ts';

const CHARGERS = 8;
/** The CSMS takes one message in this time; the chargers want to say more. */
const ANSWER_MS = 3_000;

const charger = (run: AggregateRun, i: number) => run.site.charger(`CP_${i + 1}`);

/** Transaction messages that were acknowledged to all chargers, of these actions or events. */
const acknowledged = ({ site }: AggregateRun, is: (action: string, payload: Payload) => boolean) =>
  [...site.chargers.values()]
    .flatMap((each) => each.acknowledged)
    .filter(({ action, payload }) => is(action, readObject(payload))).length;

const isStart = (action: string, payload: Payload): boolean =>
  action === 'StartTransaction' || payload['eventType'] === 'Started';
const isStop = (action: string, payload: Payload): boolean =>
  action === 'StopTransaction' || payload['eventType'] === 'Ended';

for (const upstream of ['1.6', '2.0.1'] as const) {
  describe(`aggregate ${upstream}: ${CHARGERS} chargers and a slow CSMS`, () => {
    test('nothing thrashes, nothing is lost, statuses are the last ones', async () => {
      const versions = Array.from(
        { length: CHARGERS },
        (_, i): OcppVersion => (i % 2 === 0 ? '1.6' : '2.0.1'),
      );
      const run = await aggregateSite(upstream, versions, {
        site: garage(CHARGERS, { mainAmps: 400 }),
      });
      const { site, heard, assertClean } = run;
      await site.run(60);
      site.csms.conduct.answerDelayMs = ANSWER_MS;
      for (let i = 0; i < CHARGERS; i += 1) {
        charger(run, i).plugIn(1, car(), `CARD-${i}`);
        await site.run(6);
      }
      await site.run(120);
      const { counters } = site.view();
      assert.ok((counters['stationWaiting'] ?? 0) < 3 * CHARGERS, 'what waits is bounded');
      assert.ok((counters['stationHandedBack'] ?? 0) > 0, 'the site said more than fits');
      for (let i = 0; i < CHARGERS; i += 2) charger(run, i).unplug(1);
      await site.run(60);
      assert.deepEqual(site.csms.connected(), [STATION]);
      assert.equal(heard('BootNotification').length, 1, 'the station was never lost');
      for (const each of site.chargers.values()) {
        assert.ok(each.online, each.identity);
        assert.equal(each.lost.discarded, 0, each.identity);
      }
      site.csms.conduct.answerDelayMs = 20;
      for (let i = 1; i < CHARGERS; i += 2) charger(run, i).unplug(1);
      await site.run(150);
      for (const id of site.chargers.keys()) {
        assert.equal(site.outage?.journal.backlog(id).count, 0, id);
      }
      const calls = site.csms.received;
      const told = (is: typeof isStart) =>
        calls.filter(({ action, payload }) => is(action, readObject(payload))).length;
      assert.equal(acknowledged(run, isStart), CHARGERS);
      assert.equal(told(isStart), CHARGERS);
      assert.equal(acknowledged(run, isStop), CHARGERS);
      assert.equal(told(isStop), CHARGERS);
      assert.deepEqual(gaps(run), []);
      assertClean();
    });
  });
}

/** Transactions whose events do not count from 0 to their end, each once or repeated. */
const gaps = ({ heard }: AggregateRun): readonly string[] => {
  const numbers = new Map<string, Set<number>>();
  for (const event of heard('TransactionEvent')) {
    const id = String(readObject(event['transactionInfo'])['transactionId']);
    numbers.set(id, (numbers.get(id) ?? new Set()).add(Number(event['seqNo'])));
  }
  return [...numbers].flatMap(([id, seen]) => (Math.max(...seen) === seen.size - 1 ? [] : [id]));
};
