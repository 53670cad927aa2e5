import { toldPhases } from '../../core/chargers/told-limit.ts';
import type { Log } from '../../core/log.ts';
import type { Cycle } from '../../core/tick.ts';
import type { Interception } from '../../gateway/interceptor.ts';
import { dropMember } from '../../ocpp/drop-member.ts';
import type { Frame } from '../../ocpp/frame.ts';
import { readInteger, readObject } from '../../ocpp/payload.ts';
import { compositeAnswer, profileReports, statusAnswer } from '../../ocpp/profile-answers.ts';
import type { ProfileFault } from '../../ocpp/profile-fields.ts';
import {
  readClearProfile,
  readComposite,
  readDynamicUpdate,
  readGetProfiles,
  readUsePriority,
} from '../../ocpp/profile-requests.ts';
import { profileIn, readProfile, readSetChargingProfile } from '../../ocpp/read-profile.ts';
import type { OcppVersion } from '../../ocpp/version.ts';
import { matching, ofThePast, replacedBy } from '../../profiles/book.ts';
import { compositeSchedule, stationSchedule } from '../../profiles/composite.ts';
import { PROFILES_KEPT_MOST, type ProfilePlace, refusalOf } from '../../profiles/validate.ts';
import { dynamicallyUpdated } from './dynamic-update.ts';
import { capsOf, contextOf, type ProfileScope } from './profile-scope.ts';
import type { ProfileShelf, ShelvedProfile } from './profile-shelf.ts';

/** One CALL of the CSMS about profiles, with everything that its answer depends on. */
export interface DeskCall {
  readonly charger: string;
  readonly version: OcppVersion;
  readonly call: Frame;
  readonly payload: unknown;
  readonly scope: ProfileScope;
  readonly shelf: ProfileShelf;
  readonly last: Cycle | undefined;
  /** Epoch ms. */
  readonly nowMs: number;
  readonly log: Log;
  readonly changed: () => void;
  /** Keeps the profile of a remote start until its transaction begins. */
  readonly await: (profile: ShelvedProfile) => void;
  /** Sends a CALL to the CSMS after the answer. */
  readonly later?: (action: string, payload: object) => void;
}

/** Undefined: the call is relayed as it came. */
type DeskAction = (call: DeskCall) => Interception | ProfileFault | undefined;

const answered = (payload: object | Promise<object>): Interception => ({
  do: 'answer',
  answer: payload instanceof Promise ? payload.then((body) => ({ payload: body })) : { payload },
});

const UNKNOWN_EVSE = { reasonCode: 'UnknownEvse', rule: 'K01.FR.28 unknown EVSE' } as const;
const NOT_KEPT = {
  reasonCode: 'InternalError',
  rule: 'the gateway cannot write to its disk',
} as const;

const setProfile: DeskAction = (desk) => {
  const { version, payload, shelf, charger, log } = desk;
  const read = readSetChargingProfile(version, payload);
  if ('problem' in read) return read;
  const { connector, profile } = read;
  const held = shelf.book(charger);
  // They are what the CSMS set, and are told of, until their room is needed.
  const over = held.length < PROFILES_KEPT_MOST ? [] : ofThePast(held, desk.nowMs);
  const installed = held.filter((each) => !over.includes(each));
  const place = { ...placeOf(desk, connector), installed };
  const refusal = refusalOf(profile, place);
  if (refusal !== undefined) {
    log.info('profile of the CSMS refused', { charger, profile: profile.id, rule: refusal.rule });
    return answered(statusAnswer(version, 'Rejected', refusal));
  }
  // A 1.6 TxProfile without an id is for the transaction that runs now.
  const transactionId = profile.purpose === 'tx' ? place.transactionId : undefined;
  const added: ShelvedProfile = {
    connector,
    receivedAtMs: desk.nowMs,
    version,
    profile: transactionId === undefined ? profile : { ...profile, transactionId },
    asSent: profileIn(version, payload),
  };
  const gone = replacedBy(installed, added, version);
  return kept(desk, shelf.put(charger, added, [...gone, ...over]));
};

/** Accepted once it is on disk; the tick takes it up at once. */
const kept = (desk: DeskCall, written: Promise<void>): Interception => {
  const { version, charger, log, changed } = desk;
  changed();
  return answered(
    written.then(
      () => statusAnswer(version, 'Accepted'),
      (error: unknown) => {
        log.error('profile of the CSMS not saved', { charger, problem: String(error) });
        changed();
        return statusAnswer(version, 'Rejected', NOT_KEPT);
      },
    ),
  );
};

const clearProfile: DeskAction = (desk) => {
  const { version, payload, shelf, charger, log, changed } = desk;
  const criteria = readClearProfile(version, payload);
  if ('problem' in criteria) return criteria;
  const gone = matching(shelf.book(charger), criteria);
  if (gone.length === 0) return answered(statusAnswer(version, 'Unknown'));
  changed();
  return answered(
    shelf.drop(charger, gone).then(
      () => statusAnswer(version, 'Accepted'),
      (error: unknown) => {
        log.error('profiles not removed from disk', { charger, problem: String(error) });
        return statusAnswer(version, 'Accepted');
      },
    ),
  );
};

const getComposite: DeskAction = (desk) => {
  const { version, payload, scope, shelf, last, charger, nowMs } = desk;
  const request = readComposite(version, payload);
  if ('problem' in request) return request;
  const { connector, durationSeconds } = request;
  if (connector > highestConnector(scope)) {
    return answered(statusAnswer(version, 'Rejected', UNKNOWN_EVSE));
  }
  const book = shelf.book(charger);
  const unit = request.unit ?? (book.every(inWatts) && book.length > 0 ? 'W' : 'A');
  const window = { fromMs: Math.floor(nowMs / 1000) * 1000, durationSeconds, unit };
  const on = (each: number) => ({
    context: contextOf(scope, each, shelf.running(charger, each)),
    caps: capsOf(last, charger, each),
  });
  const own = on(connector);
  const schedule =
    connector === 0
      ? stationSchedule(book, own.context, [...scope.state.connectors.keys()].map(on), window)
      : compositeSchedule(book, own.context, window.fromMs, durationSeconds, unit, own.caps);
  return answered(compositeAnswer(version, connector, schedule));
};

const inWatts = ({ profile }: ShelvedProfile): boolean => profile.schedule.unit === 'W';

const getProfiles: DeskAction = (desk) => {
  const request = readGetProfiles(desk.payload);
  if ('problem' in request) return request;
  // Profiles of other sources than the CSMS lie in the charger, if anywhere.
  if (!request.ofCsms) return undefined;
  const { later } = desk;
  if (later === undefined) {
    const description = 'profiles are kept by a gateway that cannot report them';
    return { do: 'answer', answer: { errorCode: 'NotSupported', description } };
  }
  const found = matching(desk.shelf.book(desk.charger), request.criteria);
  if (found.length === 0) return answered({ status: 'NoProfiles' });
  for (const report of profileReports(request.requestId, found)) {
    later('ReportChargingProfiles', report);
  }
  return answered({ status: 'Accepted' });
};

const usePriority: DeskAction = (desk) => {
  const { payload, version, scope, shelf, charger } = desk;
  const request = readUsePriority(payload);
  if ('problem' in request) return request;
  const connector = [...scope.state.connectors.keys()].find(
    (each) => shelf.running(charger, each)?.id === request.transactionId,
  );
  const running = connector === undefined ? undefined : shelf.running(charger, connector);
  if (connector === undefined || running === undefined) {
    const refusal = { reasonCode: 'TxNotFound', rule: 'K21 no such transaction' } as const;
    return answered(statusAnswer(version, 'Rejected', refusal));
  }
  const held = shelf
    .book(charger)
    .some(
      (each) =>
        each.profile.purpose === 'priority' &&
        (each.connector === 0 || each.connector === connector),
    );
  if (!held) return answered(statusAnswer(version, 'NoProfile'));
  shelf.setRunning(charger, connector, { ...running, priority: request.activate });
  desk.changed();
  return answered(statusAnswer(version, 'Accepted'));
};

const updateDynamic: DeskAction = (desk) => {
  const { payload, version, shelf, charger } = desk;
  const request = readDynamicUpdate(payload);
  if ('problem' in request) return request;
  const known = shelf.book(charger).find(({ profile }) => profile.id === request.id);
  if (known === undefined || known.profile.kind !== 'dynamic') {
    const rule = 'K28 no dynamic profile of that id';
    return answered(statusAnswer(version, 'Rejected', { reasonCode: 'InvalidProfile', rule }));
  }
  const made = dynamicallyUpdated(known, request.figures, desk.nowMs);
  return 'problem' in made ? made : kept(desk, shelf.put(charger, made.updated, []));
};

/** The profile inside a remote start stays here; the rest of the call goes on byte by byte. */
const remoteStart: DeskAction = (desk) => {
  const { version, payload, call, charger, log } = desk;
  const request = readObject(payload);
  if (request['chargingProfile'] === undefined) return undefined;
  const read = readProfile(version, request['chargingProfile']);
  if ('problem' in read) return read;
  const connector = readInteger(request[version === '1.6' ? 'connectorId' : 'evseId']) ?? 0;
  const refusal = refusalOf(read.profile, { ...placeOf(desk, connector), withStart: true });
  const message = dropMember(call.bytes, call.payloadStart, 'chargingProfile');
  if (refusal !== undefined || message === undefined) {
    log.info('remote start with an unusable profile refused', { charger, rule: refusal?.rule });
    return answered(statusAnswer(version, 'Rejected', refusal));
  }
  desk.await({
    connector,
    receivedAtMs: desk.nowMs,
    version,
    profile: read.profile,
    asSent: readObject(request['chargingProfile']),
  });
  return { do: 'alter', message };
};

const placeOf = ({ version, scope, shelf, charger }: DeskCall, connector: number): ProfilePlace => {
  const { abilities } = scope.state;
  const { dcEfficiency } = scope.spec;
  const transactionId = shelf.running(charger, connector)?.id;
  return {
    version,
    connector,
    connectors: highestConnector(scope),
    installed: shelf.book(charger),
    phases: toldPhases(scope.spec),
    ...(dcEfficiency === undefined ? {} : { direct: true }),
    ...(transactionId === undefined ? {} : { transactionId }),
    ...(abilities.maxStackLevel === undefined ? {} : { maxStackLevel: abilities.maxStackLevel }),
    ...(abilities.maxPeriods === undefined ? {} : { maxPeriods: abilities.maxPeriods }),
    ...(abilities.phaseSwitching === undefined ? {} : { phaseSwitching: abilities.phaseSwitching }),
  };
};

const highestConnector = ({ spec, state }: ProfileScope): number =>
  Math.max(spec.connectors, ...state.connectors.keys());

const ACTIONS_16: ReadonlyMap<string, DeskAction> = new Map([
  ['SetChargingProfile', setProfile],
  ['ClearChargingProfile', clearProfile],
  ['GetCompositeSchedule', getComposite],
  ['RemoteStartTransaction', remoteStart],
]);
const ACTIONS_201: ReadonlyMap<string, DeskAction> = new Map([
  ['SetChargingProfile', setProfile],
  ['ClearChargingProfile', clearProfile],
  ['GetCompositeSchedule', getComposite],
  ['GetChargingProfiles', getProfiles],
  ['RequestStartTransaction', remoteStart],
]);
const ACTIONS_21: ReadonlyMap<string, DeskAction> = new Map([
  ...ACTIONS_201,
  ['UsePriorityCharging', usePriority],
  ['UpdateDynamicSchedule', updateDynamic],
]);

/** The actions that the desk answers or alters; everything else passes untouched. */
export const deskActions = (version: OcppVersion): ReadonlyMap<string, DeskAction> =>
  ({ '1.6': ACTIONS_16, '2.0.1': ACTIONS_201, '2.1': ACTIONS_21 })[version];
