/** OCPP nests a dozen deep, data of vendors perhaps twice that. */
export const DEPTH_MOST = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Throws SyntaxError where JSON text is nested deeper than anything that is meant: a message of
 * 1 MiB of brackets would keep JSON.parse, and with it everybody, busy for half a second.
 */
export const refuseDeep = (bytes: Uint8Array, start: number, end: number): void => {
  let depth = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) at = stringEnd(bytes, at, end);
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      depth += 1;
      if (depth > DEPTH_MOST) throw new SyntaxError(`nested deeper than ${DEPTH_MOST}`);
    } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) depth -= 1;
  }
};

/** Index of the closing quote. */
const stringEnd = (bytes: Uint8Array, start: number, end: number): number => {
  let at = start + 1;
  while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
};
