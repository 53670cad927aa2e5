import { type Frame, readFrame } from '../frame.ts';
import { isPayload, readList } from '../payload.ts';
import { elementSpans, findValue, replaceSpans, type Span } from '../splice.ts';

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

/** The message with its values renamed; every other byte stays. */
export const edited = (frame: Frame, edits: readonly Edit[], rename: Rename): Frame =>
  edits.reduce((result, edit) => editedOnce(result, edit, rename), frame);

const editedOnce = (frame: Frame, { path, as }: Edit, rename: Rename): Frame => {
  const { bytes } = frame;
  const changes = spansAt(bytes, frame.payloadStart, path).flatMap((span) => {
    if (span.end - span.start > NAME_MOST_BYTES) return [];
    const value: unknown = JSON.parse(bytes.toString('utf8', span.start, span.end));
    const other = isName(value) ? rename(as, value) : undefined;
    return other === undefined || other === value ? [] : [{ span, text: JSON.stringify(other) }];
  });
  return changes.length === 0 ? frame : readFrame(replaceSpans(bytes, changes));
};

const spansAt = (bytes: Buffer, from: number, path: readonly string[]): readonly Span[] => {
  const star = path.indexOf('*');
  const found = findValue(bytes, from, star < 0 ? path : path.slice(0, star));
  if (found === undefined) return [];
  if (star < 0) return [found];
  const deeper = path.slice(star + 1);
  return elementSpans(bytes, found.start).flatMap(({ start }) => spansAt(bytes, start, deeper));
};
