// What only some versions or chargers have: priority, dynamic and offline rules of 2.1, stations with
// two connectors, power limits, and a GetCompositeSchedule for the whole charger.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { ask, CHARGER, clear, composite, profile, set } from './profile-calls.ts';
import { garage } from './virtual-garage.ts';

const charging = async (version: OcppVersion, connectors = 1): Promise<VirtualSite> => {
  const [charger] = garage(1).chargers;
  assert.ok(charger);
  const site = new VirtualSite({
    site: garage(1, { chargers: [{ ...charger, connectors }], mainAmps: 100 }),
    versions: { [CHARGER]: version },
  });
  await site.run(15);
  for (let connector = 1; connector <= connectors; connector += 1) {
    site
      .charger(CHARGER)
      .plugIn(connector, new Car({ maxAmps: 32, needWh: 200_000 }), `C-${connector}`);
  }
  await site.run(60);
  return site;
};
const draw = (site: VirtualSite): number => Math.max(...site.chargerAmps(CHARGER));
const near = (site: VirtualSite, amps: number, why: string): void =>
  assert.ok(
    draw(site) <= amps + 0.2 && draw(site) >= amps * 0.95,
    `${why}: ${draw(site)} A instead of ${amps} A`,
  );
const transactionOf = (site: VirtualSite): string =>
  site.view().chargers[0]?.connectors[0]?.transactionId ?? '';
const status = (answer: unknown): string => (answer as { readonly status: string }).status;

test('1.6: ChargePointMaxProfile holds for both connectors together', async () => {
  const site = await charging('1.6', 2);
  assert.ok(draw(site) > 60, `${draw(site)} A by two cars`);
  const now = site.clock.wallMs();
  const max = profile('1.6', { id: 1, purpose: 'ChargePointMaxProfile', amps: 30, now });
  assert.equal(status(await set(site, '1.6', 0, max)), 'Accepted');
  await site.run(30);
  near(site, 30, 'two cars share it');
  const whole = await composite(site, '1.6', 0, 300);
  assert.equal(whole.periods[0]?.[1], 30);
});

test('K04.FR.05: the maximum of the station holds at every instant, while cars come and go', async () => {
  const site = await charging('1.6', 2);
  const now = site.clock.wallMs();
  const max = profile('1.6', { id: 1, purpose: 'ChargePointMaxProfile', amps: 30, now });
  await set(site, '1.6', 0, max);
  await site.run(30);
  let worst = 0;
  site.watch = () => {
    const connectors = site.view().chargers[0]?.connectors ?? [];
    worst = Math.max(
      worst,
      connectors.reduce((sum, { worstCaseAmps }) => sum + worstCaseAmps[0], 0),
    );
  };
  const charger = site.charger(CHARGER);
  charger.unplug(1);
  await site.run(90);
  const alone = draw(site);
  charger.plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), 'C-3');
  await site.run(90);
  near(site, 30, 'two cars again');
  charger.unplug(2);
  charger.plugIn(2, new Car({ maxAmps: 32, needWh: 200_000 }), 'C-4');
  await site.run(60);
  assert.ok(worst <= 30.2, `${worst} A might have flown at some instant`);
  assert.ok(alone > 22, `${alone} A alone: what the next car begins with is kept free`);
});

test('a limit in watts is kept in watts when it is read back', async () => {
  const site = await charging('2.0.1');
  const now = site.clock.wallMs();
  const watts = profile('2.0.1', {
    id: 1,
    purpose: 'TxDefaultProfile',
    amps: 6900,
    unit: 'W',
    now,
  });
  await set(site, '2.0.1', 1, watts);
  await site.run(20);
  near(site, 10, '6900 W on three phases');
  assert.deepEqual(await composite(site, '2.0.1', 1, 60), {
    status: 'Accepted',
    unit: 'W',
    periods: [[0, 6900]],
  });
});

test('a profile that ends gives way by itself, within a second or two', async () => {
  const site = await charging('2.0.1');
  const now = site.clock.wallMs();
  const short = profile('2.0.1', {
    id: 1,
    purpose: 'TxDefaultProfile',
    amps: 8,
    now,
    durationSeconds: 60,
  });
  await set(site, '2.0.1', 1, short);
  await site.run(30);
  near(site, 8, 'while it holds');
  await site.run(120);
  near(site, 32, 'after its end');
});

test('2.1: K21.FR.01-03 UsePriorityCharging lets the priority profile overrule the transaction', async () => {
  const site = await charging('2.1');
  const now = site.clock.wallMs();
  const transactionId = transactionOf(site);
  const slow = profile('2.1', { id: 1, purpose: 'TxProfile', amps: 8, now, transactionId });
  await set(site, '2.1', 1, slow);
  const use = (activate: boolean, id = transactionId) =>
    ask(site, 'UsePriorityCharging', { transactionId: id, activate });
  assert.equal(status(await use(true)), 'NoProfile');
  const fast = profile('2.1', { id: 2, purpose: 'PriorityCharging', amps: 25, now });
  assert.equal(status(await set(site, '2.1', 1, fast)), 'Accepted');
  await site.run(20);
  near(site, 8, 'before');
  assert.equal(status(await use(true, 'another')), 'Rejected');
  assert.equal(status(await use(true)), 'Accepted');
  await site.run(40);
  near(site, 25, 'with priority');
  assert.equal(status(await use(false)), 'Accepted');
  await site.run(20);
  near(site, 8, 'and without again');
});

test('2.1: K22.FR.02 priority that a driver asks for at the charger leaves the maximum in force', async () => {
  const site = await charging('2.1');
  const now = site.clock.wallMs();
  const transactionId = transactionOf(site);
  const max = { id: 3, purpose: 'ChargingStationMaxProfile', amps: 18, now };
  await set(site, '2.1', 0, profile('2.1', max));
  const slow = { id: 1, purpose: 'TxProfile', amps: 8, now, transactionId };
  await set(site, '2.1', 1, profile('2.1', slow));
  const fast = { id: 2, purpose: 'PriorityCharging', amps: 25, now };
  await set(site, '2.1', 1, profile('2.1', fast));
  await site.run(20);
  near(site, 8, 'before');
  const notify = (activated: boolean) =>
    site.charger(CHARGER).tell('NotifyPriorityCharging', { transactionId, activated });
  void notify(true);
  await site.run(40);
  near(site, 18, 'the maximum');
  void notify(false);
  await site.run(20);
  near(site, 8, 'without again');
});

test('K01.FR.07, FR.32: a new TxDefaultProfile holds in a running transaction, which goes on', async () => {
  const site = await charging('2.0.1');
  const now = site.clock.wallMs();
  const before = transactionOf(site);
  for (const [evse, id, amps] of [
    [0, 1, 14],
    [1, 1, 9],
  ] as const) {
    const wanted = { id, purpose: 'TxDefaultProfile', amps, now };
    assert.equal(status(await set(site, '2.0.1', evse, profile('2.0.1', wanted))), 'Accepted');
    await site.run(25);
    near(site, amps, `on ${evse}`);
  }
  assert.equal(transactionOf(site), before);
});

test('2.1: UpdateDynamicSchedule changes a dynamic profile, whose duration is a dead man', async () => {
  const site = await charging('2.1');
  const schedule = {
    id: 1,
    duration: 120,
    chargingRateUnit: 'A',
    chargingSchedulePeriod: [{ startPeriod: 0, limit: 10 }],
  };
  const dynamic = {
    id: 3,
    stackLevel: 0,
    chargingProfilePurpose: 'TxDefaultProfile',
    chargingProfileKind: 'Dynamic',
    chargingSchedule: [schedule],
  };
  assert.equal(status(await set(site, '2.1', 1, dynamic)), 'Accepted');
  await site.run(20);
  near(site, 10, 'as it was set');
  const update = { chargingProfileId: 3, scheduleUpdate: { limit: 14 } };
  assert.equal(status(await ask(site, 'UpdateDynamicSchedule', update)), 'Accepted');
  await site.run(90);
  near(site, 14, 'after the update');
  await site.run(90);
  near(site, 32, 'no update came for two minutes');
  const unknown = { chargingProfileId: 4, scheduleUpdate: { limit: 14 } };
  assert.equal(status(await ask(site, 'UpdateDynamicSchedule', unknown)), 'Rejected');
});

test('unknown connectors and what is no number are refused', async () => {
  const site = await charging('1.6');
  assert.equal((await composite(site, '1.6', 5, 60)).status, 'Rejected');
  await assert.rejects(ask(site, 'GetCompositeSchedule', { connectorId: 1 }), /Occurence/);
  await assert.rejects(clear(site, '1.6', { id: 'x' as never }), /PropertyConstraint/);
});

test('what a profile will allow goes into the offer: the charger follows it without the gateway', async () => {
  const site = await charging('1.6');
  const now = site.clock.wallMs();
  const steps = {
    chargingProfileId: 4,
    stackLevel: 0,
    chargingProfilePurpose: 'TxDefaultProfile',
    chargingProfileKind: 'Absolute',
    chargingSchedule: {
      chargingRateUnit: 'A',
      startSchedule: new Date(now).toISOString(),
      chargingSchedulePeriod: [
        { startPeriod: 0, limit: 24 },
        { startPeriod: 90, limit: 10 },
      ],
    },
  };
  await set(site, '1.6', 1, steps);
  await site.run(40);
  near(site, 24, 'before');
  site.killGateway();
  await site.run(60);
  near(site, 10, 'the second period, and no gateway');
  await site.run(60);
  near(site, 6, 'the fallback at last');
});

test('minChargingRate: a share is at least that, or the car waits for its turn', async () => {
  const site = new VirtualSite({ site: garage(2, { mainAmps: 27, arrivalReserve: 0 }) });
  await site.run(15);
  const now = site.clock.wallMs();
  const wanted = profile('1.6', { id: 1, purpose: 'TxDefaultProfile', amps: 20, now });
  const { chargingSchedule } = wanted as { readonly chargingSchedule: object };
  const schedule = { ...chargingSchedule, minChargingRate: 16 };
  await set(site, '1.6', 1, { ...wanted, chargingSchedule: schedule });
  for (const id of ['CP_1', 'CP_2']) {
    site.charger(id).plugIn(1, new Car({ maxAmps: 32, needWh: 200_000 }), `C-${id}`);
  }
  await site.run(60);
  const targets = new Set<number>();
  for (let i = 0; i < 40; i += 1) {
    await site.run(15);
    targets.add(site.view().chargers[0]?.connectors[0]?.targetAmps ?? -1);
  }
  assert.ok(
    [...targets].some((amps) => amps >= 16),
    `it charges: ${[...targets]}`,
  );
  assert.ok(
    [...targets].every((amps) => amps === 0 || amps >= 16),
    `never less: ${[...targets]}`,
  );
  assert.ok(site.breaker.record().worstShare <= 1.01);
});
