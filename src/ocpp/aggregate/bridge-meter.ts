import { optional, type Payload, readList, readNumber, readObject, readText } from '../payload.ts';

/** Meter values of 1.6 as those of 2.x and back. What the other version has no word for is left out. */

const REGISTER = 'Energy.Active.Import.Register';
const CONTEXTS = new Set([
  'Interruption.Begin',
  'Interruption.End',
  'Other',
  'Sample.Clock',
  'Sample.Periodic',
  'Transaction.Begin',
  'Transaction.End',
  'Trigger',
]);
/** Measurands that both know. */
const MEASURANDS = new Set([
  'Current.Export',
  'Current.Import',
  'Current.Offered',
  'Energy.Active.Export.Register',
  REGISTER,
  'Energy.Reactive.Export.Register',
  'Energy.Reactive.Import.Register',
  'Energy.Active.Export.Interval',
  'Energy.Active.Import.Interval',
  'Energy.Reactive.Export.Interval',
  'Energy.Reactive.Import.Interval',
  'Frequency',
  'Power.Active.Export',
  'Power.Active.Import',
  'Power.Factor',
  'Power.Offered',
  'Power.Reactive.Export',
  'Power.Reactive.Import',
  'SoC',
  'Voltage',
]);
const LOCATIONS = new Set(['Body', 'Cable', 'EV', 'Inlet', 'Outlet']);
const PHASES = new Set(['L1', 'L2', 'L3', 'N', 'L1-N', 'L2-N', 'L3-N', 'L1-L2', 'L2-L3', 'L3-L1']);
const UNITS_16 = new Set([
  'Wh',
  'kWh',
  'varh',
  'kvarh',
  'W',
  'kW',
  'VA',
  'kVA',
  'var',
  'kvar',
  'A',
  'V',
  'Percent',
]);

const known = (words: ReadonlySet<string>, value: unknown): string | undefined => {
  const text = readText(value);
  return text !== undefined && words.has(text) ? text : undefined;
};

const common = (sample: Payload): Payload => ({
  ...optional('context', known(CONTEXTS, sample['context'])),
  ...optional('measurand', known(MEASURANDS, sample['measurand'])),
  ...optional('phase', known(PHASES, sample['phase'])),
  ...optional('location', known(LOCATIONS, sample['location'])),
});

const translatable = (sample: Payload): boolean =>
  sample['measurand'] === undefined || known(MEASURANDS, sample['measurand']) !== undefined;

type Samples = (sample: Payload) => readonly Payload[];

/** Signed data of 1.6 do not say how they are signed, which 2.x has to: they are left out. */
const sample2x: Samples = (sample) => {
  const value = readNumber(sample['value']);
  if (value === undefined || !translatable(sample) || sample['format'] === 'SignedData') return [];
  const unit = readText(sample['unit'], 20);
  const unitOfMeasure = unit === undefined ? {} : { unitOfMeasure: { unit } };
  return [{ value, ...common(sample), ...unitOfMeasure }];
};

const sample16: Samples = (sample) => {
  const { unit, multiplier } = readObject(sample['unitOfMeasure']);
  const value = readNumber(sample['value']);
  if (value === undefined || !translatable(sample)) return [];
  const scaled = value * 10 ** (readNumber(multiplier) ?? 0);
  const words = { ...common(sample), ...optional('unit', known(UNITS_16, unit)) };
  const signed = readText(readObject(sample['signedMeterValue'])['signedMeterData'], 2_500);
  return [
    { value: plain(scaled), ...words },
    ...(signed === undefined ? [] : [{ value: signed, format: 'SignedData', ...words }]),
  ];
};

/** Without the noise of binary fractions. */
const plain = (value: number): string => String(Number(value.toPrecision(12)));

const meterValues = (list: unknown, translate: Samples): readonly Payload[] =>
  readList(list).flatMap((each) => {
    const { timestamp, sampledValue } = readObject(each);
    const samples = readList(sampledValue).flatMap((sample) => translate(readObject(sample)));
    return samples.length === 0 ? [] : [{ timestamp, sampledValue: samples }];
  });

export const meterValues2x = (list: unknown): readonly Payload[] => meterValues(list, sample2x);
export const meterValues16 = (list: unknown): readonly Payload[] => meterValues(list, sample16);

/** A reading of the energy register in 2.x. */
export const registerValue = (valueWh: number, context: string, timestamp: unknown): Payload => ({
  timestamp,
  sampledValue: [{ value: valueWh, context, measurand: REGISTER, unitOfMeasure: { unit: 'Wh' } }],
});

/** Readings of the energy register over all phases in 2.x meter values, in Wh, oldest first. */
export const registersOf = (list: unknown): readonly number[] =>
  readList(list).flatMap((each) =>
    readList(readObject(each)['sampledValue']).flatMap((one) => {
      const sample = readObject(one);
      const value = readNumber(sample['value']);
      const register = (sample['measurand'] ?? REGISTER) === REGISTER;
      if (value === undefined || !register || sample['phase'] !== undefined) return [];
      const { unit, multiplier } = readObject(sample['unitOfMeasure']);
      const scale = (unit === 'kWh' ? 1_000 : 1) * 10 ** (readNumber(multiplier) ?? 0);
      return [Math.round(value * scale)];
    }),
  );

/** What made a charger send 1.6 meter values, as a triggerReason. */
export const triggerOf = (list: unknown): string => {
  const sample = readObject(readList(readObject(readList(list)[0])['sampledValue'])[0]);
  if (sample['context'] === 'Trigger') return 'Trigger';
  return sample['context'] === 'Sample.Clock' ? 'MeterValueClock' : 'MeterValuePeriodic';
};
