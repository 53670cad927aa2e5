import type { ChargerState, ConnectorState } from './chargers/charger-state.ts';
import {
  type Enforcement,
  NO_ENFORCEMENT,
  obedienceOf,
  raiseWorstAmps,
  type Surroundings,
  worstAmps,
} from './chargers/enforcement.ts';
import { evidenceText, type MeterEvidence, meterVerdict } from './chargers/meter-evidence.ts';
import {
  type PhaseUse,
  phaseUseOf,
  switchesPhases,
  terminalsInUse,
} from './chargers/phase-switch.ts';
import {
  isPhaseUnknown,
  loadedPhases,
  phaseCount,
  siteDraw,
  spread,
} from './meters/site-phases.ts';
import { wiringInUse } from './meters/wiring-check.ts';
import type { ChargerSpec } from './site.ts';
import { type ConnectorRole, type ConnectorTick, connectorKey, type TickInput } from './tick.ts';
import { maxAmps, minAmps, NO_AMPS, type PhaseAmps, sameAmps } from './units.ts';

/** Every connector of every configured charger, with the worst case of each. */
export const connectorTicks = (input: TickInput): readonly ConnectorTick[] => {
  const ticks: ConnectorTick[] = [];
  for (const spec of input.site.chargers) {
    const charger = input.chargers.get(spec.id);
    if (charger === undefined) continue;
    for (const state of charger.connectors.values()) {
      ticks.push(connectorTick(input, spec, charger, state));
    }
  }
  return ticks;
};

const connectorTick = (
  input: TickInput,
  spec: ChargerSpec,
  charger: ChargerState,
  state: ConnectorState,
): ConnectorTick => {
  const key = connectorKey(spec.id, state.connector);
  // By its own steps only: installers rotate phases between the sockets of one charger too.
  const wiring = wiringInUse(spec.phases, input.wiring.get(key)?.votes);
  const enforcement = input.enforcement.get(key) ?? NO_ENFORCEMENT;
  const measured = surroundings(input, spec, charger, state);
  const evidence = input.meterEvidence.get(key);
  const seenByMeter = meterVerdict(evidence, { state, enforcement, around: measured });
  const around = seenByMeter === undefined ? measured : { ...measured, seenByMeter };
  const obedience = obedienceOf(enforcement, around);
  const use = switchesPhases(spec, charger)
    ? phaseUseOf(input.phaseUse.get(key), state.transaction?.id ?? '', input.nowMs)
    : undefined;
  const whole = spec.usesAllPhases === true || (use !== undefined && obedience === 'overdrawing');
  const terminals =
    whole || spec.lineToLine === true ? undefined : terminalsOf(use, state, enforcement, around);
  const phases = loadedPhases(wiring, terminals);
  const inert = cannotDraw(charger, state);
  const worst = inert ? 0 : worstAmps(enforcement, around);
  const profileLimit = input.profiles.connectors.get(key);
  const wakeUp = input.wakeUps.get(key);
  return {
    key,
    charger: spec,
    connector: state.connector,
    state,
    circuit: input.tree.indexOf.get(spec.circuit) ?? 0,
    role: roleOf(state, around, obedience, enforcement.failures > 0),
    phases,
    phaseUnknown: isPhaseUnknown(wiring, terminals),
    wiring,
    use,
    powerPhases: use?.told === 1 ? 1 : phaseCount(phases),
    around,
    enforcement,
    obedience,
    obedienceBasis: basisOf(obedience, around, evidence),
    worstAmps: worst,
    raiseWorstAmps: inert ? 0 : raiseWorstAmps(enforcement, around, worst),
    worstSiteAmps: spread(phases, worst),
    drawSiteAmps:
      state.terminalAmps === undefined ? undefined : siteDraw(wiring, state.terminalAmps),
    profileLimit,
    wakeUp: wakeUp?.stay === state.transaction?.id ? wakeUp : undefined,
  };
};

const basisOf = (
  obedience: ConnectorTick['obedience'],
  { seenByMeter }: Surroundings,
  evidence: MeterEvidence | undefined,
): string | undefined => {
  if (obedience !== 'confirmed' && obedience !== 'overdrawing') return undefined;
  return seenByMeter === undefined || evidence === undefined
    ? 'measured by the charger'
    : evidenceText(evidence);
};

/** Of a charger that is switched, what was seen before the last switch says nothing. */
const terminalsOf = (
  use: PhaseUse | undefined,
  { transaction }: ConnectorState,
  enforcement: Enforcement,
  around: Surroundings,
): readonly boolean[] | undefined =>
  use === undefined ? transaction?.activeTerminals : terminalsInUse(use, enforcement, around);

const surroundings = (
  { nowMs, fallbackProven, settings, clocksAheadMs }: TickInput,
  spec: ChargerSpec,
  charger: ChargerState,
  state: ConnectorState,
): Surroundings => {
  const fresh =
    nowMs - (state.measuredAtMs ?? Number.NEGATIVE_INFINITY) < settings.measurementLifeMs;
  const clockAheadMs = clocksAheadMs.get(spec.id);
  return {
    nowMs,
    online: charger.online,
    inTransaction: state.transaction !== undefined,
    fallbackAmps: fallbackProven.has(spec.id) ? spec.fallbackAmps : undefined,
    maxAmps: spec.maxAmps,
    ...(clockAheadMs === undefined ? {} : { clockAheadMs }),
    measuredAmps:
      fresh && state.terminalAmps !== undefined
        ? wiredMost(spec.phases, state.terminalAmps)
        : undefined,
    measuredAtMs: fresh ? state.measuredAtMs : undefined,
  };
};

const wiredMost = (wiring: readonly number[], terminalAmps: PhaseAmps): number => {
  let most = 0;
  for (let terminal = 0; terminal < wiring.length; terminal += 1) {
    most = Math.max(most, terminalAmps[terminal] ?? 0);
  }
  return most;
};

/** An online charger that says so cannot start a car on this connector. */
const cannotDraw = (charger: ChargerState, state: ConnectorState): boolean =>
  charger.online &&
  state.transaction === undefined &&
  (state.status === 'faulted' || state.status === 'unavailable');

const roleOf = (
  state: ConnectorState,
  around: Surroundings,
  obedience: ConnectorTick['obedience'],
  unproven: boolean,
): ConnectorRole => {
  if (!around.online || unproven || obedience === 'refused' || obedience === 'overdrawing')
    return 'reserved';
  if (around.inTransaction) return 'shared';
  // Whoever is done and still plugged in has to begin a transaction first, as the next car has.
  return state.status === 'available' || state.status === 'finishing' ? 'idle' : 'reserved';
};

/** Draw per site phase, at least and at most, given what was measured and ordered since. */
export const drawBounds = (
  tick: ConnectorTick,
): { readonly lowerAmps: PhaseAmps; readonly upperAmps: PhaseAmps } => {
  const { around, enforcement, worstSiteAmps } = tick;
  if (tick.drawSiteAmps === undefined || around.measuredAtMs === undefined) {
    const possible = around.inTransaction || !around.online || tick.state.status === 'charging';
    return { lowerAmps: NO_AMPS, upperAmps: possible ? worstSiteAmps : NO_AMPS };
  }
  // What a charger claims beyond its rating would hide the load of others on the meter.
  const drawSiteAmps = minAmps(tick.drawSiteAmps, sameAmps(tick.charger.maxAmps));
  const change = lastChange(enforcement, around.measuredAtMs);
  if (change === undefined) return { lowerAmps: drawSiteAmps, upperAmps: drawSiteAmps };
  const low = spread(tick.phases, change.leastAmps);
  const high = spread(tick.phases, change.mostAmps);
  return {
    lowerAmps: minAmps(drawSiteAmps, low),
    upperAmps: maxAmps(drawSiteAmps, high),
  };
};

/** A measurement taken this soon after a change may still show the current of before. */
const FOLLOW_MS = 5_000;

/** Offers since a measurement, where there were others: what is drawn may be anything between. */
export const lastChange = (
  { changed, pending, accepted, lastRaiseAtMs = Number.NEGATIVE_INFINITY }: Enforcement,
  measuredAtMs: number,
): { readonly leastAmps: number; readonly mostAmps: number } | undefined => {
  const change =
    pending === undefined
      ? changed
      : { fromAmps: accepted?.amps ?? pending.amps, toAmps: pending.amps };
  if (change === undefined) return undefined;
  if (pending === undefined && measuredAtMs > (changed?.atMs ?? 0) + FOLLOW_MS) return undefined;
  const { fromAmps, toAmps } = change;
  const least = Math.min(fromAmps, toAmps);
  // A measurement of before the last raise does not tell what was drawn under it.
  const raised = measuredAtMs <= lastRaiseAtMs + FOLLOW_MS;
  return { leastAmps: least, mostAmps: raised ? Math.max(fromAmps, toAmps) : toAmps };
};
