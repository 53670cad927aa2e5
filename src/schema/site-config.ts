import { ChargerSchema } from './charger-config.ts';
import { address, amps, id, perPhase, strict } from './config-parts.ts';
import { EmsSchema } from './ems-config.ts';
import { MeterSchema } from './meter-config.ts';
import { oneOf, type Static, Type } from './typebox.ts';
import {
  ControllerSchema,
  LimitReportsSchema,
  MirrorSchema,
  RuleSchema,
  StationSchema,
} from './upstream-config.ts';

const CircuitSchema = Type.Object(
  {
    id: id('Name of the circuit, used everywhere'),
    parent: Type.Optional(id('Circuit that feeds this one; the first circuit has none')),
    limitAmps: perPhase('Fuse or cable: amps per phase, one number or [L1, L2, L3]'),
    limitWatts: Type.Optional(
      Type.Number({ minimum: 0, description: 'Power limit of the circuit' }),
    ),
    unbalanceAmps: Type.Optional(
      amps(
        'Most by which charging on one phase may be above another (Germany: 20); a charger that never measures counts alike on all its phases',
      ),
    ),
    marginAmps: amps(
      'Kept free below the limit; half of it is used before a charging car is stopped',
      1,
    ),
    meter: Type.Optional(id('Meter that measures everything on this circuit')),
    assumedLoadAmps: Type.Optional(
      perPhase('Load of others when there is no meter or it is lost; the worst case, not the mean'),
    ),
    stepReserveQuantile: Type.Optional(
      Type.Number({
        minimum: 0.5,
        maximum: 1,
        description:
          'Needs a meter. Raises leave room for this quantile of the worst upward steps of other loads (rises within 10 s; the worst of every 5 minutes of the last 24 h); 1: the worst of all. Nothing until an hour was seen, also after a restart. Reduces nothing and delays no start',
      }),
    ),
  },
  strict,
);

const UnknownChargersSchema = Type.Union(
  [
    Type.Literal('reject'),
    Type.Object(
      {
        adopt: id('Circuit that feeds chargers which nobody listed'),
        maxAmps: Type.Optional(amps('Rating of each of their connectors; 32 when absent')),
        fallbackAmps: Type.Optional(
          amps('What they do by themselves when they no longer hear us; 6 when absent'),
        ),
      },
      strict,
    ),
  ],
  {
    default: 'reject',
    description:
      'Chargers that are not listed: reject, or adopt them into a circuit once the CSMS accepted them',
  },
);

const OutageSchema = Type.Union([Type.Literal('answer'), Type.Literal('close')], {
  default: 'answer',
  description:
    'While the CSMS is away: answer (chargers go on, messages are held on disk) or close (chargers are disconnected and keep their messages themselves)',
});

/** The site file (YAML). Everything has its default and its bounds here. */
export const SiteConfigSchema = Type.Object(
  {
    version: Type.Literal(1, { description: 'Version of this file format' }),
    site: Type.Object(
      {
        id: id('Name of the site: part of MQTT topics'),
        timezone: Type.String({ default: 'UTC', description: 'IANA zone, e.g. Europe/Berlin' }),
        voltage: Type.Number({
          minimum: 100,
          maximum: 500,
          default: 230,
          description: 'Phase to neutral',
        }),
      },
      strict,
    ),
    listen: Type.Object(
      {
        ocpp: address('Where chargers connect', '0.0.0.0:9000'),
        http: address('Page, API and metrics', '127.0.0.1:8080'),
        token: Type.Optional(
          Type.String({
            minLength: 16,
            description: 'Needed by everybody when http is not loopback',
          }),
        ),
        pingSeconds: Type.Integer({ minimum: 0, maximum: 3_600, default: 25 }),
      },
      { ...strict, default: {} },
    ),
    upstream: Type.Object(
      {
        url: Type.String({
          pattern: '^wss?://',
          description: 'CSMS; the identity of the charger is appended',
          errorMessage: 'must be ws://... or wss://...',
        }),
        mode: Type.Union([Type.Literal('per-charger'), Type.Literal('aggregate')], {
          default: 'per-charger',
          description:
            'per-charger: the CSMS sees every charger; aggregate: it sees one station, upstream.station',
        }),
        station: Type.Optional(StationSchema),
        controller: Type.Optional(ControllerSchema),
        limitReports: Type.Optional(LimitReportsSchema),
        mirrors: Type.Array(MirrorSchema, { default: [], maxItems: 16 }),
        rules: Type.Array(RuleSchema, { default: [], maxItems: 256 }),
        outage: OutageSchema,
        unknownTokens: Type.Union(
          [Type.Literal('charger'), Type.Literal('accept'), Type.Literal('reject')],
          {
            default: 'charger',
            description:
              'While the CSMS is away, cards that neither list nor cache knows: as the charger is set (AllowOfflineTxForUnknownId), or always accepted or rejected',
          },
        ),
        unknownBoot: Type.Union([Type.Literal('pending'), Type.Literal('reject')], {
          default: 'pending',
          description: 'While the CSMS is away, chargers that it never accepted',
        }),
        replayPerSecond: Type.Integer({
          minimum: 1,
          maximum: 10_000,
          default: 250,
          description: 'Messages per second delivered to the CSMS after an outage, all chargers',
        }),
        flushAbsentAfterHours: Type.Number({
          minimum: 0,
          maximum: 8_760,
          default: 24,
          description:
            'Messages held of a charger that stays away are delivered without it after so long; 0: never',
        }),
        pingSeconds: Type.Integer({ minimum: 0, maximum: 3_600, default: 25 }),
      },
      strict,
    ),
    journal: Type.Object(
      {
        mostMegabytes: Type.Integer({
          minimum: 8,
          maximum: 65_536,
          default: 768,
          description: 'Space for messages held; above it meter values are thinned out',
        }),
        mostDays: Type.Integer({
          minimum: 1,
          maximum: 3_650,
          default: 60,
          description: 'Meter values held longer are dropped; starts and stops never',
        }),
      },
      { ...strict, default: {} },
    ),
    circuits: Type.Array(CircuitSchema, { minItems: 1, maxItems: 256 }),
    meters: Type.Array(MeterSchema, { default: [], maxItems: 256 }),
    chargers: Type.Array(ChargerSchema, { default: [], maxItems: 5_000 }),
    unknownChargers: UnknownChargersSchema,
    ems: EmsSchema,
    enforcement: Type.Object(
      {
        lifeSeconds: Type.Integer({
          minimum: 30,
          maximum: 3_600,
          default: 120,
          description: 'Life of an offer at the charger; renewed at half of it',
        }),
        csmsProfiles: Type.Union([Type.Literal('virtualised'), Type.Literal('overlay')], {
          default: 'virtualised',
          description:
            'Charging profiles of the CSMS: virtualised (kept, merged and answered here) or overlay (relayed; the site limits the charger as a whole)',
        }),
        remoteStopAfterSeconds: Type.Optional(
          Type.Integer({
            minimum: 60,
            maximum: 86_400,
            description:
              'Stops a transaction that draws more than its limit, or refuses it, for so long; absent: never',
          }),
        ),
        raisesPerDay: Type.Integer({
          minimum: 1,
          maximum: 100_000,
          default: 300,
          description:
            'Raises per charger and day where they are written to memory that wears out; reductions always pass',
        }),
      },
      { ...strict, default: {} },
    ),
    arrivalReserve: Type.Integer({
      minimum: 0,
      maximum: 5_000,
      default: 1,
      description: 'Idle connectors whose fallback is kept free for the next cars to start',
    }),
    policy: Type.Union(
      [
        Type.String({ minLength: 1, maxLength: 200 }),
        Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { minItems: 1, maxItems: 8 }),
      ],
      {
        default: 'need-weighted',
        description: 'How power is shared: name in policies/, ./file.yaml, or a list of them',
      },
    ),
    dataDir: Type.String({
      default: './data',
      description: 'What survives a restart; a relative path begins where busbar is started',
    }),
    logLevel: oneOf(['trace', 'debug', 'info', 'warn', 'error'], { default: 'info' }),
  },
  { ...strict, title: 'Busbar site', $schema: 'http://json-schema.org/draft-07/schema#' },
);

export type SiteConfig = Static<typeof SiteConfigSchema>;
