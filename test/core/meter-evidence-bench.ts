import { type Enforcement, NO_ENFORCEMENT } from '../../src/core/chargers/enforcement.ts';
import {
  evidenceText,
  type MeterEvidences,
  meterEvidenceAfter,
  meterVerdict,
  STEP_WATCH_MS,
} from '../../src/core/chargers/meter-evidence.ts';
import { circuitTree } from '../../src/core/circuit-tree.ts';
import type { ConnectorTick, TickInput } from '../../src/core/tick.ts';
import { type PhaseAmps, sameAmps } from '../../src/core/units.ts';
import { garage } from '../scenarios/virtual-garage.ts';

const site = garage(2);
const tree = circuitTree(site);
export const SECOND = 1_000;

/** One connector under a meter that is read every second, and another beside it. */
export class Bench {
  evidence: MeterEvidences = new Map();
  nowMs = 0;
  enforcement: Enforcement = NO_ENFORCEMENT;
  phases: readonly [boolean, boolean, boolean] = [true, true, true];
  measuredAtMs: number | undefined;
  measuredAmps: number | undefined;
  otherChangedAtMs = Number.NEGATIVE_INFINITY;
  othersAmps = 0;
  /** What it says that it draws, all phases together. */
  ownAmps = 0;
  otherFirst = false;
  /** How old the reading is that each tick has. */
  ageMs = 0;
  transaction = '7';

  offer(toAmps: number): void {
    const fromAmps = this.enforcement.accepted?.amps ?? 6;
    const atMs = this.nowMs;
    this.enforcement = {
      ...this.enforcement,
      accepted: { amps: toAmps, sentAtMs: atMs, endsAtMs: atMs + 120_000 },
      ...(toAmps === fromAmps ? {} : { changed: { atMs, fromAmps, toAmps } }),
    };
  }

  /** Reads the meter every second; `amps` is what it shows, or undefined in a gap. */
  run(seconds: number, amps: number | PhaseAmps | undefined): void {
    for (let i = 0; i < seconds; i += 1) {
      this.nowMs += SECOND;
      const shown = typeof amps === 'number' ? sameAmps(amps) : amps;
      const atMs = this.nowMs - this.ageMs;
      const latest = { meter: 'grid', atMs, quality: 'good' as const, amps: shown };
      const readings = new Map(shown === undefined ? [] : [['grid', { latest }]]);
      const input = { site, tree, readings, nowMs: this.nowMs } as unknown as TickInput;
      this.evidence = meterEvidenceAfter(
        input,
        this.otherFirst ? [this.#other, this.tick] : [this.tick, this.#other],
        this.evidence,
      );
    }
  }

  get tick(): ConnectorTick {
    return {
      key: 'CP_1/1',
      circuit: 0,
      phases: this.phases,
      enforcement: this.enforcement,
      state: { transaction: { id: this.transaction, startedAtMs: 0 }, statusAtMs: 0 },
      around: {
        nowMs: this.nowMs,
        online: true,
        measuredAtMs: this.measuredAtMs,
        measuredAmps: this.measuredAmps,
      },
      drawSiteAmps: sameAmps(this.ownAmps / 3),
    } as unknown as ConnectorTick;
  }

  get #other(): ConnectorTick {
    const atMs = this.otherChangedAtMs;
    return {
      key: 'CP_2/1',
      circuit: 0,
      phases: this.phases,
      enforcement: { ...NO_ENFORCEMENT, changed: { atMs, fromAmps: 6, toAmps: 16 } },
      state: { statusAtMs: Number.NEGATIVE_INFINITY },
      around: { nowMs: this.nowMs, online: true },
      drawSiteAmps: sameAmps(this.othersAmps / 3),
    } as unknown as ConnectorTick;
  }

  get verdict() {
    return meterVerdict(this.evidence.get('CP_1/1'), this.tick);
  }

  get text(): string {
    const known = this.evidence.get('CP_1/1');
    return known === undefined ? '' : evidenceText(known);
  }
}

/** A car of which a raise to 20 A was seen on the meter, over 5 A of the building. */
export const raised = (): Bench => {
  const bench = new Bench();
  bench.offer(6);
  bench.run(5, 5);
  bench.offer(20);
  bench.run(STEP_WATCH_MS / SECOND + 1, 19);
  return bench;
};
export const settle = (bench: Bench, amps: number | PhaseAmps): void =>
  bench.run(STEP_WATCH_MS / SECOND + 1, amps);
