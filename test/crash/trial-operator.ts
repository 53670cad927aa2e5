import type { Outage } from '../../src/gateway/outage/outage.ts';
import type { QueueDesk } from '../../src/gateway/outage/queue-desk.ts';
import { ResendDesk } from '../../src/gateway/outage/resend-desk.ts';
import { parsePayload, readFrame } from '../../src/ocpp/frame.ts';
import { messageKey } from '../../src/sim/message-audit.ts';

const ASIDE_MOST = 1_000;

/** What an operator does to held messages in a storm, and which ones it was done to. */
export class TrialOperator {
  /** Messages that the CSMS need not get. */
  readonly dropped = new Set<string>();
  /** Messages that were set aside: the CSMS takes them late. */
  readonly resent = new Set<string>();

  /** The message of a charger that is the next to go. */
  async drop(desk: QueueDesk, charger: string, nowWallMs: number): Promise<void> {
    const [next] = await desk.messages(charger, { parked: false, after: 0, limit: 1 });
    if (next === undefined) return;
    this.dropped.add(keyOf(Buffer.from(next.message)));
    await desk.drop(charger, next.seq, 'operator', nowWallMs).catch(() => {});
  }

  async resend(outage: Outage, queued: (charger: string) => void): Promise<void> {
    const { journal } = outage;
    for (const charger of journal.parkedChargers()) {
      const aside = await journal.parked(charger, 0, ASIDE_MOST);
      for (const { message } of aside) this.resent.add(keyOf(message));
    }
    await new ResendDesk({ ...outage, chargers: () => [], queued }).resend({});
  }
}

/** As `auditMessages` names it. */
export const keyOf = (message: Buffer): string => {
  const frame = readFrame(message);
  return messageKey(frame.action, parsePayload(frame));
};
