import type { MeterDevice, Register } from '../schema/meter-device.ts';
import { wordsOf } from './register-plan.ts';

/** Register words by address, as read. */
export type RegisterImage = ReadonlyMap<number, number>;

/** What of a device file its registers are read by. */
type Form = Pick<MeterDevice, 'wordOrder' | 'notAvailable'>;

/**
 * The value of a register group, or undefined when the device says "not available": all ones for
 * unsigned, the most negative number for signed integers, NaN for floats, or what its file names.
 */
export const readRegister = (
  form: Form,
  register: Register,
  image: RegisterImage,
  base: number,
): number | undefined => {
  const raw = rawDifference(form, register, image, base);
  if (raw === undefined) return undefined;
  if (register.scaleAddress === undefined) return raw * register.scale;
  const exponent = image.get(base + register.scaleAddress);
  if (exponent === undefined || exponent === 0x8000) return undefined;
  return raw * register.scale * 10 ** ((exponent << 16) >> 16);
};

const rawDifference = (
  form: Form,
  register: Register,
  image: RegisterImage,
  base: number,
): number | undefined => {
  const value = rawValue(form, register, image, base + register.address);
  if (register.minus === undefined || value === undefined) return value;
  const subtracted = rawValue(form, register, image, base + register.minus);
  return subtracted === undefined ? undefined : value - subtracted;
};

const rawValue = (
  { wordOrder, notAvailable = [] }: Form,
  register: Register,
  image: RegisterImage,
  address: number,
): number | undefined => {
  const count = wordsOf(register);
  const bytes = new DataView(new ArrayBuffer(count * 2));
  const words: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const word = image.get(address + i);
    if (word === undefined) return undefined;
    words.push(word);
    bytes.setUint16((wordOrder === 'low-first' ? count - 1 - i : i) * 2, word);
  }
  if (notAvailable.includes(wordsText(words))) return undefined;
  return availableNumber(register.type, bytes);
};

/** As manuals print registers: `7FFF FFFF`. */
const wordsText = (words: readonly number[]): string =>
  words.map((word) => word.toString(16).toUpperCase().padStart(4, '0')).join(' ');

const availableNumber = (type: Register['type'], bytes: DataView): number | undefined => {
  switch (type) {
    case 'u16':
      return unless(bytes.getUint16(0), 0xffff);
    case 'i16':
      return unless(bytes.getInt16(0), -0x8000);
    case 'u32':
      return unless(bytes.getUint32(0), 0xffff_ffff);
    case 'acc32':
      return unless(bytes.getUint32(0), 0);
    case 'i32':
      return unless(bytes.getInt32(0), -0x8000_0000);
    case 'u64':
      return bytes.getBigUint64(0) === 2n ** 64n - 1n ? undefined : Number(bytes.getBigUint64(0));
    case 'i64': {
      const value = bytes.getBigInt64(0);
      return value === -(2n ** 63n) || value === 2n ** 63n - 1n ? undefined : Number(value);
    }
    case 'f32':
      return finite(bytes.getFloat32(0));
    case 'f64':
      return finite(bytes.getFloat64(0));
  }
};

const unless = (value: number, notAvailable: number): number | undefined =>
  value === notAvailable ? undefined : value;
const finite = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);

/** The words that a device would hold for a value; the inverse of `readRegister` without exponent. */
export const writeRegister = (
  { wordOrder }: Pick<MeterDevice, 'wordOrder'>,
  register: Register,
  value: number,
): readonly number[] => {
  const count = wordsOf(register);
  const bytes = new DataView(new ArrayBuffer(count * 2));
  const raw = value / register.scale;
  if (register.type === 'f32') bytes.setFloat32(0, raw);
  else if (register.type === 'f64') bytes.setFloat64(0, raw);
  else if (count === 4) bytes.setBigInt64(0, BigInt(Math.round(raw)));
  else if (count === 2) bytes.setInt32(0, Math.round(raw));
  else bytes.setInt16(0, Math.round(raw));
  const words = Array.from({ length: count }, (_, i) => bytes.getUint16(i * 2));
  return wordOrder === 'low-first' ? words.reverse() : words;
};
