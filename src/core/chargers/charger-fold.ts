import type { PhaseAmps } from '../units.ts';
import type { ChargerEvent, ConnectorStatus, Measurement } from './charger-event.ts';
import {
  type Abilities,
  type ChargerState,
  type ConnectorState,
  type TransactionState,
  UNKNOWN_ABILITIES,
} from './charger-state.ts';

/** A terminal that carries more than this is in use by the car. */
export const ACTIVE_AMPS = 1;
/** A car that draws at least this follows an offer: below it pauses, or its battery is full. */
export const FOLLOWING_AMPS = 4;
/** Terminals without current are believed unused after this long of charging. */
export const PHASES_LEARNED_AFTER_MS = 60_000;
/** A connector that is said to be free loses a transaction nobody speaks of after this long. */
export const STALE_TRANSACTION_AFTER_MS = 90_000;
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

/**
 * The charger as known after one more event. Copies only what changed. Connector 0 and numbers
 * beyond what a charger can have change nothing. `atMs` is monotonic.
 */
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
    case 'charging-state':
      return onConnector(charger, placeOf(charger, event), atMs, (state) =>
        withChargingState(state, event, atMs),
      );
    case 'transaction-started':
      return onConnector(charger, event.connector, atMs, (state) => withStart(state, event, atMs));
    case 'transaction-ended':
      return onConnector(charger, placeOf(charger, event), atMs, (state) =>
        withEnd(state, event.transactionId, atMs),
      );
    case 'car-needs': {
      const { connector, socPercent } = event;
      if (socPercent === undefined) return charger;
      return onConnector(charger, connector, atMs, (state) => ({ ...state, socPercent }));
    }
    case 'measured':
      return onConnector(charger, placeOf(charger, event), atMs, (state) =>
        withMeasurement(state, event),
      );
  }
};

/**
 * Chargers lie about being free: some say "Available" while a car charges, or of one plug of two.
 * So a status does not end a transaction; only when the connector has been free and nothing was
 * heard of the transaction for STALE_TRANSACTION_AFTER_MS, its end was lost and it goes.
 */
export const withoutStaleTransactions = (charger: ChargerState, nowMs: number): ChargerState => {
  if (!charger.online) return charger;
  let known = charger;
  for (const { connector, status, statusAtMs, transaction } of charger.connectors.values()) {
    if (status !== 'available' || transaction === undefined) continue;
    const seenAtMs = transaction.seenAtMs ?? transaction.startedAtMs;
    const heardAtMs = Math.max(statusAtMs, seenAtMs, charger.onlineChangedAtMs);
    if (nowMs - heardAtMs < STALE_TRANSACTION_AFTER_MS) continue;
    known = onConnector(known, connector, nowMs, (state) => withoutTransaction(state));
  }
  return known;
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

/**
 * The connector that an event is about: where its transaction is known to be, else where it says,
 * else the only one there is (2.x need not repeat the EVSE).
 */
const placeOf = (
  { connectors }: ChargerState,
  event: { readonly connector?: number; readonly transactionId?: string },
): number | undefined => {
  if (event.transactionId !== undefined) {
    for (const state of connectors.values()) {
      if (state.transaction?.id === event.transactionId) return state.connector;
    }
  }
  if ((event.connector ?? 0) > 0) return event.connector;
  const [only] = connectors.keys();
  return connectors.size === 1 && event.transactionId !== undefined ? only : event.connector;
};

/** `statusAtMs` tells since when: chargers repeat themselves. */
const inStatus = (state: ConnectorState, status: ConnectorStatus, atMs: number): ConnectorState =>
  state.status === status ? state : { ...state, status, statusAtMs: atMs };

/** A 2.x "Occupied" says less than the state of the transaction and does not replace it. */
const withStatus = (
  state: ConnectorState,
  { status, errorCode }: Extract<ChargerEvent, { type: 'status' }>,
  atMs: number,
): ConnectorState => {
  const { errorCode: _cleared, ...rest } = state;
  const next = errorCode === state.errorCode ? state : { ...rest, ...(errorCode && { errorCode }) };
  if (status === 'preparing' && state.transaction !== undefined) return next;
  return inStatus(next, status, atMs);
};

const withStart = (
  state: ConnectorState,
  event: Extract<ChargerEvent, { type: 'transaction-started' }>,
  atMs: number,
): ConnectorState => {
  const { transactionId: id, idToken, meterStartWh } = event;
  const facts = {
    ...(idToken === undefined ? {} : { idToken }),
    ...(meterStartWh === undefined ? {} : { meterStartWh }),
  };
  if (state.transaction?.id === id) {
    return { ...state, transaction: { ...state.transaction, ...facts, seenAtMs: atMs } };
  }
  const { endedTransactionId: _another, ...rest } = withoutDraw(state);
  return occupied(
    { ...rest, transaction: { id, startedAtMs: atMs, seenAtMs: atMs, ...facts } },
    atMs,
  );
};

/** A transaction on a connector that was last said to be free: that is over, until it says so anew. */
const occupied = (state: ConnectorState, atMs: number): ConnectorState =>
  state.status === 'available' ? inStatus(state, 'preparing', atMs) : state;

/** No energy flows after the end (2.x sends no status then, the cable is still in). */
const withEnd = (state: ConnectorState, id: string, atMs: number): ConnectorState => {
  if (state.transaction !== undefined && state.transaction.id !== id) return state;
  const free = { ...withoutTransaction(state), endedTransactionId: id };
  return ENERGY_STATES.has(state.status) ? inStatus(free, 'finishing', atMs) : free;
};

/** Of a connector in a transaction. */
export const ENERGY_STATES: ReadonlySet<ConnectorStatus> = new Set([
  'charging',
  'suspended-ev',
  'suspended-evse',
]);

/** A state is of the present: a transaction unknown so far takes the place of the known one. */
const withChargingState = (
  state: ConnectorState,
  { transactionId, status }: Extract<ChargerEvent, { type: 'charging-state' }>,
  atMs: number,
): ConnectorState => {
  if (transactionId === state.endedTransactionId) return state;
  const known = state.transaction?.id === transactionId ? state.transaction : undefined;
  const transaction = { ...(known ?? { id: transactionId, startedAtMs: atMs }), seenAtMs: atMs };
  return inStatus({ ...state, transaction }, status, atMs);
};

const withoutTransaction = (state: ConnectorState): ConnectorState => {
  const { transaction: _gone, ...free } = withoutDraw(state);
  return free;
};

const withoutDraw = (state: ConnectorState): ConnectorState => {
  const {
    terminalAmps: _amps,
    terminalsTold: _told,
    watts: _watts,
    measuredAtMs: _at,
    socPercent: _soc,
    ...rest
  } = state;
  return rest;
};

const withMeasurement = (state: ConnectorState, measured: Measurement): ConnectorState => {
  const { terminalAmps, terminalsTold, watts, energyWh, socPercent, transactionId, atMs } =
    measured;
  // Some chargers send a closing value after the end, with the current of before.
  if (transactionId !== undefined && transactionId === state.endedTransactionId) return state;
  const next: { -readonly [K in keyof ConnectorState]: ConnectorState[K] } = { ...state };
  if (terminalAmps !== undefined) {
    next.terminalAmps = terminalAmps;
    next.measuredAtMs = atMs;
  }
  if (terminalsTold !== undefined) next.terminalsTold = terminalsTold;
  if (watts !== undefined) next.watts = watts;
  if (energyWh !== undefined) next.energyWh = energyWh;
  if (socPercent !== undefined) next.socPercent = socPercent;
  const transaction = measuredTransaction(state.transaction, measured);
  if (transaction === undefined) return next;
  next.transaction = transaction;
  return state.transaction === undefined ? occupied(next, atMs) : next;
};

/**
 * The transaction after a measurement in it. One that is heard of for the first time, e.g. after a
 * restart of the gateway, is taken up, unless another one is known to be running.
 */
const measuredTransaction = (
  known: TransactionState | undefined,
  { transactionId, terminalAmps, terminalsTold, atMs }: Measurement,
): TransactionState | undefined => {
  const heard = transactionId === undefined ? undefined : { id: transactionId, startedAtMs: atMs };
  const transaction = known ?? heard;
  if (transaction === undefined) return undefined;
  const carries = terminalAmps?.some((amps) => amps > ACTIVE_AMPS) ?? false;
  const seen = carries || transactionId === transaction.id;
  const current = seen ? { ...transaction, seenAtMs: atMs } : transaction;
  return terminalAmps === undefined
    ? current
    : learnTerminals(current, terminalAmps, terminalsTold, atMs);
};

/**
 * Which terminals the car uses. One with current is known at once; one without is only believed
 * unused after the others carried current long enough without a pause, since cars start phase by
 * phase, and never when the charger does not measure it.
 */
const learnTerminals = (
  transaction: TransactionState,
  terminalAmps: PhaseAmps,
  told: readonly boolean[] | undefined,
  atMs: number,
): TransactionState => {
  const { activeTerminals: known } = transaction;
  const carrying = terminalAmps.map((amps) => amps > ACTIVE_AMPS);
  if (known !== undefined) {
    if (known.every((used, t) => used || carrying[t] !== true)) return transaction;
    return {
      ...transaction,
      activeTerminals: known.map((used, t) => used || carrying[t] === true),
    };
  }
  const { activeTerminals: _none, carriedTerminals, activeSinceMs, ...rest } = transaction;
  const carried = carrying.map(
    (now, t) => now || told?.[t] === false || carriedTerminals?.[t] === true,
  );
  const next = { ...rest, carriedTerminals: carried };
  if (Math.max(...terminalAmps) < FOLLOWING_AMPS) return next;
  const sinceMs = activeSinceMs ?? atMs;
  const learned = atMs - sinceMs >= PHASES_LEARNED_AFTER_MS;
  return { ...next, activeSinceMs: sinceMs, ...(learned ? { activeTerminals: carried } : {}) };
};
