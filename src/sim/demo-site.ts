import type { Site } from '../core/site.ts';
import type { Cancel, Clock } from '../core/time.ts';
import { type PhaseAmps, sameAmps } from '../core/units.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import type { MeterDevice, Quantity } from '../schema/meter-device.ts';
import type { Breaker } from './breaker.ts';
import { type Broker, startBroker } from './broker.ts';
import { Building, type LoadStep } from './building.ts';
import { Car } from './car.ts';
import { SimCharger } from './charger/charger.ts';
import { SimCsms } from './csms.ts';
import { STORY, STORY_SECONDS, type StoryEvent } from './demo-story.ts';
import { SimEms } from './ems.ts';
import { auditMessages, forgetArrived } from './message-audit.ts';
import type { MeterSample } from './meter.ts';
import { type SimModbusMeter, startModbusMeter } from './modbus-meter.ts';
import { Plant } from './plant.ts';
import { seededRandom } from './random.ts';
import { type CsmsServer, serveCsms, wsConnect } from './ws-socket.ts';

const PHYSICS_MS = 100;
/** After a hiccup of the process the physics do not jump further than this at once. */
const STEP_MOST_MS = 1_000;
const METER_INTERVAL_MS = 2_000;
/** Received messages that are remembered: among them those whose chargers have no answer yet. */
const RECEIVED_MOST = 1_000;
const VERSIONS: Readonly<Record<string, OcppVersion>> = { CP_5: '2.0.1', CP_6: '2.1' };

/** Everything around the gateway in the demo: meter, building, cars, chargers, broker, CSMS. */
export class DemoSite {
  readonly csms: SimCsms;
  readonly plant: Plant;
  readonly chargers = new Map<string, SimCharger>();
  readonly #site: Site;
  readonly #clock: Clock;
  readonly #steps: LoadStep[] = [];
  readonly #ems: SimEms;
  readonly #broker: Broker;
  readonly #csmsServer: CsmsServer;
  readonly #meter: SimModbusMeter;
  readonly #told: (text: string) => void;
  readonly #startMs: number;
  #nextEvent = 0;
  #round = 0;
  #cancel: Cancel = () => {};
  #cancelOutage: Cancel = () => {};

  private constructor(
    site: Site,
    clock: Clock,
    told: (text: string) => void,
    parts: { csms: SimCsms; server: CsmsServer; broker: Broker; startMeter: DemoMeterStart },
    meter: SimModbusMeter,
  ) {
    this.#site = site;
    this.#clock = clock;
    this.#told = told;
    this.#startMs = clock.monotonicMs();
    this.csms = parts.csms;
    this.#csmsServer = parts.server;
    this.#broker = parts.broker;
    this.#meter = meter;
    const building = new Building({
      baseAmps: [6, 5, 8],
      noiseAmps: 0.8,
      steps: this.#steps,
      random: seededRandom(7),
    });
    const buildings = new Map([[site.circuits[0]?.id ?? '', building]]);
    this.plant = new Plant({ site, chargers: this.chargers, buildings });
    const publish = (topic: string, text: string): void => parts.broker.publish(topic, text);
    this.#ems = new SimEms({ clock, publish, site: site.id, source: 'bms', circuit: 'main' });
    const shown = this.plant.meters.get(site.meters[0]?.id ?? '');
    parts.startMeter.values = () => meterValues(shown?.sample());
  }

  /** Starts meter, broker and CSMS on free ports of the loopback. */
  static async start(
    site: Site,
    device: MeterDevice,
    clock: Clock,
    told: (text: string) => void,
  ): Promise<DemoSite> {
    const csms = new SimCsms(clock);
    const startMeter: DemoMeterStart = { values: () => ({}) };
    const [server, broker, meter] = await Promise.all([
      serveCsms(csms),
      startBroker(),
      startModbusMeter({ device, unit: 1, values: () => startMeter.values() }),
    ]);
    return new DemoSite(site, clock, told, { csms, server, broker, startMeter }, meter);
  }

  get addresses(): { readonly upstream: string; readonly mqtt: string; readonly meter: string } {
    return {
      upstream: this.#csmsServer.url,
      mqtt: this.#broker.url,
      meter: `tcp://127.0.0.1:${this.#meter.port}`,
    };
  }

  /** True current of the whole site. */
  get trueAmps(): PhaseAmps {
    return this.plant.amps();
  }

  /** The breaker of the whole site. */
  get breaker(): Breaker {
    const breaker = this.plant.breakers.values().next().value;
    if (breaker === undefined) throw new Error('the site has no circuit');
    return breaker;
  }

  /** Switches the chargers on and begins the story. */
  begin(ocppUrl: string): void {
    const connect = wsConnect(ocppUrl);
    this.#site.chargers.forEach((spec, index) => {
      const charger = new SimCharger({
        identity: spec.id,
        version: VERSIONS[spec.id] ?? '1.6',
        connectors: spec.connectors,
        wiring: spec.phases,
        maxAmps: spec.maxAmps,
        meterIntervalMs: METER_INTERVAL_MS,
        clock: this.#clock,
        random: seededRandom(index + 1),
        connect,
      });
      this.chargers.set(spec.id, charger);
      charger.start();
    });
    this.#physics(this.#clock.monotonicMs());
  }

  /** Transaction messages that were acknowledged to a charger and did not reach the CSMS so far. */
  undeliveredMessages(): number {
    let lost = 0;
    for (const [id, charger] of this.chargers) {
      const audit = auditMessages(charger.acknowledged, this.csms.transactionMessages(id));
      lost += audit.lost.length + charger.lost.discarded;
    }
    return lost;
  }

  async close(): Promise<void> {
    this.#cancel();
    this.#cancelOutage();
    for (const charger of this.chargers.values()) charger.stop();
    await Promise.all([this.#csmsServer.close(), this.#meter.close(), this.#broker.close()]);
  }

  #physics(lastMs: number): void {
    this.#cancel = this.#clock.after(PHYSICS_MS, () => {
      const nowMs = this.#clock.monotonicMs();
      this.#tell((nowMs - this.#startMs) / 1000);
      this.plant.step(Math.min(nowMs - lastMs, STEP_MOST_MS));
      this.#physics(nowMs);
    });
  }

  #tell(seconds: number): void {
    const event = STORY[this.#nextEvent];
    if (event === undefined) {
      if (seconds < (this.#round + 1) * STORY_SECONDS) return;
      this.#round += 1;
      this.#nextEvent = 0;
      this.#forget();
    } else if (seconds >= this.#round * STORY_SECONDS + event.at) {
      this.#nextEvent += 1;
      this.#happen(event);
      this.#told(event.text);
    }
  }

  /** It may run for weeks: with every round of the story what is settled goes. */
  #forget(): void {
    for (const [id, { acknowledged }] of this.chargers) {
      forgetArrived(acknowledged, this.csms.transactionMessages(id));
    }
    const { received } = this.csms;
    received.splice(0, Math.max(0, received.length - RECEIVED_MOST));
    const steps = this.#steps.filter(({ untilMs }) => untilMs > this.plant.elapsedMs);
    this.#steps.splice(0, this.#steps.length, ...steps);
  }

  #happen(event: StoryEvent): void {
    switch (event.what) {
      case 'plug-in':
        this.chargers.get(event.charger)?.plugIn(1, new Car(event.car), `CARD-${event.charger}`);
        break;
      case 'unplug':
        this.chargers.get(event.charger)?.unplug(1);
        break;
      case 'building': {
        const atMs = this.plant.elapsedMs;
        this.#steps.push({ atMs, untilMs: atMs + event.seconds * 1000, amps: event.amps });
        break;
      }
      case 'outage':
        this.csms.goDown();
        this.#cancelOutage = this.#clock.after(event.seconds * 1000, () => {
          this.#told('the CSMS can be reached again');
          this.csms.comeBack();
        });
        break;
      case 'ems':
        this.#ems.once({ amps: sameAmps(event.amps) }, event.seconds, event.text);
        break;
    }
  }
}

interface DemoMeterStart {
  values: () => Partial<Record<Quantity, number>>;
}

const meterValues = (sample: MeterSample | undefined): Partial<Record<Quantity, number>> => {
  if (sample === undefined) return {};
  const { amps, phaseWatts, volts, watts, frequencyHz, importWh, exportWh } = sample;
  return {
    ampsL1: amps[0],
    ampsL2: amps[1],
    ampsL3: amps[2],
    wattsL1: phaseWatts[0],
    wattsL2: phaseWatts[1],
    wattsL3: phaseWatts[2],
    watts,
    voltsL1: volts[0],
    voltsL2: volts[1],
    voltsL3: volts[2],
    frequencyHz,
    importWh,
    exportWh,
  };
};
