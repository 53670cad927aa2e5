import type { Log } from '../core/log.ts';
import type { PreferenceAnswer, PreferenceCommand } from '../core/preferences.ts';
import type { Cancel, Clock } from '../core/time.ts';
import { maxAmps, NO_AMPS, type PhaseAmps } from '../core/units.ts';
import type { CallOutcome, LinkObserver, OwnCall } from '../gateway/observer.ts';
import type { CircuitView } from '../schema/view.ts';
import type { Broker, Incoming } from './broker-port.ts';
import { profileLimit, stationAnswer } from './child-answers.ts';
import { Inbox } from './inbox.ts';
import type { TopicHandler } from './topic-handler.ts';

/** Another gateway that takes its limit from this one. */
export interface ChildSpec {
  /** Its id on this site, where it stands beside the chargers. */
  readonly id: string;
  /** Its own site id: the part of its topics. */
  readonly site: string;
  /** The source in its `ems.sources` that we are, and the circuit that it limits. */
  readonly source: string;
  readonly circuit: string;
  /** What it holds without us; less is of no use to offer. */
  readonly failsafeAmps: number;
}

export interface ChildStationsOptions {
  readonly children: readonly ChildSpec[];
  readonly root: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: LinkObserver;
  readonly broker: () => Broker;
  /** Higher with every start of this gateway: what an earlier run sent late is fenced off. */
  readonly epoch: number;
  readonly siteId: string;
  readonly want: (command: PreferenceCommand) => PreferenceAnswer;
}

const REPORT_MOST_BYTES = 64 * 1024;

interface Child {
  readonly spec: ChildSpec;
  readonly base: string;
  online: boolean;
  seq: number;
  waiting: { readonly seq: number; readonly done: Done; readonly cancel: Cancel } | undefined;
}
type Done = (outcome: CallOutcome) => void;

/**
 * Children as stations: to the control loop each is a charger that takes an expiring offer and
 * falls back by itself, so the same worst-case arithmetic holds for boxes as for chargers. Over the
 * wire it is the ordinary contract: a limit with a life, its answer, `status` and `circuits/<id>`.
 */
export class ChildStations implements TopicHandler {
  readonly filters: readonly string[];
  readonly #options: ChildStationsOptions;
  readonly #children: readonly Child[];
  readonly #inbox: Inbox;
  readonly #comings: Inbox;

  constructor(options: ChildStationsOptions) {
    this.#options = options;
    this.#inbox = new Inbox(options.clock);
    this.#comings = new Inbox(options.clock);
    this.#children = options.children.map((spec) => ({
      spec,
      base: `${options.root}/${spec.site}`,
      online: false,
      seq: 0,
      waiting: undefined,
    }));
    this.filters = this.#children.flatMap(({ spec, base }) => [
      `${base}/status`,
      `${base}/circuits/${spec.circuit}`,
      `${base}/limits/${spec.source}`,
    ]);
  }

  take(message: Incoming): boolean {
    const child = this.#children.find(({ base }) => message.topic.startsWith(`${base}/`));
    if (child === undefined || message.bytes > REPORT_MOST_BYTES) return false;
    const { spec } = child;
    switch (message.topic.slice(child.base.length + 1)) {
      case 'status':
        this.#comings.take(spec.id, () => this.#setOnline(child, message.text() === 'online'));
        return true;
      case `circuits/${spec.circuit}`:
        this.#inbox.take(spec.id, () => this.#report(child, message));
        return true;
      case `limits/${spec.source}`:
        this.#answered(child, message.text());
        return true;
      default:
        return false;
    }
  }

  /** Without the broker nobody is heard: what was promised runs out by itself. */
  disconnected(): void {
    this.#comings.close();
    for (const child of this.#children) this.#setOnline(child, false);
  }

  close(): void {
    this.#inbox.close();
    this.disconnected();
  }

  /** Carries out a call of the control loop; false when it is not for a child. */
  call(charger: string, call: OwnCall, done: Done): boolean {
    const child = this.#children.find(({ spec }) => spec.id === charger);
    if (child === undefined) return false;
    const limit = profileLimit(call, this.#options.clock.wallMs());
    if (!child.online) later(this.#options.clock, () => done({ outcome: 'offline' }));
    else if (limit === undefined) {
      const payload = stationAnswer(call);
      later(this.#options.clock, () => done({ outcome: 'answered', payload }));
    } else this.#offer(child, limit, call.timeoutMs, done);
    return true;
  }

  #offer(
    child: Child,
    { amps, lifeSeconds }: { readonly amps: number; readonly lifeSeconds: number },
    timeoutMs: number,
    done: Done,
  ): void {
    const { broker, epoch, clock, siteId } = this.#options;
    const { spec, base } = child;
    child.waiting?.cancel();
    child.waiting?.done({ outcome: 'timeout' });
    child.seq += 1;
    const { seq } = child;
    const message = {
      circuit: spec.circuit,
      amps,
      ttlSeconds: lifeSeconds,
      epoch,
      seq,
      reason: siteId,
    };
    const cancel = clock.after(timeoutMs, () => {
      if (child.waiting?.seq !== seq) return;
      child.waiting = undefined;
      done({ outcome: 'timeout' });
    });
    child.waiting = { seq, done, cancel };
    const topic = `${base}/limits/${spec.source}/set`;
    if (broker().publish(topic, JSON.stringify(message), { qos: 1 })) return;
    cancel();
    child.waiting = undefined;
    later(clock, () => done({ outcome: 'offline' }));
  }

  #answered(child: Child, text: string): void {
    const answer = parsed(text);
    const { waiting } = child;
    if (waiting === undefined || answer?.['epoch'] !== this.#options.epoch) return;
    if (answer['seq'] !== waiting.seq) return;
    waiting.cancel();
    child.waiting = undefined;
    const accepted = answer['accepted'] === true;
    const reasonCode = String(answer['reason'] ?? '');
    waiting.done({
      outcome: 'answered',
      payload: accepted
        ? { status: 'Accepted' }
        : { status: 'Rejected', statusInfo: { reasonCode } },
    });
  }

  #setOnline(child: Child, online: boolean): void {
    if (child.online === online) return;
    const { observer, clock, log } = this.#options;
    const { id } = child.spec;
    child.online = online;
    log.info(online ? 'child gateway heard' : 'child gateway gone', { child: id });
    const atMs = clock.monotonicMs();
    if (!online) {
      const { waiting } = child;
      child.waiting = undefined;
      waiting?.cancel();
      waiting?.done({ outcome: 'offline' });
      observer.chargerGone(id, 'child gateway not heard', atMs);
      return;
    }
    observer.chargerConnected(id, '2.0.1', atMs);
    this.#event(child, undefined);
  }

  #report(child: Child, message: Incoming): void {
    const circuit = parsed(message.text()) as Partial<CircuitView> | undefined;
    if (circuit === undefined) return;
    const draw = drawOf(circuit);
    // A retained report may be of yesterday: what it wants is its own loss, what it draws is not.
    if (child.online && !message.retained && draw !== undefined) this.#event(child, draw);
    const { wantedAmps } = circuit;
    if (isPhases(wantedAmps)) {
      this.#options.want({
        kind: 'want',
        charger: child.spec.id,
        amps: Math.max(child.spec.failsafeAmps, ...wantedAmps),
      });
    }
  }

  /**
   * Its one session lasts for as long as it is a child and never starts anew: what it may hold of an
   * earlier connection, or of an earlier run of ours, stays in the books.
   */
  #event(child: Child, draw: PhaseAmps | undefined): void {
    const { observer, clock } = this.#options;
    const { id } = child.spec;
    const payload = {
      eventType: 'Updated',
      transactionInfo: { transactionId: `child-${id}`, chargingState: 'Charging' },
      evse: { id: 1 },
      ...(draw === undefined ? {} : { meterValue: [{ sampledValue: draw.map(sampled) }] }),
    };
    observer.request({
      charger: id,
      version: '2.0.1',
      from: 'charger',
      action: 'TransactionEvent',
      payload: () => payload,
      atMs: clock.monotonicMs(),
    });
  }
}

const sampled = (value: number, phase: number) => ({
  value,
  measurand: 'Current.Import',
  phase: `L${phase + 1}`,
});

/** What flows into a child: measured, else the most that may. */
const drawOf = ({
  measuredAmps,
  uncontrolledAmps,
  worstCaseAmps,
}: Partial<CircuitView>): PhaseAmps | undefined => {
  if (isPhases(measuredAmps)) return maxAmps(measuredAmps, NO_AMPS);
  if (!isPhases(uncontrolledAmps) || !isPhases(worstCaseAmps)) return undefined;
  const [a, b, c] = uncontrolledAmps;
  const [x, y, z] = worstCaseAmps;
  return [a + x, b + y, c + z];
};

const isPhases = (value: unknown): value is [number, number, number] =>
  Array.isArray(value) && value.length === 3 && value.every((each) => Number.isFinite(each));

const parsed = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
};

/** Answers come after the question, never within it. */
const later = (clock: Clock, run: () => void): Cancel => clock.after(0, run);
