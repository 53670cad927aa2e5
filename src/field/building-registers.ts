import type { LimitAnswer, LimitCommand } from '../core/limits/limit-book.ts';
import type { Site } from '../core/site.ts';
import type { Clock } from '../core/time.ts';
import { sameAmps } from '../core/units.ts';
import { ILLEGAL_ADDRESS, ILLEGAL_VALUE, type RegisterBank } from '../devices/modbus-answer.ts';
import type { SiteView } from '../schema/view.ts';
import { BLOCKS, type Block, NOT_KNOWN, partWords } from './register-map.ts';

export interface BuildingRegistersOptions {
  readonly site: Site;
  readonly view: () => SiteView;
  /** Sources that may be written, in the order of their registers. */
  readonly sources: readonly string[];
  /** A limit that is not written again in this time expires. */
  readonly watchdogSeconds: number;
  readonly setLimit: (source: string, command: LimitCommand) => LimitAnswer;
  readonly clock: Clock;
}

/** Amps in tenths and watts as last written; the values that stand for none are kept as they are. */
interface Written {
  readonly amps: number;
  readonly watts: number;
  /** Then it is forgotten, as the limit is. */
  readonly untilMs: number;
}

const NOTHING_WRITTEN = { amps: NOT_KNOWN.u16, watts: NOT_KNOWN.i32 };
const LIMITS = BLOCKS.find(({ name }) => name === 'limit');

type Values = Pick<Written, 'amps' | 'watts'>;

/** The site as registers for a building controller, and its limits as registers that it writes. */
export class BuildingRegisters implements RegisterBank {
  readonly #options: BuildingRegistersOptions;
  readonly #written = new Map<string, Written>();

  constructor(options: BuildingRegistersOptions) {
    this.#options = options;
  }

  read(address: number, count: number): readonly number[] | undefined {
    const view = this.#options.view();
    const words: number[] = [];
    let block: Block | undefined;
    let parts: readonly unknown[] = [];
    let cached: { readonly index: number; readonly words: readonly number[] } | undefined;
    for (let at = address; at < address + count; at += 1) {
      if (block === undefined || at < block.start || at >= block.start + block.size * block.most) {
        block = BLOCKS.find(({ start, size, most }) => at >= start && at < start + size * most);
        parts = block?.parts(view, this.#options.sources) ?? [];
        cached = undefined;
      }
      if (block === undefined) return undefined;
      const index = Math.floor((at - block.start) / block.size);
      if (index >= parts.length) return undefined;
      if (cached?.index !== index) cached = { index, words: partWords(block, parts[index]) };
      words.push(cached.words[(at - block.start) % block.size] ?? 0);
    }
    return words;
  }

  write(address: number, words: readonly number[]): number | undefined {
    const { sources, clock, watchdogSeconds, setLimit } = this.#options;
    if (LIMITS === undefined || address < LIMITS.start) return ILLEGAL_ADDRESS;
    const source = sources[Math.floor((address - LIMITS.start) / LIMITS.size)];
    if (source === undefined) return ILLEGAL_ADDRESS;
    const nowMs = clock.monotonicMs();
    const last = this.#written.get(source);
    const before = last === undefined || nowMs >= last.untilMs ? NOTHING_WRITTEN : last;
    const written = changed(before, (address - LIMITS.start) % LIMITS.size, words);
    if (typeof written === 'number') return written;
    const command = this.#commandOf(source, written);
    if (command === undefined || !setLimit(source, command).accepted) return ILLEGAL_VALUE;
    this.#written.set(source, { ...written, untilMs: nowMs + watchdogSeconds * 1000 });
    return undefined;
  }

  #commandOf(source: string, { amps, watts }: Values): LimitCommand | undefined {
    const { site, watchdogSeconds: ttlSeconds } = this.#options;
    const spec = site.emsSources.find(({ id }) => id === source);
    if (spec === undefined || (watts < 0 && watts !== NOT_KNOWN.i32)) return undefined;
    const lifted = amps === NOT_KNOWN.u16 && watts === NOT_KNOWN.i32;
    return {
      circuit: spec.circuit,
      ttlSeconds,
      reason: 'Modbus',
      ...(amps === NOT_KNOWN.u16 ? {} : { amps: sameAmps(amps / 10) }),
      ...(watts === NOT_KNOWN.i32 ? {} : { watts }),
      ...(lifted ? { lifted } : {}),
    };
  }
}

/** What is written after words came in at an offset, or the exception to answer with. */
const changed = (before: Values, offset: number, words: readonly number[]): Values | number => {
  const amps = offset === 0 ? words[0] : undefined;
  const rest = offset === 0 ? words.slice(1) : words;
  if (offset > 1) return ILLEGAL_ADDRESS;
  // Half a number of two words would be another number.
  if (rest.length !== 0 && rest.length !== 2) return ILLEGAL_VALUE;
  const [high, low] = rest;
  const watts = high === undefined || low === undefined ? before.watts : (high << 16) | low;
  return { amps: amps ?? before.amps, watts };
};
