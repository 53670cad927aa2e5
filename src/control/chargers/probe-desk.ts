import { toldVolts } from '../../core/chargers/told-limit.ts';
import { unknownText } from '../../core/near-name.ts';
import type { SiteDraft } from '../site-draft.ts';
import { ChargerProbe, type ProbedCharger, type ProbeReport } from './charger-probe.ts';
import type { ChargerSetup } from './charger-setup.ts';
import { EffectProbe } from './effect-probe.ts';

/** Of a large site not all chargers are named in a problem. */
const SHOWN_MOST = 20;

/** Whether and when a charger may be probed, and what becomes of what is found out. */
export class ProbeDesk {
  readonly #draft: SiteDraft;
  readonly #setup: ChargerSetup;
  readonly #probe: ChargerProbe;
  readonly #effects: EffectProbe;
  readonly #running = new Set<string>();

  constructor(
    options: { draft: SiteDraft; setup: ChargerSetup } & ConstructorParameters<
      typeof ChargerProbe
    >[0] &
      ConstructorParameters<typeof EffectProbe>[0],
  ) {
    this.#draft = options.draft;
    this.#setup = options.setup;
    this.#probe = new ChargerProbe(options);
    this.#effects = new EffectProbe(options);
  }

  knows(charger: string): boolean {
    return this.#draft.charger(charger) !== undefined;
  }

  /**
   * Finds out how a charger takes limits. An active probe tries defaults while no car charges: until
   * its fallback is back it is budgeted at its rating. In a transaction it watches what a TxProfile
   * does to the car.
   */
  async run(charger: string, active: boolean): Promise<ProbeReport | { readonly problem: string }> {
    const state = this.#draft.charger(charger);
    const spec = this.#draft.site.chargers.find(({ id }) => id === charger);
    const version = state?.version;
    if (state === undefined || spec === undefined) {
      const ids = this.#draft.site.chargers.map(({ id }) => id);
      return { problem: unknownText('charger', charger, ids, SHOWN_MOST) };
    }
    if (!state.online || version === undefined) return { problem: `${charger} is not connected` };
    if (this.#running.has(charger)) return { problem: `${charger} is being probed` };
    const busy = [...state.connectors.values()].some((each) => each.transaction !== undefined);
    if (active && (spec.csmsProfiles === 'overlay' || this.#draft.traits(charger).vendorLimit)) {
      return { problem: `${charger} is not limited by profiles of its own: nothing to try` };
    }
    this.#running.add(charger);
    const volts = toldVolts(spec, this.#draft.site.voltageVolts);
    const probed = { spec, version, volts };
    if (active && busy) return this.#watchEffect(probed);
    if (active) this.#draft.fallbacks.set(charger, false);
    try {
      const report = await this.#probe.run(probed, active);
      if (active) this.#draft.learn(charger, report.learned);
      return report;
    } finally {
      this.#running.delete(charger);
      if (active) this.#setup.reinstall(charger, version);
    }
  }

  async #watchEffect(probed: ProbedCharger): Promise<ProbeReport> {
    const { spec, version } = probed;
    try {
      const asked = await this.#probe.run(probed, false);
      const { tried, learned } = await this.#effects.run(spec, version);
      // What was found out while it was free still holds.
      const all = { ...this.#draft.found(spec.id), ...learned };
      if (Object.keys(learned).length > 0) this.#draft.learn(spec.id, all);
      return { ...asked, active: true, tried, learned };
    } finally {
      this.#running.delete(spec.id);
    }
  }
}
