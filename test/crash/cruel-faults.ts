import { isQueued } from '../../src/ocpp/transaction-message.ts';
import type { SimCharger } from '../../src/sim/charger/charger.ts';
import type { SimCsms } from '../../src/sim/csms.ts';
import type { MemoryNetwork } from '../../src/sim/memory-network.ts';
import type { MediumConduct } from '../../src/sim/memory-store.ts';
import type { Random } from '../../src/sim/random.ts';

export interface CruelParts {
  readonly csms: SimCsms;
  readonly network: MemoryNetwork;
  readonly medium: MediumConduct;
  readonly random: Random;
  /** One of the chargers. */
  readonly charger: () => SimCharger;
  /** Runs something between so many ms from now. */
  readonly later: (fromMs: number, toMs: number, run: () => void) => void;
}

const REFUSED = ['StartTransaction', 'StopTransaction', 'TransactionEvent', 'MeterValues'];
const EVENT = { type: 'StartupOfTheDevice', timestamp: '2026-06-01T00:00:00Z' };

/** Faults that hit single messages: the CSMS refuses one for long, or takes it and says no more. */
export const cruelFaults = ({
  csms: { conduct },
  network,
  medium,
  random,
  charger,
  later,
}: CruelParts): Readonly<Record<string, () => void>> => ({
  'a security event': () => {
    charger()
      .tell('SecurityEventNotification', EVENT)
      .catch(() => {});
  },
  'CSMS refuses for long': () => {
    conduct.failNext.set(REFUSED[Math.floor(random() * REFUSED.length)] ?? '', 6);
  },
  'CSMS takes a message and hangs up': () => {
    conduct.answers = (action, _payload, version) => {
      if (!isQueued(version, action)) return undefined;
      conduct.answers = () => undefined;
      network.cut('csms');
      return undefined;
    };
  },
  'disk stumbles': () => {
    medium.full = true;
    later(100, 3_000, () => {
      medium.full = false;
    });
  },
});
