import { type Payload, readList, readObject, readText } from '../payload.ts';
import { reportPages } from './report-pages.ts';

/** A setting or figure of the controller, under its 1.6 key and its 2.x component and variable. */
export interface StationVariable {
  readonly key: string;
  readonly component: string;
  readonly variable: string;
  readonly type: 'string' | 'integer' | 'decimal' | 'boolean';
  readonly unit?: string;
  readonly read: () => string;
  /** Absent: read-only. False: the value is not usable. */
  readonly write?: (value: string) => boolean;
}

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
  const component = readText(readObject(item['component'])['name'])?.toLowerCase();
  const variable = readText(readObject(item['variable'])['name'])?.toLowerCase();
  const ofComponent = variables.filter((each) => each.component.toLowerCase() === component);
  return {
    knownComponent: ofComponent.length > 0,
    found: ofComponent.find((each) => each.variable.toLowerCase() === variable),
  };
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
  return variables.filter((each) =>
    wanted.some((item) => {
      const component = readText(readObject(item['component'])['name'])?.toLowerCase();
      const variable = readText(readObject(item['variable'])['name'])?.toLowerCase();
      return (
        each.component.toLowerCase() === component &&
        (variable === undefined || each.variable.toLowerCase() === variable)
      );
    }),
  );
};

/** NotifyReport messages. */
export const reports = (
  variables: readonly StationVariable[],
  request: unknown,
  generatedAt: string,
): readonly object[] =>
  reportPages(variables, request, generatedAt, (page) => ({
    reportData: page.map(({ component, variable, type, unit, read, write }) => ({
      component: { name: component },
      variable: { name: variable },
      variableAttribute: [
        {
          type: 'Actual',
          value: read().slice(0, 2_500),
          mutability: write === undefined ? 'ReadOnly' : 'ReadWrite',
        },
      ],
      variableCharacteristics: {
        dataType: type,
        supportsMonitoring: true,
        ...(unit === undefined ? {} : { unit }),
      },
    })),
  }));
