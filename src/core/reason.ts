/**
 * Why a number is as low as it is. The same object goes to the log, API, MQTT, metrics and page.
 * `text` is one short phrase a driver or installer understands ("main L2: fuse 63 A").
 */
export interface Reason {
  readonly kind: ReasonKind;
  /** Id of what binds: circuit, EMS source, meter, profile or policy id. */
  readonly id: string;
  readonly phase?: 'L1' | 'L2' | 'L3';
  readonly text: string;
}

export type ReasonKind =
  | 'circuit' // a fuse or cable, amps per phase
  | 'circuit-watts' // a power limit of a circuit
  | 'unbalance' // the allowed difference between phases
  | 'ems' // a limit from an EMS source
  | 'meter' // a stale, suspect or absent meter
  | 'charger' // the charger's or connector's own maximum
  | 'car' // what the car was seen to take
  | 'csms-profile' // a charging profile of the CSMS
  | 'policy' // sharing policy, class, rotation, window
  | 'phases' // told to charge on one phase, or pausing to change
  | 'minimum' // less than the least current a car accepts, hence 0
  | 'step' // rounded down to a step of the charger
  | 'pending' // waiting for other chargers to be confirmed lower
  | 'fallback' // the charger's fallback is in force
  | 'unproven'; // refused, unanswered or disobeyed: budgeted at its worst case

/** Innermost first: what bound the offer, then what bound that. */
export type ReasonChain = readonly Reason[];

/** One line for logs and pages. */
export const reasonText = (chain: ReasonChain): string =>
  chain.map((reason) => reason.text).join(' → ');
