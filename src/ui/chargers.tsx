import type { ChargerView, ConnectorView } from '../schema/view.ts';

const STATUS: Readonly<Record<string, string>> = {
  available: 'free',
  preparing: 'plugged in',
  charging: 'charging',
  'suspended-ev': 'car is full or waits',
  'suspended-evse': 'paused by the site',
  finishing: 'finishing',
  reserved: 'reserved',
  unavailable: 'out of service',
  faulted: 'faulted',
};

const OBEDIENCE: Readonly<Record<string, string>> = {
  confirmed: 'confirmed by measurement',
  pending: 'on its way',
  unverified: 'accepted, not measured yet',
  overdrawing: 'draws more than offered',
  refused: 'refused the limit',
  silent: 'not connected',
  idle: '',
};
const OUT_OF_ORDER: readonly string[] = ['faulted', 'unavailable'];
/** Of these an operator should know. */
const DISOBEDIENT: readonly string[] = ['overdrawing', 'refused'];

/** Full length of the bar: the first of these that holds offer and draw. */
const SCALES_AMPS = [32, 63, 125, 250, 500, 1_000] as const;

const UPSTREAM: Readonly<Record<string, string>> = {
  none: 'no CSMS',
  refused: 'CSMS refuses its name or password',
  connecting: 'CSMS is dialled',
  outage: 'CSMS away, served here',
  replaying: 'CSMS is back, catching up',
};

/** Of a charger that is not here all else is old, but what the CSMS made of it is why. */
const isUpstreamTold = ({ upstream, online }: ChargerView): boolean =>
  upstream === 'refused' || (upstream !== 'connected' && online);

/** Every charger with what it is offered, what it draws, and why. */
export const Chargers = ({ chargers }: { chargers: readonly ChargerView[] }) => (
  <section aria-label="Chargers">
    <h2>Chargers</h2>
    {chargers.length === 0 && <p class="empty">No charger is configured.</p>}
    <ul class="chargers">
      {chargers.flatMap((charger) =>
        charger.connectors.map((connector) => (
          <Connector
            key={`${charger.id}/${connector.connector}`}
            charger={charger}
            connector={connector}
          />
        )),
      )}
    </ul>
  </section>
);

const Connector = ({ charger, connector }: { charger: ChargerView; connector: ConnectorView }) => {
  const active = connector.transactionId !== null;
  const state = charger.online ? (active ? 'active' : 'idle') : 'offline';
  const { wiring, reasons } = connector;
  // Others wait for what is kept free for it, with a car or without.
  const isTold = active || !charger.online || reasons.some(({ kind }) => kind === 'unproven');
  const several = charger.connectors.length > 1 ? ` · ${connector.connector}` : '';
  return (
    <li class={`charger ${state}`}>
      <header>
        <h3>
          {charger.id}
          {several}
        </h3>
        <span class={OUT_OF_ORDER.includes(connector.status) ? 'status bad' : 'status'}>
          {charger.online ? (STATUS[connector.status] ?? connector.status) : 'not connected'}
        </span>
      </header>
      <Draw connector={charger.online ? connector : { ...connector, drawAmps: null }} />
      <p class="reason">{isTold ? connector.reason : ' '}</p>
      <footer>
        <span>
          {charger.version === null ? 'not seen since the start' : `OCPP ${charger.version}`}
          {charger.model === null ? '' : ` · ${charger.model}`}
        </span>
        {charger.quirks.map((quirk) => (
          <span key={quirk.id} title={`${quirk.why} ${quirk.advice ?? ''}`}>
            quirk: {quirk.id}
          </span>
        ))}
        {wiring.inUse !== wiring.configured && wiring.seen !== null && (
          <span title={`${wiring.steps} steps, ${wiring.confidencePercent} % agree`}>
            seen on {wiring.seen}
            {wiring.inUse === wiring.seen ? '' : ': counts on all phases'}
          </span>
        )}
        {active && (
          <span
            class={DISOBEDIENT.includes(connector.obedience) ? 'bad' : ''}
            title={`since ${connector.obedienceSince}, by ${connector.limitedBy ?? 'nothing'}; ${connector.obedienceBasis ?? 'not measured'}`}
          >
            {OBEDIENCE[connector.obedience] ?? connector.obedience}
          </span>
        )}
        {connector.sessionWh !== null && active && (
          <span>{(connector.sessionWh / 1000).toFixed(2)} kWh</span>
        )}
        {isUpstreamTold(charger) && (
          <span class="warn">{UPSTREAM[charger.upstream] ?? charger.upstream}</span>
        )}
        {charger.backlog.held > 0 && (
          <span class="warn">
            {charger.backlog.held} {charger.backlog.held === 1 ? 'message' : 'messages'} held
          </span>
        )}
        {charger.backlog.parked > 0 && (
          <span class="bad" title={`once mended there: busbar queue resend ${charger.id}`}>
            {charger.backlog.parked} messages not taken by the CSMS
          </span>
        )}
      </footer>
    </li>
  );
};

/** The offer as a frame and the draw of each phase as bars in it. */
const Draw = ({ connector }: { connector: ConnectorView }) => {
  const { offerAmps, drawAmps } = connector;
  const most = Math.max(offerAmps, ...(drawAmps ?? []));
  const full = SCALES_AMPS.find((amps) => amps >= most) ?? most;
  const share = (amps: number) => `${Math.min(100, (amps / full) * 100)}%`;
  const drawn = drawAmps === null ? 'not measured' : `${drawAmps.join(', ')} A`;
  const label = `offer ${offerAmps} A, draw ${drawn}, on a scale to ${full} A`;
  return (
    <div class="draw">
      <div class="offer">
        <b>{connector.transactionId === null ? '–' : connector.offerAmps}</b>
        <span>A offered</span>
      </div>
      <svg viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-label={label}>
        <rect class="track" width="100%" height="30" rx="2" />
        <title>{label}</title>
        <rect class="offered" width={share(offerAmps)} height="30" rx="2" />
        {offerAmps > 0 && (
          <line class="offer-end" x1={share(offerAmps)} x2={share(offerAmps)} y1="0" y2="30" />
        )}
        {(drawAmps ?? []).map((amps, p) => (
          <rect
            key={p}
            class={`phase phase-${p + 1}`}
            y={3 + p * 9}
            height="6"
            width={share(amps)}
            rx="1"
          />
        ))}
      </svg>
    </div>
  );
};
