/**
 * Modbus frames as bytes: requests out, replies in (Modbus Application Protocol 1.1b3, Modbus over
 * Serial Line 1.02, Modbus Messaging on TCP/IP 1.0b). A reply is only taken when transaction, unit,
 * function and length are those of the request: an answer to somebody else is no reading.
 */
export type ModbusTable = 'holding' | 'input' | 'coil' | 'discrete';
/** tcp: with MBAP header. rtu: with CRC, over a serial line or a plain TCP tunnel. */
export type ModbusFraming = 'tcp' | 'rtu';

export interface ModbusRequest {
  readonly unit: number;
  readonly table: ModbusTable;
  /** 0-based, as on the wire. */
  readonly address: number;
  /** Registers or bits. */
  readonly count: number;
}

export type ReplyStep =
  | { readonly state: 'more' }
  | { readonly state: 'values'; readonly values: readonly number[] }
  | { readonly state: 'exception'; readonly code: number }
  /** Not an answer to this request; `rest` begins with the next frame. */
  | { readonly state: 'foreign'; readonly rest: Uint8Array }
  /** The bytes make no sense: the connection has to be opened afresh. */
  | { readonly state: 'broken'; readonly problem: string };

export const FUNCTIONS: Readonly<Record<ModbusTable, number>> = {
  coil: 1,
  discrete: 2,
  holding: 3,
  input: 4,
};
const EXCEPTION_BIT = 0x80;
const HEADER_BYTES = 7;
/** Unit and PDU (at most 253 bytes). */
const TCP_LENGTH_MOST = 254;

export const encodeRequest = (
  framing: ModbusFraming,
  request: ModbusRequest,
  transaction: number,
): Uint8Array => {
  const { unit, table, address, count } = request;
  const pdu = [FUNCTIONS[table], address >> 8, address & 0xff, count >> 8, count & 0xff];
  if (framing === 'rtu') return withCrc([unit, ...pdu]);
  const length = pdu.length + 1;
  return Uint8Array.from([
    transaction >> 8,
    transaction & 0xff,
    0,
    0,
    length >> 8,
    length & 0xff,
    unit,
    ...pdu,
  ]);
};

/** Looks for the reply to a request in what has arrived so far. */
export const nextReply = (
  framing: ModbusFraming,
  bytes: Uint8Array,
  request: ModbusRequest,
  transaction: number,
): ReplyStep =>
  framing === 'tcp' ? tcpReply(bytes, request, transaction) : rtuReply(bytes, request);

const tcpReply = (bytes: Uint8Array, request: ModbusRequest, transaction: number): ReplyStep => {
  if (bytes.length < HEADER_BYTES) return { state: 'more' };
  const length = word(bytes, 4);
  if (word(bytes, 2) !== 0 || length < 3 || length > TCP_LENGTH_MOST) {
    return { state: 'broken', problem: 'the answer is not Modbus TCP: rtu+tcp:// perhaps?' };
  }
  const end = HEADER_BYTES - 1 + length;
  if (bytes.length < end) return { state: 'more' };
  if (word(bytes, 0) !== transaction || bytes[6] !== request.unit) {
    return { state: 'foreign', rest: bytes.subarray(end) };
  }
  const pdu = bytes.subarray(HEADER_BYTES, end);
  const wanted = FUNCTIONS[request.table];
  if (pdu[0] === (wanted | EXCEPTION_BIT)) return { state: 'exception', code: pdu[1] ?? 0 };
  if (pdu[0] !== wanted) {
    return { state: 'broken', problem: `answer of function ${pdu[0]} instead of ${wanted}` };
  }
  if (pdu[1] !== bytesOf(request) || pdu.length !== bytesOf(request) + 2) {
    const got = Math.floor((pdu.length - 2) / 2);
    return { state: 'broken', problem: `${got} registers instead of ${request.count}` };
  }
  return { state: 'values', values: valuesOf(pdu.subarray(2), request) };
};

/** RTU has no marks: the frame is where unit, function, length and CRC fit. */
const rtuReply = (bytes: Uint8Array, request: ModbusRequest): ReplyStep => {
  const wanted = FUNCTIONS[request.table];
  for (let at = 0; at + 1 < bytes.length; at += 1) {
    if (bytes[at] !== request.unit) continue;
    if (bytes[at + 1] === (wanted | EXCEPTION_BIT)) {
      if (bytes.length < at + 5) return { state: 'more' };
      if (crcFits(bytes, at, 3)) return { state: 'exception', code: bytes[at + 2] ?? 0 };
    }
    if (bytes[at + 1] !== wanted) continue;
    if (bytes.length < at + 3) return { state: 'more' };
    const size = bytesOf(request);
    if (bytes[at + 2] !== size) continue;
    if (bytes.length < at + 5 + size) return { state: 'more' };
    if (crcFits(bytes, at, 3 + size)) {
      return { state: 'values', values: valuesOf(bytes.subarray(at + 3), request) };
    }
  }
  return { state: 'more' };
};

const bytesOf = ({ table, count }: ModbusRequest): number =>
  isBits(table) ? Math.ceil(count / 8) : count * 2;

const valuesOf = (data: Uint8Array, { table, count }: ModbusRequest): readonly number[] =>
  Array.from({ length: count }, (_, i) =>
    isBits(table) ? ((data[i >> 3] ?? 0) >> (i & 7)) & 1 : word(data, i * 2),
  );

const isBits = (table: ModbusTable): boolean => table === 'coil' || table === 'discrete';

const word = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

const crcFits = (bytes: Uint8Array, at: number, count: number): boolean => {
  const crc = crc16(bytes.subarray(at, at + count));
  return bytes[at + count] === (crc & 0xff) && bytes[at + count + 1] === crc >> 8;
};

/** The bytes with their CRC behind, low byte first. */
export const withCrc = (bytes: readonly number[]): Uint8Array => {
  const crc = crc16(Uint8Array.from(bytes));
  return Uint8Array.from([...bytes, crc & 0xff, crc >> 8]);
};

/** CRC-16 of Modbus over Serial Line 1.02 §6.2.2: polynomial 0xA001, start 0xFFFF. */
const crc16 = (bytes: Uint8Array): number => {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
};

const EXCEPTIONS: Readonly<Record<number, string>> = {
  1: 'illegal function: does the meter use the other register kind (holding/input)?',
  2: 'illegal data address: is it really this device?',
  3: 'illegal data value: too many registers at once? Lower readMost',
  4: 'device failure',
  5: 'acknowledge: the device needs more time',
  6: 'device busy',
  7: 'negative acknowledge',
  8: 'memory parity error',
  10: 'gateway path unavailable',
  11: 'gateway target does not answer: is the unit id right?',
};

export const exceptionText = (code: number): string =>
  `exception ${code}: ${EXCEPTIONS[code] ?? 'unknown'}`;
