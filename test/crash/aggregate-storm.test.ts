import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readObject, readText } from '../../src/ocpp/payload.ts';
import { isQueued } from '../../src/ocpp/transaction-message.ts';
import { OCPP_VERSIONS, type OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import type { SimCall } from '../../src/sim/charger/dialect.ts';
import { between, seededRandom } from '../../src/sim/random.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from '../scenarios/virtual-garage.ts';

/** One storm of these for so many of the plain ones: a whole site takes its time. */
const PLAIN_STORMS = 25;
/** As for the plain ones: `BUSBAR_SEEDS=n` for more, `BUSBAR_SEED=n` for one of them. */
const one = process.env['BUSBAR_SEED'];
const count = Math.ceil(Number(process.env['BUSBAR_SEEDS'] ?? PLAIN_STORMS) / PLAIN_STORMS);
const seeds = one === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(one)];
const STATION = 'SITE-1';
const FAULTY_SECONDS = 8 * 60;

interface Billed {
  readonly begins: readonly string[];
  readonly ends: readonly string[];
}

/** What somebody is billed by, the same in every version: when a transaction began and ended. */
const billedOf = (calls: readonly SimCall[]): Billed => {
  const begins: string[] = [];
  const ends: string[] = [];
  const tokens = new Set(
    calls.flatMap(({ payload }) => {
      const { idToken, transactionInfo } = readObject(payload);
      return idToken === undefined ? [] : [readText(readObject(transactionInfo)['transactionId'])];
    }),
  );
  for (const { action, payload } of calls) {
    const { eventType, timestamp, transactionInfo } = readObject(payload);
    const id = readText(readObject(transactionInfo)['transactionId']);
    // What nobody was authorised for is billed to nobody.
    const counts = action !== 'TransactionEvent' || tokens.has(id);
    if (action === 'StartTransaction' || (eventType === 'Started' && counts)) {
      begins.push(String(timestamp));
    }
    if (action === 'StopTransaction' || (eventType === 'Ended' && counts)) {
      ends.push(String(timestamp));
    }
  }
  return { begins, ends };
};

/** Transactions of 2.x that began at the same connector at the same instant. */
const twins = (calls: readonly SimCall[]): readonly string[] => {
  const begun = new Map<string, unknown>();
  return calls.flatMap(({ payload }) => {
    const { eventType, timestamp, evse, transactionInfo } = readObject(payload);
    if (eventType !== 'Started') return [];
    const key = `${readObject(evse)['id']} ${timestamp}`;
    const { transactionId } = readObject(transactionInfo);
    const before = begun.get(key) ?? transactionId;
    begun.set(key, transactionId);
    return before === transactionId ? [] : [`${key}: ${before} and ${transactionId}`];
  });
};

const missing = (wanted: readonly string[], had: readonly string[]): readonly string[] =>
  wanted.filter((each) => !had.includes(each));

const storm = async (seed: number, upstream: OcppVersion) => {
  const random = seededRandom(seed);
  const versions = { CP_1: '1.6', CP_2: '2.0.1', CP_3: '1.6', CP_4: '2.1' } as const;
  const station = {
    identity: STATION,
    version: upstream,
    vendor: 'Busbar',
    model: 'Site',
    firmware: '1',
  };
  const site = new VirtualSite({
    site: garage(4),
    seed,
    versions,
    buildingAmps: [5, 5, 5],
    aggregate: { station },
    outageSettings: { unknownTokens: 'accept' },
  });
  const { csms, network, medium } = site;
  const ids = Object.keys(versions);
  const later = (fromMs: number, toMs: number, run: () => void): void => {
    site.clock.after(between(random, fromMs, toMs), run);
  };
  const charger = () => site.charger(ids[Math.floor(random() * ids.length)] ?? 'CP_1');
  const drive = (): void => {
    const each = charger();
    if (each.carAt(1) !== undefined) each.unplug(1);
    else each.plugIn(1, new Car({ maxAmps: 16, needWh: 50_000 }), `CARD-${each.identity}`);
  };
  let alive = true;
  const faults: Readonly<Record<string, () => void>> = {
    'a driver': drive,
    'another driver': drive,
    'CSMS down': () => {
      csms.goDown();
      later(5_000, 90_000, () => csms.comeBack());
    },
    'CSMS silent': () => {
      csms.conduct.silent = true;
      later(1_000, 60_000, () => {
        csms.conduct.silent = false;
      });
    },
    'CSMS slow': () => {
      csms.conduct.answerDelayMs = between(random, 50, 8_000);
      later(10_000, 60_000, () => {
        csms.conduct.answerDelayMs = 0;
      });
    },
    'CSMS fails once': () => {
      csms.conduct.failNext.set(random() < 0.5 ? 'StartTransaction' : 'TransactionEvent', 1);
    },
    'CSMS takes a message and hangs up': () => {
      csms.conduct.answers = (action, _payload, version) => {
        if (!isQueued(version, action)) return undefined;
        csms.conduct.answers = () => undefined;
        network.cut('csms');
        return undefined;
      };
    },
    'one charger cut': () => network.cut('charger', charger().identity),
    'charger reboots': () => charger().reboot(),
    'disk full': () => {
      medium.conduct.full = true;
      later(500, 30_000, () => {
        medium.conduct.full = false;
      });
    },
    'gateway killed': () => {
      if (!alive) return;
      alive = false;
      site.killGateway();
      later(500, 10_000, () => {
        void site.startGateway().then(() => {
          alive = true;
        });
      });
    },
  };
  const story: string[] = [];
  await site.run(60);
  const endMs = site.clock.monotonicMs() + FAULTY_SECONDS * 1_000;
  while (site.clock.monotonicMs() < endMs) {
    await site.run(between(random, 1, 30));
    const [name, fault] = Object.entries(faults)[
      Math.floor(random() * Object.keys(faults).length)
    ] ?? ['', () => {}];
    story.push(`${Math.round(site.clock.monotonicMs() / 1000)} s: ${name}`);
    fault();
  }
  await site.run(120);
  csms.conduct.failNext.clear();
  for (const id of ids) if (site.charger(id).carAt(1) !== undefined) site.charger(id).unplug(1);
  await site.run(600);
  return { site, ids, story };
};

for (const upstream of OCPP_VERSIONS) {
  test(`storms over one station of ${upstream}: what was begun and ended is billed, and once`, async (t) => {
    let acknowledged = 0;
    for (const seed of seeds) {
      const { site, ids, story } = await storm(seed, upstream);
      const told = `BUSBAR_SEED=${seed}\n${story.join('\n')}`;
      const heard = site.csms.received.filter(({ charger }) => charger === STATION);
      const had = billedOf(heard);
      for (const id of ids) {
        const said = site.charger(id).acknowledged;
        acknowledged += said.length;
        const wanted = billedOf(said);
        assert.deepEqual(missing(wanted.begins, had.begins), [], `begins of ${id}\n${told}`);
        assert.deepEqual(missing(wanted.ends, had.ends), [], `ends of ${id}\n${told}`);
        const backlog = site.outage?.journal.backlog(id);
        assert.deepEqual([backlog?.count, backlog?.parked], [0, 0], `${id}\n${told}`);
      }
      assert.deepEqual(twins(heard), [], told);
      assert.deepEqual(site.csms.problems, [], told);
    }
    t.diagnostic(`${acknowledged} acknowledged messages`);
  });
}
