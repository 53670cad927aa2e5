// The gateway as it runs: relay, observation of every message, and the control loop.
import { randomUUID } from 'node:crypto';
import { ControlLoop } from '../src/control/control-loop.ts';
import { ProfileShelf } from '../src/control/profiles/profile-shelf.ts';
import { SILENT_LOG } from '../src/core/log.ts';
import { DEFAULT_SETTINGS } from '../src/core/tick.ts';
import { sameAmps } from '../src/core/units.ts';
import { Gateway } from '../src/gateway/gateway.ts';
import { DialGate } from '../src/gateway/redial.ts';
import { UpstreamRoles } from '../src/gateway/upstream-roles.ts';
import { startChargerServer } from '../src/io/charger-server.ts';
import { csmsClient } from '../src/io/csms-client.ts';
import { systemClock as clock } from '../src/io/system-clock.ts';
import { Medium, MemoryStore } from '../src/sim/memory-store.ts';

const [upstream = '', count = '1', observed = '', mirror = ''] = process.argv.slice(2);
const chargers = Array.from({ length: Number(count) }, (_, i) => ({
  id: `CP_${i}`,
  circuit: 'main',
  phases: [0, 1, 2],
  maxAmps: 32,
  minAmps: 6,
  fallbackAmps: 6,
  fallbackTrusted: true,
  stepAmps: 1,
  weight: 1,
  connectors: 1,
}));
const loop: ControlLoop = new ControlLoop({
  site: {
    id: 'bench',
    timezone: 'UTC',
    voltageVolts: 230,
    circuits: [
      { id: 'main', limitAmps: sameAmps(400), marginAmps: 1, assumedLoadAmps: sameAmps(0) },
    ],
    meters: [],
    chargers,
    emsSources: [],
    arrivalReserve: 1,
  },
  clock,
  // The simulated chargers answer nothing: no calls of our own, as in the bare relay.
  calls: { call: (_charger, _call, done) => done({ outcome: 'offline' }) },
  settings: DEFAULT_SETTINGS,
  log: SILENT_LOG,
  version: 'bench',
  ...(observed === '' ? {} : { measurementsPerSecond: Number(observed) }),
  provenFallbacks: new Set(),
  rememberFallback: () => {},
  shelf: new ProfileShelf(new MemoryStore(new Medium(), clock), [], SILENT_LOG),
  published: () => {},
});
const dialer = csmsClient({ clock, pingSeconds: 25 });
const roles = { url: upstream, routes: new Map<string, string>(), mirrors: [], rules: [] };
const upstreams = new UpstreamRoles(
  { ...roles, ...(mirror === '' ? {} : { mirrors: [{ id: 'mirror', url: mirror }] }) },
  {
    first: loop.links,
    interceptor: loop.profiles,
    mirrorParts: { dialer, gate: new DialGate(), clock, log: SILENT_LOG, random: Math.random },
  },
);
const gateway = new Gateway({
  clock,
  dialer,
  observer: mirror === '' ? loop.links : upstreams,
  upstreamBase: () => upstream,
  admits: () => true,
  newId: randomUUID,
  log: SILENT_LOG,
});
loop.start();
const server = await startChargerServer({
  host: '127.0.0.1',
  port: 0,
  clock,
  pingSeconds: 25,
  onKnock: (knock) => void gateway.knock(knock),
});
process.send?.({ url: `ws://127.0.0.1:${server.port}` });
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  const { dropped, cut } = upstreams;
  process.send?.({ cpuSeconds: (user + system) / 1e6, dropped, cut });
});
