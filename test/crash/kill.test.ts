import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/io/system-clock.ts';
import type { OcppVersion } from '../../src/ocpp/version.ts';
import { Car } from '../../src/sim/car.ts';
import { SimCharger } from '../../src/sim/charger/charger.ts';
import { SimCsms } from '../../src/sim/csms.ts';
import { auditMessages } from '../../src/sim/message-audit.ts';
import { between, seededRandom } from '../../src/sim/random.ts';
import { serveCsms, wsConnect } from '../../src/sim/ws-socket.ts';
import { freePort } from '../free-port.ts';
import { PROGRAM } from '../program.ts';

/** `BUSBAR_KILLS=200` is the long form. */
const KILLS = Number(process.env['BUSBAR_KILLS'] ?? 2);
const VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1', '1.6', '2.1', '1.6', '2.0.1'];
/** Who is driven and killed when; the machine's timing is another each time. */
const SEED = Number(process.env['BUSBAR_SEED'] ?? 1);
const METER_INTERVAL_MS = 1_000;
const SETTLE_MOST_MS = 240_000;

const siteFile = (ocpp: number, http: number, csms: string, dataDir: string): string => `version: 1
site: {id: crash, timezone: UTC, voltage: 230}
listen: {ocpp: "127.0.0.1:${ocpp}", http: "127.0.0.1:${http}"}
upstream: {url: "${csms}", outage: answer, unknownTokens: accept}
dataDir: ${dataDir}
logLevel: error
circuits: [{id: main, limitAmps: 250}]
chargers:
${VERSIONS.map((_version, i) => `  - {id: CP_${i + 1}, circuit: main}\n`).join('')}`;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test(`${KILLS} times SIGKILL while the CSMS comes and goes: nothing acknowledged is lost`, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'busbar-kill-'));
  const random = seededRandom(SEED);
  const csms = new SimCsms(systemClock);
  const server = await serveCsms(csms);
  const [ocpp, http] = [await freePort(), await freePort()];
  const file = join(folder, 'site.yaml');
  await writeFile(file, siteFile(ocpp, http, server.url, join(folder, 'data')));
  let child: ChildProcess | undefined;
  const start = (): void => {
    child = spawn(process.execPath, [...PROGRAM, 'serve', '--config', file], {
      stdio: ['ignore', 'inherit', 'ignore'],
    });
  };
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const chargers = VERSIONS.map(
    (version, i) =>
      new SimCharger({
        identity: `CP_${i + 1}`,
        version,
        clock: systemClock,
        random: seededRandom(i + 1),
        meterIntervalMs: METER_INTERVAL_MS,
        backOff: { leastMs: 50, randomMs: 200, doublings: 2 },
        connect: wsConnect(`ws://127.0.0.1:${ocpp}/ocpp`),
      }),
  );
  t.after(async () => {
    for (const charger of chargers) charger.stop();
    await kill();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });
  const physics = setInterval(() => {
    for (const charger of chargers) charger.step(100);
  }, 100);
  t.after(() => clearInterval(physics));
  start();
  for (const charger of chargers) {
    // A message that failed once is tried again soon: the test does not wait for a minute.
    charger.settings.put('attemptSeconds', 1);
    charger.settings.put('attempts', 100);
    charger.start();
  }
  // The CSMS has to have met the chargers once.
  while (!chargers.every(({ online }) => online)) await pause(50);
  for (let killed = 0; killed < KILLS; killed += 1) {
    for (const charger of chargers) {
      if (random() < 0.4) drive(charger);
    }
    if (csms.conduct.down) csms.comeBack();
    else if (random() < 0.7) csms.goDown();
    await pause(between(random, 100, 800));
    await kill();
    start();
    while (!chargers.some(({ online }) => online)) await pause(20);
  }
  csms.comeBack();
  for (const charger of chargers) if (charger.carAt(1) !== undefined) charger.unplug(1);
  const until = performance.now() + SETTLE_MOST_MS;
  while (
    !chargers.every((each) => each.online && settled(each, csms)) &&
    performance.now() < until
  ) {
    await pause(200);
  }
  let acknowledged = 0;
  for (const charger of chargers) {
    const audit = auditOf(charger, csms);
    acknowledged += charger.acknowledged.length;
    const { lost, altered, inverted, invented } = audit;
    const broken = { lost, altered, inverted, invented };
    assert.deepEqual(broken, { lost: [], altered: [], inverted: [], invented: [] });
  }
  t.diagnostic(`${acknowledged} acknowledged transaction messages, ${KILLS} kills`);
  assert.ok(acknowledged > KILLS, 'there was something to lose');
});

const drive = (charger: SimCharger): void => {
  if (charger.carAt(1) !== undefined) charger.unplug(1);
  else charger.plugIn(1, new Car({ maxAmps: 16, needWh: 50_000 }), `CARD-${charger.identity}`);
};

const auditOf = (charger: SimCharger, csms: SimCsms) =>
  auditMessages(
    charger.acknowledged,
    csms.transactionMessages(charger.identity),
    charger.heldMessages,
    charger.discarded,
  );

const settled = (charger: SimCharger, csms: SimCsms): boolean =>
  charger.held === 0 && auditOf(charger, csms).lost.length === 0;
