/** Knocks of one identity that are held at once; the oldest gives way. */
const HELD_OF_ONE_MOST = 8;

/** A knock whose handshake is held until the CSMS answered. */
export interface Turn {
  /** False once a newer knock of the identity was let in: two are never served. */
  current(): boolean;
  /** It is let in now. */
  letIn(): void;
  end(): void;
}

/**
 * Knocks that are held, by identity. One supersedes another when it is let in, not when it comes:
 * anybody may knock with the name of a charger whose own knock is still held.
 */
export class HeldKnocks {
  readonly #held = new Map<string, Set<symbol>>();

  /** Identities of which one is held. */
  get size(): number {
    return this.#held.size;
  }

  has(identity: string): boolean {
    return this.#held.has(identity);
  }

  begin(identity: string): Turn {
    const turn = Symbol(identity);
    // In the order in which they came.
    const turns = this.#held.get(identity) ?? new Set();
    this.#held.set(identity, turns);
    turns.add(turn);
    const [oldest] = turns;
    if (turns.size > HELD_OF_ONE_MOST && oldest !== undefined) turns.delete(oldest);
    return {
      current: () => turns.has(turn),
      letIn: () => {
        for (const older of turns) {
          if (older === turn) break;
          turns.delete(older);
        }
      },
      end: () => {
        turns.delete(turn);
        if (turns.size === 0 && this.#held.get(identity) === turns) this.#held.delete(identity);
      },
    };
  }
}
