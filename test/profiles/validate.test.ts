// One row per rule: a profile and its place, and the reason code that a CSMS gets for it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  PROFILES_KEPT_MOST,
  type ProfilePlace,
  type ReasonCode,
  refusalOf,
} from '../../src/profiles/validate.ts';
import { NOW, type SampleChanges, sample } from './profile-samples.ts';

type Row = readonly [
  rule: string,
  profile: SampleChanges,
  place: Partial<ProfilePlace>,
  expect: ReasonCode | undefined,
];
const tx = { purpose: 'tx', transactionId: '7' } as const;
const noStart = { startMs: undefined } as never;
const period = (changes: object) => ({ startSeconds: 0, limit: 16, ...changes });
const other = sample(10, { id: 2 });

const ROWS: readonly Row[] = [
  ['a plain default', {}, {}, undefined],
  ['K01.FR.28 unknown EVSE', {}, { connector: 3 }, 'UnknownEvse'],
  ['K01.FR.22 external constraints', { purpose: 'external-constraints' }, {}, 'InvalidProfile'],
  ['K27 local generation', { purpose: 'local-generation' }, {}, 'InvalidProfile'],
  ['K04.FR.03 maximum on an EVSE', { purpose: 'station-max' }, {}, 'InvalidProfile'],
  ['K04.FR.03 maximum on 0', { purpose: 'station-max' }, { connector: 0 }, undefined],
  [
    'K01.FR.38 relative maximum',
    { purpose: 'station-max', kind: 'relative' },
    { connector: 0 },
    'InvalidProfile',
  ],
  ['K01.FR.16 TxProfile on 0', tx, { connector: 0, transactionId: '7' }, 'InvalidProfile'],
  ['K01.FR.03 without its transaction', { purpose: 'tx' }, { transactionId: '7' }, 'MissingParam'],
  [
    '1.6: without its id it is for the running one',
    { purpose: 'tx' },
    { version: '1.6', transactionId: '7' },
    undefined,
  ],
  ['K01.FR.09 no transaction', tx, {}, 'TxNotFound'],
  ['K01.FR.33 another transaction', tx, { transactionId: '8' }, 'TxNotFound'],
  ['1.6 §3.13.1 no transaction', { purpose: 'tx' }, { version: '1.6' }, 'TxNotFound'],
  ['its transaction runs', tx, { transactionId: '7' }, undefined],
  ['F01 with a start', { purpose: 'tx' }, { withStart: true }, undefined],
  [
    'F01 with a start, no connector',
    { purpose: 'tx' },
    { withStart: true, connector: 0 },
    undefined,
  ],
  ['F01 a default with a start', {}, { withStart: true }, 'InvalidProfile'],
  ['1.6 §5.11 an id with a start', tx, { withStart: true, version: '1.6' }, 'InvalidProfile'],
  ['stack level too high', { stackLevel: 4 }, { maxStackLevel: 3 }, 'InvalidStackLevel'],
  ['stack level at the top', { stackLevel: 3 }, { maxStackLevel: 3 }, undefined],
  [
    'K01.FR.34 several schedules in a default',
    { alternatives: [sample(6).profile.schedule] },
    {},
    'InvalidSchedule',
  ],
  [
    'K01.FR.31 late first period',
    { schedule: { periods: [period({ startSeconds: 5 })] } },
    {},
    'InvalidSchedule',
  ],
  [
    'K01.FR.35 periods out of order',
    {
      schedule: { periods: [period({}), period({ startSeconds: 9 }), period({ startSeconds: 9 })] },
    },
    { version: '1.6' },
    'InvalidSchedule',
  ],
  ['K01.FR.40 absolute without start', { schedule: noStart }, {}, 'InvalidSchedule'],
  [
    '1.6 absolute without start begins at once',
    { schedule: noStart },
    { version: '1.6' },
    undefined,
  ],
  [
    '1.6 recurring without start',
    { kind: 'recurring', recurrency: 'daily', schedule: noStart },
    { version: '1.6' },
    'InvalidSchedule',
  ],
  [
    'K01.FR.41 relative with start',
    { kind: 'relative', schedule: { startMs: NOW } },
    {},
    'InvalidSchedule',
  ],
  [
    '1.6 relative with start',
    { kind: 'relative', schedule: { startMs: NOW } },
    { version: '1.6' },
    undefined,
  ],
  ['K01.FR.60 recurrency of an absolute one', { recurrency: 'daily' }, {}, 'InvalidProfile'],
  ['K01.FR.60 recurring without recurrency', { kind: 'recurring' }, {}, 'InvalidProfile'],
  ['1.6 recurring without recurrency', { kind: 'recurring' }, { version: '1.6' }, 'InvalidProfile'],
  [
    'K28 dynamic with two periods',
    { kind: 'dynamic', schedule: { periods: [period({}), period({ startSeconds: 9 })] } },
    { version: '2.1' },
    'InvalidSchedule',
  ],
  [
    'K01.FR.122 an update interval of a profile that is not dynamic',
    { updateIntervalSeconds: 60 },
    { version: '2.1' },
    'InvalidProfile',
  ],
  [
    'K01.FR.122 a time of update of a profile that is not dynamic',
    { updatedAtMs: NOW },
    { version: '2.1' },
    'InvalidProfile',
  ],
  [
    'K01.FR.70, FR.73 priority with a duration',
    { purpose: 'priority', schedule: { durationSeconds: 60 } },
    { version: '2.1' },
    'InvalidSchedule',
  ],
  ['K01.FR.72 priority without one', { purpose: 'priority' }, { version: '2.1' }, undefined],
  ...(['ExternalLimits', 'CentralSetpoint', 'Idle'] as const).map(
    (operationMode): Row => [
      `K01.FR.71, FR.111, FR.114 priority in mode ${operationMode}`,
      { purpose: 'priority', schedule: { periods: [period({ operationMode })] } },
      { version: '2.1' },
      'InvalidOperationMode',
    ],
  ),
  [
    'K01.FR.111 a maximum by the outside',
    {
      purpose: 'station-max',
      schedule: { periods: [period({ operationMode: 'ExternalLimits' })] },
    },
    { version: '2.1', connector: 0 },
    'InvalidOperationMode',
  ],
  [
    'K01.FR.115 a setpoint',
    { schedule: { periods: [period({ operationMode: 'CentralSetpoint' })] } },
    { version: '2.1' },
    'InvalidOperationMode',
  ],
  [
    'K29 limits of an external system in a default',
    { schedule: { periods: [period({ operationMode: 'ExternalLimits' })] } },
    { version: '2.1' },
    undefined,
  ],
  [
    'K29 a setpoint of an external system',
    { schedule: { periods: [period({ operationMode: 'ExternalSetpoint' })] } },
    { version: '2.1' },
    'InvalidOperationMode',
  ],
  [
    'K01.FR.126 sleep while it charges',
    { schedule: { periods: [period({ evseSleep: true })] } },
    { version: '2.1' },
    'InvalidSchedule',
  ],
  [
    'K01.FR.95 random delays of a maximum',
    { purpose: 'station-max', schedule: { randomizedDelaySeconds: 60 } },
    { version: '2.1', connector: 0 },
    'InvalidSchedule',
  ],
  [
    'K01.FR.95 random delays of a default',
    { schedule: { randomizedDelaySeconds: 60 } },
    { version: '2.1' },
    undefined,
  ],
  [
    'K01.FR.95 a delay of 0 of a maximum is none',
    { purpose: 'station-max', schedule: { randomizedDelaySeconds: 0 } },
    { version: '2.1', connector: 0 },
    undefined,
  ],
  [
    'K01.FR.143, FR.144 limits per phase in a default',
    { schedule: { periods: [period({ limitL2: 6 })] } },
    { version: '2.1' },
    'PhaseConflict',
  ],
  [
    'K01.FR.142 limits per phase in a TxProfile',
    { ...tx, schedule: { periods: [period({ limitL2: 6, limitL3: 8 })] } },
    { version: '2.1', transactionId: '7' },
    undefined,
  ],
  [
    'K01.FR.145, FR.146 limits of L2 and L3 without one of L1',
    { ...tx, schedule: { periods: [period({ limit: Number.POSITIVE_INFINITY, limitL3: 8 })] } },
    { version: '2.1', transactionId: '7' },
    'PhaseConflict',
  ],
  [
    'four phases',
    { schedule: { periods: [period({ numberPhases: 4 })] } },
    { version: '1.6' },
    'InvalidSchedule',
  ],
  [
    'K01.FR.46 phaseToUse with three phases',
    { schedule: { periods: [period({ numberPhases: 3, phaseToUse: 1 })] } },
    { phaseSwitching: true },
    'InvalidSchedule',
  ],
  [
    'K01.FR.43 one phase of three that cannot be left out',
    { schedule: { periods: [period({ numberPhases: 1 })] } },
    { phases: 3 },
    'InvalidSchedule',
  ],
  [
    'K01.FR.43 one phase of three that can',
    { schedule: { periods: [period({ numberPhases: 1 })] } },
    { phases: 3, phaseSwitching: true },
    undefined,
  ],
  [
    'K01.FR.45 more phases than there are',
    { schedule: { periods: [period({ numberPhases: 3 })] } },
    { phases: 1 },
    undefined,
  ],
  [
    '1.6 has no such rule: watts are divided by what is supplied',
    { schedule: { periods: [period({ numberPhases: 1 })] } },
    { phases: 3, version: '1.6' },
    undefined,
  ],
  [
    'K01.FR.44 phases of direct current',
    { schedule: { periods: [period({ numberPhases: 3 })] } },
    { phases: 3, direct: true, version: '2.1' },
    'NoPhaseForDC',
  ],
  [
    'K01.FR.19, FR.20, FR.48 phaseToUse without switching',
    { schedule: { periods: [period({ numberPhases: 1, phaseToUse: 1 })] } },
    {},
    'InvalidSchedule',
  ],
  [
    'too many periods',
    { schedule: { periods: [period({}), period({ startSeconds: 9 })] } },
    { maxPeriods: 1 },
    'InvalidSchedule',
  ],
  ['K01.FR.06 the same place', {}, { installed: [other] }, 'DuplicateProfile'],
  ['K01.FR.05 the same id', { id: 2 }, { installed: [other] }, undefined],
  ['1.6 the same place is replaced', {}, { installed: [other], version: '1.6' }, undefined],
  ['K01.FR.52 on EVSE 0', {}, { installed: [other], connector: 0 }, 'DuplicateProfile'],
  [
    'K01.FR.53 against one of EVSE 0',
    {},
    { installed: [sample(10, { id: 2, connector: 0 })] },
    'DuplicateProfile',
  ],
  [
    'K01.FR.52, FR.53 though never valid at once',
    { validFromMs: NOW },
    { installed: [sample(10, { id: 2, connector: 0, validToMs: NOW })] },
    'DuplicateProfile',
  ],
  [
    'K01.FR.06 both on EVSE 0 and never valid at once',
    { validFromMs: NOW },
    { connector: 0, installed: [sample(10, { id: 2, connector: 0, validToMs: NOW })] },
    undefined,
  ],
  ['K01.FR.06 another level', { stackLevel: 1 }, { installed: [other] }, undefined],
  [
    'K01.FR.06 never valid at once',
    { validFromMs: NOW },
    { installed: [sample(10, { id: 2, validToMs: NOW })] },
    undefined,
  ],
  [
    'K01.FR.39 the same level in a transaction',
    tx,
    { transactionId: '7', installed: [sample(10, { id: 2, ...tx })] },
    'DuplicateProfile',
  ],
  [
    'K01.FR.141 different phases',
    { schedule: { periods: [period({ numberPhases: 1, phaseToUse: 1 })] } },
    {
      version: '2.1',
      phaseSwitching: true,
      installed: [
        sample(9, {
          id: 2,
          purpose: 'priority',
          schedule: { periods: [period({ numberPhases: 1, phaseToUse: 2 })] },
        }),
      ],
    },
    'PhaseConflict',
  ],
  [
    'no room',
    { id: 9_999 },
    {
      version: '1.6',
      installed: Array.from({ length: PROFILES_KEPT_MOST }, (_, id) => sample(6, { id })),
    },
    'OutOfStorage',
  ],
];

for (const [rule, changes, place, expect] of ROWS) {
  test(rule, () => {
    const { profile } = sample(16, changes);
    const found = refusalOf(profile, {
      version: '2.0.1',
      connector: 1,
      connectors: 2,
      installed: [],
      ...place,
    });
    assert.equal(found?.reasonCode, expect, found?.rule);
  });
}
