import type { ChargerState } from '../../core/chargers/charger-state.ts';
import { phaseVolts, toldPhases, toldVolts } from '../../core/chargers/told-limit.ts';
import type { Limit } from '../../core/limits/limit.ts';
import { phaseCount } from '../../core/meters/site-phases.ts';
import type { Reason } from '../../core/reason.ts';
import type { ChargerSpec } from '../../core/site.ts';
import {
  type ConnectorDecision,
  type ConnectorTick,
  type Cycle,
  connectorKey,
  type ProfileLimit,
  type TickInput,
} from '../../core/tick.ts';
import { PURPOSE_2X, PURPOSE_16 } from '../../ocpp/profile-names.ts';
import { type Cap, type LimitAt, limitAt, type ProfileContext } from '../../profiles/composite.ts';
import type { InstalledProfile } from '../../profiles/period.ts';
import type { Zone } from '../../profiles/zone.ts';
import type { RunningTransaction } from './profile-shelf.ts';

/** What the profiles of a charger are evaluated against. */
export interface ProfileScope {
  readonly spec: ChargerSpec;
  readonly state: ChargerState;
  readonly zone: Zone;
  readonly voltageVolts: number;
  /** Epoch ms since when the CSMS has been away. */
  readonly offlineSinceMs?: number;
}

/** The context of one connector, or with 0 of the charger as a whole. */
export const contextOf = (
  { spec, state, zone, voltageVolts, offlineSinceMs }: ProfileScope,
  connector: number,
  running: RunningTransaction | undefined,
): ProfileContext => {
  const socPercent = state.connectors.get(connector)?.socPercent;
  return {
    charger: spec.id,
    connector,
    zone,
    voltageVolts: toldVolts(spec, voltageVolts),
    phases: toldPhases(spec),
    ratedAmps: connector === 0 ? spec.maxAmps * state.connectors.size : spec.maxAmps,
    fixedPhases: state.abilities.phaseSwitching !== true,
    defaultsByLevel: state.version !== '1.6',
    ...(running === undefined
      ? {}
      : {
          transaction: { id: running.id, startedAtMs: running.startedAtMs },
          priorityActive: running.priority,
        }),
    ...(offlineSinceMs === undefined ? {} : { offlineSinceMs }),
    ...(socPercent === undefined ? {} : { socPercent }),
  };
};

/** The limit in the words of the tick; undefined when no profile limits anything. */
export const profileLimitOf = (
  { limitAmps, numberPhases, phaseToUse, minAmps, sources }: LimitAt,
  { spec, state }: ProfileScope,
): ProfileLimit | undefined => {
  const [source] = sources;
  if (limitAmps === undefined || source === undefined) return undefined;
  const names = state.version === '1.6' ? PURPOSE_16 : PURPOSE_2X;
  const amps = Math.round(limitAmps * 100) / 100;
  const reason: Reason = {
    kind: 'csms-profile',
    id: String(source.id),
    text: `CSMS profile ${source.id} (${names[source.purpose] ?? source.purpose}): ${amps} A`,
  };
  return {
    amps: limitAmps,
    reason,
    ...(numberPhases < toldPhases(spec) ? { numberPhases } : {}),
    ...(phaseToUse === undefined ? {} : { phaseToUse }),
    ...(minAmps === undefined ? {} : { minAmps }),
  };
};

/** At most so many changes are looked ahead. */
const LATER_MOST = 4;

/** What the profiles will allow after `fromMs`, as far as `toMs` (epoch ms), where it changes. */
export const laterLimits = (
  book: readonly InstalledProfile[],
  context: ProfileContext,
  fromMs: number,
  toMs: number,
): readonly { readonly atMs: number; readonly amps: number }[] => {
  const later: { readonly atMs: number; readonly amps: number }[] = [];
  let atMs = fromMs;
  while (atMs < toMs && later.length < LATER_MOST) {
    const { limitAmps, untilMs } = limitAt(book, context, atMs);
    later.push({ atMs, amps: limitAmps ?? Number.POSITIVE_INFINITY });
    atMs = untilMs;
  }
  return later.some(({ amps }) => amps < Number.POSITIVE_INFINITY) ? later : [];
};

/** No limit now, but one that comes: the rating stands for it until then. */
export const unlimited = (
  { spec }: ProfileScope,
  later: readonly unknown[],
): ProfileLimit | undefined =>
  later.length === 0
    ? undefined
    : {
        amps: spec.maxAmps,
        reason: { kind: 'charger', id: spec.id, text: `${spec.id}: rated ${spec.maxAmps} A` },
      };

/**
 * What the site leaves a connector besides the profiles: its fuses for good, the EMS until its
 * limit expires, and the present share for the life of an offer (K08, SC.04: the expected one).
 */
export const capsOf = (last: Cycle | undefined, charger: string, connector: number) => {
  const each = last?.decision.connectors.find(
    ({ tick }) => tick.key === connectorKey(charger, connector),
  );
  if (last === undefined || each === undefined) return [];
  return [
    ...circuitCaps(last.input, each.tick),
    ...emsCaps(last.input, each.tick),
    ...aheadCaps(last.input, each.tick),
    ...shareCap(last.input, each),
  ];
};

const circuitCaps = (input: TickInput, tick: ConnectorTick): readonly Cap[] =>
  path(input, tick.circuit).map((index) => {
    const circuit = input.site.circuits[index];
    const amps = [0, 1, 2].map((p) =>
      tick.phases[p] ? (circuit?.limitAmps[p] ?? 0) : Number.POSITIVE_INFINITY,
    );
    return { amps: Math.max(0, Math.min(...amps) - (circuit?.marginAmps ?? 0)) };
  });

/** What limits from outside leave it now. */
export const emsCaps = (input: TickInput, tick: ConnectorTick): readonly Cap[] =>
  limitCaps(input, tick, input.limits);

/** What they will leave it: limits that begin, and failsafes of those that run out. */
const aheadCaps = (input: TickInput, tick: ConnectorTick): readonly Cap[] =>
  input.ahead.flatMap(({ atMs, limits }, i) => {
    const endMs = input.ahead[i + 1]?.atMs;
    const until = endMs === undefined ? {} : { untilMs: endMs + epochOf(input) };
    const fromMs = atMs + epochOf(input);
    return limitCaps(input, tick, limits).map(({ amps }) => ({ amps, fromMs, ...until }));
  });

const limitCaps = (
  input: TickInput,
  tick: ConnectorTick,
  limits: readonly Limit[],
): readonly Cap[] => {
  const ids = new Set(path(input, tick.circuit).map((index) => input.site.circuits[index]?.id));
  return limits
    .filter(({ circuit }) => ids.has(circuit))
    .map(({ amps, watts, expiresAtMs }) => {
      const perPhase = [0, 1, 2].map((p) =>
        tick.phases[p] ? (amps?.[p] ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
      );
      const volts = phaseVolts(tick.charger, input.site.voltageVolts);
      const wattsPerAmp = volts * phaseCount(tick.phases);
      const byWatts = (watts ?? Number.POSITIVE_INFINITY) / wattsPerAmp;
      return {
        amps: Math.max(0, Math.min(...perPhase, byWatts)),
        ...(expiresAtMs === undefined ? {} : { untilMs: expiresAtMs + epochOf(input) }),
      };
    });
};

/** Its share of now, when something else than its own profiles or rating binds it. */
const shareCap = (input: TickInput, { tick, targetAmps }: ConnectorDecision): readonly Cap[] => {
  if (!tick.around.inTransaction) return [];
  const freeAmps = Math.min(tick.charger.maxAmps, tick.profileLimit?.amps ?? tick.charger.maxAmps);
  // Less than a step below is rounding: the CSMS reads back the figure that it set.
  if (targetAmps > freeAmps - tick.charger.stepAmps) return [];
  return [{ amps: targetAmps, untilMs: input.nowMs + input.settings.lifeMs + epochOf(input) }];
};

/** Wall less monotonic clock, ms. */
const epochOf = ({ wallMs, nowMs }: TickInput): number => wallMs - nowMs;

const path = ({ tree }: TickInput, circuit: number): readonly number[] => tree.paths[circuit] ?? [];
