import type { CircuitView, ConnectorView, SiteView } from '../schema/view.ts';

/** The chart of a page that was just opened: as many samples at one a second. */
export const RECENT_MOST = 300;
/** A tick comes about once a second, never exactly. */
const RECENT_MS = 900;
/** Offers and reasons are kept at this pace, for at most this long. */
const STEP_MS = 10_000;
const KEPT_MS = 6 * 3_600_000;
/** Connectors times steps; a large site keeps a shorter time. */
const CELLS_MOST = 200_000;

/** One circuit at one second. */
export interface CircuitSample {
  readonly id: string;
  readonly measuredAmps: CircuitView['measuredAmps'];
  readonly limitInForceAmps: CircuitView['limitInForceAmps'];
}

export interface RecentSample {
  /** RFC 3339. */
  readonly at: string;
  readonly circuits: readonly CircuitSample[];
}

/** Why a connector had what it had at some time. */
export interface Explanation {
  readonly charger: string;
  readonly connector: number;
  readonly at: string;
  readonly status: string;
  readonly offerAmps: number;
  readonly targetAmps: number;
  readonly drawAmps: ConnectorView['drawAmps'];
  readonly obedience: string;
  readonly reasons: ConnectorView['reasons'];
  /** All of it in one sentence. */
  readonly text: string;
}

/** What is kept of a connector. */
type Remembered = Pick<
  ConnectorView,
  | 'connector'
  | 'status'
  | 'offerAmps'
  | 'targetAmps'
  | 'drawAmps'
  | 'obedience'
  | 'reasons'
  | 'reason'
>;

/** The offers of all chargers at one time. */
export interface Moment {
  readonly at: string;
  readonly chargers: readonly {
    readonly id: string;
    readonly upstream: string;
    readonly connectors: readonly Remembered[];
  }[];
}

interface PastStep {
  readonly atMs: number;
  readonly moment: Moment;
}

/** The last minutes of the circuits and the last hours of the offers with their reasons. */
export class History {
  readonly #recent: RecentSample[] = [];
  readonly #past: PastStep[] = [];

  /** Takes in a finished tick. */
  take(view: SiteView): void {
    const atMs = Date.parse(view.at);
    const last = this.#recent.at(-1);
    // Either way: the clock may have been set back.
    if (last === undefined || Math.abs(atMs - Date.parse(last.at)) >= RECENT_MS) {
      this.#recent.push({
        at: view.at,
        circuits: view.circuits.map(({ id, measuredAmps, limitInForceAmps }) => ({
          id,
          measuredAmps,
          limitInForceAmps,
        })),
      });
      if (this.#recent.length > RECENT_MOST) this.#recent.shift();
    }
    const step = this.#past.at(-1);
    if (step !== undefined && Math.abs(atMs - step.atMs) < STEP_MS) return;
    this.#past.push({ atMs, moment: momentOf(view, step?.moment) });
    const connectors = view.chargers.reduce((sum, each) => sum + each.connectors.length, 1);
    const stepsMost = Math.min(KEPT_MS / STEP_MS, Math.floor(CELLS_MOST / connectors));
    while (this.#past.length > Math.max(1, stepsMost)) this.#past.shift();
  }

  /** The last minutes of every circuit, oldest first. */
  recent(): readonly RecentSample[] {
    return this.#recent;
  }

  /** From when on the past can be explained; undefined before the first tick. */
  since(): string | undefined {
    return this.#past[0]?.moment.at;
  }

  /** The last step that was not after an instant; undefined when it is older than what is kept. */
  at(atMs: number): Moment | undefined {
    return this.#past.findLast((step) => step.atMs <= atMs)?.moment;
  }
}

/** What changed since the step before; the rest is shared with it, or hours would not fit. */
const momentOf = ({ at, chargers }: SiteView, before: Moment | undefined): Moment => ({
  at,
  chargers: chargers.map(({ id, upstream, connectors }, i) => {
    const known = before?.chargers[i];
    const same = known?.id === id ? known.connectors : [];
    return { id, upstream, connectors: connectors.map((view, c) => remembered(view, same[c])) };
  }),
});

const remembered = (view: ConnectorView, before: Remembered | undefined): Remembered => {
  const { connector, status, offerAmps, targetAmps, obedience, reason } = view;
  const [a, b, c] = view.drawAmps ?? [];
  const drawAmps: Remembered['drawAmps'] =
    a === undefined || b === undefined || c === undefined
      ? null
      : [Math.round(a), Math.round(b), Math.round(c)];
  const reasons = before?.reason === reason ? before.reasons : view.reasons;
  const now = { connector, status, offerAmps, targetAmps, drawAmps, obedience, reasons, reason };
  return before !== undefined && isSame(now, before) ? before : now;
};

const isSame = (a: Remembered, b: Remembered): boolean =>
  a.connector === b.connector &&
  a.status === b.status &&
  a.offerAmps === b.offerAmps &&
  a.targetAmps === b.targetAmps &&
  a.obedience === b.obedience &&
  a.reason === b.reason &&
  String(a.drawAmps) === String(b.drawAmps);

/** Why a charger gets what it gets; one for each connector, or for the one that is named. */
export const explain = (
  { at, chargers }: Moment,
  charger: string,
  connector: number | undefined,
): readonly Explanation[] => {
  const { upstream, connectors = [] } = chargers.find(({ id }) => id === charger) ?? {};
  return connectors
    .filter((each) => connector === undefined || each.connector === connector)
    .map((each) => explanationOf(at, charger, each, upstream === 'refused'));
};

/** What it is offered and draws; of a charger that is away only what was known last. */
const situationOf = (view: Remembered, isRefused: boolean): string => {
  const { status, offerAmps, targetAmps, drawAmps, obedience, reasons } = view;
  const most = drawAmps === null ? undefined : Math.max(...drawAmps);
  if (obedience === 'silent') {
    const last = [
      status === 'available' ? '' : `was ${status}`,
      most === undefined ? '' : `last drew ${most} A`,
    ].filter((part) => part !== '');
    const away = isRefused ? REFUSED : 'is not connected';
    return `${away}${last.length === 0 ? '' : ` (${last.join(', ')})`}`;
  }
  // Nobody is there: what it "will get" would be read as a promise to a car.
  if (status === 'available' && reasons[0]?.kind === 'fallback') return `(${status})`;
  const next = targetAmps === offerAmps ? '' : `, will get ${targetAmps} A`;
  const draws = most === undefined ? '' : `, draws ${most} A`;
  return `(${status}) is offered ${offerAmps} A${next}${draws}`;
};

const REFUSED = 'is not connected, the CSMS refuses its name or password';

const explanationOf = (
  at: string,
  charger: string,
  view: Remembered,
  isRefused: boolean,
): Explanation => {
  const { connector, status, offerAmps, targetAmps, drawAmps, obedience, reasons, reason } = view;
  const text = `${charger} connector ${connector} ${situationOf(view, isRefused)}: ${reason}`;
  return {
    charger,
    connector,
    at,
    status,
    offerAmps,
    targetAmps,
    drawAmps,
    obedience,
    reasons,
    text,
  };
};
