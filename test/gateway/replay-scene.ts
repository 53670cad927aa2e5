import { SILENT_LOG } from '../../src/core/log.ts';
import type { CallOutcome } from '../../src/gateway/observer.ts';
import { openOutage } from '../../src/gateway/outage/outage.ts';
import { QueueDesk } from '../../src/gateway/outage/queue-desk.ts';
import { Replay } from '../../src/gateway/outage/replay.ts';
import { ResendDesk } from '../../src/gateway/outage/resend-desk.ts';
import { hashSecret } from '../../src/io/secret-hash.ts';
import { callBytes, type Frame, parsePayload, readFrame } from '../../src/ocpp/frame.ts';
import { readObject } from '../../src/ocpp/payload.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Medium, MemoryStore } from '../../src/sim/memory-store.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

export const ANSWERED = (payload: object = {}): CallOutcome => ({ outcome: 'answered', payload });
export const ERROR: CallOutcome = { outcome: 'error', code: 'InternalError', description: 'no' };
export const ACCEPTED = { idTagInfo: { status: 'Accepted' } };
export type Csms = (action: string, payload: Readonly<Record<string, unknown>>) => CallOutcome;

/**
 * What a charger says while the CSMS is away, and a CSMS that hears of it afterwards; what an earlier
 * run left on a medium is there.
 */
export const outage = async (
  version: OcppVersion = '1.6',
  replayPerSecond = 250,
  medium: Medium = new Medium(),
) => {
  const clock = new VirtualClock();
  const store = new MemoryStore(medium, clock);
  const shared = await openOutage({
    store,
    clock,
    log: SILENT_LOG,
    random: () => 0.5,
    hash: hashSecret,
    newSalt: () => 'salt',
    settings: {
      unknownTokens: 'accept',
      unknownBoot: 'pending',
      replayPerSecond,
      mostBytes: 1_000_000,
    },
  });
  const heard: string[] = [];
  const told: string[] = [];
  let count = 0;
  const says = async (action: string, payload: object) => {
    count += 1;
    const frame = readFrame(callBytes(`m${count}`, action, payload));
    const held = shared.standIn.answer({ charger: 'CP_1', version, frame, mayRepeat: false });
    await clock.run(10);
    const answer = await held;
    return readObject(answer !== undefined && 'payload' in answer ? answer.payload : {});
  };
  const replay = (csms: Csms) => {
    const send = (call: Frame, first: boolean): Promise<CallOutcome> => {
      const payload = readObject(parsePayload(call));
      heard.push(`${call.action}${first ? ' first' : ''}${payload['transactionId'] ?? ''}`);
      return Promise.resolve(csms(call.action, payload));
    };
    const run = new Replay({
      charger: 'CP_1',
      version,
      ...shared,
      clock,
      log: SILENT_LOG,
      send,
      bootRefused: (status, again) => told.push(`refused ${status}${again ? ' again' : ''}`),
      unwanted: (id) => told.push(`unwanted ${id}`),
      delivered: () => told.push('delivered'),
    });
    void run.run();
    return run;
  };
  const backlog = () => shared.journal.backlog('CP_1');
  const desk = new QueueDesk(shared.journal, store);
  const queued: string[] = [];
  const again = new ResendDesk({
    ...shared,
    chargers: () => ['CP_1', 'CP_2'],
    queued: (charger) => queued.push(charger),
  });
  return {
    ...shared,
    clock,
    medium,
    store,
    desk,
    again,
    queued,
    says,
    replay,
    heard,
    told,
    backlog,
  };
};
