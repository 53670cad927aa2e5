/** Where the chain of models may begin (SunSpec Modbus, "SunS" = 0x53756E53). */
const STARTS = [40_000, 0, 50_000] as const;
const MARK = [0x5375, 0x6e53] as const;
const END_MODEL = 0xffff;
/** A chain longer than this is a device that never ends it. */
const MODELS_MOST = 64;
const ADDRESS_MOST = 0xffff;

/** What to do next in looking for a model. */
export type SunspecStep =
  | {
      readonly state: 'read';
      readonly address: number;
      readonly count: number;
      /** Takes the words read; none when the device has no such registers. */
      readonly next: (words: readonly number[]) => SunspecStep;
    }
  | { readonly state: 'found'; readonly address: number }
  | { readonly state: 'failed'; readonly problem: string };

/** Looks for the first of `wanted` models; addresses of meters are never fixed in SunSpec. */
export const sunspecStep = (wanted: readonly number[], start = 0): SunspecStep => {
  const base = STARTS[start];
  if (base === undefined) return { state: 'failed', problem: 'no SunSpec device: no "SunS" mark' };
  return {
    state: 'read',
    address: base,
    count: 2,
    next: ([high, low]) =>
      high === MARK[0] && low === MARK[1]
        ? modelStep(wanted, base + 2, 0)
        : sunspecStep(wanted, start + 1),
  };
};

const modelStep = (wanted: readonly number[], address: number, seen: number): SunspecStep => ({
  state: 'read',
  address,
  count: 2,
  next: ([model, length]) => {
    const failed = { state: 'failed', problem: `no SunSpec model ${wanted.join(' or ')}` } as const;
    if (model === undefined || length === undefined || model === END_MODEL) return failed;
    const after = address + 2 + length;
    // Beyond the last register the numbers would begin again, and other registers be read.
    if (after >= ADDRESS_MOST || seen > MODELS_MOST) return failed;
    return wanted.includes(model)
      ? { state: 'found', address }
      : modelStep(wanted, after, seen + 1);
  },
});
