import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import {
  type ChargerConduct,
  CONDUCTS,
  GOOD_CONDUCT,
} from '../../src/sim/charger/charger-conduct.ts';
import { ChargerProfiles, type ProfileVerdict } from '../../src/sim/charger/charger-profiles.ts';

const NOW = Date.UTC(2026, 5, 1, 6);
const PURPOSES = {
  '1.6': { max: 'ChargePointMaxProfile', default: 'TxDefaultProfile', tx: 'TxProfile' },
  '2x': { max: 'ChargingStationMaxProfile', default: 'TxDefaultProfile', tx: 'TxProfile' },
} as const;

interface Wanted {
  readonly id?: number;
  readonly purpose: 'max' | 'default' | 'tx';
  readonly amps?: number;
  readonly watts?: number;
  readonly connector?: number;
  readonly level?: number;
  readonly duration?: number;
  readonly transaction?: string;
}

/** A charger's profile memory with one transaction "77" on connector 1 since NOW. */
const memory = (version: OcppVersion, conduct: Partial<ChargerConduct> = {}) => {
  const profiles = new ChargerProfiles(version, { ...GOOD_CONDUCT, ...conduct }, 230);
  const running = { id: '77', startedAtMs: NOW };
  const set = (wanted: Wanted, atMs = NOW): ProfileVerdict =>
    profiles.set(
      payload(version, wanted),
      2,
      (connector) => (connector === 1 ? running : undefined),
      atMs,
    );
  const allowed = (atSeconds = 0, transaction: typeof running | undefined = running): number =>
    profiles.allowedAmps(1, transaction, 32, 3, NOW + atSeconds * 1000);
  return { profiles, set, allowed };
};

const payload = (version: OcppVersion, wanted: Wanted): object => {
  const { id = 1, connector = 1, level = 0, duration, transaction = '77' } = wanted;
  const old = version === '1.6';
  const schedule = {
    ...(old ? {} : { id: 1 }),
    chargingRateUnit: wanted.watts === undefined ? 'A' : 'W',
    startSchedule: new Date(NOW).toISOString(),
    ...(duration === undefined ? {} : { duration }),
    chargingSchedulePeriod: [{ startPeriod: 0, limit: wanted.watts ?? wanted.amps ?? 16 }],
  };
  const profile = {
    [old ? 'chargingProfileId' : 'id']: id,
    stackLevel: level,
    chargingProfilePurpose: PURPOSES[old ? '1.6' : '2x'][wanted.purpose],
    chargingProfileKind: 'Absolute',
    ...(wanted.purpose === 'tx' ? { transactionId: old ? Number(transaction) : transaction } : {}),
    chargingSchedule: old ? schedule : [schedule],
  };
  return old
    ? { connectorId: connector, csChargingProfiles: profile }
    : { evseId: connector, chargingProfile: profile };
};

for (const version of ['1.6', '2.0.1'] as const) {
  describe(`the profiles in a simulated charger of OCPP ${version}`, () => {
    it('limit nothing when there are none', () => {
      assert.equal(memory(version).allowed(), 32);
    });

    it('fall back from an expired TxProfile to the TxDefaultProfile (K02.FR.08)', () => {
      const { set, allowed } = memory(version);
      set({ id: 1, purpose: 'default', connector: 0, amps: 6 });
      assert.equal(allowed(), 6);
      set({ id: 2, purpose: 'tx', amps: 20, duration: 120 });
      assert.deepEqual([allowed(0), allowed(119.9), allowed(120)], [20, 20, 6]);
    });

    it('are capped by the maximum of the charger', () => {
      const { set, allowed } = memory(version);
      set({ id: 1, purpose: 'tx', amps: 20 });
      set({ id: 2, purpose: 'max', connector: 0, amps: 13 });
      assert.equal(allowed(), 13);
    });

    it('let the highest stack level prevail while it lasts', () => {
      const { set, allowed } = memory(version);
      set({ id: 1, purpose: 'tx', amps: 10, level: 0 });
      set({ id: 2, purpose: 'tx', amps: 25, level: 3, duration: 60 });
      assert.deepEqual([allowed(30), allowed(90)], [25, 10]);
    });

    it('turn watts into amps per phase with the nominal voltage (K01.FR.50)', () => {
      const { set, allowed } = memory(version);
      set({ purpose: 'tx', watts: 6_900 });
      assert.equal(allowed(), 10);
    });

    it('refuse a TxProfile without its transaction (K01.FR.09, FR.33)', () => {
      const { set } = memory(version);
      assert.equal(set({ purpose: 'tx', transaction: '78' }).status, 'Rejected');
      assert.equal(set({ purpose: 'tx', connector: 2 }).status, 'Rejected');
      assert.equal(set({ purpose: 'tx', connector: 0 }).status, 'Rejected');
      assert.equal(set({ purpose: 'max', connector: 1 }).status, 'Rejected');
      assert.equal(set({ purpose: 'default', connector: 3 }).status, 'Rejected');
    });

    it('lose the TxProfile with its transaction and on a reboot, keep the others', () => {
      const { profiles, set, allowed } = memory(version);
      set({ id: 1, purpose: 'default', connector: 0, amps: 6 });
      set({ id: 2, purpose: 'tx', amps: 20 });
      profiles.transactionEnded(1);
      assert.equal(allowed(), 6);
      set({ id: 2, purpose: 'tx', amps: 20 });
      profiles.reboot();
      assert.equal(allowed(), 6);
    });

    it('are cleared by id or by what they have in common', () => {
      const { profiles, set } = memory(version);
      set({ id: 1, purpose: 'default', connector: 0 });
      set({ id: 2, purpose: 'tx', level: 0 });
      set({ id: 3, purpose: 'tx', level: 1 });
      const byId = version === '1.6' ? { id: 2 } : { chargingProfileId: 2 };
      assert.deepEqual([profiles.clear(byId), profiles.clear(byId)], ['Accepted', 'Unknown']);
      const criteria = { chargingProfilePurpose: 'TxProfile', stackLevel: 1 };
      const bySlot = version === '1.6' ? criteria : { chargingProfileCriteria: criteria };
      assert.equal(profiles.clear(bySlot), 'Accepted');
      assert.deepEqual(
        profiles.installed().map(({ profile }) => profile.id),
        [1],
      );
      assert.deepEqual([profiles.clear({}), profiles.installed()], ['Accepted', []]);
    });
  });
}

describe('two profiles in one place', () => {
  it('replace one another in 1.6', () => {
    const { set, allowed, profiles } = memory('1.6');
    set({ id: 1, purpose: 'tx', amps: 20 });
    assert.equal(set({ id: 2, purpose: 'tx', amps: 9 }).status, 'Accepted');
    assert.deepEqual([allowed(), profiles.installed().length], [9, 1]);
  });

  it('are a duplicate in 2.x unless they have the same id (K01.FR.05, FR.06, FR.39)', () => {
    const { set, allowed } = memory('2.0.1');
    set({ id: 1, purpose: 'tx', amps: 20 });
    assert.equal(set({ id: 2, purpose: 'tx', amps: 9 }).reason, 'DuplicateProfile');
    assert.equal(set({ id: 1, purpose: 'tx', amps: 9 }).status, 'Accepted');
    assert.equal(allowed(), 9);
  });
});

describe('a charger that departs from the standard', () => {
  it('and ignores durations keeps the TxProfile for ever', () => {
    const { set, allowed } = memory('1.6', CONDUCTS['ignores-duration']);
    set({ purpose: 'tx', amps: 20, duration: 60 });
    assert.equal(allowed(3_600), 20);
  });

  it('and knows stack level 0 alone refuses higher ones', () => {
    const { set } = memory('1.6', CONDUCTS['stack-level-zero']);
    assert.equal(set({ purpose: 'tx', level: 1 }).status, 'Rejected');
    assert.equal(set({ purpose: 'tx', level: 0 }).status, 'Accepted');
  });

  it('and knows amps alone refuses watts, or takes them without any effect', () => {
    const honest = memory('1.6', CONDUCTS['amps-only']);
    assert.equal(honest.set({ purpose: 'tx', watts: 4_140 }).status, 'Rejected');
    const other = memory('1.6', CONDUCTS['accepts-watts-without-effect']);
    assert.equal(other.set({ purpose: 'tx', watts: 4_140 }).status, 'Accepted');
    assert.equal(other.allowed(), 32);
  });

  it('and forgets on a reboot is without any limit afterwards', () => {
    const { profiles, set, allowed } = memory('1.6', CONDUCTS['forgets-on-reboot']);
    set({ purpose: 'default', connector: 0, amps: 6 });
    profiles.reboot();
    assert.equal(allowed(), 32);
  });
});
