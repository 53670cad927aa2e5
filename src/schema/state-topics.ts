import { PHASES } from '../core/units.ts';
import { VERBS } from './request-messages.ts';
import type { SiteView } from './view.ts';

/** Version of the topics and payloads. */
export const MQTT_API_VERSION = 1;

/** Payload of every state topic below `<root>/<site>/`, from one view of the site. */
export const stateTopics = (
  view: SiteView,
  version: string,
  policies: readonly string[] = [],
): Map<string, string> => {
  const topics = new Map<string, string>();
  const put = (topic: string, value: object): unknown => topics.set(topic, JSON.stringify(value));
  put('info', {
    name: 'Busbar',
    version,
    apiVersion: MQTT_API_VERSION,
    circuits: view.circuits.map(({ id }) => id),
    meters: view.meters.map(({ id }) => id),
    chargers: view.chargers.map(({ id }) => id),
    sources: view.limits.map(({ source }) => source),
    policies,
    verbs: VERBS,
  });
  put('site', {
    id: view.id,
    alarms: view.alarms,
    policy: view.policy ?? null,
    chosenPolicy: view.chosenPolicy ?? null,
    surplusWatts: view.surplusWatts ?? null,
    limits: view.limits.map(withoutCountdown),
  });
  for (const circuit of view.circuits) put(`circuits/${topicLevel(circuit.id)}`, circuit);
  for (const { ageSeconds: _age, ...meter } of view.meters)
    put(`meters/${topicLevel(meter.id)}`, meter);
  for (const { connectors, ...charger } of view.chargers) {
    const base = `chargers/${topicLevel(charger.id)}`;
    put(base, charger);
    for (const connector of connectors) put(`${base}/connectors/${connector.connector}`, connector);
  }
  return topics;
};

/**
 * The same as one value per topic, for readers that know no JSON: `values/circuits/main/limitAmps/L1`.
 * Lists by phase end in L1..L3; what is not there has no topic.
 */
export const scalarTopics = (state: ReadonlyMap<string, string>): ReadonlyMap<string, string> => {
  const topics = new Map<string, string>();
  for (const [topic, text] of state) {
    if (topic === 'info') continue;
    for (const [field, value] of Object.entries(JSON.parse(text) as Record<string, unknown>)) {
      const place = `values/${topic}/${topicLevel(field)}`;
      if (isPhases(value)) {
        for (const [p, phase] of PHASES.entries()) topics.set(`${place}/${phase}`, `${value[p]}`);
      } else if (['string', 'number', 'boolean'].includes(typeof value) && value !== '') {
        topics.set(place, String(value));
      }
    }
  }
  return topics;
};

const isPhases = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length === 3 && value.every((each) => typeof each === 'number');

/** A level of a topic must not hold wildcards or separators. */
export const topicLevel = (id: string): string => id.replace(/[#+/\s]/g, '_');

/** A countdown would make the topic change every second. */
const withoutCountdown = ({ expiresInSeconds: _seconds, ...limit }: SiteView['limits'][number]) =>
  limit;
