import { Medium, MemoryStore } from '../../src/sim/memory-store.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { storeConformance } from './conformance.ts';

storeConformance('memory store', async () => {
  const medium = new Medium();
  const clock = new VirtualClock();
  const store = new MemoryStore(medium, clock);
  return {
    store,
    reopen: async () => {
      await store.close();
      return new MemoryStore(medium, clock);
    },
  };
});
