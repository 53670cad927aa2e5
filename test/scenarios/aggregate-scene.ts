import assert from 'node:assert/strict';
import { TO_CHARGER_2X } from '../../src/ocpp/aggregate/bridge-down-v2x.ts';
import { IN_THE_BOOKS, TO_CHARGER_16 } from '../../src/ocpp/aggregate/bridge-down-v16.ts';
import { UP_PARTNERS } from '../../src/ocpp/aggregate/bridge-partners.ts';
import type { Edit } from '../../src/ocpp/aggregate/edit.ts';
import {
  type DownRule,
  downRules,
  type Family,
  familyOf,
  upRules,
} from '../../src/ocpp/aggregate/rules.ts';
import { type Payload, readObject } from '../../src/ocpp/payload.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import type { ReceivedCall } from '../../src/sim/csms.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { sampleOf, withValue } from '../ocpp-samples.ts';
import { RawCharger, TURN_SECONDS, TURNS_MOST } from './raw-charger.ts';
import { StrictWire } from './strict-wire.ts';
import { garage } from './virtual-garage.ts';

const STATION = 'SITE-1';
/** The station's numbers of the only outlet of each charger. */
const NUMBERS = { CP_1: 5, CP_2: 7, CP_3: 9 };
const ANSWERED_BY_SIM = new Set([
  'BootNotification',
  'Heartbeat',
  'StartTransaction',
  'StopTransaction',
  'TransactionEvent',
  'MeterValues',
]);
/** Of a call of a charger, what a CSMS of the other family hears. */
const EVENTS: Readonly<Record<string, string>> = {
  Started: 'StartTransaction',
  Updated: 'MeterValues',
  Ended: 'StopTransaction',
};

interface Said {
  readonly charger: RawCharger;
  readonly action: string;
  readonly payload: Payload;
}

const newsOf = (news: readonly ReceivedCall[], action: string): number =>
  news.filter((call) => call.action === action).length;
const isAt = (payload: Payload): unknown =>
  payload['connectorId'] !== undefined && payload['evseId'] === undefined
    ? payload['connectorId']
    : (payload['evseId'] ?? readObject(payload['evse'])['id']);
const isOf = (payload: Payload): unknown =>
  payload['transactionId'] ?? readObject(payload['transactionInfo'])['transactionId'];

/** Three raw chargers, of 1.6 and 2.x, behind one station at a CSMS that checks every frame. */
export class AggregateScene {
  readonly site: VirtualSite;
  readonly wire: StrictWire;
  readonly upstream: OcppVersion;
  readonly family: Family;
  readonly chargers: readonly RawCharger[];
  /** As the site file says them; a change holds from the gateway's next start on. */
  readonly numbers: Record<string, number> = { ...NUMBERS };
  /** Transaction ids by charger: its own, and the station's. */
  readonly own = new Map<RawCharger, string | number>();
  readonly station = new Map<RawCharger, string | number>();

  #held: Said[] | undefined;

  constructor(upstream: OcppVersion, versions = versionsUnder(upstream)) {
    this.upstream = upstream;
    this.family = familyOf(upstream);
    const station = {
      identity: STATION,
      version: upstream,
      vendor: 'B',
      model: 'G',
      firmware: '1',
    };
    const site = garage(versions.length);
    this.site = new VirtualSite({
      // What the CSMS sets is to be seen at the chargers.
      site: { ...site, chargers: site.chargers.map((c) => ({ ...c, csmsProfiles: 'overlay' })) },
      aggregate: { station, first: this.numbers },
    });
    for (const charger of this.site.chargers.values()) charger.stop();
    const { csms } = this.site;
    csms.conduct.oneCallAtATime = true;
    csms.conduct.answers = (action) =>
      ANSWERED_BY_SIM.has(action) ? undefined : sampleOf(upstream, `${action}.conf`, this.now());
    this.wire = new StrictWire(csms);
    this.chargers = versions.map((version, i) => new RawCharger(this.site, `CP_${i + 1}`, version));
  }

  now(): string {
    return new Date(this.site.clock.wallMs()).toISOString();
  }

  numberOf({ identity }: RawCharger): number {
    return this.numbers[identity] ?? 0;
  }

  async begin(): Promise<void> {
    await this.site.run(20);
    for (const charger of this.chargers) {
      await charger.connect();
      charger.answers.set('GetCompositeSchedule', this.#composite(charger));
      await this.up(charger, 'BootNotification');
      await this.up(charger, 'StatusNotification');
    }
    await this.site.run(60);
  }

  /** A charger says something; the CSMS hears what the tables say, and nothing else comes of it. */
  async up(charger: RawCharger, action: string, more: Payload = {}): Promise<Payload> {
    const rule = upRules(familyOf(charger.version))[action];
    assert.ok(rule !== undefined, action);
    const edits = rule.do === 'relay' ? rule.edits : [];
    const sampled = { ...sampleOf(charger.version, `${action}.req`, this.now()), ...more };
    const payload = readObject(this.#named(sampled, edits, 1, this.own.get(charger)));
    if (this.#held !== undefined) {
      this.#held.push({ charger, action, payload });
      const answer = await charger.ask(action, payload);
      assert.equal(answer['code'], undefined, `${charger.identity} ${action}`);
      return answer;
    }
    const before = this.site.csms.received.length;
    const answer = await charger.ask(action, payload);
    const news = this.site.csms.received.slice(before);
    const where = `${charger.identity} ${charger.version} ${action}`;
    if (rule.do === 'refuse') {
      assert.deepEqual(
        answer,
        { ...answer, code: 'NotSupported', description: rule.reason },
        where,
      );
    } else if (rule.do !== 'relay') {
      assert.equal(answer['code'], undefined, where);
      assert.ok(rule.do === 'time' || news.every((call) => call.action !== action), where);
    } else this.#assertHeard(charger, action, payload, answer, { edits, news, where });
    return answer;
  }

  /** The CSMS asks; whom the tables name hears it, in its own words and numbers, and nobody else. */
  async down(action: string, target: RawCharger | undefined): Promise<Payload> {
    const rule = downRules(this.family)[action];
    assert.ok(rule !== undefined, action);
    const asked = this.#question(action, rule, target);
    const before = new Map(this.chargers.map((charger) => [charger, charger.heard.length]));
    const result = await this.question(action, asked);
    const where = `${action} to ${target?.identity ?? 'all'}: ${JSON.stringify(result)}`;
    const heard = this.chargers.filter((charger) => {
      const news = charger.heard.slice(before.get(charger));
      return news.some((call) => this.#isForm(charger, action, rule, asked, call));
    });
    this.#assertAnswer(action, rule, target, { result, heard, where });
    return result;
  }

  /** Asks the station and lets time run until it is answered; an error has its code and text. */
  async question(action: string, asked: object): Promise<Payload> {
    let result: Payload | undefined;
    void this.site.csms.ask(STATION, action, asked).then((given) => {
      result = given.outcome === 'answered' ? readObject(given.payload) : { ...given };
    });
    for (let i = 0; result === undefined && i < TURNS_MOST; i += 1) {
      await this.site.run(TURN_SECONDS);
    }
    assert.ok(result !== undefined && result['outcome'] !== 'gone', action);
    return result;
  }

  /** The CSMS is away while `life` goes on; afterwards it has heard of all that was said, once. */
  async outage(life: () => Promise<void>): Promise<void> {
    const { csms } = this.site;
    csms.goDown();
    await this.site.run(20);
    const before = csms.received.length;
    const held: Said[] = [];
    this.#held = held;
    await life();
    this.#held = undefined;
    csms.comeBack();
    await this.site.run(200);
    const news = csms.received.slice(before);
    for (const { charger, action, payload } of held) {
      const partner = this.#heardAs(charger, action, payload);
      const same = ({ action: as, payload: heard }: ReceivedCall) =>
        as === partner && isAt(readObject(heard)) === this.numberOf(charger);
      const where = `${charger.identity} ${action} ${partner}`;
      // What ends a 1.6 transaction names no connector.
      const all = held.filter(
        (each) => this.#heardAs(each.charger, each.action, each.payload) === partner,
      );
      if (partner === 'StopTransaction') assert.equal(newsOf(news, partner), all.length, where);
      else assert.ok(news.some(same), where);
    }
  }

  /** What both sides found against their schemas. */
  assertClean(): void {
    assert.deepEqual(this.wire.violations, []);
    assert.deepEqual(this.site.csms.problems, []);
    for (const { violations } of this.chargers) assert.deepEqual(violations, []);
  }

  /** The station's ids of running transactions, as the CSMS last heard them at each number. */
  learnStationIds(): void {
    for (const charger of this.chargers) {
      const number = this.numberOf(charger);
      const ids = this.site.csms.received.flatMap((call) => {
        const payload = readObject(call.payload);
        return isAt(payload) === number && isOf(payload) !== undefined ? [isOf(payload)] : [];
      });
      this.station.set(charger, ids.at(-1) as string | number);
    }
    assert.equal(new Set(this.station.values()).size, this.chargers.length, 'ids are unambiguous');
  }

  #question(action: string, rule: DownRule, target: RawCharger | undefined): Payload {
    const sampled = sampleOf(this.upstream, `${action}.req`, this.now());
    if (rule.to !== 'outlet' && rule.to !== 'transaction') return sampled;
    if (target === undefined && rule.to === 'outlet') {
      const needed = rule.outlet.reduce<unknown>((at, key) => readObject(at)[key], sampled);
      const zero = needed !== undefined || rule.zero === 'site';
      const asked = zero ? withValue(sampled, rule.outlet, 0) : sampled;
      return readObject(
        JSON.parse(JSON.stringify(asked).replace('"TxProfile"', '"TxDefaultProfile"')),
      );
    }
    const id = target && this.station.get(target);
    const number = target === undefined ? 0 : this.numberOf(target);
    return readObject(this.#named(sampled, rule.edits, number, id));
  }

  #named(payload: unknown, edits: readonly Edit[], outlet: number, transaction: unknown): unknown {
    return edits.reduce((result, { path, as }) => {
      if (as === 'outlet') return withValue(result, path, outlet);
      return transaction === undefined ? result : withValue(result, path, transaction);
    }, payload);
  }

  #assertHeard(
    charger: RawCharger,
    action: string,
    payload: Payload,
    answer: Payload,
    told: {
      readonly edits: readonly Edit[];
      readonly news: readonly ReceivedCall[];
      readonly where: string;
    },
  ): void {
    const { edits, news, where } = told;
    const own = familyOf(charger.version);
    if (own !== this.family && !Object.hasOwn(UP_PARTNERS[own], action)) {
      assert.equal(answer['code'], 'NotSupported', where);
      assert.match(String(answer['description']), /has no partner in OCPP/, where);
      return;
    }
    assert.equal(answer['code'], undefined, `${where}: ${JSON.stringify(answer)}`);
    const partner = this.#heardAs(charger, action, payload);
    const calls = news.filter((call) => call.action === partner).map((c) => readObject(c.payload));
    assert.ok(calls.length > 0, `${where} is heard as ${partner}`);
    const id = this.station.get(charger);
    for (const call of calls) {
      const number = isAt(call) ?? this.numberOf(charger);
      assert.equal(number, this.numberOf(charger), `${where}: ${JSON.stringify(call)}`);
      if (id !== undefined) assert.equal(isOf(call) ?? id, id, where);
    }
    if (own === this.family && id !== undefined) {
      assert.deepEqual(calls[0], this.#named(payload, edits, this.numberOf(charger), id), where);
    }
  }

  #heardAs({ version }: RawCharger, action: string, payload: Payload): string {
    const own = familyOf(version);
    if (own === this.family) return action;
    const text = UP_PARTNERS[own][action] ?? '';
    const event = EVENTS[String(payload['eventType'])];
    if (action === 'TransactionEvent' && event !== undefined) {
      assert.ok(text.includes(event), text);
      return event;
    }
    return /^\w+/.exec(text)?.[0] ?? '';
  }

  #translator(charger: RawCharger, action: string) {
    const table = this.family === '1.6' ? TO_CHARGER_2X : TO_CHARGER_16;
    return familyOf(charger.version) === this.family ? { to: action } : table[action];
  }

  /** Whether a call that a charger heard is this question, in its own words. */
  #isForm(
    charger: RawCharger,
    action: string,
    rule: DownRule,
    asked: Payload,
    call: { readonly action: string; readonly payload: Payload },
  ): boolean {
    if (call.action !== this.#translator(charger, action)?.to) return false;
    const edits = rule.to === 'outlet' || rule.to === 'transaction' ? rule.edits : [];
    const own = this.own.get(charger);
    if (familyOf(charger.version) !== this.family) {
      const { payload } = call;
      const profile = readObject(payload['chargingProfile'] ?? payload['csChargingProfiles']);
      const id = isOf(payload) ?? isOf(profile);
      // The gateway's own profiles have other numbers.
      const asSent = profile['chargingProfileId'] ?? profile['id'] ?? 1;
      return Number(isAt(payload) ?? 1) <= 1 && (id === undefined || id === own) && asSent === 1;
    }
    const zero = rule.to === 'outlet' && this.#isZero(rule, asked);
    const local = zero && rule.zero !== 'free' ? asked : this.#localForm(asked, edits, own);
    return isSame(call.payload, local);
  }

  #localForm(asked: Payload, edits: readonly Edit[], own: unknown): Payload {
    return readObject(this.#named(asked, edits, 1, own));
  }

  #isZero(rule: Extract<DownRule, { to: 'outlet' }>, asked: Payload): boolean {
    return !rule.outlet.reduce<unknown>((at, key) => readObject(at)[key], asked);
  }

  #assertAnswer(
    action: string,
    rule: DownRule,
    target: RawCharger | undefined,
    seen: {
      readonly result: Payload;
      readonly heard: readonly RawCharger[];
      readonly where: string;
    },
  ): void {
    const { result, heard, where } = seen;
    const code = result['code'];
    const reaches = (charger: RawCharger) => this.#translator(charger, action)?.to !== undefined;
    if (
      rule.to === 'nobody' ||
      (rule.to === 'outlet' && target === undefined && rule.zero === 'refuse')
    ) {
      assert.deepEqual([code, result['description']], ['NotSupported', rule.reason], where);
      assert.deepEqual(heard, [], where);
      return;
    }
    if (target !== undefined && !reaches(target)) {
      const reason = this.#translator(target, action) as { readonly reason?: string } | undefined;
      const known = reason?.reason === IN_THE_BOOKS;
      assert.equal(code, known ? undefined : 'NotSupported', where);
      if (!known) assert.ok(String(result['description']).length > 10, where);
      assert.deepEqual(heard, [], where);
      return;
    }
    assert.ok(code === undefined || (rule.to === 'station' && code !== 'NotImplemented'), where);
    const names = heard.map(({ identity }) => identity);
    if (target !== undefined) assert.deepEqual(names, [target.identity], where);
    else assert.equal(names.length, this.#recipients(rule, reaches), `${where} ${names}`);
    if (target === undefined || rule.to !== 'outlet') return;
    for (const { path } of rule.answerEdits ?? []) {
      const value = path.reduce<unknown>((at, key) => readObject(at)[key], result);
      if (value !== undefined) assert.equal(value, this.numberOf(target), where);
    }
  }

  #recipients(rule: DownRule, reaches: (charger: RawCharger) => boolean): number {
    if (rule.to === 'station' || (rule.to === 'outlet' && rule.zero === 'site')) return 0;
    if (rule.to === 'outlet' && rule.zero === 'free') return 1;
    return this.chargers.filter(reaches).length;
  }

  #composite({ version }: RawCharger): object {
    const schedule = {
      duration: 600,
      chargingRateUnit: 'A',
      chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }],
    };
    const scheduleStart = this.now();
    return version === '1.6'
      ? { status: 'Accepted', connectorId: 1, scheduleStart, chargingSchedule: schedule }
      : { status: 'Accepted', schedule: { evseId: 1, scheduleStart, ...schedule } };
  }
}

const versionsUnder = (upstream: OcppVersion): readonly OcppVersion[] =>
  upstream === '1.6' ? ['1.6', '2.0.1', '2.1'] : ['1.6', upstream, upstream];

const isSame = (a: unknown, b: unknown): boolean => {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
};
