import type { Measurement } from '../core/chargers/charger-event.ts';
import { optional, type Payload, readList, readNumber, readObject, readText } from './payload.ts';

/** What can be told from one list of sampled values, besides where and when. */
export type Sampled = Omit<Measurement, 'connector' | 'atMs' | 'transactionId'>;

type PerPhase = [number | undefined, number | undefined, number | undefined];

interface Samples {
  readonly amps: PerPhase;
  readonly phaseWatts: PerPhase;
  readonly phaseVolts: PerPhase;
  watts: number | undefined;
  volts: number | undefined;
  energyWh: number | undefined;
  soc: number | undefined;
  offeredAmps: number | undefined;
}

/**
 * No terminal carries more: a larger number is another unit. It must not be believed, since what
 * is taken for the cars is taken off the load of the building.
 */
const AMPS_MOST = 1_000;
const VOLTS_TO_NEUTRAL_MOST = 300;
const MULTIPLIER_MOST = 12;
/** Total power within this share of what the told phases carry: the others carry nothing. */
const EXPLAINED_LEAST = 0.7;
const EXPLAINED_MOST = 1.1;

/**
 * Reads MeterValue lists of 1.6 and 2.x (`meterValue[].sampledValue[]`). The last list wins per
 * quantity. Units are W or kW and Wh or kWh; 2.x may carry a power-of-ten multiplier. Some
 * chargers write the phase into the measurand ("Current.Import.L1").
 */
export const readMeterValues = (meterValue: unknown): Sampled => {
  const samples: Samples = {
    amps: [undefined, undefined, undefined],
    phaseWatts: [undefined, undefined, undefined],
    phaseVolts: [undefined, undefined, undefined],
    watts: undefined,
    volts: undefined,
    energyWh: undefined,
    soc: undefined,
    offeredAmps: undefined,
  };
  for (const list of readList(meterValue)) {
    for (const sample of readList(readObject(list)['sampledValue'])) {
      take(samples, readObject(sample));
    }
  }
  const watts = samples.watts ?? sumOf(samples.phaseWatts);
  return {
    ...currents(samples),
    ...optional('watts', watts),
    ...optional('energyWh', samples.energyWh),
    ...optional('volts', voltsOf(samples)),
    ...optional('socPercent', samples.soc),
    ...optional('offeredAmps', samples.offeredAmps),
  };
};

const take = (samples: Samples, sample: Payload): void => {
  const value = scaled(sample);
  if (value === undefined) return;
  const { measurand, phase } = nameOf(sample);
  if (measurand === 'SoC') samples.soc = value;
  if (!isAtConnector(sample)) return;
  switch (measurand) {
    case 'Current.Import':
      takePhase(samples.amps, phase, Math.abs(value), AMPS_MOST);
      break;
    case 'Power.Active.Import':
      if (phase === undefined) samples.watts = value;
      else takePhase(samples.phaseWatts, phase, Math.abs(value));
      break;
    case 'Energy.Active.Import.Register':
      if (phase === undefined) samples.energyWh = value;
      break;
    case 'Voltage':
      if (phase === undefined) samples.volts = value;
      else takePhase(samples.phaseVolts, phase, value);
      break;
    case 'Current.Offered':
      if (value <= AMPS_MOST) samples.offeredAmps = value;
      break;
  }
};

/**
 * The inlet is the supply of the whole charger: taken for one connector, it would be counted once
 * for each. Values inside the car or the body say nothing of the supply.
 */
const isAtConnector = (sample: Payload): boolean => {
  const location = readText(sample['location']);
  return location === undefined || location === 'Outlet' || location === 'Cable';
};

/** Values between phases, of the neutral or without a phase are of no use per phase. */
const takePhase = (
  values: PerPhase,
  phase: string | undefined,
  value: number,
  most = Number.POSITIVE_INFINITY,
): void => {
  const digit = /^L([123])(?:-N)?$/.exec(phase ?? '')?.[1];
  if (digit !== undefined && value <= most) values[Number(digit) - 1] = value;
};

const PHASE_INDEXES = [0, 1, 2] as const;

/** Current per terminal: as told, else from power and voltage of the phase. */
const currents = (samples: Samples): Partial<Sampled> => {
  const volts = PHASE_INDEXES.map((p) => toNeutral(samples.phaseVolts[p] ?? voltsOf(samples)));
  const amps = PHASE_INDEXES.map((p) => samples.amps[p] ?? over(samples.phaseWatts[p], volts[p]));
  const told = amps.map((each) => each !== undefined);
  if (!told.includes(true)) return {};
  const terminalAmps = [amps[0] ?? 0, amps[1] ?? 0, amps[2] ?? 0] as const;
  if (!told.includes(false)) return { terminalAmps };
  const toldWatts = sumOf(PHASE_INDEXES.map((p) => terminalAmps[p] * (volts[p] ?? 0))) ?? 0;
  const share = (samples.watts ?? 0) / toldWatts;
  // Chargers leave out phases without current, but also phases that they do not measure.
  const complete = share >= EXPLAINED_LEAST && share <= EXPLAINED_MOST;
  return { terminalAmps, ...(complete ? {} : { terminalsTold: told }) };
};

/** A voltage without a phase may be one between phases: no current follows from it. */
const toNeutral = (volts: number | undefined): number | undefined =>
  volts !== undefined && volts > 0 && volts <= VOLTS_TO_NEUTRAL_MOST ? volts : undefined;

const over = (watts: number | undefined, volts: number | undefined): number | undefined => {
  if (watts === undefined || volts === undefined) return undefined;
  return watts / volts <= AMPS_MOST ? watts / volts : undefined;
};

const voltsOf = ({ volts, phaseVolts }: Samples): number | undefined =>
  volts ?? phaseVolts.find((value) => value !== undefined);

const sumOf = (values: readonly (number | undefined)[]): number | undefined =>
  values.every((value) => value === undefined)
    ? undefined
    : values.reduce<number>((sum, value) => sum + (value ?? 0), 0);

const DEFAULT_MEASURAND = 'Energy.Active.Import.Register';

const nameOf = (sample: Payload): { measurand: string; phase: string | undefined } => {
  const named = readText(sample['measurand'])?.trim() ?? DEFAULT_MEASURAND;
  const inName = /\.(N|L[123](?:-(?:N|L[123]))?)$/.exec(named);
  const measurand = inName === null ? named : named.slice(0, inName.index);
  return { measurand, phase: readText(sample['phase'])?.trim() ?? inName?.[1] };
};

/** In W, Wh, A, V or percent. Signed data is text, even where it looks like a number. */
const scaled = (sample: Payload): number | undefined => {
  const value = readNumber(sample['value']);
  if (value === undefined || sample['format'] === 'SignedData') return undefined;
  const unitOfMeasure = readObject(sample['unitOfMeasure']);
  const unit = readText(unitOfMeasure['unit']) ?? readText(sample['unit']);
  const multiplier = readNumber(unitOfMeasure['multiplier']) ?? 0;
  if (Math.abs(multiplier) > MULTIPLIER_MOST) return undefined;
  const thousand = unit === 'kW' || unit === 'kWh' ? 1_000 : 1;
  const scaledValue = value * thousand * 10 ** multiplier;
  return Number.isFinite(scaledValue) ? scaledValue : undefined;
};
