const PUBLISH = 3;
/** Bytes of a length, seven bits in each (MQTT 3.1.1 §2.2.3). */
const LENGTH_BYTES_MOST = 4;

/**
 * Cuts messages that are too large while they pass by, so that they never gather in memory: a broker
 * of MQTT 3.1.1 cannot be told how much we take. What is left of one still has its topic and its
 * packet id, so it is acknowledged and refused like any other message that is too long.
 */
export class PacketCut {
  readonly #mostBytes: number;
  /** First byte and length of the packet that begins, as far as they have come. */
  #head: number[] = [];
  /** Bytes of the packet that pass, and those after them that do not. */
  #passing = 0;
  #dropping = 0;
  cuts = 0;

  /** `mostBytes` has to hold the longest topic: 65,541 or more. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** What of a piece of the stream may pass. */
  take(piece: Uint8Array): readonly Uint8Array[] {
    const passed: Uint8Array[] = [];
    let at = 0;
    while (at < piece.length) {
      if (this.#passing > 0) {
        const end = Math.min(piece.length, at + this.#passing);
        passed.push(piece.subarray(at, end));
        this.#passing -= end - at;
        at = end;
      } else if (this.#dropping > 0) {
        const end = Math.min(piece.length, at + this.#dropping);
        this.#dropping -= end - at;
        at = end;
      } else {
        this.#head.push(piece[at] ?? 0);
        at += 1;
        const head = this.#begin();
        if (head !== undefined) passed.push(head);
      }
    }
    return passed;
  }

  /** The head of the packet, once it is whole. */
  #begin(): Uint8Array | undefined {
    const [first = 0, ...digits] = this.#head;
    const whole = digits.length > 0 && (digits.at(-1) ?? 0) < 128;
    if (!whole && digits.length < LENGTH_BYTES_MOST) return undefined;
    this.#head = [];
    const length = digits.reduce((sum, digit, i) => sum + (digit & 127) * 128 ** i, 0);
    const tooLong = first >> 4 === PUBLISH && length > this.#mostBytes;
    this.#passing = tooLong ? this.#mostBytes : length;
    this.#dropping = length - this.#passing;
    if (tooLong) this.cuts += 1;
    return Uint8Array.of(first, ...(tooLong ? lengthBytes(this.#passing) : digits));
  }
}

const lengthBytes = (length: number): number[] => {
  const digits: number[] = [];
  let rest = length;
  do {
    digits.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return digits;
};
