import { FUNCTIONS } from './modbus-frame.ts';

/** What is behind a Modbus server. */
export interface RegisterBank {
  /** Words from an address; undefined when one of them does not exist. */
  read(address: number, count: number): readonly number[] | undefined;
  /** Undefined when taken, else the exception to answer with. */
  write(address: number, words: readonly number[]): number | undefined;
}

const WRITE_ONE = 6;
const WRITE_MANY = 16;
const READ_MOST = 125;
const WRITE_MOST = 123;
const ILLEGAL_FUNCTION = 1;
export const ILLEGAL_ADDRESS = 2;
export const ILLEGAL_VALUE = 3;

/**
 * The answer to one request (PDU to PDU, Modbus Application Protocol 1.1b3). Holding and input
 * registers are the same; anything else is an illegal function.
 */
export const answerPdu = (pdu: Uint8Array, bank: RegisterBank): Uint8Array => {
  const code = pdu[0] ?? 0;
  const failed = (exception: number): Uint8Array => Uint8Array.of(code | 0x80, exception);
  if (pdu.length < 5) return failed(ILLEGAL_VALUE);
  const address = word(pdu, 1);
  switch (code) {
    case FUNCTIONS.holding:
    case FUNCTIONS.input: {
      const count = word(pdu, 3);
      if (pdu.length !== 5 || count < 1 || count > READ_MOST) return failed(ILLEGAL_VALUE);
      const words = bank.read(address, count);
      if (words === undefined) return failed(ILLEGAL_ADDRESS);
      return Uint8Array.from([
        code,
        count * 2,
        ...words.flatMap((each) => [each >> 8, each & 255]),
      ]);
    }
    case WRITE_ONE: {
      if (pdu.length !== 5) return failed(ILLEGAL_VALUE);
      const exception = bank.write(address, [word(pdu, 3)]);
      return exception === undefined ? pdu.slice(0, 5) : failed(exception);
    }
    case WRITE_MANY: {
      const count = word(pdu, 3);
      if (count < 1 || count > WRITE_MOST || pdu[5] !== count * 2 || pdu.length !== 6 + count * 2) {
        return failed(ILLEGAL_VALUE);
      }
      const words = Array.from({ length: count }, (_, i) => word(pdu, 6 + i * 2));
      const exception = bank.write(address, words);
      return exception === undefined ? pdu.slice(0, 5) : failed(exception);
    }
    default:
      return failed(ILLEGAL_FUNCTION);
  }
};

const word = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
