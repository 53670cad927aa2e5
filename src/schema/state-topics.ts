import type { SiteView } from './view.ts';

/** Version of the topics and payloads. */
export const MQTT_API_VERSION = 1;

/** Payload of every state topic below `<root>/<site>/`, from one view of the site. */
export const stateTopics = (view: SiteView, version: string): Map<string, string> => {
  const topics = new Map<string, string>();
  const put = (topic: string, value: object): unknown => topics.set(topic, JSON.stringify(value));
  put('info', {
    name: 'Busbar',
    version,
    apiVersion: MQTT_API_VERSION,
    circuits: view.circuits.map(({ id }) => id),
    chargers: view.chargers.map(({ id }) => id),
  });
  put('site', { id: view.id, alarms: view.alarms, limits: view.limits.map(withoutCountdown) });
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

/** A level of a topic must not hold wildcards or separators. */
export const topicLevel = (id: string): string => id.replace(/[#+/\s]/g, '_');

/** A countdown would make the topic change every second. */
const withoutCountdown = ({ expiresInSeconds: _seconds, ...limit }: SiteView['limits'][number]) =>
  limit;
