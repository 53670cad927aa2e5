import { SimCharger } from '../../src/sim/charger/charger.ts';
import type { SimChargerOptions } from '../../src/sim/charger/charger-options.ts';
import { SimCsms } from '../../src/sim/csms.ts';
import { MemoryNetwork } from '../../src/sim/memory-network.ts';
import { auditMessages } from '../../src/sim/message-audit.ts';
import { seededRandom } from '../../src/sim/random.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

export const NOTHING_WRONG = { lost: [], repeated: [], altered: [], inverted: [], invented: [] };

/** One charger and its CSMS on the virtual clock, with no gateway between them. */
export const directSite = (options: Partial<SimChargerOptions> = {}, seed = 1) => {
  const clock = new VirtualClock();
  const random = seededRandom(seed);
  const csms = new SimCsms(clock, 1_000);
  const network = new MemoryNetwork(clock, random, csms);
  const charger = new SimCharger({
    identity: 'CP_1',
    version: '1.6',
    ...options,
    clock,
    random,
    connect: (identity, subprotocols) => network.connectToCsms(identity, subprotocols),
  });
  const physics = (): void => {
    charger.step(100);
    clock.after(100, physics);
  };
  physics();
  charger.start();
  return {
    clock,
    csms,
    network,
    charger,
    run: (seconds: number) => clock.run(seconds * 1000),
    /** Actions that reached the CSMS, oldest first. */
    actions: () => csms.received.map(({ action }) => action),
    messages: () => csms.transactionMessages('CP_1'),
    audit: () => auditMessages(charger.acknowledged, csms.transactionMessages('CP_1')),
  };
};
