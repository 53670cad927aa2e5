import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time.ts';
import type { UnknownTokens } from '../../ocpp/authorization.ts';
import type { DurableStore } from '../../store/durable-store.ts';
import { FULL_SHARE, Journal, NEARLY_FULL_SHARE } from '../../store/journal.ts';
import { DialGate } from '../redial.ts';
import { Admission, type HashSecret } from './admission.ts';
import { CsmsMemory } from './csms-memory.ts';
import { Pacer } from './pacer.ts';
import { StandIn } from './stand-in.ts';
import { TransactionIds } from './transaction-ids.ts';

/** A CSMS that leaves a transaction message unanswered for so long is taken for gone. */
export const CSMS_ANSWER_MS = 30_000;
/** Messages per second delivered to the CSMS after an outage, over the whole site. */
export const REPLAY_PER_SECOND = 250;

export interface OutageSettings {
  /** Tokens that neither list nor cache knows. */
  readonly unknownTokens: UnknownTokens;
  /** Chargers that boot and were never accepted by this CSMS. */
  readonly unknownBoot: 'pending' | 'reject';
  readonly replayPerSecond: number;
  /** Size of the journal before meter values are thinned. */
  readonly mostBytes: number;
}

export interface OutageOptions {
  readonly store: DurableStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly hash: HashSecret;
  readonly newSalt: () => string;
  readonly settings: OutageSettings;
}

/** What all links share for the time when the CSMS is away: everything here survives a restart. */
export interface Outage {
  readonly journal: Journal;
  readonly ids: TransactionIds;
  readonly memory: CsmsMemory;
  readonly admission: Admission;
  readonly standIn: StandIn;
  readonly pacer: Pacer;
  readonly gate: DialGate;
  readonly random: () => number;
}

/** Reads back what the run before left. Rejects with a StoreError when the store is unusable. */
export const openOutage = async (options: OutageOptions): Promise<Outage> => {
  const { store, clock, log, random, hash, newSalt, settings } = options;
  const journal = await Journal.open(store, { mostBytes: settings.mostBytes });
  const ids = await TransactionIds.open(store);
  const memory = await CsmsMemory.open(store, log);
  const admission = await Admission.open({ store, hash, newSalt, log });
  const { unknownTokens, unknownBoot } = settings;
  return {
    journal,
    ids,
    memory,
    admission,
    standIn: new StandIn({ journal, ids, memory, clock, log, unknownTokens, unknownBoot }),
    pacer: new Pacer(clock, settings.replayPerSecond),
    gate: new DialGate(),
    random,
  };
};

const WHEN_PARKED = 'see busbar queue ls, and busbar queue resend once that is mended';

/** What is held and does not get through, though the CSMS is there. */
export const outageAlarms = ({ journal, memory }: Outage): readonly string[] => {
  const parked = journal.parkedChargers();
  const stuck = journal.stuckChargers();
  const refused = journal.chargers().filter((charger) => memory.bootRefused(charger));
  return [
    ...spaceAlarms(journal),
    ...(parked.length === 0
      ? []
      : [`The CSMS does not take messages of ${parked.join(', ')}: ${WHEN_PARKED}.`]),
    ...(stuck.length === 0
      ? []
      : [`The CSMS leaves a message of ${stuck.join(', ')} unanswered: see busbar queue ls.`]),
    ...(refused.length === 0
      ? []
      : [`The CSMS does not accept ${refused.join(', ')}: messages are held until it does.`]),
  ];
};

/** Before anything is let go of, and while it is. */
const spaceAlarms = (journal: Journal): readonly string[] => {
  const share = journal.takenShare();
  if (share < NEARLY_FULL_SHARE) return [];
  const percent = Math.round(100 * share);
  const what =
    share > FULL_SHARE
      ? 'chargers keep their messages themselves'
      : 'at 100 % the oldest refused meter values go, then every second of those held';
  return [`Messages take ${percent} % of journal.mostMegabytes: ${what}; see busbar queue ls.`];
};
