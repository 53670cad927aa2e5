import type { ChargerEvent, Measurement } from './charger-event.ts';
import {
  type Abilities,
  type ChargerState,
  type ConnectorState,
  type TransactionState,
  UNKNOWN_ABILITIES,
} from './charger-state.ts';
import type { PhaseAmps } from './units.ts';

/** A terminal that carries more than this is in use by the car. */
export const ACTIVE_AMPS = 1;
/** Terminals without current are believed unused after this long of charging. */
export const PHASES_LEARNED_AFTER_MS = 60_000;
/** A charger is never believed to have more connectors than this. */
const CONNECTORS_MOST = 64;

export const newCharger = (id: string, connectors: number, atMs: number): ChargerState => ({
  id,
  online: false,
  onlineChangedAtMs: atMs,
  abilities: UNKNOWN_ABILITIES,
  connectors: new Map(
    Array.from({ length: connectors }, (_, i) => [i + 1, newConnector(i + 1, atMs)]),
  ),
});

export const withOnline = (
  charger: ChargerState,
  online: boolean,
  atMs: number,
  version?: ChargerState['version'],
): ChargerState => ({
  ...charger,
  online,
  onlineChangedAtMs: atMs,
  ...(version === undefined ? {} : { version }),
});

export const withAbilities = (charger: ChargerState, abilities: Abilities): ChargerState => ({
  ...charger,
  abilities,
});

/** The charger as known after one more event. Copies only what changed. */
export const foldCharger = (
  charger: ChargerState,
  event: ChargerEvent,
  atMs: number,
): ChargerState => {
  switch (event.type) {
    case 'booted': {
      const { vendor, model, firmware, serial } = event;
      const facts = { vendor, model, ...(firmware && { firmware }), ...(serial && { serial }) };
      return { ...charger, ...facts };
    }
    case 'status':
      return onConnector(charger, event.connector, atMs, (state) => withStatus(state, event, atMs));
    case 'charging-state': {
      const connector = event.connector ?? connectorOf(charger, event.transactionId);
      return onConnector(charger, connector, atMs, (state) => ({
        ...withTransaction(state, event.transactionId, atMs),
        status: event.status,
        statusAtMs: atMs,
      }));
    }
    case 'transaction-started':
      return onConnector(charger, event.connector, atMs, (state) => {
        const { transactionId, idToken, meterStartWh } = event;
        const transaction: TransactionState = {
          id: transactionId,
          startedAtMs: atMs,
          ...(idToken === undefined ? {} : { idToken }),
          ...(meterStartWh === undefined ? {} : { meterStartWh }),
        };
        return { ...withoutDraw(state), transaction };
      });
    case 'transaction-ended': {
      const connector = connectorOf(charger, event.transactionId) ?? event.connector;
      return onConnector(charger, connector, atMs, (state) => {
        if (state.transaction !== undefined && state.transaction.id !== event.transactionId) {
          return state;
        }
        const { transaction: _ended, ...rest } = withoutDraw(state);
        return rest;
      });
    }
    case 'measured': {
      const known =
        event.transactionId === undefined ? undefined : connectorOf(charger, event.transactionId);
      const connector = known ?? event.connector;
      return onConnector(charger, connector, atMs, (state) => withMeasurement(state, event));
    }
  }
};

const newConnector = (connector: number, atMs: number): ConnectorState => ({
  connector,
  status: 'available',
  statusAtMs: atMs,
});

/** Connector 0 is the charger as a whole: it has no state of its own here. */
const onConnector = (
  charger: ChargerState,
  connector: number | undefined,
  atMs: number,
  change: (state: ConnectorState) => ConnectorState,
): ChargerState => {
  if (connector === undefined || connector < 1 || connector > CONNECTORS_MOST) return charger;
  const state = charger.connectors.get(connector) ?? newConnector(connector, atMs);
  const changed = change(state);
  if (changed === charger.connectors.get(connector)) return charger;
  return { ...charger, connectors: new Map(charger.connectors).set(connector, changed) };
};

const connectorOf = ({ connectors }: ChargerState, transactionId: string): number | undefined => {
  for (const state of connectors.values()) {
    if (state.transaction?.id === transactionId) return state.connector;
  }
  return undefined;
};

/**
 * A connector that is free again has no transaction, whatever became of its end message; a 2.x
 * status of Occupied says less than the state of the transaction and does not replace it.
 */
const withStatus = (
  state: ConnectorState,
  event: Extract<ChargerEvent, { type: 'status' }>,
  atMs: number,
): ConnectorState => {
  const { status, errorCode } = event;
  const { errorCode: _cleared, ...rest } = state;
  const occupiedOnly = status === 'preparing' && state.transaction !== undefined;
  const next: ConnectorState = {
    ...rest,
    ...(errorCode === undefined ? {} : { errorCode }),
    status: occupiedOnly ? state.status : status,
    statusAtMs: atMs,
  };
  if (status !== 'available') return next;
  const { transaction: _gone, ...free } = withoutDraw(next);
  return free;
};

/** A transaction that is heard of without its start, e.g. after a restart of the gateway. */
const withTransaction = (state: ConnectorState, id: string, atMs: number): ConnectorState =>
  state.transaction?.id === id ? state : { ...state, transaction: { id, startedAtMs: atMs } };

const withoutDraw = (state: ConnectorState): ConnectorState => {
  const {
    terminalAmps: _amps,
    watts: _watts,
    measuredAtMs: _at,
    socPercent: _soc,
    ...rest
  } = state;
  return rest;
};

const withMeasurement = (state: ConnectorState, measured: Measurement): ConnectorState => {
  const { terminalAmps, watts, energyWh, socPercent, transactionId, atMs } = measured;
  const known = transactionId === undefined ? state : withTransaction(state, transactionId, atMs);
  const next: ConnectorState = {
    ...known,
    ...(terminalAmps === undefined ? {} : { terminalAmps, measuredAtMs: atMs }),
    ...(watts === undefined ? {} : { watts }),
    ...(energyWh === undefined ? {} : { energyWh }),
    ...(socPercent === undefined ? {} : { socPercent }),
  };
  if (next.transaction === undefined || terminalAmps === undefined) return next;
  return { ...next, transaction: learnTerminals(next.transaction, terminalAmps, atMs) };
};

/**
 * Which terminals the car uses. One with current is known at once; one without is only believed
 * unused after the others carried current long enough, since cars start phase by phase.
 */
const learnTerminals = (
  transaction: TransactionState,
  terminalAmps: PhaseAmps,
  atMs: number,
): TransactionState => {
  const carrying = terminalAmps.map((amps) => amps > ACTIVE_AMPS);
  if (!carrying.includes(true)) return transaction;
  const { activeSinceMs = atMs, activeTerminals } = transaction;
  if (activeTerminals !== undefined) {
    const merged = activeTerminals.map((active, i) => active || carrying[i] === true);
    return { ...transaction, activeSinceMs, activeTerminals: merged };
  }
  const learned = atMs - activeSinceMs >= PHASES_LEARNED_AFTER_MS;
  return { ...transaction, activeSinceMs, ...(learned ? { activeTerminals: carrying } : {}) };
};
