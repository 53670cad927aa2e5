import { useEffect } from 'preact/hooks';
import type { ChargerView, CircuitView, LimitView, MeterView, SiteView } from '../schema/view.ts';
import { Chargers } from './chargers.tsx';
import { CircuitChart } from './chart.tsx';
import { type Live, useLive } from './live.ts';
import { Scroll } from './scroll.tsx';

/** Nobody scrolls past more of them to find a limit or a meter. */
const CHARGERS_FIRST_MOST = 12;

export const App = () => {
  const live = useLive();
  const { view } = live;
  useEffect(() => {
    if (view !== undefined) document.title = titleOf(view);
  }, [view]);
  if (view === undefined) {
    const text =
      live.connected === false
        ? 'The gateway does not answer. It is tried again…'
        : 'Connecting to the gateway…';
    return (
      <p class="loading" role="status">
        {text}
      </p>
    );
  }
  const metered = view.circuits.filter((circuit) => circuit.measuredAmps !== null);
  const many = view.chargers.length > CHARGERS_FIRST_MOST;
  return (
    <>
      <Header live={live} view={view} />
      <main>
        <Alarms alarms={view.alarms} connected={live.connected === true} />
        <div role="status" aria-live="polite">
          <Outage chargers={view.chargers} at={view.at} />
        </div>
        {metered.map((circuit) => (
          <section class="circuit" key={circuit.id} aria-label={`Circuit ${circuit.id}`}>
            <h2>
              {circuit.id} <small>{circuit.limitReason}</small>
            </h2>
            <CircuitChart circuit={circuit} history={live.history} />
          </section>
        ))}
        {many && <Site view={view} />}
        <Chargers chargers={view.chargers} />
        {!many && <Site view={view} />}
      </main>
    </>
  );
};

const Site = ({ view: { circuits, limits, meters } }: { view: SiteView }) => (
  <div class="columns">
    <Circuits circuits={circuits} />
    <Limits limits={limits} />
    <Meters meters={meters} />
  </div>
);

const titleOf = ({ id, alarms }: SiteView): string =>
  `${alarms.length > 0 ? `(${alarms.length}) ` : ''}${id} · Busbar`;

const Header = ({ live, view }: { live: Live; view: SiteView }) => {
  const connectors = view.chargers.flatMap((charger) => charger.connectors);
  const charging = connectors.filter(({ status }) => status === 'charging').length;
  const watts = view.meters.find(({ role = 'load' }) => role === 'load')?.watts;
  return (
    <header class="top">
      <h1>
        Busbar <span>{view.id}</span>
      </h1>
      <dl>
        <div>
          <dt>charging</dt>
          <dd>
            {charging} of {connectors.length}
          </dd>
        </div>
        <div>
          <dt>site</dt>
          <dd>{watts === null || watts === undefined ? '–' : `${(watts / 1000).toFixed(1)} kW`}</dd>
        </div>
        <div>
          <dt>CSMS</dt>
          <dd>
            {view.chargers.filter(({ upstream }) => upstream === 'connected').length} of{' '}
            {view.chargers.length} links
          </dd>
        </div>
        <div>
          <dt>feed</dt>
          <dd class={live.connected ? 'good' : 'bad'}>{live.connected ? 'live' : 'lost'}</dd>
        </div>
      </dl>
    </header>
  );
};

const Alarms = ({ alarms, connected }: { alarms: readonly string[]; connected: boolean }) => {
  const all = connected ? alarms : ['This page lost the gateway; values are old.', ...alarms];
  return (
    <div role="status" aria-live="polite">
      {all.length > 0 && (
        <ul class="alarms">
          {all.map((alarm) => (
            <li key={alarm}>{alarm}</li>
          ))}
        </ul>
      )}
    </div>
  );
};

/** What the CSMS has not heard yet; nothing while all is well. */
const Outage = ({ chargers, at }: { chargers: readonly ChargerView[]; at: string }) => {
  const away = chargers.filter(({ upstream }) => upstream === 'outage').length;
  const served = chargers.filter(({ upstream, online }) => upstream === 'outage' && online).length;
  const catchingUp = chargers.filter(({ upstream }) => upstream === 'replaying').length;
  const held = chargers.reduce((sum, { backlog }) => sum + backlog.held, 0);
  if (away + catchingUp + held === 0) return null;
  const [oldest] = chargers.flatMap(({ backlog }) => backlog.oldestAt ?? []).sort();
  const minutes = oldest === undefined ? 0 : (Date.parse(at) - Date.parse(oldest)) / 60_000;
  return (
    <p class="outage">
      {away > 0 &&
        `The CSMS is away for ${away} of ${counted(chargers.length, 'charger')}: ${
          served > 0
            ? 'charging goes on'
            : 'those that it never accepted cannot connect until it is back'
        }. `}
      {catchingUp > 0 &&
        `The CSMS is back and catching up with ${counted(catchingUp, 'charger')}. `}
      {held > 0 && `${counted(held, 'message')} ${held === 1 ? 'is' : 'are'} held for it`}
      {held > 0 && minutes >= 1 && `, the oldest for ${duration(minutes)}`}
      {held > 0 && '.'}
    </p>
  );
};

const counted = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? '' : 's'}`;

/** Seconds matter only while few of them are left. */
const lifeText = (seconds: number): string =>
  seconds < 600 ? `${seconds} s` : duration(seconds / 60);

const duration = (minutes: number): string =>
  minutes < 120 ? `${minutes.toFixed(0)} min` : `${(minutes / 60).toFixed(0)} h`;

const most = (amps: readonly number[]): string => Math.max(...amps).toFixed(1);

const Circuits = ({ circuits }: { circuits: readonly CircuitView[] }) => (
  <section>
    <h2>Circuits</h2>
    <Scroll label="Circuits">
      <table>
        <thead>
          <tr>
            <th scope="col">Circuit</th>
            <th scope="col">Limit A</th>
            <th scope="col">Others A</th>
            <th scope="col">Offered A</th>
            <th scope="col">Worst case A</th>
          </tr>
        </thead>
        <tbody>
          {circuits.map((circuit) => (
            <tr key={circuit.id}>
              <td class={circuit.parent === null ? '' : 'child'}>{circuit.id}</td>
              <td>{Math.min(...circuit.limitInForceAmps)}</td>
              <td>{most(circuit.uncontrolledAmps)}</td>
              <td>{most(circuit.offeredAmps)}</td>
              <td>{most(circuit.worstCaseAmps)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  </section>
);

const Limits = ({ limits }: { limits: readonly LimitView[] }) => (
  <section>
    <h2>Limits from outside</h2>
    {limits.length === 0 && <p class="empty">No source is configured.</p>}
    <ul class="plain">
      {limits.map(({ source, circuit, state, amps, watts, expiresInSeconds, reason }) => (
        <li key={source}>
          <b>{source}</b> on {circuit}:{' '}
          {state === 'none' ? 'no limit' : amps === null ? `${watts} W` : `${Math.min(...amps)} A`}
          {state === 'failsafe' && ' (failsafe)'}
          {expiresInSeconds !== null && `, ends in ${lifeText(expiresInSeconds)}`}
          {reason !== null && <small> {reason}</small>}
        </li>
      ))}
    </ul>
  </section>
);

const Meters = ({ meters }: { meters: readonly MeterView[] }) => (
  <section>
    <h2>Meters</h2>
    {meters.length === 0 && <p class="empty">No meter is configured.</p>}
    <ul class="plain">
      {meters.map(({ id, device, quality, problem, ageSeconds, watts }) => (
        <li key={id}>
          <b>{id}</b> <span class={quality === 'good' ? 'good' : 'bad'}>{quality}</span>
          {ageSeconds !== null && `, ${ageSeconds.toFixed(0)} s old`}
          {watts !== null && `, ${(watts / 1000).toFixed(2)} kW`}
          <small> {problem ?? device}</small>
        </li>
      ))}
    </ul>
  </section>
);
