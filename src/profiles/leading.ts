import { type Bearings, type InstalledProfile, periodAt } from './period.ts';
import type { ChargingSchedule, ProfilePurpose, SchedulePeriod } from './profile.ts';
import type { Zone } from './zone.ts';

/** For whom the stack is evaluated. */
export interface ProfileContext {
  /** 0: the charger as a whole, to which profiles of transactions do not apply (K09.FR.05). */
  readonly connector: number;
  /** `startedAtMs`: when it was ready to deliver energy, epoch ms (K01.FR.42). */
  readonly transaction?: { readonly id: string; readonly startedAtMs: number };
  readonly zone: Zone;
  /** Configured voltage, not the measured one (K01.FR.50). */
  readonly voltageVolts: number;
  /** Phases that the connector supplies. */
  readonly phases: number;
  /** The charger cannot leave phases out: watts are divided by all that it supplies (K01.FR.43). */
  readonly fixedPhases?: boolean;
  /** What the connector can supply: the most that a composite schedule promises. */
  readonly ratedAmps?: number;
  /** UsePriorityCharging is active (2.1, K21). */
  readonly priorityActive?: boolean;
  /** Epoch ms since when the charger has not reached its CSMS (K01.FR.101). */
  readonly offlineSinceMs?: number;
  readonly socPercent?: number;
  /** The charger, so that not all of them draw the same random delays (K01.FR.92). */
  readonly charger?: string;
  /** 2.x: the defaults of EVSE 0 and of this one compete by stack level (2.1 §3.5). Without it
   * the connector's own comes first, as 1.6 §3.13.1 has it. */
  readonly defaultsByLevel?: boolean;
}

/** The limit of the profile that leads its purpose at an instant. */
export interface Leading {
  /** Per phase; Infinity when its period sets no limit. */
  readonly amps: number;
  readonly numberPhases: number;
  readonly phaseToUse?: number;
  /** minChargingRate per phase: charging with less is inefficient (1.6 §7.13, 2.x §2.13). */
  readonly minAmps?: number;
  readonly source: ProfileSource;
}

export interface ProfileSource {
  readonly purpose: ProfilePurpose;
  readonly id: number;
}

/** A profile and what it said when it was last asked. */
interface Entry {
  readonly installed: InstalledProfile;
  leading: Leading | undefined;
  fromMs: number;
  untilMs: number;
}

const NEVER = Number.POSITIVE_INFINITY;
const DEFAULT_PHASES = 3;

/**
 * The profiles that apply in a context, per purpose in the order in which they prevail. Keeps
 * what each one said until that may change, so a walk along a day asks each profile only when its
 * own periods change. Not to be kept longer than its context holds.
 */
export class ProfileStack {
  readonly #context: ProfileContext;
  readonly #bearings: Bearings;
  readonly #ranks: ReadonlyMap<ProfilePurpose, readonly Entry[]>;
  /** Of the last question: nothing that was looked at changes before this instant. */
  untilMs = NEVER;

  /** `originMs`: where relative schedules begin while no transaction runs (K08.FR.06). */
  constructor(installed: readonly InstalledProfile[], context: ProfileContext, originMs: number) {
    this.#context = context;
    const { charger = '', connector, transaction } = context;
    this.#bearings = {
      relativeStartMs: transaction?.startedAtMs ?? originMs,
      delaySeed: `${charger}/${connector}/${transaction?.id ?? ''}`,
      // Asked for only when a schedule follows local time: a zone takes milliseconds to make.
      get zone() {
        return context.zone;
      },
    };
    const ranks = new Map<ProfilePurpose, Entry[]>();
    for (const each of installed) {
      if (!applies(each, context)) continue;
      const entry = { installed: each, leading: undefined, fromMs: NEVER, untilMs: NEVER };
      const rank = ranks.get(each.profile.purpose);
      if (rank === undefined) ranks.set(each.profile.purpose, [entry]);
      else rank.push(entry);
    }
    for (const rank of ranks.values()) {
      if (rank.length > 1) rank.sort((a, b) => precedence(a.installed, b.installed, context));
    }
    this.#ranks = ranks;
  }

  /** The first one, in the order of prevalence, that has a period now; lowers `untilMs`. */
  leading(purpose: ProfilePurpose, atMs: number): Leading | undefined {
    for (const entry of this.#ranks.get(purpose) ?? []) {
      if (atMs < entry.fromMs || atMs >= entry.untilMs) this.#ask(entry, atMs);
      if (entry.untilMs < this.untilMs) this.untilMs = entry.untilMs;
      if (entry.leading !== undefined) return entry.leading;
    }
    return undefined;
  }

  #ask(entry: Entry, atMs: number): void {
    const { profile } = entry.installed;
    entry.fromMs = atMs;
    entry.untilMs = NEVER;
    entry.leading = undefined;
    const endsAtMs = this.#offlineEndMs(entry.installed);
    if (atMs >= endsAtMs) return;
    entry.untilMs = endsAtMs;
    this.#askSchedule(entry, profile.schedule, atMs);
    for (const schedule of profile.alternatives ?? []) this.#askSchedule(entry, schedule, atMs);
  }

  /** Of several schedules the car follows one we do not know: the least of them holds. */
  #askSchedule(entry: Entry, schedule: ChargingSchedule, atMs: number): void {
    const { period, untilMs } = periodAt(entry.installed, schedule, this.#bearings, atMs);
    entry.untilMs = Math.min(entry.untilMs, untilMs);
    if (period === undefined) return;
    const numberPhases = phasesOf(period, this.#context);
    const amps = ampsOf(period, schedule, numberPhases, this.#context);
    if (entry.leading !== undefined && entry.leading.amps <= amps) return;
    const { purpose, id } = entry.installed.profile;
    entry.leading = {
      amps,
      numberPhases,
      ...(period.phaseToUse === undefined ? {} : { phaseToUse: period.phaseToUse }),
      ...minimum(schedule, numberPhases, this.#context),
      source: { purpose, id },
    };
  }

  /** K01.FR.101: a profile with maxOfflineDuration is invalid while offline longer than that. */
  #offlineEndMs({ profile }: InstalledProfile): number {
    const { offlineSinceMs } = this.#context;
    if (profile.maxOfflineSeconds === undefined || offlineSinceMs === undefined) return NEVER;
    return offlineSinceMs + profile.maxOfflineSeconds * 1000;
  }
}

/**
 * Absent means 3 (K01.FR.49). A connector with fewer phases divides watts by what it has: the
 * total stays within the limit, and a plain "3680 W" on one phase is the 16 A that were meant.
 */
const phasesOf = (
  { numberPhases }: SchedulePeriod,
  { phases, fixedPhases }: ProfileContext,
): number =>
  numberPhases === undefined || numberPhases < 1 || fixedPhases === true
    ? Math.min(DEFAULT_PHASES, phases)
    : numberPhases;

/** K01.FR.50: watts over the configured voltage and the phases; K01.FR.147: the lowest phase. */
const ampsOf = (
  { limit, limitL2, limitL3 }: SchedulePeriod,
  { unit, limitAtSoc }: ChargingSchedule,
  numberPhases: number,
  { voltageVolts, socPercent }: ProfileContext,
): number => {
  const cap =
    limitAtSoc !== undefined && socPercent !== undefined && socPercent >= limitAtSoc.socPercent
      ? limitAtSoc.limit
      : NEVER;
  const single = limitL2 === undefined && limitL3 === undefined;
  const least = single ? limit : Math.min(limit, limitL2 ?? NEVER, limitL3 ?? NEVER);
  if (unit === 'A') return Math.min(least, cap);
  const perAmp = voltageVolts * numberPhases;
  return Math.min(least / (single ? perAmp : voltageVolts), cap / perAmp);
};

const minimum = (
  { minChargingRate = 0, unit }: ChargingSchedule,
  numberPhases: number,
  { voltageVolts }: ProfileContext,
): Pick<Leading, 'minAmps'> => {
  if (minChargingRate <= 0) return {};
  return {
    minAmps: unit === 'A' ? minChargingRate : minChargingRate / (voltageVolts * numberPhases),
  };
};

/** TxProfiles belong to their transaction; others to their connector, or to all of them. */
const applies = ({ connector, profile }: InstalledProfile, context: ProfileContext): boolean => {
  const { purpose, transactionId } = profile;
  if (connector !== 0 && connector !== context.connector) return false;
  const ofTransaction = purpose === 'tx' || purpose === 'tx-default' || purpose === 'priority';
  if (context.connector === 0 && ofTransaction) return false;
  if (purpose !== 'tx') return true;
  if (context.transaction === undefined) return false;
  return transactionId === undefined || transactionId === context.transaction.id;
};

/**
 * Stack level (K01.FR.17); of two alike the one that came later, then the higher id, so that the
 * order of the list says nothing. In 1.6 a default of the connector replaces that of connector 0.
 */
const precedence = (a: InstalledProfile, b: InstalledProfile, context: ProfileContext): number => {
  const own = Number(b.connector !== 0) - Number(a.connector !== 0);
  const byConnector = a.profile.purpose === 'tx-default' && context.defaultsByLevel !== true;
  return (
    (byConnector ? own : 0) ||
    b.profile.stackLevel - a.profile.stackLevel ||
    own ||
    b.receivedAtMs - a.receivedAtMs ||
    b.profile.id - a.profile.id
  );
};
