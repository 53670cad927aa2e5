import assert from 'node:assert/strict';
import { readObject } from '../../src/ocpp/payload.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite, type VirtualSiteOptions } from '../../src/sim/virtual-site.ts';
import { garage } from './virtual-garage.ts';

export const VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1', '2.1'];

/** A garage of two chargers that talk one version, after its start. */
export const startSite = async (
  version: OcppVersion,
  options: Partial<VirtualSiteOptions> = {},
) => {
  const site = new VirtualSite({
    site: garage(2),
    versions: { CP_1: version, CP_2: version },
    buildingAmps: [5, 5, 5],
    ...options,
  });
  await site.run(30);
  return site;
};

export const car = () => new Car({ maxAmps: 16, needWh: 100_000 });

/** Every transaction message of the charger reached the CSMS, unaltered and in order. */
export const assertNothingLost = (site: VirtualSite, least: number, id = 'CP_1'): void => {
  const { lost, altered, inverted, invented } = site.audit(id);
  assert.deepEqual(
    { lost, altered, inverted, invented },
    {
      lost: [],
      altered: [],
      inverted: [],
      invented: [],
    },
  );
  const count = site.csms.transactionMessages(id).length;
  assert.ok(count >= least, `${count} transaction messages reached the CSMS`);
  assert.equal(site.outage?.journal.backlog(id).count, 0);
  assert.deepEqual(site.csms.problems, []);
};

/** The CSMS calls CP_1; what status it is answered within ten seconds. */
export const callAndRun = async (site: VirtualSite, action: string, payload: object) => {
  let status: unknown;
  void site.csms.call('CP_1', action, payload).then((answer) => {
    status = readObject(answer)['status'];
  });
  await site.run(10);
  return status;
};
