import { crc32 } from 'node:zlib';

const CHECKSUM_BYTES = 4;

/** The value with its CRC-32 in front, as it lies on the medium. */
export const sealed = (value: Uint8Array): Buffer => {
  const record = Buffer.allocUnsafe(CHECKSUM_BYTES + value.length);
  record.writeUInt32LE(crc32(value), 0);
  record.set(value, CHECKSUM_BYTES);
  return record;
};

/** The value of a record, or undefined when it is not the one that was sealed. */
export const unsealed = (record: Uint8Array): Buffer | undefined => {
  if (record.length < CHECKSUM_BYTES) return undefined;
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  const value = bytes.subarray(CHECKSUM_BYTES);
  return bytes.readUInt32LE(0) === crc32(value) ? value : undefined;
};
