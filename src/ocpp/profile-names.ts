import type { OperationMode, ProfileKind, ProfilePurpose } from '../profiles/profile.ts';

/** Names of purposes and kinds on the wire. 1.6 knows the first three purposes only. */
export const PURPOSE_16: Readonly<Partial<Record<ProfilePurpose, string>>> = {
  'station-max': 'ChargePointMaxProfile',
  'tx-default': 'TxDefaultProfile',
  tx: 'TxProfile',
};
export const PURPOSE_2X: Readonly<Record<ProfilePurpose, string>> = {
  'station-max': 'ChargingStationMaxProfile',
  'external-constraints': 'ChargingStationExternalConstraints',
  'tx-default': 'TxDefaultProfile',
  tx: 'TxProfile',
  priority: 'PriorityCharging',
  'local-generation': 'LocalGeneration',
};
export const KIND: Readonly<Record<ProfileKind, string>> = {
  absolute: 'Absolute',
  recurring: 'Recurring',
  relative: 'Relative',
  dynamic: 'Dynamic',
};

export const OPERATION_MODES: readonly OperationMode[] = [
  'ChargingOnly',
  'ExternalSetpoint',
  'ExternalLimits',
  'CentralSetpoint',
  'CentralFrequency',
  'LocalFrequency',
  'LocalLoadBalancing',
  'Idle',
];

/** The key whose value is `name`. */
export const keyOf = <Key extends string>(
  names: Readonly<Partial<Record<Key, string>>>,
  name: unknown,
): Key | undefined => (Object.keys(names) as Key[]).find((key) => names[key] === name);
