import {
  type ChargerTraits,
  type LearnedTraits,
  type Nameplate,
  PLAIN_TRAITS,
} from '../../core/chargers/charger-traits.ts';
import {
  rememberedWiring,
  type WiringEvidences,
  type WiringVotes,
} from '../../core/meters/wiring-check.ts';
import type { ChargerSpec } from '../../core/site.ts';
import type { ConnectorKey } from '../../core/tick.ts';

/** What is known of makes of chargers, and of which make each charger was when it last booted. */
export interface ChargerMakes {
  readonly traitsOf: (plate: Nameplate) => ChargerTraits;
  readonly plates: ReadonlyMap<string, Nameplate>;
  readonly remember: (charger: string, plate: Nameplate) => void;
  /** What probes found out, by charger. */
  readonly learned?: ReadonlyMap<string, LearnedTraits>;
  readonly rememberLearned?: (charger: string, learned: LearnedTraits) => void;
  /** Steps on the meter that told of the wiring of connectors. */
  readonly wiring?: ReadonlyMap<ConnectorKey, WiringVotes>;
  readonly rememberWiring?: (connector: ConnectorKey, votes: WiringVotes) => void;
}

const FOUND_BY_PROBE = {
  id: 'probed',
  why: 'A probe of this charger found that it departs from the standard.',
};

const NO_MAKES: ChargerMakes = {
  traitsOf: () => PLAIN_TRAITS,
  plates: new Map(),
  remember: () => {},
};

/** How each charger departs from the standard: by its make, and by what a probe found out. */
export class KnownMakes {
  readonly #makes: ChargerMakes;
  readonly #ofMake = new Map<string, ChargerTraits>();
  readonly #found: Map<string, LearnedTraits>;
  readonly #joined = new Map<string, ChargerTraits>();

  /** Chargers that booted in an earlier run. */
  readonly seenBefore: ReadonlySet<string>;

  constructor(makes: ChargerMakes = NO_MAKES) {
    this.#makes = makes;
    this.seenBefore = new Set(makes.plates.keys());
    this.#found = new Map(makes.learned);
    for (const [charger, plate] of makes.plates) this.#ofMake.set(charger, makes.traitsOf(plate));
  }

  traits(charger: string): ChargerTraits {
    const known = this.#joined.get(charger);
    if (known !== undefined) return known;
    const traits = this.#ofMake.get(charger) ?? PLAIN_TRAITS;
    const found = this.#found.get(charger);
    const joined =
      found === undefined || Object.keys(found).length === 0
        ? traits
        : { ...traits, ...found, quirks: [...traits.quirks, FOUND_BY_PROBE] };
    this.#joined.set(charger, joined);
    return joined;
  }

  /** A charger told its make when it booted. */
  booted(charger: string, { vendor, model, firmware }: Nameplate): void {
    const plate = { vendor, model, ...(firmware === undefined ? {} : { firmware }) };
    this.#makes.remember(charger, plate);
    this.#ofMake.set(charger, this.#makes.traitsOf(plate));
    this.#joined.delete(charger);
  }

  found(charger: string): LearnedTraits {
    return this.#found.get(charger) ?? {};
  }

  /** What a probe found out takes the place of what one found before. */
  learn(charger: string, learned: LearnedTraits): void {
    this.#found.set(charger, learned);
    this.#joined.delete(charger);
    this.#makes.rememberLearned?.(charger, learned);
  }

  /** What was seen of the wiring in earlier runs. */
  wiringBefore(): WiringEvidences {
    const votes = [...(this.#makes.wiring ?? [])];
    return new Map(votes.map(([key, seen]) => [key, rememberedWiring(seen)]));
  }

  /** Keeps what was seen of the wiring since `before`. */
  rememberWiring(before: WiringEvidences, after: WiringEvidences): void {
    for (const [key, { votes }] of after) {
      if (before.get(key)?.votes === votes) continue;
      if (votes.some((count) => count > 0)) this.#makes.rememberWiring?.(key, votes);
    }
  }

  /** A charger as configured, narrowed to what its make takes. */
  narrowed(spec: ChargerSpec): ChargerSpec {
    const traits = this.traits(spec.id);
    const { minAmps = 0, stepAmps = 0 } = traits;
    const stepsAmps = spec.stepsAmps ?? traits.stepsAmps;
    const { zeroAmpPause } = traits;
    const honoursNumberPhases = spec.honoursNumberPhases ?? traits.honoursNumberPhases;
    return {
      ...spec,
      minAmps: Math.max(spec.minAmps, minAmps),
      stepAmps: Math.max(spec.stepAmps, stepAmps),
      ...(stepsAmps === undefined ? {} : { stepsAmps }),
      ...(zeroAmpPause === undefined ? {} : { zeroAmpPause }),
      ...(honoursNumberPhases === undefined ? {} : { honoursNumberPhases }),
    };
  }
}
