import { type Frame, parsePayload, readFrame } from '../frame.ts';
import { isPayload, type Payload, readList } from '../payload.ts';
import { findValue, replaceSpan } from '../splice.ts';

/** What a number or an id in a message stands for; both differ between charger and station. */
export type Meaning = 'outlet' | 'transaction';

/** Where such a value stands: keys from the payload on, `*` for every element of a list. */
export interface Edit {
  readonly path: readonly string[];
  readonly as: Meaning;
}

export type Name = string | number;
/** The value on the other side; undefined: it stays as it is. */
export type Rename = (as: Meaning, value: Name) => Name | undefined;

export const outletAt = (...path: readonly string[]): Edit => ({ path, as: 'outlet' });
export const transactionAt = (...path: readonly string[]): Edit => ({ path, as: 'transaction' });

const isName = (value: unknown): value is Name =>
  typeof value === 'string' || typeof value === 'number';

/** The values that `edits` speak of, as far as they are there. */
export const namesIn = (
  payload: unknown,
  edits: readonly Edit[],
): readonly { readonly as: Meaning; readonly value: Name }[] =>
  edits.flatMap(({ path, as }) =>
    valuesAt(payload, path)
      .filter(isName)
      .map((value) => ({ as, value })),
  );

const valuesAt = (value: unknown, [key, ...deeper]: readonly string[]): readonly unknown[] => {
  if (key === undefined) return [value];
  if (key === '*') return readList(value).flatMap((element) => valuesAt(element, deeper));
  return isPayload(value) ? valuesAt(value[key], deeper) : [];
};

/** Longer values are no names, and not worth the reading. */
const NAME_MOST_BYTES = 1_024;

/** The message with its values renamed. Without lists on the way every other byte stays. */
export const edited = (frame: Frame, edits: readonly Edit[], rename: Rename): Frame =>
  edits.reduce(
    (result, edit) =>
      edit.path.includes('*') ? rebuilt(result, edit, rename) : spliced(result, edit, rename),
    frame,
  );

const spliced = (frame: Frame, { path, as }: Edit, rename: Rename): Frame => {
  const span = findValue(frame.bytes, frame.payloadStart, path);
  if (span === undefined || span.end - span.start > NAME_MOST_BYTES) return frame;
  const value: unknown = JSON.parse(frame.bytes.toString('utf8', span.start, span.end));
  const other = isName(value) ? rename(as, value) : undefined;
  if (other === undefined || other === value) return frame;
  return readFrame(replaceSpan(frame.bytes, span, JSON.stringify(other)));
};

const rebuilt = (frame: Frame, { path, as }: Edit, rename: Rename): Frame => {
  const payload = parsePayload(frame);
  const changed = changedAt(payload, path, (value) =>
    isName(value) ? (rename(as, value) ?? value) : value,
  );
  const span = { start: frame.payloadStart, end: frame.payloadEnd };
  return readFrame(replaceSpan(frame.bytes, span, JSON.stringify(changed)));
};

const changedAt = (
  value: unknown,
  [key, ...deeper]: readonly string[],
  change: (value: unknown) => unknown,
): unknown => {
  if (key === undefined) return change(value);
  if (key === '*') {
    return Array.isArray(value)
      ? value.map((element) => changedAt(element, deeper, change))
      : value;
  }
  if (!isPayload(value) || !Object.hasOwn(value, key)) return value;
  const payload: Payload = value;
  return { ...payload, [key]: changedAt(payload[key], deeper, change) };
};
