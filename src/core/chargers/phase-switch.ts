import type { ChargerSpec } from '../site.ts';
import type { ConnectorKey } from '../tick.ts';
import { DAY_MS } from '../time.ts';
import { ACTIVE_AMPS, FOLLOWING_AMPS, PHASES_LEARNED_AFTER_MS } from './charger-fold.ts';
import type { ChargerState, ConnectorState } from './charger-state.ts';
import { type Enforcement, LEASE_SKEW_MS, SETTLE_MS, type Surroundings } from './enforcement.ts';

/** How a charger may be switched between three phases and one during a session. */
export interface PhaseSwitching {
  /** Three phases have to fit for this long before a car on one is moved up. */
  readonly upAfterSeconds: number;
  /** Switches of a car that has charged already: some cars take harm from many. */
  readonly mostPerSession: number;
  readonly mostPerDay: number;
  /** Named to chargers of OCPP 2.x for one phase; absent: the charger chooses. */
  readonly phaseToUse?: 1 | 2 | 3;
}

/** On how many phases a connector is told to charge, and what was seen since. */
export interface PhaseUse {
  /** The stay that it belongs to; another one begins on three. */
  readonly stay: string;
  readonly told: 1 | 3;
  /** Since when it is told so, monotonic ms; no current flowed then. */
  readonly sinceMs: number;
  /** It is brought to 0 A so that it can change to three. */
  readonly changing: boolean;
  /** Since when three phases would have fitted, with room to spare. */
  readonly roomSinceMs?: number;
  readonly hasCharged: boolean;
  /** It was told otherwise in this stay before, with or without current. */
  readonly chosen: boolean;
  readonly switchesInStay: number;
  /** Switches of the last day, oldest first. */
  readonly switchedAtMs: readonly number[];
  /** Terminals that carried current since it was told so, and since when without a pause. */
  readonly carried: readonly [boolean, boolean, boolean];
  readonly carriesSinceMs?: number;
  readonly measuredAtMs?: number;
  /** What carried long enough to be believed. */
  readonly terminals?: readonly boolean[];
  /** The one terminal that it used whenever it was told to use one. */
  readonly oneTerminal?: number;
  /** Told of one phase it used more: it is left alone for the rest of the stay. */
  readonly refuted: boolean;
}

export type PhaseUses = ReadonlyMap<ConnectorKey, PhaseUse>;

/** On one phase the others are believed free after this long; they cannot come one by one. */
const ONE_PHASE_LOOK_MS = 20_000;
/** Before that, current on other terminals may be of before. */
const REFUTED_AFTER_MS = 15_000;
/** Without current a choice changes at most this often. */
const IDLE_DWELL_MS = 60_000;
const NOTHING: PhaseUse['carried'] = [false, false, false];

/** Whether the site file allows it and the charger can: 2.x by its variables, 1.6 by its make. */
export const switchesPhases = (spec: ChargerSpec, { version, abilities }: ChargerState): boolean =>
  spec.phaseSwitching !== undefined &&
  // A contactor changes in a pause.
  spec.zeroAmpPause === undefined &&
  spec.phases.length === 3 &&
  spec.dcEfficiency === undefined &&
  (spec.honoursNumberPhases === true ||
    (version !== undefined && version !== '1.6' && abilities.phaseSwitching === true));

export const phaseUseOf = (known: PhaseUse | undefined, stay: string, nowMs: number): PhaseUse => {
  if (known?.stay === stay) return known;
  const { oneTerminal, switchedAtMs = [] } = known ?? {};
  return {
    stay,
    told: 3,
    sinceMs: nowMs,
    changing: false,
    hasCharged: false,
    chosen: false,
    switchesInStay: 0,
    switchedAtMs,
    carried: NOTHING,
    ...(oneTerminal === undefined ? {} : { oneTerminal }),
    refuted: false,
  };
};

/**
 * Terminals that may carry current now; undefined: all that are wired. Without an offer in force the
 * charger does what it does by itself, on all of them.
 */
export const terminalsInUse = (
  use: PhaseUse,
  { accepted, pending }: Enforcement,
  { nowMs, online }: Surroundings,
): readonly boolean[] | undefined => {
  const inForce = accepted !== undefined && nowMs < accepted.endsAtMs - LEASE_SKEW_MS;
  if (!online || !inForce || use.refuted) return undefined;
  if (accepted.numberPhases !== use.told && accepted.amps > 0) return undefined;
  if (pending?.numberPhases !== undefined && pending.numberPhases !== use.told) return undefined;
  if (use.terminals !== undefined || use.told === 3) return use.terminals;
  const { oneTerminal } = use;
  return oneTerminal === undefined ? undefined : [0, 1, 2].map((t) => t === oneTerminal);
};

/** Takes in one more measurement. */
export const phasesSeen = (use: PhaseUse, state: ConnectorState): PhaseUse => {
  const { terminalAmps, measuredAtMs, terminalsTold } = state;
  if (terminalAmps === undefined || measuredAtMs === undefined) return use;
  if (measuredAtMs <= Math.max(use.sinceMs, use.measuredAtMs ?? 0)) return use;
  const carrying = terminalAmps.map((amps) => amps > ACTIVE_AMPS);
  const count = carrying.filter(Boolean).length;
  const next = { ...use, measuredAtMs, hasCharged: use.hasCharged || count > 0 };
  if (use.told === 1 && count > 1 && measuredAtMs >= use.sinceMs + REFUTED_AFTER_MS) {
    const { terminals: _believed, oneTerminal: _once, ...rest } = next;
    return { ...rest, told: 3, carried: NOTHING, refuted: true };
  }
  const carried = [0, 1, 2].map(
    (t) => use.carried[t] === true || carrying[t] === true || terminalsTold?.[t] === false,
  ) as [boolean, boolean, boolean];
  const { carriesSinceMs: _paused, ...rest } = next;
  if (Math.max(...terminalAmps) < FOLLOWING_AMPS) return { ...rest, carried };
  const carriesSinceMs = use.carriesSinceMs ?? measuredAtMs;
  const lookMs = use.told === 1 ? ONE_PHASE_LOOK_MS : PHASES_LEARNED_AFTER_MS;
  if (use.terminals === undefined && measuredAtMs - carriesSinceMs < lookMs) {
    return { ...rest, carried, carriesSinceMs };
  }
  const single = use.told === 1 && carried.filter(Boolean).length === 1;
  return {
    ...rest,
    carried,
    carriesSinceMs,
    terminals: carried,
    ...(single ? { oneTerminal: carried.indexOf(true) } : {}),
  };
};

/** What speaks for one choice or the other in one tick. */
export interface PhaseRoom {
  /** Its minimum fits on three phases; while it is on one: with an amp to spare. */
  readonly threeFits: boolean;
  readonly oneFits: boolean;
}

/**
 * The choice after one tick. Down at once, when only one phase fits and no current flows; up when
 * three have fitted for long. Whoever charges is brought to 0 A first, as cars expect it.
 */
export const phaseUseAfter = (
  use: PhaseUse,
  room: PhaseRoom,
  rule: PhaseSwitching,
  at: { readonly enforcement: Enforcement; readonly around: Surroundings },
): PhaseUse => {
  const { nowMs } = at.around;
  if (use.refuted) return use;
  const still = isStill(at.enforcement, at.around);
  if (use.told === 3) {
    const down = !room.threeFits && room.oneFits && still && maySwitch(use, rule, nowMs);
    return down ? switchedTo(use, 1, nowMs) : withoutRoom(use);
  }
  if (use.changing && still) return switchedTo(use, 3, nowMs);
  // Once it was brought to a stop it goes through with it, or it would have stopped for nothing.
  if (use.changing) return use;
  // Only with a way back left: on three phases a cloud would end the stay at nothing.
  if (!room.threeFits || !maySwitch(use, rule, nowMs, 2)) return withoutRoom(use);
  const roomSinceMs = use.roomSinceMs ?? nowMs;
  const waited = nowMs - roomSinceMs >= (use.hasCharged ? rule.upAfterSeconds * 1000 : 0);
  if (!waited) return { ...use, roomSinceMs };
  return still ? switchedTo(use, 3, nowMs) : { ...use, roomSinceMs, changing: true };
};

const maySwitch = (use: PhaseUse, rule: PhaseSwitching, nowMs: number, times = 1): boolean => {
  if (!use.hasCharged) return !use.chosen || nowMs - use.sinceMs >= IDLE_DWELL_MS;
  const today = use.switchedAtMs.filter((atMs) => atMs > nowMs - DAY_MS).length;
  return use.switchesInStay + times <= rule.mostPerSession && today + times <= rule.mostPerDay;
};

const withoutRoom = (use: PhaseUse): PhaseUse => {
  if (use.roomSinceMs === undefined) return use;
  const { roomSinceMs: _gone, ...rest } = use;
  return rest;
};

const switchedTo = (use: PhaseUse, told: 1 | 3, nowMs: number): PhaseUse => {
  const { stay, hasCharged, switchesInStay, switchedAtMs, oneTerminal } = use;
  const recent = switchedAtMs.filter((atMs) => atMs > nowMs - DAY_MS);
  return {
    stay,
    told,
    sinceMs: nowMs,
    changing: false,
    hasCharged,
    chosen: true,
    // What is chosen before any current flowed costs the car nothing.
    switchesInStay: switchesInStay + (hasCharged ? 1 : 0),
    switchedAtMs: hasCharged ? [...recent, nowMs] : recent,
    carried: NOTHING,
    ...(oneTerminal === undefined ? {} : { oneTerminal }),
    refuted: false,
  };
};

/** It was told 0 A, said yes, and nothing of what it had before can flow any more. */
const isStill = (enforcement: Enforcement, around: Surroundings): boolean => {
  const { accepted, pending, doubtful, inherited, recent } = enforcement;
  const { nowMs, measuredAmps = 0 } = around;
  return (
    accepted?.amps === 0 &&
    nowMs < accepted.endsAtMs &&
    pending === undefined &&
    nowMs >= (doubtful?.untilMs ?? 0) &&
    nowMs >= (inherited?.untilMs ?? 0) &&
    recent.every(({ untilMs }) => nowMs >= untilMs + SETTLE_MS) &&
    measuredAmps <= ACTIVE_AMPS
  );
};
