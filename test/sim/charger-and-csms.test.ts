import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/io/system-clock.ts';
import { OCPP_VERSIONS, type OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { SimCharger } from '../../src/sim/charger/charger.ts';
import type { Connect } from '../../src/sim/charger/charger-connection.ts';
import { SimCsms } from '../../src/sim/csms.ts';
import { auditMessages } from '../../src/sim/message-audit.ts';
import { seededRandom } from '../../src/sim/random.ts';
import { serveCsms, wsConnect } from '../../src/sim/ws-socket.ts';
import { validators } from '../ocpp-schemas.ts';
import { tappedSocket } from '../tapped-socket.ts';

const NOTHING_WRONG = { lost: [], repeated: [], altered: [], inverted: [], invented: [] };

interface Seen {
  readonly from: 'charger' | 'csms';
  readonly text: string;
}

/** Notes every frame of a charger's connections. */
const recorded =
  (connect: Connect, seen: Seen[]): Connect =>
  async (identity, subprotocols) =>
    tappedSocket(await connect(identity, subprotocols), {
      sent: (bytes) => seen.push({ from: 'charger', text: bytes.toString() }),
      received: (bytes) => seen.push({ from: 'csms', text: bytes.toString() }),
    });

const checkFrames = (version: OcppVersion, frames: readonly Seen[]): void => {
  const validatorOf = validators(version);
  const actions = new Map<string, string>();
  for (const { from, text } of frames) {
    const [type, id, third, fourth] = JSON.parse(text) as [number, string, unknown, unknown];
    assert.ok(id.length <= 36, `id too long: ${id}`);
    assert.notEqual(type, 4, `unexpected error: ${text}`);
    const other = from === 'charger' ? 'csms' : 'charger';
    const action = type === 2 ? (third as string) : actions.get(`${other} ${id}`);
    assert.ok(action !== undefined, `answer without a call: ${text}`);
    if (type === 2) actions.set(`${from} ${id}`, action);
    const name = type === 2 ? `${action}.req` : `${action}.conf`;
    const validate = validatorOf(name);
    const payload = type === 2 ? fourth : third;
    assert.ok(validate(payload), `${name} ${JSON.stringify(validate.errors)} in ${text}`);
  }
};

/** What has not come until then on a machine that is busy never comes. */
const UNTIL_MOST_MS = 120_000;

/** Waits for something that comes over a real socket. */
const until = async (what: string, holds: () => boolean): Promise<void> => {
  const endMs = performance.now() + UNTIL_MOST_MS;
  while (!holds()) {
    assert.ok(performance.now() < endMs, `never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};

const startPair = async (t: TestContext, version: OcppVersion) => {
  const csms = new SimCsms(systemClock, 4_711);
  const server = await serveCsms(csms);
  const seen: Seen[] = [];
  const charger = new SimCharger({
    identity: 'CP 1/A',
    version,
    connectors: 2,
    clock: systemClock,
    random: seededRandom(7),
    backOff: { leastMs: 1, randomMs: 1, doublings: 0 },
    conduct: { reactionMs: 0, pilotHoldMs: 0, rebootMs: 1 },
    connect: recorded(wsConnect(server.url), seen),
  });
  t.after(async () => {
    charger.stop();
    await server.close();
  });
  charger.start();
  await until('the charger is accepted', () => charger.online);
  return { csms, charger, seen, ask: asker(csms) };
};

const asker =
  (csms: SimCsms) =>
  async (action: string, payload: object): Promise<Record<string, unknown>> =>
    (await csms.call('CP 1/A', action, payload)) as Record<string, unknown>;

const profile16 = (amps: number, transactionId: number): object => ({
  connectorId: 1,
  csChargingProfiles: {
    chargingProfileId: 1,
    transactionId,
    stackLevel: 0,
    chargingProfilePurpose: 'TxProfile',
    chargingProfileKind: 'Relative',
    chargingSchedule: {
      chargingRateUnit: 'A',
      chargingSchedulePeriod: [{ startPeriod: 0, limit: amps }],
    },
  },
});

const profile2x = (amps: number, transactionId: string): object => ({
  evseId: 1,
  chargingProfile: {
    id: 1,
    stackLevel: 0,
    transactionId,
    chargingProfilePurpose: 'TxProfile',
    chargingProfileKind: 'Relative',
    chargingSchedule: [
      {
        id: 1,
        chargingRateUnit: 'A',
        chargingSchedulePeriod: [{ startPeriod: 0, limit: amps }],
      },
    ],
  },
});

describe('a simulated charger and a simulated CSMS over real WebSockets', () => {
  for (const version of OCPP_VERSIONS) {
    it(`hold a whole session in OCPP ${version}, every frame valid`, async (t) => {
      const { csms, charger, seen, ask } = await startPair(t, version);
      charger.plugIn(1, new Car(), 'TAG-1');
      await until('the transaction is known', () => charger.transactionId(1) !== undefined);
      for (let i = 0; i < 100; i += 1) charger.step(100);
      assert.ok(charger.siteAmps()[0] > 14);
      assert.equal(charger.statusAt(1), 'charging');
      const id = charger.transactionId(1) ?? '';
      const old = version === '1.6';
      const set = old ? profile16(8, Number(id)) : profile2x(8, id);
      assert.deepEqual(await ask('SetChargingProfile', set), { status: 'Accepted' });
      for (let i = 0; i < 200; i += 1) charger.step(100);
      assert.ok(Math.abs(charger.siteAmps()[2] - 8 * 0.97) < 0.1);
      await askAround(version, ask, id);
      charger.plugIn(2, new Car({ phases: 1 }), 'TAG-2');
      await until('a second transaction', () => charger.transactionId(2) !== undefined);
      charger.unplug(1);
      charger.stopSession(2);
      await until('all is delivered', () => charger.held === 0);
      charger.unplug(2);
      checkFrames(version, seen);
      assert.deepEqual(csms.problems, []);
      const told = csms.transactionMessages('CP 1/A');
      assert.equal(told.length, charger.acknowledged.length);
      assert.deepEqual(auditMessages(charger.acknowledged, told), NOTHING_WRONG);
    });
  }
});

/** Everything else that a CSMS may ask. */
const askAround = async (
  version: OcppVersion,
  ask: (action: string, payload: object) => Promise<Record<string, unknown>>,
  id: string,
): Promise<void> => {
  const connector = version === '1.6' ? { connectorId: 1 } : { evseId: 1 };
  const composite = await ask('GetCompositeSchedule', { ...connector, duration: 60 });
  const schedule = composite[version === '1.6' ? 'chargingSchedule' : 'schedule'] as {
    chargingSchedulePeriod: { limit: number }[];
  };
  assert.equal(schedule.chargingSchedulePeriod[0]?.limit, 8);
  assert.deepEqual(await ask('ClearCache', {}), { status: 'Accepted' });
  if (version === '1.6') {
    const { configurationKey } = await ask('GetConfiguration', {});
    assert.ok((configurationKey as object[]).length > 5);
    await ask('ChangeConfiguration', { key: 'HeartbeatInterval', value: '120' });
    await ask('TriggerMessage', { requestedMessage: 'MeterValues', connectorId: 2 });
    await ask('ClearChargingProfile', { id: 1 });
    return;
  }
  const report = { requestId: 5, reportBase: 'FullInventory' };
  assert.deepEqual(await ask('GetBaseReport', report), { status: 'Accepted' });
  const place = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' } };
  await ask('SetVariables', { setVariableData: [{ ...place, attributeValue: '120' }] });
  await ask('GetVariables', { getVariableData: [place] });
  await ask('TriggerMessage', { requestedMessage: 'MeterValues', evse: { id: 2 } });
  await ask('GetChargingProfiles', { requestId: 6, chargingProfile: {} });
  const { ongoingIndicator } = await ask('GetTransactionStatus', { transactionId: id });
  assert.equal(ongoingIndicator, true);
  await ask('ClearChargingProfile', { chargingProfileId: 1 });
};
