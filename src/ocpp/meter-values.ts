import type { Measurement } from '../core/charger-event.ts';
import { optional, type Payload, readList, readNumber, readObject, readText } from './payload.ts';

/** What can be told from one list of sampled values, besides where and when. */
export type Sampled = Omit<Measurement, 'connector' | 'atMs' | 'transactionId'>;

const PHASE_NAMES = ['L1', 'L2', 'L3'] as const;

interface Sums {
  readonly amps: [number | undefined, number | undefined, number | undefined];
  readonly phaseWatts: [number | undefined, number | undefined, number | undefined];
  watts: number | undefined;
  energyWh: number | undefined;
  volts: number | undefined;
  soc: number | undefined;
  offeredAmps: number | undefined;
}

/**
 * Reads MeterValue lists of 1.6 and 2.x (`meterValue[].sampledValue[]`). The last list wins per
 * quantity. Units are W or kW and Wh or kWh; 2.x may carry a power-of-ten multiplier. Some
 * chargers write the phase into the measurand ("Current.Import.L1").
 */
export const readMeterValues = (meterValue: unknown): Sampled => {
  const sums: Sums = {
    amps: [undefined, undefined, undefined],
    phaseWatts: [undefined, undefined, undefined],
    watts: undefined,
    energyWh: undefined,
    volts: undefined,
    soc: undefined,
    offeredAmps: undefined,
  };
  for (const list of readList(meterValue)) {
    for (const sample of readList(readObject(list)['sampledValue'])) take(sums, readObject(sample));
  }
  return {
    ...optional('terminalAmps', ampsOf(sums)),
    ...optional('watts', sums.watts ?? sumOf(sums.phaseWatts)),
    ...optional('energyWh', sums.energyWh),
    ...optional('volts', sums.volts),
    ...optional('socPercent', sums.soc),
    ...optional('offeredAmps', sums.offeredAmps),
  };
};

const take = (sums: Sums, sample: Payload): void => {
  const value = scaled(sample);
  if (value === undefined) return;
  const { measurand, phase } = nameOf(sample);
  const location = readText(sample['location']);
  if (location === 'Inlet' || location === 'EV' || location === 'Body') return;
  switch (measurand) {
    case 'Current.Import':
      takePhase(sums.amps, phase, value);
      break;
    case 'Power.Active.Import':
      if (phase === undefined) sums.watts = value;
      else takePhase(sums.phaseWatts, phase, value);
      break;
    case 'Energy.Active.Import.Register':
      if (phase === undefined) sums.energyWh = value;
      break;
    case 'Voltage':
      if (phase === undefined || phase.startsWith('L1')) sums.volts = value;
      break;
    case 'SoC':
      sums.soc = value;
      break;
    case 'Current.Offered':
      sums.offeredAmps = value;
      break;
  }
};

/** A current without a phase is only kept where the charger turns out to have reported one alone. */
const takePhase = (values: Sums['amps'], phase: string | undefined, value: number): void => {
  const index = PHASE_NAMES.findIndex((name) => phase === name || phase === `${name}-N`);
  if (index >= 0) values[index] = Math.abs(value);
};

const ampsOf = ({ amps }: Sums): readonly [number, number, number] | undefined =>
  amps.every((value) => value === undefined)
    ? undefined
    : [amps[0] ?? 0, amps[1] ?? 0, amps[2] ?? 0];

const sumOf = (values: readonly (number | undefined)[]): number | undefined =>
  values.every((value) => value === undefined)
    ? undefined
    : values.reduce<number>((sum, value) => sum + (value ?? 0), 0);

const DEFAULT_MEASURAND = 'Energy.Active.Import.Register';

const nameOf = (sample: Payload): { measurand: string; phase: string | undefined } => {
  const named = readText(sample['measurand']) ?? DEFAULT_MEASURAND;
  const inName = /\.(L[123](?:-N)?)$/.exec(named);
  const measurand = inName === null ? named : named.slice(0, inName.index);
  return { measurand, phase: readText(sample['phase']) ?? inName?.[1] };
};

const scaled = (sample: Payload): number | undefined => {
  const value = readNumber(sample['value']);
  if (value === undefined) return undefined;
  const unitOfMeasure = readObject(sample['unitOfMeasure']);
  const unit = readText(unitOfMeasure['unit']) ?? readText(sample['unit']);
  const multiplier = readNumber(unitOfMeasure['multiplier']) ?? 0;
  const thousand = unit === 'kW' || unit === 'kWh' ? 1_000 : 1;
  return value * thousand * 10 ** multiplier;
};
