import type { LimitAnswer, LimitCommand } from '../core/limits/limit-book.ts';
import type { Log } from '../core/log.ts';
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
  readonly log: Log;
}

/** Different refusals that are logged in one run: there may be one for every address. */
const REFUSALS_TOLD_MOST = 100;

/** Why something is not written: the exception that is answered, and what it cannot say. */
interface Refusal {
  readonly exception: number;
  readonly problem: string;
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
  readonly #refused = new Set<string>();

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
    const refusal = this.#take(address, words);
    if (refusal === undefined) return undefined;
    const { exception, problem } = refusal;
    // A controller repeats itself, and shows a number at best.
    if (!this.#refused.has(problem) && this.#refused.size < REFUSALS_TOLD_MOST) {
      this.#refused.add(problem);
      this.#options.log.warn('Modbus write refused', { address, words: [...words], problem });
    }
    return exception;
  }

  #take(address: number, words: readonly number[]): Refusal | undefined {
    const { sources, clock, watchdogSeconds, setLimit } = this.#options;
    const index = LIMITS === undefined ? -1 : Math.floor((address - LIMITS.start) / LIMITS.size);
    const source = sources[index];
    if (LIMITS === undefined || source === undefined) {
      return { exception: ILLEGAL_ADDRESS, problem: notWritable(address, sources) };
    }
    const nowMs = clock.monotonicMs();
    const last = this.#written.get(source);
    const before = last === undefined || nowMs >= last.untilMs ? NOTHING_WRITTEN : last;
    const written = changed(before, (address - LIMITS.start) % LIMITS.size, words);
    if ('exception' in written) return written;
    const command = this.#commandOf(source, written);
    if (command === undefined) {
      const problem = `${written.watts} W is below 0; none is -2147483648`;
      return { exception: ILLEGAL_VALUE, problem };
    }
    const { accepted, reason } = setLimit(source, command);
    if (!accepted) return { exception: ILLEGAL_VALUE, problem: reason };
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

const notWritable = (address: number, sources: readonly string[]): string => {
  const { start = 0, size = 1 } = LIMITS ?? {};
  const at = sources.map((source, i) => `${source} at ${start + i * size}`).join(', ');
  const writable = at === '' ? 'ems.modbusServer.sources names none' : `writable are ${at}`;
  return address < start
    ? `register ${address} is read only; ${writable}`
    : `there is no limit at register ${address}; ${writable}`;
};

/** What is written after words came in at an offset, or the exception to answer with. */
const changed = (before: Values, offset: number, words: readonly number[]): Values | Refusal => {
  const amps = offset === 0 ? words[0] : undefined;
  const rest = offset === 0 ? words.slice(1) : words;
  if (offset > 1) {
    const problem = 'of a limit the first register is written (amps), the next two (watts), or all';
    return { exception: ILLEGAL_ADDRESS, problem };
  }
  // Half a number of two words would be another number.
  if (rest.length !== 0 && rest.length !== 2) {
    const problem = 'watts are two registers, the high word first: write both in one request';
    return { exception: ILLEGAL_VALUE, problem };
  }
  const [high, low] = rest;
  const watts = high === undefined || low === undefined ? before.watts : (high << 16) | low;
  return { amps: amps ?? before.amps, watts };
};
