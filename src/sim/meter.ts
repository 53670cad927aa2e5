import type { Reading } from '../core/meters/reading.ts';
import { mapPhases, type PhaseAmps, type PhaseWatts } from '../core/units.ts';

/** What a meter shows, as its registers would. */
export interface MeterSample {
  readonly amps: PhaseAmps;
  readonly phaseWatts: PhaseWatts;
  readonly watts: number;
  readonly volts: PhaseAmps;
  readonly importWh: number;
  readonly exportWh: number;
  readonly frequencyHz: number;
}

/** What the meter does instead of measuring. dead: no answer. frozen: the last values for ever. */
export type MeterFault = 'none' | 'dead' | 'frozen';

/** A meter in a circuit. It measures the truth, to a hundredth of an amp. */
export class SimMeter {
  readonly id: string;
  fault: MeterFault = 'none';
  /** Changes what reaches the gateway; undefined is an answer that never came. */
  alter: (reading: Reading) => Reading | undefined = (reading) => reading;
  readonly #volts: number;
  #importWh = 0;
  #amps: PhaseAmps = [0, 0, 0];
  #frozen: MeterSample | undefined;

  constructor(id: string, volts: number) {
    this.id = id;
    this.#volts = volts;
  }

  /** `ms` pass with this current. */
  step(ms: number, amps: PhaseAmps): void {
    this.#amps = amps;
    this.#importWh += ((amps[0] + amps[1] + amps[2]) * this.#volts * ms) / 3_600_000;
  }

  /** Undefined: it does not answer. */
  sample(): MeterSample | undefined {
    if (this.fault === 'dead') return undefined;
    if (this.fault === 'frozen') {
      this.#frozen ??= this.#measure();
      return this.#frozen;
    }
    this.#frozen = undefined;
    return this.#measure();
  }

  /** The sample as the gateway's meter room would hand it on. */
  reading(atMs: number): Reading | undefined {
    const sample = this.sample();
    return sample && this.alter({ meter: this.id, atMs, quality: 'good', ...sample });
  }

  #measure(): MeterSample {
    const amps = mapPhases((p) => Math.round(this.#amps[p] * 100) / 100);
    const phaseWatts = mapPhases((p) => amps[p] * this.#volts);
    return {
      amps,
      phaseWatts,
      watts: phaseWatts[0] + phaseWatts[1] + phaseWatts[2],
      volts: [this.#volts, this.#volts, this.#volts],
      importWh: Math.round(this.#importWh),
      exportWh: 0,
      frequencyHz: 50,
    };
  }
}
