import { optional, type Payload, readInteger, readList, readObject, readText } from '../payload.ts';
import { reportPages } from './report-pages.ts';

/** A setting or figure of the controller, under its 1.6 key and its 2.x component and variable. */
export interface StationVariable {
  readonly key: string;
  readonly component: string;
  /** Of a component that there is once for each EVSE, or for each connector of one. */
  readonly evse?: { readonly id: number; readonly connectorId?: number };
  readonly variable: string;
  /** Tells variables of one name apart. */
  readonly instance?: string;
  readonly type:
    | 'string'
    | 'integer'
    | 'decimal'
    | 'boolean'
    | 'dateTime'
    | 'OptionList'
    | 'MemberList'
    | 'SequenceList';
  readonly unit?: string;
  /** What a list is chosen from, with commas. */
  readonly values?: string;
  /** The most that the value can be, in its unit. */
  readonly most?: number;
  readonly read: () => string;
  /** Absent: read-only. False: the value is not usable. */
  readonly write?: (value: string) => boolean;
}

/** What an EVSE does is told by its own messages, and what has instances is fixed. */
export const isWatchable = ({ evse, instance }: Pick<StationVariable, 'evse' | 'instance'>) =>
  evse === undefined && instance === undefined;

/** ItemsPerMessage of Get- and SetVariables, and of GetReport. */
export const ITEMS_MOST = 50;

/** More than that at once is an error, and not answered in part (B05, B06, B08). */
export const tooManyItems = (request: unknown): boolean =>
  ['getVariableData', 'setVariableData', 'componentVariable'].some(
    (name) => readList(readObject(request)[name]).length > ITEMS_MOST,
  );

/** GetConfiguration.conf (1.6 §5.8). No keys asked for means all. */
export const configurationAnswer = (
  variables: readonly StationVariable[],
  request: unknown,
): object => {
  const asked = readList(readObject(request)['key']).map((key) => readText(key) ?? '');
  const matches = (key: string) =>
    variables.find((each) => each.key.toLowerCase() === key.toLowerCase());
  const found = asked.length === 0 ? variables : asked.flatMap((key) => matches(key) ?? []);
  const unknownKey = asked.filter((key) => matches(key) === undefined);
  return {
    configurationKey: found.map(({ key, read, write }) => ({
      key,
      readonly: write === undefined,
      value: read().slice(0, 500),
    })),
    ...(unknownKey.length === 0 ? {} : { unknownKey }),
  };
};

/** ChangeConfiguration.conf (1.6 §5.3). */
export const changeAnswer = (variables: readonly StationVariable[], request: unknown): object => {
  const { key, value } = readObject(request);
  const found = variables.find((each) => each.key.toLowerCase() === String(key).toLowerCase());
  if (found === undefined) return { status: 'NotSupported' };
  const done = found.write?.(readText(value, 500) ?? '') === true;
  return { status: done ? 'Accepted' : 'Rejected' };
};

/** The variable that an item names with its component; names do not count their case. */
export const findVariable = (variables: readonly StationVariable[], item: Payload) => {
  const asked = askedOf(item);
  const ofComponent = variables.filter(
    ({ component, evse }) =>
      component.toLowerCase() === asked.component &&
      asked.componentInstance === undefined &&
      evse?.id === asked.evseId &&
      evse?.connectorId === asked.connectorId,
  );
  return {
    knownComponent: ofComponent.length > 0,
    found: ofComponent.find(
      ({ variable, instance }) =>
        variable.toLowerCase() === asked.variable && instance?.toLowerCase() === asked.instance,
    ),
  };
};

/** A component and variable as a message names them; what it leaves out is undefined. */
const askedOf = (item: Payload) => {
  const component = readObject(item['component']);
  const variable = readObject(item['variable']);
  const evse = readObject(component['evse']);
  return {
    component: readText(component['name'])?.toLowerCase(),
    componentInstance: readText(component['instance']),
    evseId: readInteger(evse['id']),
    connectorId: readInteger(evse['connectorId']),
    variable: readText(variable['name'])?.toLowerCase(),
    instance: readText(variable['instance'])?.toLowerCase(),
  };
};

type Named = Pick<StationVariable, 'component' | 'variable' | 'evse' | 'instance'>;

/** Whether a report's item means it: what the item leaves out may be anything (B08.FR.20 to 22). */
export const isMeant = ({ component, variable, evse, instance }: Named, item: Payload): boolean => {
  const asked = askedOf(item);
  const pairs = [
    [asked.variable, variable.toLowerCase()],
    [asked.instance, instance?.toLowerCase()],
    [asked.componentInstance, undefined],
    [asked.evseId, evse?.id],
    [asked.connectorId, evse?.connectorId],
  ];
  return (
    asked.component === component.toLowerCase() &&
    pairs.every(([wanted, is]) => wanted === undefined || wanted === is)
  );
};

const isActual = (item: Payload): boolean => (item['attributeType'] ?? 'Actual') === 'Actual';

/** GetVariables (B06). */
export const getVariablesAnswer = (
  variables: readonly StationVariable[],
  request: unknown,
): object => {
  const items = readList(readObject(request)['getVariableData']).map(readObject);
  return {
    getVariableResult: items.map((item) => {
      const { knownComponent, found } = findVariable(variables, item);
      const { component, variable } = item;
      const result = (attributeStatus: string, value?: string) => ({
        component,
        variable,
        attributeStatus,
        ...(item['attributeType'] === undefined ? {} : { attributeType: item['attributeType'] }),
        ...(value === undefined ? {} : { attributeValue: value }),
      });
      if (!knownComponent) return result('UnknownComponent');
      if (found === undefined) return result('UnknownVariable');
      return isActual(item)
        ? result('Accepted', found.read().slice(0, 2_500))
        : result('NotSupportedAttributeType');
    }),
  };
};

/** SetVariables (B05). */
export const setVariablesAnswer = (
  variables: readonly StationVariable[],
  request: unknown,
): object => {
  const items = readList(readObject(request)['setVariableData']).map(readObject);
  return {
    setVariableResult: items.map((item) => {
      const { knownComponent, found } = findVariable(variables, item);
      const { component, variable } = item;
      const result = (attributeStatus: string) => ({
        component,
        variable,
        attributeStatus,
        ...(item['attributeType'] === undefined ? {} : { attributeType: item['attributeType'] }),
      });
      if (!knownComponent) return result('UnknownComponent');
      if (found === undefined) return result('UnknownVariable');
      if (!isActual(item)) return result('NotSupportedAttributeType');
      const value = readText(item['attributeValue'], 2_500) ?? '';
      return result(found.write?.(value) === true ? 'Accepted' : 'Rejected');
    }),
  };
};

/** Variables that GetReport asks for; without a filter all (B08). */
export const reported = (
  variables: readonly StationVariable[],
  request: unknown,
): readonly StationVariable[] => {
  const { componentCriteria, componentVariable } = readObject(request);
  // All are active, available and enabled, and none has a problem of its own.
  const criteria = readList(componentCriteria);
  if (criteria.length > 0 && criteria.every((each) => each === 'Problem')) return [];
  const wanted = readList(componentVariable).map(readObject);
  if (wanted.length === 0) return variables;
  return variables.filter((each) => wanted.some((item) => isMeant(each, item)));
};

/** What each base report tells (B07); undefined: there is none of this name. */
export const inventory = (
  variables: readonly StationVariable[],
  request: unknown,
): readonly StationVariable[] | undefined => {
  const base = String(readObject(request)['reportBase']);
  const tells = Object.hasOwn(INVENTORIES, base) ? INVENTORIES[base] : undefined;
  return tells && variables.filter(tells);
};

const INVENTORIES: Readonly<Record<string, (each: StationVariable) => boolean>> = {
  FullInventory: () => true,
  ConfigurationInventory: ({ write }) => write !== undefined,
  SummaryInventory: ({ variable }) => variable === 'AvailabilityState',
};

/** NotifyReport messages. */
export const reports = (
  variables: readonly StationVariable[],
  request: unknown,
  generatedAt: string,
): readonly object[] =>
  reportPages(variables, request, generatedAt, (page) => ({
    reportData: page.map(({ component, variable, read, write, ...traits }) => ({
      component: { name: component, ...optional('evse', traits.evse) },
      variable: { name: variable, ...optional('instance', traits.instance) },
      variableAttribute: [
        {
          type: 'Actual',
          value: read().slice(0, 2_500),
          mutability: write === undefined ? 'ReadOnly' : 'ReadWrite',
        },
      ],
      variableCharacteristics: {
        dataType: traits.type,
        supportsMonitoring: isWatchable(traits),
        ...optional('unit', traits.unit),
        ...optional('valuesList', traits.values),
        ...optional('maxLimit', traits.most),
      },
    })),
  }));
