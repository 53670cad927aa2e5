import { type Frame, parsePayload, readFrame } from '../frame.ts';
import { isPayload, type Payload, readList, readObject } from '../payload.ts';
import { replaceSpan } from '../splice.ts';
import type { OcppVersion } from '../version.ts';
import { beyondLimits } from './plain-limits.ts';

/** Actions that only 2.1 has. */
export const ONLY_IN_21: ReadonlySet<string> = new Set(
  `AdjustPeriodicEventStream AFRRSignal BatterySwap ChangeTransactionTariff ClearDERControl ClearTariffs
  ClosePeriodicEventStream GetCertificateChainStatus GetDERControl GetPeriodicEventStream GetTariffs
  NotifyAllowedEnergyTransfer NotifyDERAlarm NotifyDERStartStop
  NotifyPriorityCharging NotifySettlement NotifyWebPaymentStarted OpenPeriodicEventStream
  PullDynamicScheduleUpdate ReportDERControl RequestBatterySwap SetDERControl SetDefaultTariff
  UpdateDynamicSchedule UsePriorityCharging VatNumberValidation`.split(/\s+/),
);

/** Members that 2.1 added to messages which 2.0.1 has too; none of them has another meaning there. */
const NEW_MEMBERS: ReadonlySet<string> = new Set(
  `absolutePriceSchedule allowedEnergyTransfer availableEnergyTransfer controlMode costDetails customTrigger
  derChargingParameters digestValue dischargeLimit dischargeLimit_L2 dischargeLimit_L3
  dynUpdateInterval dynUpdateTime evEnergyOffer evseSleep invalidAfterOfflineDuration isLocalGeneration
  limitAtSoC limit_L2 limit_L3 maxOfflineDuration maximumContractCertificateChains mobilityNeedsMode
  operationMode powerTolerance powerToleranceAcceptance preconditioningRequest preconditioningStatus
  priceLevelSchedule priceScheduleSignature prioritizedEMAIDs randomizedDelay remainingContracts
  selectedChargingScheduleId setpoint setpointReactive setpointReactive_L2 setpointReactive_L3
  setpoint_L2 setpoint_L3 signatureId tariff tariffId transactionLimit updatedPersonalMessageExtra
  useLocalTime v2xBaseline
  v2xChargingParameters v2xFreqWattCurve v2xSignalWattCurve`.split(/\s+/),
);

/** Words of 2.1 as 2.0.1 says the nearest, by member. */
const WORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  format: { QRCODE: 'UTF8' },
  location: { Upstream: 'Inlet' },
  requestedEnergyTransfer: {
    AC_BPT: 'AC_three_phase',
    AC_BPT_DER: 'AC_three_phase',
    AC_DER: 'AC_three_phase',
    DC_BPT: 'DC',
    DC_ACDP: 'DC',
    DC_ACDP_BPT: 'DC',
    WPT: 'DC',
  },
  reservationUpdateStatus: { NoTransaction: 'Removed' },
  status: { NoChargingProfile: 'Rejected' },
  stoppedReason: { ReqEnergyTransferRejected: 'Other' },
  triggerReason: {
    CostLimitReached: 'EnergyLimitReached',
    LimitSet: 'ChargingRateChanged',
    OperationModeChanged: 'ChargingStateChanged',
    RunningCost: 'MeterValuePeriodic',
    SoCLimitReached: 'EnergyLimitReached',
    TariffChanged: 'MeterValuePeriodic',
    TariffNotAccepted: 'Deauthorized',
    TxResumed: 'ChargingStateChanged',
  },
  type: { ImmediateAndResume: 'Immediate' },
};
/** Free texts in 2.1 that were lists before, and the word for all others. */
const LISTS: Readonly<
  Record<string, { readonly known: ReadonlySet<string>; readonly other: string }>
> = {
  chargingLimitSource: { known: new Set(['EMS', 'Other', 'SO', 'CSO']), other: 'Other' },
  connectorType: {
    known: new Set(
      `cCCS1 cCCS2 cG105 cTesla cType1 cType2 s309-1P-16A s309-1P-32A s309-3P-16A s309-3P-32A
      sBS1361 sCEE-7-7 sType2 sType3 Other1PhMax16A Other1PhOver16A Other3Ph Pan wInductive wResonant
      Undetermined Unknown`.split(/\s+/),
    ),
    other: 'Unknown',
  },
};
const TOKEN_TYPES: ReadonlySet<unknown> = new Set(
  'Central eMAID ISO14443 ISO15693 KeyCode Local MacAddress NoAuthorization'.split(' '),
);
const MEASURANDS: ReadonlySet<unknown> = new Set(
  `Current.Export Current.Import Current.Offered Energy.Active.Export.Register
  Energy.Active.Import.Register Energy.Reactive.Export.Register Energy.Reactive.Import.Register
  Energy.Active.Export.Interval Energy.Active.Import.Interval Energy.Active.Net
  Energy.Reactive.Export.Interval Energy.Reactive.Import.Interval Energy.Reactive.Net
  Energy.Apparent.Net Energy.Apparent.Import Energy.Apparent.Export Frequency Power.Active.Export
  Power.Active.Import Power.Factor Power.Offered Power.Reactive.Export Power.Reactive.Import SoC
  Voltage`.split(/\s+/),
);

/** Whether what one side says may hold what the other does not know. */
export const narrows = (from: OcppVersion, to: OcppVersion): boolean =>
  from === '2.1' && to === '2.0.1';

export const noPartnerIn = (action: string, version: OcppVersion): string =>
  `${action} has no partner in OCPP ${version}`;

/** A message of 2.1 without what 2.0.1 does not know; its bytes stay where there is no such thing. */
export const narrowed = (frame: Frame): Frame => {
  const payload = parsePayload(frame);
  const result = narrowedValue(payload, '');
  if (JSON.stringify(result) === JSON.stringify(payload)) return frame;
  const span = { start: frame.payloadStart, end: frame.payloadEnd };
  return readFrame(replaceSpan(frame.bytes, span, JSON.stringify(result)));
};

/** Why 2.0.1 cannot be asked this; undefined: what is left of it means the same. */
export const tooNew = (action: string, asked: Payload): string | undefined => {
  if (ONLY_IN_21.has(action)) return noPartnerIn(action, '2.0.1');
  if (asked['requestedMessage'] === 'CustomTrigger') return noPartnerIn('CustomTrigger', '2.0.1');
  const profile = readObject(asked['chargingProfile']);
  const purpose = String(profile['chargingProfilePurpose'] ?? '');
  if (/^(PriorityCharging|LocalGeneration)$/.test(purpose)) {
    return `OCPP 2.0.1 has no ${purpose} profiles`;
  }
  if (profile['chargingProfileKind'] === 'Dynamic') return 'OCPP 2.0.1 has no dynamic profiles';
  const beyond = beyondLimits(profile);
  return beyond === undefined ? undefined : `OCPP 2.0.1 takes plain limits only, no ${beyond}`;
};

const narrowedValue = (value: unknown, member: string): unknown => {
  if (Array.isArray(value)) {
    const list = value.map((each) => narrowedValue(each, member));
    if (member === 'sampledValue') return list.filter(isKnownSample);
    return member === 'meterValue' ? list.filter(hasSamples) : list;
  }
  if (typeof value === 'string') return narrowedWord(value, member);
  if (!isPayload(value) || member === 'customData' || member === 'data') return value;
  const kept = Object.entries(value)
    .filter(([key]) => !NEW_MEMBERS.has(key) && !isNewHere(key, member, value))
    .map(([key, each]) => [key, narrowedValue(each, key)] as const)
    .filter(([key, each]) => key !== 'meterValue' || readList(each).length > 0);
  const token = typeof value['idToken'] === 'string' && !TOKEN_TYPES.has(value['type']);
  return {
    ...Object.fromEntries(kept),
    ...(token ? { type: 'Central' } : {}),
    ...(member === 'signedMeterValue' ? missingOf(value, SIGNED) : {}),
  };
};

/** Needed in 2.0.1. */
const SIGNED: Payload = { signingMethod: '', publicKey: '' };
const missingOf = (value: Payload, needed: Payload): Payload =>
  Object.fromEntries(Object.entries(needed).filter(([key]) => value[key] === undefined));

/** These stand elsewhere in 2.0.1 too. */
const isNewHere = (key: string, member: string, object: Payload): boolean =>
  (key === 'severity' && member === 'eventData') ||
  (key === 'timestamp' && object['chargingNeeds'] !== undefined);

const narrowedWord = (word: string, member: string): string => {
  const list = Object.hasOwn(LISTS, member) ? LISTS[member] : undefined;
  if (list !== undefined) return list.known.has(word) ? word : list.other;
  const words = Object.hasOwn(WORDS, member) ? WORDS[member] : undefined;
  return words !== undefined && Object.hasOwn(words, word) ? (words[word] ?? word) : word;
};

const isKnownSample = (sample: unknown): boolean => {
  const measurand = readObject(sample)['measurand'];
  return measurand === undefined || MEASURANDS.has(measurand);
};
const hasSamples = (value: unknown): boolean =>
  readList(readObject(value)['sampledValue']).length > 0;
