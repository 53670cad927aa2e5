import { readInteger, readObject } from '../payload.ts';

/** Entries of one report message: a message stays far below what any CSMS takes. */
const REPORT_MOST = 20;

/**
 * The messages that answer a report request: numbered, all but the last with `tbc`, at least one
 * (B07.FR.09). `contentOf` gives what is told of the items of one of them.
 */
export const reportPages = <Item>(
  items: readonly Item[],
  request: unknown,
  generatedAt: string,
  contentOf: (items: readonly Item[]) => object,
): readonly object[] => {
  const requestId = readInteger(readObject(request)['requestId']) ?? 0;
  const pages = Math.max(1, Math.ceil(items.length / REPORT_MOST));
  return Array.from({ length: pages }, (_, seqNo) => ({
    requestId,
    generatedAt,
    seqNo,
    tbc: seqNo < pages - 1,
    ...contentOf(items.slice(seqNo * REPORT_MOST, (seqNo + 1) * REPORT_MOST)),
  }));
};
