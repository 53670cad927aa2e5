import type { Defiances } from './chargers/defiance.ts';
import type { MeterEvidences } from './chargers/meter-evidence.ts';
import type { PhaseUses } from './chargers/phase-switch.ts';
import type { Background } from './meters/background.ts';
import type { WiringEvidences } from './meters/wiring-check.ts';
import type { Floors } from './overload-floor.ts';
import type { PolicyState } from './rules/policy-tick.ts';
import type { Learned } from './sharing/learned.ts';
import type { Turn } from './sharing/turns.ts';
import type { WakeUp } from './sharing/wake-ladder.ts';
import type { ConnectorKey } from './tick.ts';

/** What one tick leaves for the next: models and states, all of them told from snapshots. */
export interface Carried {
  /** Load of others on each circuit with a meter. */
  readonly background: ReadonlyMap<string, Background>;
  readonly turns: ReadonlyMap<ConnectorKey, Turn>;
  readonly policyState: PolicyState;
  /** What cars were seen to take. */
  readonly learned: ReadonlyMap<ConnectorKey, Learned>;
  /** On which phases chargers were seen. */
  readonly wiring: WiringEvidences;
  /** What the meter shows of connectors that do not measure themselves. */
  readonly meterEvidence: MeterEvidences;
  /** On how many phases connectors charge that can be switched. */
  readonly phaseUse: PhaseUses;
  /** Circuits that were far above their fuses a moment ago. */
  readonly floors: Floors;
  /** Who sleeps, and who is being woken up. */
  readonly wakeUps: ReadonlyMap<ConnectorKey, WakeUp>;
  /** Who took more than it was raised to. */
  readonly defiances: Defiances;
}

/** What the first tick begins with. */
export const NOTHING_CARRIED: Carried = {
  background: new Map(),
  turns: new Map(),
  policyState: {},
  learned: new Map(),
  wiring: new Map(),
  meterEvidence: new Map(),
  phaseUse: new Map(),
  floors: new Map(),
  wakeUps: new Map(),
  defiances: new Map(),
};
