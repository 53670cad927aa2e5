import { type Log, SILENT_LOG } from '../../src/core/log.ts';
import type { Clock } from '../../src/core/time.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import type { LinkObserver } from '../../src/gateway/observer.ts';
import { type Outage, openOutage } from '../../src/gateway/outage/outage.ts';
import { QueueDesk } from '../../src/gateway/outage/queue-desk.ts';
import { FIRST_LOCAL_ID } from '../../src/gateway/outage/transaction-ids.ts';
import { isThinnable } from '../../src/ocpp/transaction-message.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { SimCharger } from '../../src/sim/charger/charger.ts';
import { SimCsms } from '../../src/sim/csms.ts';
import { MemoryNetwork } from '../../src/sim/memory-network.ts';
import { Medium, MemoryStore } from '../../src/sim/memory-store.ts';
import { auditMessages, isTransactionMessage, messageKey } from '../../src/sim/message-audit.ts';
import { between, type Random, seededRandom } from '../../src/sim/random.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { cruelFaults } from './cruel-faults.ts';
import { keyOf, TrialOperator } from './trial-operator.ts';

const CHARGERS: readonly (readonly [id: string, version: OcppVersion])[] = [
  ['CP_1', '1.6'],
  ['CP_2', '2.0.1'],
  ['CP_3', '1.6'],
  ['CP_4', '2.1'],
];
const METER_INTERVAL_MS = 30_000;
const PHYSICS_MS = 5_000;
/** Everything works at first, so that the CSMS gets to know the chargers. */
const CALM_MS = 60_000;
const FAULTY_MS = 12 * 60_000;
/** After the last fault everything held has to be delivered within this time. */
const HEALING_MS = 20 * 60_000;

/** Full after a few dozen messages. */
const SMALL_JOURNAL_BYTES = 20_000;
const COLLIDES_EVERY = 3;

const NO_OBSERVER: LinkObserver = {
  chargerConnected() {},
  chargerGone() {},
  upstreamChanged() {},
  request() {},
  answer() {},
};

export interface OutageTrialOptions {
  readonly log?: Log;
  readonly cruel?: boolean;
}

export interface TrialResult {
  readonly seed: number;
  /** Broken promises in words; empty when all were kept. */
  readonly broken: readonly string[];
  /** Faults in the order in which they happened. */
  readonly story: readonly string[];
  readonly acknowledged: number;
  readonly repeated: number;
  readonly kills: number;
}

/**
 * Gateway, journal, chargers of three versions and a CSMS on the virtual clock, and a storm of
 * faults drawn from one seed: what a charger was told is safe has to reach the CSMS once the storm
 * is over, in order, unaltered, whatever happened meanwhile. The same seed gives the same storm.
 */
export class OutageTrial {
  readonly #seed: number;
  readonly #random: Random;
  readonly #clock = new VirtualClock();
  readonly #csms: SimCsms;
  readonly #network: MemoryNetwork;
  readonly #medium = new Medium();
  readonly #chargers = new Map<string, SimCharger>();
  readonly #story: string[] = [];
  readonly #log: Log;
  readonly #cruel: boolean;
  readonly #operator = new TrialOperator();
  #gatewayClock: Clock;
  #gateway: Gateway | undefined;
  #outage: Outage | undefined;
  #store: MemoryStore | undefined;
  #ids = 0;
  /**
   * The CSMS gives the very numbers that the gateway gives; disks are in order then. A start that the
   * CSMS has begun is answered also when the disk does not take the new number it gets: a kill before
   * it does is the one loss that is accepted.
   */
  readonly #collides: boolean;
  #kills = 0;

  /** `cruel`: also what a CSMS, an operator and a small journal can do to the messages themselves. */
  constructor(seed: number, { log = SILENT_LOG, cruel = false }: OutageTrialOptions = {}) {
    this.#seed = seed;
    this.#log = log;
    this.#cruel = cruel;
    this.#collides = cruel && seed % COLLIDES_EVERY === 0;
    this.#csms = new SimCsms(this.#clock, this.#collides ? FIRST_LOCAL_ID - 2 : 1);
    this.#random = seededRandom(seed);
    this.#network = new MemoryNetwork(this.#clock, this.#random, this.#csms);
    this.#gatewayClock = this.#clock;
  }

  /** `lastWrite`: the power goes once, at the write after this one; `lands`: which is kept still. */
  async run({
    lastWrite,
    lands = false,
  }: {
    readonly lastWrite?: number;
    readonly lands?: boolean;
  } = {}): Promise<TrialResult> {
    await this.#start();
    this.#medium.conduct.lastLands = lands;
    if (lastWrite !== undefined) this.#dieAfter(lastWrite);
    await this.#clock.run(CALM_MS);
    const endMs = this.#clock.monotonicMs() + FAULTY_MS;
    while (this.#clock.monotonicMs() < endMs) {
      await this.#clock.run(between(this.#random, 500, 40_000));
      this.#strike();
    }
    await this.#heal();
    return await this.#judge();
  }

  get writes(): number {
    return this.#medium.writes;
  }

  async #start(): Promise<void> {
    this.#medium.conduct.syncMs = Math.floor(between(this.#random, 0, 20));
    CHARGERS.forEach(([identity, version], index) => {
      const charger = new SimCharger({
        identity,
        version,
        clock: this.#clock,
        random: seededRandom(this.#seed * 31 + index),
        meterIntervalMs: METER_INTERVAL_MS,
        connect: (id, subprotocols) => this.#network.connect(id, subprotocols),
      });
      this.#chargers.set(identity, charger);
      charger.start();
    });
    this.#physics();
    await this.#startGateway();
  }

  async #startGateway(): Promise<void> {
    const store = new MemoryStore(this.#medium, this.#clock);
    this.#store = store;
    const newId = () => {
      this.#ids += 1;
      return `own-${this.#ids}`;
    };
    const clock = this.#gatewayClock;
    const outage = await openOutage({
      store,
      clock,
      log: this.#log,
      random: this.#random,
      hash: (secret, salt) => Promise.resolve(`${salt} ${secret}`),
      newSalt: newId,
      settings: {
        unknownTokens: 'accept',
        unknownBoot: 'pending',
        replayPerSecond: 50,
        mostBytes: this.#cruel && this.#seed % 2 === 0 ? SMALL_JOURNAL_BYTES : 1024 * 1024,
      },
    });
    this.#outage = outage;
    const gateway = new Gateway({
      clock,
      log: this.#log,
      dialer: this.#network.dialer,
      observer: NO_OBSERVER,
      upstreamBase: () => 'ws://csms/ocpp',
      admits: (identity) => this.#chargers.has(identity),
      newId,
      outage,
    });
    this.#gateway = gateway;
    this.#network.attachGateway((knock) => void gateway.knock(knock));
  }

  /** SIGKILL or a power cut: what was not synced is gone. */
  #kill(): void {
    if (this.#gateway === undefined) return;
    this.#kills += 1;
    this.#network.attachGateway(undefined);
    this.#store?.kill();
    this.#network.cut('charger');
    this.#network.cut('csms');
    this.#gateway.close();
    this.#gateway = undefined;
    this.#clock.after(between(this.#random, 200, 20_000), () => void this.#startGateway());
  }

  #dieAfter(write: number): void {
    this.#medium.conduct.lastWrite = write;
    this.#medium.died = () => {
      this.#medium.conduct.lastWrite = Number.POSITIVE_INFINITY;
      this.#story.push(`power cut at write ${write + 1}`);
      this.#kill();
    };
  }

  #strike(): void {
    const faults = Object.entries(this.#faults()).filter(
      ([name]) => !(this.#collides && name.startsWith('disk')),
    );
    const [name, fault] = faults[Math.floor(this.#random() * faults.length)] ?? ['', () => {}];
    this.#story.push(`${Math.round(this.#clock.monotonicMs() / 1000)} s: ${name}`);
    fault();
  }

  #faults(): Readonly<Record<string, () => void>> {
    const csms = this.#csms;
    const { conduct } = csms;
    const medium = this.#medium.conduct;
    const network = this.#network;
    const random = this.#random;
    const later = (fromMs: number, toMs: number, run: () => void): void => {
      this.#clock.after(between(this.#random, fromMs, toMs), run);
    };
    const id = (): string => CHARGERS[Math.floor(this.#random() * CHARGERS.length)]?.[0] ?? 'CP_1';
    const charger = () => this.#chargers.get(id()) as SimCharger;
    const drive = (): void => this.#drive(charger());
    return {
      'a driver': drive,
      'another driver': drive,
      'drivers everywhere': () => {
        for (const each of this.#chargers.values()) this.#drive(each);
      },
      'CSMS down': () => {
        csms.goDown();
        later(5_000, 180_000, () => csms.comeBack());
      },
      'CSMS flaps': () => {
        csms.goDown();
        later(100, 3_000, () => csms.comeBack());
      },
      'CSMS silent': () => {
        conduct.silent = true;
        later(1_000, 90_000, () => {
          conduct.silent = false;
        });
      },
      'CSMS slow': () => {
        conduct.answerDelayMs = between(this.#random, 50, 8_000);
        later(10_000, 60_000, () => {
          conduct.answerDelayMs = 0;
        });
      },
      'CSMS fails once': () => {
        const actions = ['StartTransaction', 'StopTransaction', 'TransactionEvent', 'MeterValues'];
        const action = actions[Math.floor(this.#random() * actions.length)] ?? '';
        conduct.failNext.set(action, 1);
      },
      'CSMS black hole': () => {
        network.conduct.csmsBlackHole = true;
        network.silence('csms');
        later(5_000, 90_000, () => {
          network.conduct.csmsBlackHole = false;
        });
      },
      'one upstream cut': () => network.cut('csms', id()),
      'one charger cut': () => network.cut('charger', id()),
      'charger reboots': () => charger().reboot(),
      'gateway killed': () => this.#kill(),
      'disk full': () => {
        medium.full = true;
        later(5_000, 60_000, () => {
          medium.full = false;
        });
      },
      'clock of the gateway steps': () => this.#stepClock(between(this.#random, -4e6, 4e6)),
      ...(this.#cruel ? cruelFaults({ csms, network, medium, charger, random, later }) : {}),
      ...(this.#cruel ? this.#operatorDoes(id) : {}),
    };
  }

  #operatorDoes(id: () => string): Readonly<Record<string, () => void>> {
    const [outage, gateway, store] = [this.#outage, this.#gateway, this.#store];
    if (outage === undefined || gateway === undefined || store === undefined) return {};
    return {
      'an operator drops a message': () =>
        void this.#operator.drop(new QueueDesk(outage.journal, store), id(), this.#clock.wallMs()),
      'an operator sends again what was set aside': () =>
        void this.#operator.resend(outage, (charger) => gateway.deliverHeld(charger)),
    };
  }

  #drive(charger: SimCharger): void {
    if (charger.carAt(1) !== undefined) charger.unplug(1);
    else charger.plugIn(1, new Car({ maxAmps: 16, needWh: 50_000 }), `CARD-${charger.identity}`);
  }

  /** Only the gateway's wall clock: the chargers have their own. */
  #stepClock(byMs: number): void {
    const before = this.#gatewayClock;
    this.#gatewayClock = {
      monotonicMs: () => this.#clock.monotonicMs(),
      wallMs: () => before.wallMs() + byMs,
      after: (delayMs, run) => this.#clock.after(delayMs, run),
    };
  }

  #physics(): void {
    this.#clock.after(PHYSICS_MS, () => {
      for (const charger of this.#chargers.values()) charger.step(PHYSICS_MS);
      this.#physics();
    });
  }

  async #heal(): Promise<void> {
    // Everything that was switched off comes back by itself within this time.
    await this.#clock.run(3 * 60_000);
    this.#csms.conduct.failNext.clear();
    this.#gatewayClock = this.#clock;
    for (const charger of this.#chargers.values()) if (charger.carAt(1)) charger.unplug(1);
    const endMs = this.#clock.monotonicMs() + HEALING_MS;
    while (this.#clock.monotonicMs() < endMs && !this.#isQuiet()) await this.#clock.run(30_000);
  }

  #isQuiet(): boolean {
    const held = [...this.#chargers.keys()].some(
      (id) => (this.#outage?.journal.backlog(id).count ?? 0) > 0,
    );
    return !held && [...this.#chargers.values()].every((each) => each.online && each.held === 0);
  }

  async #judge(): Promise<TrialResult> {
    const broken: string[] = [];
    let acknowledged = 0;
    let repeated = 0;
    for (const [id, charger] of this.#chargers) {
      const received = this.#csms.transactionMessages(id);
      const audit = auditMessages(
        charger.acknowledged.filter(({ action, payload }) => isTransactionMessage(action, payload)),
        received,
        charger.heldMessages,
        charger.discarded,
      );
      acknowledged += charger.acknowledged.length;
      repeated += audit.repeated.length;
      const excused = await this.#excused(id, charger);
      for (const fault of ['altered', 'inverted', 'invented'] as const) {
        for (const message of audit[fault]) {
          const late = fault === 'inverted' && this.#operator.resent.has(message);
          if (!late) broken.push(`${id}: ${fault}: ${message}`);
        }
      }
      for (const message of audit.lost) {
        if (!excused.has(message)) broken.push(`${id}: lost: ${message}`);
      }
      const { count, parked } = this.#outage?.journal.backlog(id) ?? { count: 0, parked: 0 };
      const there = [...(this.#store?.keys(`m/${id}/`) ?? [])].length;
      if (count > 0 || there > 0)
        broken.push(`${id}: ${count} of ${there} messages are still held`);
      if (parked > 0 && !this.#cruel) broken.push(`${id}: ${parked} messages were set aside`);
      if (!charger.online) broken.push(`${id}: is not online`);
    }
    // A charger that gave up its start says so in the stop.
    const problems = this.#csms.problems.filter((problem) => !/transaction -1\b/.test(problem));
    for (const problem of problems) broken.push(`CSMS: ${problem}`);
    const story = this.#story;
    return { seed: this.#seed, broken, story, acknowledged, repeated, kills: this.#kills };
  }

  /** What the CSMS need not have: set aside, let go of by the operator, or thinned out and counted. */
  async #excused(id: string, charger: SimCharger): Promise<ReadonlySet<string>> {
    const journal = this.#outage?.journal;
    const aside = (await journal?.parked(id, 0, 1_000)) ?? [];
    const excused = new Set([
      ...this.#operator.dropped,
      ...aside.map(({ message }) => keyOf(message)),
    ]);
    if ((journal?.backlog(id).thinned ?? 0) === 0) return excused;
    for (const { action, payload } of charger.acknowledged) {
      if (isThinnable(charger.version, action, payload)) excused.add(messageKey(action, payload));
    }
    return excused;
  }
}
