import { type Payload, readInteger, readList, readObject } from '../../src/ocpp/payload.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import type { AggregateRun } from './aggregate-site.ts';

/** What a test says as the CSMS, and how it reads what it hears, in one version. */
export interface Words {
  /** "number card" of every start, in order. */
  readonly started: (run: AggregateRun) => readonly string[];
  readonly stopped: (run: AggregateRun) => readonly string[];
  readonly transactionIds: (run: AggregateRun) => readonly string[];
  /** Energy readings of one outlet. */
  readonly energies: (run: AggregateRun, number: number) => readonly number[];
  readonly start: (run: AggregateRun, number: number, card: string) => Promise<Payload>;
  readonly stop: (run: AggregateRun, id: string) => Promise<Payload>;
  readonly unlock: (run: AggregateRun, number: number) => Promise<Payload>;
  readonly trigger: (run: AggregateRun, message: string, number?: number) => Promise<Payload>;
  readonly availability: (run: AggregateRun, number: number, to: string) => Promise<Payload>;
  readonly profile: (run: AggregateRun, number: number, amps: number) => Promise<Payload>;
  readonly clear: (run: AggregateRun, number: number) => Promise<Payload>;
  readonly composite: (run: AggregateRun, number: number) => Promise<Payload>;
  readonly compositeOutlet: (answer: Payload) => unknown;
  readonly reserve: (run: AggregateRun, number: number, id: number) => Promise<Payload>;
  readonly refused: readonly (readonly [string, object])[];
  readonly configuration: readonly [string, object];
}

const EXPIRY = '2099-01-01T00:00:00Z';

const energiesOf = (values: readonly unknown[]): readonly number[] =>
  values.flatMap((value) =>
    readList(readObject(value)['sampledValue'])
      .map(readObject)
      .filter(({ measurand }) => measurand === 'Energy.Active.Import.Register')
      .map((sample) => Number(sample['value'])),
  );

const profileBody = {
  stackLevel: 1,
  chargingProfilePurpose: 'TxDefaultProfile',
  chargingProfileKind: 'Relative',
};

const words16: Words = {
  started: ({ heard }) =>
    heard('StartTransaction').map(({ connectorId, idTag }) => `${connectorId} ${idTag}`),
  stopped: ({ heard }) => heard('StopTransaction').map(({ transactionId }) => `${transactionId}`),
  transactionIds: ({ heard }) => [
    ...new Set(
      heard('MeterValues').flatMap(({ transactionId }) =>
        transactionId === undefined ? [] : [String(transactionId)],
      ),
    ),
  ],
  energies: ({ heard }, number) =>
    heard('MeterValues')
      .filter(({ connectorId }) => connectorId === number)
      .flatMap(({ meterValue }) => energiesOf(readList(meterValue))),
  start: ({ ask }, connectorId, idTag) => ask('RemoteStartTransaction', { connectorId, idTag }),
  stop: ({ ask }, id) => ask('RemoteStopTransaction', { transactionId: Number(id) }),
  unlock: ({ ask }, connectorId) => ask('UnlockConnector', { connectorId }),
  trigger: ({ ask }, requestedMessage, connectorId) =>
    ask('TriggerMessage', {
      requestedMessage,
      ...(connectorId === undefined ? {} : { connectorId }),
    }),
  availability: ({ ask }, connectorId, type) => ask('ChangeAvailability', { connectorId, type }),
  profile: ({ ask }, connectorId, amps) =>
    ask('SetChargingProfile', {
      connectorId,
      csChargingProfiles: {
        chargingProfileId: 5,
        ...profileBody,
        chargingSchedule: {
          chargingRateUnit: 'A',
          chargingSchedulePeriod: [{ startPeriod: 0, limit: amps }],
        },
      },
    }),
  clear: ({ ask }, connectorId) => ask('ClearChargingProfile', { connectorId }),
  composite: ({ ask }, connectorId) => ask('GetCompositeSchedule', { connectorId, duration: 600 }),
  compositeOutlet: (answer) => answer['connectorId'],
  reserve: ({ ask }, connectorId, reservationId) =>
    ask('ReserveNow', { connectorId, expiryDate: EXPIRY, idTag: 'CARD-1', reservationId }),
  refused: [
    ['UpdateFirmware', { location: 'ftp://files.example/', retrieveDate: EXPIRY }],
    ['GetInstalledCertificateIds', { certificateType: 'CentralSystemRootCertificate' }],
    ['UnlockConnector', { connectorId: 0 }],
  ],
  configuration: ['GetConfiguration', {}],
};

const token = (idToken: string) => ({ idToken, type: 'ISO14443' });
const events = ({ heard }: AggregateRun, eventType: string) =>
  heard('TransactionEvent').filter((event) => event['eventType'] === eventType);
const idOf = (event: Payload): string =>
  String(readObject(event['transactionInfo'])['transactionId']);

const words2x: Words = {
  started: (run) =>
    events(run, 'Started').map((event) => {
      const card = readObject(event['idToken'])['idToken'];
      return `${readInteger(readObject(event['evse'])['id'])} ${card}`;
    }),
  stopped: (run) => events(run, 'Ended').map(idOf),
  transactionIds: ({ heard }) => [...new Set(heard('TransactionEvent').map(idOf))],
  energies: ({ heard }, number) =>
    heard('TransactionEvent')
      .filter((event) => readObject(event['evse'])['id'] === number)
      .flatMap(({ meterValue }) => energiesOf(readList(meterValue))),
  start: ({ ask }, evseId, card) =>
    ask('RequestStartTransaction', { evseId, remoteStartId: 42, idToken: token(card) }),
  stop: ({ ask }, transactionId) => ask('RequestStopTransaction', { transactionId }),
  unlock: ({ ask }, evseId) => ask('UnlockConnector', { evseId, connectorId: 1 }),
  trigger: ({ ask }, requestedMessage, id) =>
    ask('TriggerMessage', {
      requestedMessage,
      ...(id === undefined ? {} : { evse: { id, connectorId: 1 } }),
    }),
  availability: ({ ask }, id, operationalStatus) =>
    ask('ChangeAvailability', { operationalStatus, ...(id === 0 ? {} : { evse: { id } }) }),
  profile: ({ ask }, evseId, amps) =>
    ask('SetChargingProfile', {
      evseId,
      chargingProfile: {
        id: 5,
        ...profileBody,
        chargingSchedule: [
          {
            id: 1,
            chargingRateUnit: 'A',
            chargingSchedulePeriod: [{ startPeriod: 0, limit: amps }],
          },
        ],
      },
    }),
  clear: ({ ask }, evseId) => ask('ClearChargingProfile', { chargingProfileCriteria: { evseId } }),
  composite: ({ ask }, evseId) => ask('GetCompositeSchedule', { evseId, duration: 600 }),
  compositeOutlet: (answer) => readObject(answer['schedule'])['evseId'],
  reserve: ({ ask }, evseId, id) =>
    ask('ReserveNow', { id, expiryDateTime: EXPIRY, idToken: token('CARD-1'), evseId }),
  refused: [
    ['UnpublishFirmware', { checksum: '0123456789abcdef0123456789abcdef' }],
    ['GetInstalledCertificateIds', {}],
    ['CustomerInformation', { requestId: 1, report: true, clear: false }],
  ],
  configuration: [
    'GetVariables',
    { getVariableData: [{ component: { name: 'ChargingStation' }, variable: { name: 'Model' } }] },
  ],
};

export const dialectOf = (version: OcppVersion): Words => (version === '1.6' ? words16 : words2x);
