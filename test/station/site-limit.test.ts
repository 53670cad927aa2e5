// The limit that a CSMS sets for the whole site: in amps per phase, for as long as its profile says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BookedProfile } from '../../src/profiles/book.ts';
import { Zone } from '../../src/profiles/zone.ts';
import type { ProfileKeeper } from '../../src/station/profile-keeper.ts';
import { SiteLimit } from '../../src/station/site-limit.ts';

const NOW = Date.UTC(2026, 5, 1, 12);

const siteLimit = (disk: { full: boolean } = { full: false }) => {
  let changes = 0;
  let book: readonly (BookedProfile & { readonly version: '2.1' | '2.0.1' | '1.6' })[] = [];
  let nowMs = NOW;
  const keeper: ProfileKeeper = {
    book: () => book,
    put: async (added, gone) => {
      if (disk.full) throw new Error('no space left');
      book = [...book.filter((each) => !gone.includes(each)), added];
    },
    drop: async (gone) => {
      if (disk.full) throw new Error('no space left');
      book = book.filter((each) => !gone.includes(each));
    },
  };
  const limit = new SiteLimit(keeper, {
    circuit: 'main',
    fuseAmps: 63,
    context: { zone: new Zone('UTC'), voltageVolts: 230 },
    nowMs: () => nowMs,
    inForceAmps: () => 63,
    changed: () => {
      changes += 1;
    },
  });
  const amps = () => limit.limits().map((each) => each.amps?.[0]);
  const at = (seconds: number) => (nowMs = NOW + seconds * 1000);
  return { limit, amps, at, changes: () => changes };
};

/** ChargingStationMaxProfile on 0 since now. */
const request = (period: object, schedule: object = {}, more: object = {}) => ({
  evseId: 0,
  chargingProfile: {
    id: 1,
    stackLevel: 0,
    chargingProfilePurpose: 'ChargingStationMaxProfile',
    chargingProfileKind: 'Absolute',
    chargingSchedule: [
      {
        id: 1,
        chargingRateUnit: 'A',
        startSchedule: new Date(NOW).toISOString(),
        chargingSchedulePeriod: [{ startPeriod: 0, limit: 40, ...period }],
        ...schedule,
      },
    ],
    ...more,
  },
});
const payloadOf = (answer: object): object => Reflect.get(answer, 'payload') as object;
const statusOf = (answer: object): unknown => Reflect.get(payloadOf(answer), 'status');
const codeOf = (answer: object): unknown =>
  Reflect.get(Reflect.get(payloadOf(answer), 'statusInfo') as object, 'reasonCode');

test('a limit in amps is one of each phase, one in watts is one of all three', async () => {
  const { limit, amps } = siteLimit();
  assert.deepEqual(amps(), []);
  assert.equal(statusOf(await limit.set('2.1', request({}))), 'Accepted');
  assert.deepEqual(amps(), [40]);
  const watts = { chargingRateUnit: 'W' };
  await limit.set('2.1', request({ limit: 13_800 }, watts));
  assert.deepEqual(amps(), [20]);
  // A site cannot leave two phases out: 16 A on each would be three times what was allowed.
  await limit.set('2.1', request({ limit: 6_900, numberPhases: 1 }, watts));
  assert.deepEqual(amps(), [10]);
});

test('it ends with its duration, and its changes are known before', async () => {
  const { limit, amps, at } = siteLimit();
  const chargingSchedulePeriod = [
    { startPeriod: 0, limit: 40 },
    { startPeriod: 60, limit: 16 },
  ];
  await limit.set('2.1', request({}, { duration: 90, chargingSchedulePeriod }));
  const changes = limit.changes(NOW, NOW + 3_600_000).map((ms) => (ms - NOW) / 1000);
  assert.deepEqual(changes, [60, 90]);
  assert.deepEqual(limit.changes(NOW, NOW + 60_000), []);
  assert.deepEqual([at(59) && amps(), at(60) && amps(), at(90) && amps()], [[40], [16], []]);
});

test('only the maximum of the station is a limit of a site; connectors there are none', async () => {
  const { limit, amps } = siteLimit();
  const other = (chargingProfilePurpose: string) => request({}, {}, { chargingProfilePurpose });
  for (const [wrong, reasonCode] of [
    [other('TxDefaultProfile'), 'InvalidProfile'],
    [other('ChargingStationExternalConstraints'), 'InvalidProfile'],
    [{ ...request({}), evseId: 1 }, 'UnknownEvse'],
  ] as const) {
    const answer = await limit.set('2.1', wrong);
    assert.deepEqual([statusOf(answer), codeOf(answer)], ['Rejected', reasonCode]);
  }
  assert.deepEqual(amps(), []);
  assert.equal(statusOf(limit.composite('2.1', { evseId: 1, duration: 60 })), 'Rejected');
});

test('a composite schedule promises no more than holds on the circuit', async () => {
  const { limit } = siteLimit();
  const limits = async (unit: string) => {
    const answer = limit.composite('2.1', { evseId: 0, duration: 600, chargingRateUnit: unit });
    return /"limit":([\d.]+)/.exec(JSON.stringify(answer))?.[1];
  };
  assert.equal(await limits('A'), '63');
  await limit.set('2.1', request({ limit: 20.5 }));
  assert.equal(await limits('A'), '20.5');
  assert.equal(await limits('W'), String(20.5 * 690));
});

test('what cannot be read is an error of the call; what was cleared limits no more', async () => {
  const { limit, amps } = siteLimit();
  await limit.set('2.1', request({}));
  const broken = await limit.set('2.1', request({ limit: -1 }));
  assert.equal(Reflect.get(broken, 'errorCode'), 'PropertyConstraintViolation');
  const criteria = { chargingProfileCriteria: { evseId: 'all' } };
  assert.equal(
    Reflect.get(await limit.clear('2.1', criteria), 'errorCode'),
    'PropertyConstraintViolation',
  );
  assert.deepEqual(amps(), [40]);
  assert.equal(statusOf(await limit.clear('2.1', { chargingProfileId: 9 })), 'Unknown');
  assert.equal(statusOf(await limit.clear('2.1', { chargingProfileId: 1 })), 'Accepted');
  assert.deepEqual(amps(), []);
});

test('what is not on the disk is not accepted', async () => {
  const disk = { full: false };
  const { limit, amps, changes } = siteLimit(disk);
  await limit.set('2.1', request({}));
  assert.equal(changes(), 1, 'the next tick comes soon');
  disk.full = true;
  for (const answer of [
    await limit.set('2.1', request({ limit: 20 })),
    await limit.clear('2.1', { chargingProfileId: 1 }),
  ]) {
    assert.deepEqual([statusOf(answer), codeOf(answer)], ['Rejected', 'InternalError']);
  }
  assert.deepEqual(amps(), [40]);
});

test('a composite schedule begins at a whole second; what is asked wrongly is an error', () => {
  const { limit, at } = siteLimit();
  at(1.999);
  const asked = { evseId: 0, duration: 600 };
  const { schedule } = payloadOf(limit.composite('2.1', asked)) as {
    schedule?: { scheduleStart?: string };
  };
  assert.equal(schedule?.scheduleStart, new Date(NOW + 1_000).toISOString());
  assert.equal(
    Reflect.get(limit.composite('2.1', { evseId: 'all', duration: 600 }), 'errorCode'),
    'PropertyConstraintViolation',
  );
});

test('K09: the profiles are reported as they were sent, where the CSMS asks for them', async () => {
  const { limit } = siteLimit();
  const ask = (criteria: object) => limit.profiles({ requestId: 7, chargingProfile: criteria });
  assert.equal(statusOf(ask({}).answer), 'NoProfiles');
  await limit.set('2.1', request({}));
  const { answer, reports } = ask({ chargingProfilePurpose: 'ChargingStationMaxProfile' });
  assert.equal(statusOf(answer), 'Accepted');
  assert.equal(reports.length, 1);
  assert.match(JSON.stringify(reports), /"requestId":7.*"limit":40/);
  for (const none of [{ chargingProfileId: [9] }, { chargingLimitSource: ['EMS'] }]) {
    const { answer: empty, reports: of } = ask(none);
    assert.deepEqual([statusOf(empty), of], ['NoProfiles', []]);
  }
  const broken = limit.profiles({ chargingProfile: {} });
  assert.ok(Reflect.get(broken.answer, 'errorCode') !== undefined);
  assert.deepEqual(broken.reports, []);
});

test('nothing that changes without end is looked ahead for ever', async () => {
  const { limit } = siteLimit();
  assert.deepEqual(limit.changes(NOW, Number.POSITIVE_INFINITY), []);
  const periods = Array.from({ length: 100 }, (_, i) => ({ startPeriod: i, limit: 10 + (i % 2) }));
  await limit.set('2.1', request({}, { chargingSchedulePeriod: periods }));
  const changes = limit.changes(NOW, NOW + 3_600_000);
  assert.ok(changes.length >= 48 && changes.length < 100, `${changes.length}`);
});
