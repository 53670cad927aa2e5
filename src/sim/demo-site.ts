import type { Site } from '../core/site.ts';
import type { Cancel, Clock } from '../core/time.ts';
import { addAmps, NO_AMPS, type PhaseAmps } from '../core/units.ts';
import type { OcppVersion } from '../ocpp/version.ts';
import type { MeterDevice, Quantity } from '../schema/meter-device.ts';
import { Breaker } from './breaker.ts';
import { type Broker, startBroker } from './broker.ts';
import { Building, type LoadStep } from './building.ts';
import { Car } from './car.ts';
import { SimCharger } from './charger.ts';
import { SimCsms } from './csms.ts';
import { STORY, STORY_SECONDS, type StoryEvent } from './demo-story.ts';
import { type SimModbusMeter, startModbusMeter } from './modbus-meter.ts';
import { seededRandom } from './random.ts';
import { type CsmsServer, serveCsms, wsConnect } from './ws-socket.ts';

const PHYSICS_MS = 100;
const METER_INTERVAL_MS = 2_000;
const VOLTS = 230;
const VERSIONS: Readonly<Record<string, OcppVersion>> = { CP_5: '2.0.1', CP_6: '2.1' };

/** Everything around the gateway in the demo: meter, building, cars, chargers, broker, CSMS. */
export class DemoSite {
  readonly csms: SimCsms;
  readonly breaker: Breaker;
  readonly chargers = new Map<string, SimCharger>();
  readonly #site: Site;
  readonly #clock: Clock;
  readonly #steps: LoadStep[] = [];
  readonly #building: Building;
  readonly #broker: Broker;
  readonly #csmsServer: CsmsServer;
  readonly #meter: SimModbusMeter;
  readonly #told: (text: string) => void;
  readonly #startMs: number;
  #amps: PhaseAmps = NO_AMPS;
  #nextEvent = 0;
  #round = 0;
  #cancel: Cancel = () => {};

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
    this.breaker = new Breaker(site.circuits[0]?.limitAmps ?? NO_AMPS);
    this.#building = new Building({
      baseAmps: [11, 9, 13],
      noiseAmps: 0.8,
      steps: this.#steps,
      random: seededRandom(7),
    });
    parts.startMeter.values = () => meterValues(this.#amps);
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

  get trueAmps(): PhaseAmps {
    return this.#amps;
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
    this.#physics();
  }

  /** Transaction messages that a charger was told are safe and that the CSMS never got. */
  lostMessages(): number {
    let lost = 0;
    for (const [id, charger] of this.chargers) {
      lost += Math.max(0, charger.acknowledged.length - this.csms.transactionMessages(id).length);
    }
    return lost;
  }

  async close(): Promise<void> {
    this.#cancel();
    for (const charger of this.chargers.values()) charger.stop();
    await Promise.all([this.#csmsServer.close(), this.#meter.close(), this.#broker.close()]);
  }

  #physics(): void {
    this.#cancel = this.#clock.after(PHYSICS_MS, () => {
      const seconds = (this.#clock.monotonicMs() - this.#startMs) / 1000;
      this.#tell(seconds);
      let total = this.#building.amps(seconds * 1000);
      for (const charger of this.chargers.values()) {
        total = addAmps(total, charger.step(PHYSICS_MS));
      }
      this.#amps = total;
      this.breaker.step(PHYSICS_MS, total);
      this.#physics();
    });
  }

  #tell(seconds: number): void {
    const event = STORY[this.#nextEvent];
    if (event === undefined) {
      if (seconds < (this.#round + 1) * STORY_SECONDS) return;
      this.#round += 1;
      this.#nextEvent = 0;
    } else if (seconds >= this.#round * STORY_SECONDS + event.at) {
      this.#nextEvent += 1;
      this.#happen(event, seconds);
      this.#told(event.text);
    }
  }

  #happen(event: StoryEvent, seconds: number): void {
    switch (event.what) {
      case 'plug-in':
        this.chargers.get(event.charger)?.plugIn(1, new Car(event.car), `CARD-${event.charger}`);
        break;
      case 'unplug':
        this.chargers.get(event.charger)?.unplug(1);
        break;
      case 'building': {
        const atMs = seconds * 1000;
        this.#steps.push({ atMs, untilMs: atMs + event.seconds * 1000, amps: event.amps });
        break;
      }
      case 'ems':
        this.#broker.publish(
          `busbar/v1/${this.#site.id}/limits/bms/set`,
          JSON.stringify({
            circuit: 'main',
            amps: event.amps,
            ttlSeconds: event.seconds,
            reason: event.text,
          }),
        );
        break;
    }
  }
}

interface DemoMeterStart {
  values: () => Partial<Record<Quantity, number>>;
}

const meterValues = (amps: PhaseAmps): Partial<Record<Quantity, number>> => ({
  ampsL1: amps[0],
  ampsL2: amps[1],
  ampsL3: amps[2],
  wattsL1: amps[0] * VOLTS,
  wattsL2: amps[1] * VOLTS,
  wattsL3: amps[2] * VOLTS,
  watts: (amps[0] + amps[1] + amps[2]) * VOLTS,
  voltsL1: VOLTS,
  voltsL2: VOLTS,
  voltsL3: VOLTS,
  frequencyHz: 50,
});
