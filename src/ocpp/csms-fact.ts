import {
  LOCAL_LIST_MOST,
  type OfflineSwitches,
  readVerdict,
  type TokenVerdict,
  tokenIn,
} from './authorization.ts';
import { readInteger, readList, readObject, readText, readTime } from './payload.ts';
import type { OcppVersion } from './version.ts';

/** What a CSMS or charger said that matters once the CSMS is away. */
export type CsmsFact =
  | { readonly type: 'token'; readonly token: string; readonly verdict: TokenVerdict }
  /** It started a session for somebody, which may begin when it is away. */
  | { readonly type: 'remote-start'; readonly token: string }
  | { readonly type: 'boot'; readonly accepted: boolean; readonly intervalSeconds: number }
  | { readonly type: 'time'; readonly wallMs: number }
  | { readonly type: 'list'; readonly change: ListChange }
  | { readonly type: 'cache-cleared' }
  | { readonly type: 'switches'; readonly switches: OfflineSwitches }
  /** The charger will come with a new password. */
  | { readonly type: 'password'; readonly password: string };

/** SendLocalList as the charger accepted it: without a verdict an entry is removed. */
export interface ListChange {
  readonly full: boolean;
  readonly version: number;
  readonly entries: readonly { readonly token: string; readonly verdict?: TokenVerdict }[];
}

/** Calls of the charger whose answers say something. */
const CHARGER_CALLS: ReadonlySet<string> = new Set([
  'BootNotification',
  'Heartbeat',
  'Authorize',
  'StartTransaction',
  'StopTransaction',
  'TransactionEvent',
]);
const CSMS_CALLS: ReadonlySet<string> = new Set([
  'RemoteStartTransaction',
  'RequestStartTransaction',
  'SendLocalList',
  'ClearCache',
  'ChangeConfiguration',
  'GetConfiguration',
  'SetVariables',
  'GetVariables',
]);

export const tellsFacts = (from: 'charger' | 'csms', action: string): boolean =>
  (from === 'charger' ? CHARGER_CALLS : CSMS_CALLS).has(action);

/** Said of a card in use, or of the place where it was shown: no reason to refuse it elsewhere. */
const OF_THE_MOMENT: ReadonlySet<string> = new Set(['ConcurrentTx', 'NotAllowedTypeEVSE']);

/** What the CSMS's answer to a charger's call says. `request` is read only where it is needed. */
export const factsOfAnswer = (
  version: OcppVersion,
  action: string,
  request: () => unknown,
  response: unknown,
): readonly CsmsFact[] => {
  const answer = readObject(response);
  const time = timeFact(answer['currentTime']);
  if (action === 'BootNotification') {
    const accepted = answer['status'] === 'Accepted';
    const intervalSeconds = readInteger(answer['interval']) ?? 0;
    return [{ type: 'boot', accepted, intervalSeconds }, ...time];
  }
  if (action === 'Heartbeat') return time;
  const verdict = readVerdict(version, answer[version === '1.6' ? 'idTagInfo' : 'idTokenInfo']);
  if (verdict === undefined || OF_THE_MOMENT.has(verdict.status)) return [];
  const token = tokenIn(version, request());
  return token === undefined ? [] : [{ type: 'token', token: token.id, verdict }];
};

/** What the charger's answer to a call of the CSMS (or of ours) says. */
export const factsOfCsmsCall = (
  version: OcppVersion,
  action: string,
  request: unknown,
  response: unknown,
): readonly CsmsFact[] => {
  const asked = readObject(request);
  const answer = readObject(response);
  const accepted = answer['status'] === 'Accepted';
  switch (action) {
    case 'RemoteStartTransaction':
    case 'RequestStartTransaction': {
      const token = accepted ? tokenIn(version, asked)?.id : undefined;
      return token === undefined ? [] : [{ type: 'remote-start', token }];
    }
    case 'SendLocalList':
      return accepted ? [{ type: 'list', change: listChange(version, asked) }] : [];
    case 'ClearCache':
      return accepted ? [{ type: 'cache-cleared' }] : [];
    case 'ChangeConfiguration': {
      const done = accepted || answer['status'] === 'RebootRequired';
      return done ? factsOfSetting(String(asked['key']), asked['value']) : [];
    }
    case 'GetConfiguration':
      return readList(answer['configurationKey'])
        .map(readObject)
        .flatMap((each) => factsOfSetting(String(each['key']), each['value']));
    case 'SetVariables':
      return variables(answer['setVariableResult'], asked['setVariableData']);
    case 'GetVariables':
      return variables(answer['getVariableResult'], answer['getVariableResult']);
    default:
      return [];
  }
};

const timeFact = (value: unknown): readonly CsmsFact[] => {
  const wallMs = readTime(value);
  return wallMs === undefined ? [] : [{ type: 'time', wallMs }];
};

const listChange = (version: OcppVersion, asked: ReturnType<typeof readObject>): ListChange => ({
  full: asked['updateType'] === 'Full',
  version: readInteger(asked[version === '1.6' ? 'listVersion' : 'versionNumber']) ?? 0,
  entries: readList(asked['localAuthorizationList'], LOCAL_LIST_MOST + 1)
    .map(readObject)
    .flatMap((entry) => {
      const token = tokenIn(version, entry)?.id;
      const verdict = readVerdict(version, entry[version === '1.6' ? 'idTagInfo' : 'idTokenInfo']);
      if (token === undefined) return [];
      return [verdict === undefined ? { token } : { token, verdict }];
    }),
});

/** Names in lower case of 1.6 keys and 2.x `component.variable`. */
const SWITCHES: ReadonlyMap<string, keyof OfflineSwitches> = new Map([
  ['localauthorizeoffline', 'authorizeOffline'],
  ['allowofflinetxforunknownid', 'acceptUnknown'],
  ['localauthlistenabled', 'listEnabled'],
  ['authorizationcacheenabled', 'cacheEnabled'],
  ['stoptransactiononinvalidid', 'stopOnInvalid'],
  ['authctrlr.localauthorizeoffline', 'authorizeOffline'],
  ['authctrlr.offlinetxforunknownidenabled', 'acceptUnknown'],
  ['localauthlistctrlr.enabled', 'listEnabled'],
  ['authcachectrlr.enabled', 'cacheEnabled'],
  ['txctrlr.stoptxoninvalidid', 'stopOnInvalid'],
]);
const PASSWORDS: ReadonlySet<string> = new Set([
  'authorizationkey',
  'securityctrlr.basicauthpassword',
]);

const factsOfSetting = (name: string, value: unknown): readonly CsmsFact[] => {
  const key = name.trim().toLowerCase();
  const text = readText(value, 500);
  if (text === undefined) return [];
  if (PASSWORDS.has(key)) return [{ type: 'password', password: text }];
  const known = SWITCHES.get(key);
  if (known === undefined) return [];
  const on = text.trim().toLowerCase() === 'true';
  return [{ type: 'switches', switches: { [known]: on } }];
};

/** 2.x: results carry names and status, values stand in the request (set) or the result (get). */
const variables = (results: unknown, values: unknown): readonly CsmsFact[] => {
  const data = readList(values).map(readObject);
  return readList(results)
    .map(readObject)
    .flatMap((result, index) => {
      if (!['Accepted', 'RebootRequired'].includes(String(result['attributeStatus']))) return [];
      const component = readText(readObject(result['component'])['name']) ?? '';
      const variable = readText(readObject(result['variable'])['name']) ?? '';
      const value = data[index]?.['attributeValue'];
      return factsOfSetting(`${component}.${variable}`, value);
    });
};
