import { join } from 'node:path';
import type { LearnedTraits, Nameplate } from './core/chargers/charger-traits.ts';
import type { Log } from './core/log.ts';
import type { WiringVotes } from './core/meters/wiring-check.ts';
import type { ConnectorKey } from './core/tick.ts';
import { openDocument } from './store/documents.ts';

export type Learned = Awaited<ReturnType<typeof learnedFacts>>;

/** Facts learned about chargers that have to survive a restart. */
interface LearnedFacts {
  fallbackInstalled: Record<string, boolean>;
  /** Absent in files of before. */
  plates?: Record<string, Nameplate>;
  /** What probes found out; absent in files of before. */
  probed?: Record<string, LearnedTraits>;
  /** Chargers that were adopted; absent in files of before. */
  adopted?: string[];
  /** Steps on the meter by which the wiring of connectors was told; absent in files of before. */
  wiring?: Record<ConnectorKey, WiringVotes>;
}

/** Which chargers hold their fallback, and of which make they are, kept across restarts. */
export const learnedFacts = async (dataDir: string, log: Log) => {
  const facts = await openDocument<LearnedFacts>(join(dataDir, 'learned.json'), {
    fallbackInstalled: {},
    plates: {},
  });
  if (facts.problem !== undefined) log.warn('learned facts', { problem: facts.problem });
  const { fallbackInstalled, plates = {} } = facts.data;
  let saving: Promise<void> = Promise.resolve();
  const update = (change: (data: LearnedFacts) => void): void => {
    saving = facts
      .update(change)
      .catch((error: unknown) => log.error('learned facts not saved', { problem: String(error) }));
  };
  return {
    /** Everything that was remembered until now is on disk. */
    saved: (): Promise<void> => saving,
    adopted: [...(facts.data.adopted ?? [])],
    rememberAdopted: (charger: string): void =>
      update((data) => {
        data.adopted = [...new Set([...(data.adopted ?? []), charger])];
      }),
    proven: new Set(Object.keys(fallbackInstalled).filter((id) => fallbackInstalled[id])),
    plates: new Map(Object.entries(plates)),
    rememberFallback: (charger: string, proven: boolean): void => {
      if (fallbackInstalled[charger] === proven) return;
      update((data) => {
        data.fallbackInstalled[charger] = proven;
      });
    },
    learned: new Map(Object.entries(facts.data.probed ?? {})),
    rememberLearned: (charger: string, learned: LearnedTraits): void =>
      update((data) => {
        data.probed = { ...data.probed, [charger]: learned };
      }),
    wiring: new Map(Object.entries(facts.data.wiring ?? {})),
    rememberWiring: (connector: ConnectorKey, votes: WiringVotes): void =>
      update((data) => {
        data.wiring = { ...data.wiring, [connector]: votes };
      }),
    rememberPlate: (charger: string, plate: Nameplate): void => {
      if (JSON.stringify(facts.data.plates?.[charger]) === JSON.stringify(plate)) return;
      update((data) => {
        data.plates = { ...data.plates, [charger]: plate };
      });
    },
  };
};
