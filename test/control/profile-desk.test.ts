// Whatever a CSMS sends about profiles: the desk answers or passes it on, and never throws.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProfileDesk } from '../../src/control/profiles/profile-desk.ts';
import { ProfileShelf } from '../../src/control/profiles/profile-shelf.ts';
import { SiteDraft } from '../../src/control/site-draft.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { connectorKey, DEFAULT_SETTINGS } from '../../src/core/tick.ts';
import { callBytes, readFrame } from '../../src/ocpp/frame.ts';
import { OCPP_VERSIONS, type OcppVersion } from '../../src/ocpp/version.ts';
import { Medium, MemoryStore } from '../../src/sim/memory-store.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { profile } from '../scenarios/profile-calls.ts';
import { garage } from '../scenarios/virtual-garage.ts';

const ACTIONS = [
  'SetChargingProfile',
  'ClearChargingProfile',
  'GetCompositeSchedule',
  'GetChargingProfiles',
  'UsePriorityCharging',
  'UpdateDynamicSchedule',
  'RemoteStartTransaction',
  'RequestStartTransaction',
  'SetChargingProfile-Signed',
  'Reset',
];

const deskOf = (version: OcppVersion) => {
  const clock = new VirtualClock();
  const draft = new SiteDraft(garage(1), DEFAULT_SETTINGS, new Set(), 0);
  draft.setOnline('CP_1', true, 0, version);
  draft.apply('CP_1', { type: 'transaction-started', connector: 1, transactionId: '7' }, 0);
  const medium = new Medium();
  const shelf = new ProfileShelf(new MemoryStore(medium, clock), [], SILENT_LOG);
  const desk = new ProfileDesk({ draft, shelf, clock, log: SILENT_LOG, changed: () => {} });
  return { desk, shelf, medium, clock };
};

/** A sound SetChargingProfile with some of its values replaced by anything. */
const damaged = (version: OcppVersion): fc.Arbitrary<object> =>
  fc
    .record({
      values: fc.array(fc.tuple(fc.nat(40), fc.oneof(fc.jsonValue(), fc.constant(-1))), {
        maxLength: 4,
      }),
      purpose: fc.constantFrom('TxProfile', 'TxDefaultProfile', 'PriorityCharging'),
      amps: fc.double({ noNaN: true, min: 0, max: 64 }),
    })
    .map(({ values, purpose, amps }) => {
      const value = profile(version, { id: 1, purpose, amps, now: 0, transactionId: '7' });
      const request =
        version === '1.6'
          ? { connectorId: 1, csChargingProfiles: value, chargingProfile: value, duration: 60 }
          : { evseId: 1, chargingProfile: value, duration: 60, requestId: 1 };
      const text = JSON.stringify(request);
      let at = 0;
      return JSON.parse(text, (_key, each: unknown) => {
        at += 1;
        const found = values.find(([place]) => place === at);
        return found === undefined ? each : found[1];
      }) as object;
    });

for (const version of OCPP_VERSIONS) {
  test(`${version}: no payload throws, and limits stay numbers`, async () => {
    const { desk, clock } = deskOf(version);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...ACTIONS),
        fc.oneof({ arbitrary: damaged(version), weight: 4 }, fc.jsonValue()),
        async (action, payload) => {
          const call = readFrame(callBytes('1', action, payload as object));
          const result = desk.csmsCall('CP_1', version, call);
          if (action === 'Reset' || action.endsWith('Signed')) assert.equal(result, undefined);
          if (result?.do === 'answer') {
            const answer = await result.answer;
            assert.ok('payload' in answer || /^[A-Z]\w+$/.test(answer.errorCode));
            assert.doesNotMatch(JSON.stringify(answer), /null/);
          }
          if (result?.do === 'alter') assert.equal(readFrame(result.message).kind, 'call');
          for (const { amps } of desk.limits().connectors.values()) assert.ok(amps >= 0);
          await clock.run(100);
        },
      ),
      { numRuns: 400 },
    );
  });
}

for (const byMs of [7_200_000, -7_200_000]) {
  test(`our clock is set by ${byMs / 3_600_000} h: relative schedules and absences go on as before`, async () => {
    const { desk, shelf, clock } = deskOf('2.1');
    const set = (id: number, changes: object, schedule: object = {}) => {
      const base = profile('2.1', { id, purpose: 'TxDefaultProfile', amps: 10, now: 0 });
      const chargingSchedule = [
        {
          id: 1,
          chargingRateUnit: 'A',
          chargingSchedulePeriod: [{ startPeriod: 0, limit: 10 }],
          ...schedule,
        },
      ];
      const payload = { evseId: 1, chargingProfile: { ...base, chargingSchedule, ...changes } };
      const call = readFrame(callBytes('1', 'SetChargingProfile', payload));
      assert.ok(desk.csmsCall('CP_1', '2.1', call)?.do === 'answer');
    };
    const amps = () => desk.limits().connectors.get(connectorKey('CP_1', 1))?.amps;
    const steps = [
      { startPeriod: 0, limit: 20 },
      { startPeriod: 600, limit: 8 },
    ];
    set(1, { chargingProfileKind: 'Relative' }, { chargingSchedulePeriod: steps });
    await clock.run(300_000);
    assert.equal(amps(), 20);
    clock.stepWall(byMs);
    assert.equal(amps(), 20, 'five minutes have passed, not hours');
    await clock.run(299_000);
    assert.equal(amps(), 20);
    await clock.run(2_000);
    assert.equal(amps(), 8);

    const offline = { maxOfflineDuration: 600, invalidAfterOfflineDuration: true, stackLevel: 3 };
    set(2, { ...offline, chargingProfileKind: 'Relative' });
    desk.upstreamChanged('CP_1', 'outage');
    await clock.run(60_000);
    clock.stepWall(-byMs);
    assert.equal(amps(), 10, 'a minute of absence');
    desk.upstreamChanged('CP_1', 'connected');
    assert.ok(shelf.book('CP_1').some((each) => each.profile.id === 2));
  });
}

test('profiles that are over make room for new ones', async () => {
  const { desk, shelf, clock } = deskOf('2.0.1');
  const put = async (id: number, validTo?: number): Promise<unknown> => {
    const now = clock.wallMs();
    const stackLevel = validTo === undefined ? id : 0;
    const base = profile('2.0.1', { id, purpose: 'TxDefaultProfile', amps: 10, now, stackLevel });
    const validity =
      validTo === undefined
        ? {}
        : {
            validFrom: new Date(validTo - 60_000).toISOString(),
            validTo: new Date(validTo).toISOString(),
          };
    const payload = { evseId: 1, chargingProfile: { ...base, ...validity } };
    const call = readFrame(callBytes('1', 'SetChargingProfile', payload));
    const result = desk.csmsCall('CP_1', '2.0.1', call);
    assert.ok(result?.do === 'answer');
    await clock.run(50);
    const answer = await result.answer;
    assert.ok('payload' in answer);
    return answer.payload;
  };
  const first = clock.wallMs();
  // A CSMS that sends another one for every day, each with its own id.
  for (let id = 1; id <= 190; id += 1) await put(id, first - id * 86_400_000);
  for (let id = 191; id <= 200; id += 1) await put(id);
  assert.equal(shelf.book('CP_1').length, 200);
  assert.deepEqual(await put(201), { status: 'Accepted' });
  assert.deepEqual(
    shelf.book('CP_1').map((each) => each.profile.id),
    [191, 192, 193, 194, 195, 196, 197, 198, 199, 200, 201],
  );
});

test('what is not JSON is answered, not given to a charger that may read it otherwise', async () => {
  const { desk } = deskOf('1.6');
  const bytes = Buffer.from('[2,"1","SetChargingProfile",{"connectorId":1,}]');
  const result = desk.csmsCall('CP_1', '1.6', readFrame(bytes));
  assert.ok(result?.do === 'answer');
  assert.deepEqual(await result.answer, {
    errorCode: 'FormationViolation',
    description: 'payload is not JSON',
  });
});

test('records that cannot be read do not keep the others from being read', async () => {
  const { shelf, medium, clock } = deskOf('1.6');
  const sound = profile('1.6', { id: 1, purpose: 'TxDefaultProfile', amps: 10, now: 0 });
  medium.records.set('p/CP_1/c/9', Buffer.from('{'));
  medium.records.set('p/%/c/9', Buffer.from('{}'));
  medium.records.set('p/CP_1/c/8', Buffer.from('{"connector":1,"receivedAtMs":1,"version":"3"}'));
  medium.records.set(
    'p/CP_1/c/1',
    Buffer.from(JSON.stringify({ connector: 0, receivedAtMs: 1.5, version: '1.6', asSent: sound })),
  );
  assert.equal(shelf.book('CP_1').length, 0);
  const again = await ProfileShelf.open(new MemoryStore(medium, clock), SILENT_LOG);
  assert.deepEqual(
    again.book('CP_1').map((each) => each.profile.id),
    [1],
  );
});
