import { type Static, Type } from './typebox.ts';

/**
 * The site as shown to people and machines: `/api/v1/state`, the live feed, MQTT and the page all
 * carry these objects. Amps arrays are per site phase [L1, L2, L3].
 */
const strict = { additionalProperties: false } as const;
const AmpsSchema = Type.Tuple([Type.Number(), Type.Number(), Type.Number()]);
const NullableAmps = Type.Union([AmpsSchema, Type.Null()]);
const NullableNumber = Type.Union([Type.Number(), Type.Null()]);
const NullableString = Type.Union([Type.String(), Type.Null()]);

const ReasonSchema = Type.Object(
  {
    kind: Type.String(),
    id: Type.String(),
    phase: Type.Optional(Type.String()),
    text: Type.String(),
  },
  strict,
);

export const CircuitViewSchema = Type.Object(
  {
    id: Type.String(),
    parent: NullableString,
    limitAmps: AmpsSchema,
    /** The tightest of fuse, EMS and every other limit, before the margin. */
    limitInForceAmps: AmpsSchema,
    limitInForceWatts: NullableNumber,
    limitReason: Type.String(),
    /** Id of its meter; null: it has none, and nothing is measured. */
    meter: Type.Optional(NullableString),
    measuredAmps: NullableAmps,
    measuredWatts: Type.Optional(NullableNumber),
    uncontrolledAmps: AmpsSchema,
    /** Kept free by raises for steps of other loads, where that is configured. */
    stepReserveAmps: Type.Optional(AmpsSchema),
    /** Sum of offers in force below this circuit. */
    offeredAmps: AmpsSchema,
    /** Sum of what every charger below may draw in the worst case. */
    worstCaseAmps: AmpsSchema,
    /** What is of use here now: load of others, and the rating of every connector with a car. */
    wantedAmps: Type.Optional(AmpsSchema),
  },
  strict,
);

export const MeterViewSchema = Type.Object(
  {
    id: Type.String(),
    device: Type.String(),
    quality: Type.String({ description: 'good, suspect, stale or absent' }),
    problem: NullableString,
    ageSeconds: NullableNumber,
    amps: NullableAmps,
    watts: NullableNumber,
    volts: NullableAmps,
    importWh: NullableNumber,
    exportWh: NullableNumber,
    role: Type.Optional(Type.String({ description: 'load, pv or battery' })),
  },
  strict,
);

export const ConnectorViewSchema = Type.Object(
  {
    connector: Type.Integer(),
    status: Type.String({
      description:
        'available, preparing, charging, suspended-ev, suspended-evse, finishing, reserved, ' +
        'unavailable or faulted; of a charger that is away what it said last',
    }),
    transactionId: NullableString,
    /** Amps per phase that the charger may use now, as far as confirmed. */
    offerAmps: Type.Number(),
    /** Amps the gateway wants it to have. */
    targetAmps: Type.Number(),
    /** Amps per site phase budgeted for it. */
    worstCaseAmps: AmpsSchema,
    drawAmps: NullableAmps,
    phases: Type.Array(Type.String()),
    /** Site phases at its terminals. */
    wiring: Type.Object(
      {
        /** Like L1L2L3, or unknown. */
        configured: Type.String(),
        /** As steps of its cars on the meter told: like L2????; null while nothing is established. */
        seen: NullableString,
        /** What it is reckoned with: a terminal that is ?? counts on every phase that is left. */
        inUse: Type.String(),
        steps: Type.Integer(),
        /** Share of the steps that agree. */
        confidencePercent: Type.Union([Type.Integer(), Type.Null()]),
      },
      strict,
    ),
    watts: NullableNumber,
    energyWh: NullableNumber,
    sessionWh: NullableNumber,
    socPercent: NullableNumber,
    obedience: Type.String({
      description:
        'What it makes of its offer: confirmed, pending, unverified, overdrawing, refused, silent ' +
        '(not connected) or idle',
    }),
    /** What that rests on: the charger's own measurement, or steps on the site's meter. */
    obedienceBasis: Type.Optional(NullableString),
    /** Since when it has been so. */
    obedienceSince: Type.String({ format: 'date-time' }),
    /** How it is told its limit: "TxProfile in A"; null when it takes none. */
    limitedBy: NullableString,
    reasons: Type.Array(ReasonSchema),
    /** The chain in one line. */
    reason: Type.String(),
  },
  strict,
);

export const ChargerViewSchema = Type.Object(
  {
    id: Type.String(),
    circuit: Type.String(),
    online: Type.Boolean(),
    version: NullableString,
    vendor: NullableString,
    model: NullableString,
    firmware: NullableString,
    upstream: Type.String({
      description:
        'Its link to the CSMS: connected, connecting, outage (served here), replaying (it gets what ' +
        'was held), refused (the CSMS does not let it in) or none',
    }),
    fallbackInstalled: Type.Boolean(),
    /** In what its make departs from the standard. */
    quirks: Type.Array(
      Type.Object({ id: Type.String(), why: Type.String(), advice: NullableString }, strict),
    ),
    /** Messages held for the CSMS. */
    backlog: Type.Object(
      {
        held: Type.Integer(),
        bytes: Type.Integer(),
        oldestAt: NullableString,
        /** Meter values dropped for want of space. */
        thinned: Type.Integer(),
        /** Messages set aside because the CSMS does not take them. */
        parked: Type.Integer(),
      },
      strict,
    ),
    connectors: Type.Array(ConnectorViewSchema),
  },
  strict,
);

export const LimitViewSchema = Type.Object(
  {
    source: Type.String(),
    circuit: Type.String(),
    state: Type.String({ description: 'active, failsafe or none' }),
    /** Of a source with a heartbeat: init, limited, unlimited-controlled, failsafe, ... */
    phase: Type.Optional(Type.String()),
    amps: NullableAmps,
    watts: NullableNumber,
    expiresInSeconds: NullableNumber,
    reason: NullableString,
  },
  strict,
);

export const SiteViewSchema = Type.Object(
  {
    id: Type.String(),
    at: Type.String({ format: 'date-time' }),
    version: Type.String(),
    tick: Type.Integer(),
    tickMs: Type.Number(),
    /** Plain sentences about what is wrong now; empty when all is well. */
    alarms: Type.Array(Type.String()),
    /** How power is shared now. */
    policy: Type.Optional(Type.String()),
    /** The policy that was chosen by request, by its name in ems.policies; null: of the site file. */
    chosenPolicy: Type.Optional(NullableString),
    /** What cars may take without drawing from the grid; null without a fresh meter. */
    surplusWatts: Type.Optional(NullableNumber),
    circuits: Type.Array(CircuitViewSchema),
    meters: Type.Array(MeterViewSchema),
    chargers: Type.Array(ChargerViewSchema),
    limits: Type.Array(LimitViewSchema),
    counters: Type.Record(Type.String(), Type.Number()),
  },
  strict,
);

export type SiteView = Static<typeof SiteViewSchema>;
export type CircuitView = Static<typeof CircuitViewSchema>;
export type MeterView = Static<typeof MeterViewSchema>;
export type ChargerView = Static<typeof ChargerViewSchema>;
export type ConnectorView = Static<typeof ConnectorViewSchema>;
export type LimitView = Static<typeof LimitViewSchema>;
