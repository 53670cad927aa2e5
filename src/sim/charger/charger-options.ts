import type { Clock } from '../../core/time.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import type { Random } from '../random.ts';
import type { ChargerConduct } from './charger-conduct.ts';
import { type BackOff, type Connect, DEFAULT_BACK_OFF } from './charger-connection.ts';

export interface SimChargerOptions {
  readonly identity: string;
  readonly version: OcppVersion;
  readonly connectors?: number;
  /** Site phases at its terminals, 0-based: [1, 2, 0] is wired L2 L3 L1. */
  readonly wiring?: readonly number[];
  readonly maxAmps?: number;
  readonly meterIntervalMs?: number;
  readonly volts?: number;
  readonly vendor?: string;
  readonly model?: string;
  readonly firmware?: string;
  readonly conduct?: Partial<ChargerConduct>;
  readonly backOff?: BackOff;
  readonly clock: Clock;
  readonly random: Random;
  readonly connect: Connect;
}

/** What a simulated charger is; how it behaves is its conduct. */
export type ChargerFacts = Required<Omit<SimChargerOptions, 'conduct'>>;

export const withDefaults = (options: SimChargerOptions): ChargerFacts => ({
  connectors: 1,
  wiring: [0, 1, 2],
  maxAmps: 32,
  meterIntervalMs: 10_000,
  volts: 230,
  vendor: 'Busbar',
  model: `Sim ${options.version}`,
  firmware: '1.0.0',
  backOff: DEFAULT_BACK_OFF,
  ...options,
});
