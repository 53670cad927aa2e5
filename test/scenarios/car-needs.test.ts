// K15 to K17: what a car that speaks ISO 15118 needs crosses to the CSMS without delay, its schedule
// comes back within the 60 s that the car waits, and the shares of the site follow the need meanwhile.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { CHARGER, profile, set } from './profile-calls.ts';
import { startPair } from './relay-site.ts';
import { garage } from './virtual-garage.ts';

const needs = (energyAmount: number, departureTime: string, evseId = 1) => ({
  evseId,
  maxScheduleTuples: 3,
  chargingNeeds: {
    requestedEnergyTransfer: 'AC_three_phase',
    departureTime,
    acChargingParameters: { energyAmount, evMinCurrent: 6, evMaxCurrent: 32, evMaxVoltage: 400 },
  },
});

for (const version of ['2.0.1', '2.1'] as const) {
  describe(version, () => {
    test('the needs cross real sockets as they are, and so does the answer', async (t) => {
      const { charger, upstream } = await startPair(t, `ocpp${version}`);
      const body = '{"evseId":1, "chargingNeeds":{"requestedEnergyTransfer":"DC","x":1.50}}';
      // A call of the CSMS that the charger has not answered yet holds nothing up.
      upstream.send('[2,"c1","TriggerMessage",{"requestedMessage":"Heartbeat"}]');
      await charger.next();
      charger.send(`[2,"n1","NotifyEVChargingNeeds",${body}]`);
      assert.equal(await upstream.next(), `[2,"n1","NotifyEVChargingNeeds",${body}]`);
      upstream.send('[3,"n1",{"status":"Processing"}]');
      assert.equal(await charger.next(), '[3,"n1",{"status":"Processing"}]');
    });

    const charging = async (): Promise<VirtualSite> => {
      const site = new VirtualSite({
        site: garage(2, { mainAmps: 33, arrivalReserve: 0 }),
        versions: { CP_1: version, CP_2: version },
      });
      await site.run(20);
      for (const id of ['CP_1', 'CP_2']) {
        site.charger(id).plugIn(1, new Car({ maxAmps: 32, needWh: 400_000 }), `CARD-${id}`);
      }
      await site.run(90);
      return site;
    };
    const target = (site: VirtualSite, index: number): number =>
      site.view().chargers[index]?.connectors[0]?.targetAmps ?? -1;
    const tell = async (site: VirtualSite, id: string, energyWh: number, inHours: number) => {
      const departure = new Date(site.clock.wallMs() + inHours * 3_600_000).toISOString();
      const told = site.charger(id).tell('NotifyEVChargingNeeds', needs(energyWh, departure));
      let answered = false;
      void told.finally(() => {
        answered = true;
      });
      for (let ms = 0; ms < 1_000 && !answered; ms += 1) await site.clock.run(1);
      return answered ? told : 'no answer within a second';
    };

    test('K15.FR.08, K19.FR.08: no second of ours, and the TxProfile that follows holds', async () => {
      const site = await charging();
      const before = site.clock.monotonicMs();
      assert.deepEqual(await tell(site, CHARGER, 20_000, 2), { status: 'Rejected' });
      const lines = 4 * site.network.conduct.delayMostMs;
      assert.ok(site.clock.monotonicMs() - before <= lines + 1, 'what the lines take, no more');
      const asked = site.csms.received.filter(({ action }) => action === 'NotifyEVChargingNeeds');
      assert.equal(asked.length, 1, 'one, and as it was said');
      const now = site.clock.wallMs();
      const transactionId = site.view().chargers[0]?.connectors[0]?.transactionId ?? '';
      const wanted = { id: 3, purpose: 'TxProfile', amps: 9, now, transactionId };
      assert.deepEqual(await set(site, version, 1, profile(version, wanted)), {
        status: 'Accepted',
      });
      await site.run(20);
      assert.ok(Math.max(...site.chargerAmps(CHARGER)) <= 9.2);
    });

    test('K15.FR.15: without the CSMS the car is told that none comes, and the default holds', async () => {
      const site = await charging();
      const now = site.clock.wallMs();
      const wanted = { id: 1, purpose: 'TxDefaultProfile', amps: 9, now };
      await set(site, version, 1, profile(version, wanted));
      site.csms.goDown();
      await site.run(30);
      assert.deepEqual(await tell(site, CHARGER, 20_000, 2), { status: 'Rejected' });
      await site.run(5);
      assert.equal(target(site, 0), 9);
    });

    test('the shares of the site follow the needs, and a restart forgets none', async () => {
      const site = await charging();
      assert.ok(Math.abs(target(site, 0) - target(site, 1)) <= 1, 'alike before');
      await tell(site, 'CP_1', 20_000, 2);
      await tell(site, 'CP_2', 4_000, 12);
      await site.run(60);
      const [first, second] = [target(site, 0), target(site, 1)];
      assert.ok(first >= second + 6, `${first} A for much soon, ${second} A for little later`);
      site.killGateway();
      await site.startGateway();
      await site.run(180);
      assert.ok(
        target(site, 0) >= target(site, 1) + 6,
        `${target(site, 0)} A, ${target(site, 1)} A`,
      );
    });
  });
}
