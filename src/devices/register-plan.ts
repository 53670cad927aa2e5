import type { MeterDevice, Register } from '../schema/meter-device.ts';

/** Registers read in one request. */
export interface ReadBlock {
  readonly address: number;
  readonly count: number;
}

const WORDS: Readonly<Record<Register['type'], number>> = {
  i16: 1,
  u16: 1,
  i32: 2,
  u32: 2,
  acc32: 2,
  f32: 2,
  i64: 4,
  u64: 4,
  f64: 4,
};

export const wordsOf = ({ type }: Register): number => WORDS[type];

/**
 * As few requests as the map allows: registers are taken in order of address and joined while a
 * block stays within what the device can answer and no long gap lies between them, where it may have
 * no registers at all. Amps and watts that lie together are thus read together and belong to one
 * moment. `base` is where a SunSpec model was found, else 0.
 */
export const planReads = (device: MeterDevice, base = 0): readonly ReadBlock[] => {
  const spans = Object.values(device.registers)
    .flatMap((register) => [
      { start: register.address, end: register.address + wordsOf(register) },
      ...(register.minus === undefined
        ? []
        : [{ start: register.minus, end: register.minus + wordsOf(register) }]),
      ...(register.scaleAddress === undefined
        ? []
        : [{ start: register.scaleAddress, end: register.scaleAddress + 1 }]),
    ])
    .sort((a, b) => a.start - b.start || a.end - b.end);
  const blocks: { start: number; end: number }[] = [];
  for (const span of spans) {
    const last = blocks.at(-1);
    const near = last !== undefined && span.start - last.end <= device.gapMost;
    if (near && Math.max(last.end, span.end) - last.start <= device.readMost) {
      last.end = Math.max(last.end, span.end);
    } else {
      blocks.push({ ...span });
    }
  }
  return blocks.map(({ start, end }) => ({ address: base + start, count: end - start }));
};
