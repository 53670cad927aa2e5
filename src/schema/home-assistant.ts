import { PHASES } from '../core/units.ts';
import { topicLevel } from './state-topics.ts';
import type { ChargerView, SiteView } from './view.ts';

export interface HomeAssistantOptions {
  /** Where Home Assistant looks: homeassistant */
  readonly prefix: string;
  /** Sources of limits that Home Assistant may set, as numbers. */
  readonly limitSources: readonly string[];
  /** How long a policy holds that is chosen there; absent: until another one is. */
  readonly policySeconds?: number | undefined;
}

export type Component = { readonly p: string } & Readonly<Record<string, unknown>>;

/** One device with its entities, by key. */
export interface DiscoveryMessage {
  readonly cmps: Readonly<Record<string, Component>>;
}

/** A limit set by hand lives for a day: Home Assistant does not repeat it. */
const LIMIT_LIFE_SECONDS = 86_400;
/** The choice of a policy that is no choice. */
const AS_CONFIGURED = 'as configured';

/**
 * Device-based discovery (home-assistant.io, MQTT): one message for the site, one per charger. The
 * site's limits are numbers, everything else is read from the state topics.
 */
export const discoveryTopics = (
  view: SiteView,
  base: string,
  version: string,
  policies: readonly string[],
  options: HomeAssistantOptions,
): ReadonlyMap<string, DiscoveryMessage> => {
  const { prefix, limitSources, policySeconds } = options;
  const site = siteKey(view.id);
  const origin = { name: 'Busbar', sw: version };
  const topics = new Map<string, DiscoveryMessage>();
  const put = (id: string, device: object, components: Readonly<Record<string, Component>>) => {
    const cmps = Object.fromEntries(
      Object.entries(components).map(([key, component]) => [
        key,
        { uniq_id: `${id}_${key}`, ...component },
      ]),
    );
    const dev = { ids: [id], mf: 'Busbar', ...device };
    const message = { dev, o: origin, avty: [gatewayThere(base)], cmps };
    topics.set(`${prefix}/device/${id}/config`, message);
  };
  const choice = policies.length === 0 ? {} : { policy: choiceOf(base, policies, policySeconds) };
  put(
    site,
    { name: `Busbar ${view.id}`, sw: version },
    { ...siteComponents(view, base, limitSources), ...choice },
  );
  for (const charger of view.chargers) {
    const id = `${site}__${objectId(charger.id)}`;
    const device = {
      name: charger.id,
      via_device: site,
      ...(charger.vendor === null ? {} : { mf: charger.vendor }),
      ...(charger.model === null ? {} : { mdl: charger.model }),
    };
    put(id, device, chargerComponents(charger, base));
  }
  return topics;
};

const siteComponents = (
  view: SiteView,
  base: string,
  limitSources: readonly string[],
): Readonly<Record<string, Component>> => {
  const components: Record<string, Component> = {
    surplus: {
      ...watts('Surplus', `${base}/site`, 'surplusWatts'),
      ent_cat: 'diagnostic',
    },
    alarms: {
      p: 'sensor',
      name: 'Alarms',
      stat_t: `${base}/site`,
      val_tpl: '{{ value_json.alarms | count }}',
      json_attr_t: `${base}/site`,
      json_attr_tpl: "{{ {'texts': value_json.alarms} | to_json }}",
      ent_cat: 'diagnostic',
    },
  };
  for (const { id, meter } of view.circuits) {
    const topic = `${base}/circuits/${topicLevel(id)}`;
    if (meter !== null) Object.assign(components, measured(id, topic));
    components[`${key(id)}_limit`] = {
      ...amps(`${id} limit`, topic),
      val_tpl: '{{ value_json.limitInForceAmps | min }}',
    };
  }
  for (const { source, circuit } of view.limits) {
    if (!limitSources.includes(source)) continue;
    const most = Math.min(...(view.circuits.find(({ id }) => id === circuit)?.limitAmps ?? [0]));
    components[`set_${key(source)}`] = limitNumber(base, source, circuit, most);
  }
  return components;
};

const measured = (circuit: string, topic: string): Readonly<Record<string, Component>> => {
  const components: Record<string, Component> = {
    [`${key(circuit)}_power`]: watts(`${circuit} power`, topic, 'measuredWatts'),
  };
  PHASES.forEach((phase, p) => {
    components[`${key(circuit)}_${phase.toLowerCase()}`] = {
      ...amps(`${circuit} ${phase}`, topic),
      val_tpl: `{{ value_json.measuredAmps[${p}] if value_json.measuredAmps else none }}`,
    };
  });
  return components;
};

/** Which policy shares the power; for a time where one is configured. */
const choiceOf = (
  base: string,
  policies: readonly string[],
  ttlSeconds: number | undefined,
): Component => {
  const life = ttlSeconds === undefined ? '' : `, 'ttlSeconds': ${ttlSeconds}`;
  return {
    p: 'select',
    name: 'Policy',
    options: [AS_CONFIGURED, ...policies],
    cmd_t: `${base}/request/policy`,
    cmd_tpl: `{% if value == '${AS_CONFIGURED}' %}{}{% else %}{{ {'policy': value${life}} | to_json }}{% endif %}`,
    qos: 1,
    stat_t: `${base}/site`,
    val_tpl: `{{ value_json.chosenPolicy or '${AS_CONFIGURED}' }}`,
  };
};

/** A limit as a number: setting it sends a limit message, the fuse stands for "none". */
const limitNumber = (base: string, source: string, circuit: string, most: number): Component => ({
  p: 'number',
  name: `Limit ${circuit}`,
  dev_cla: 'current',
  unit_of_meas: 'A',
  min: 0,
  max: most,
  step: 1,
  mode: 'box',
  cmd_t: `${base}/limits/${topicLevel(source)}/set`,
  cmd_tpl: `{"circuit":"${circuit}","amps":{{ value }},"ttlSeconds":${LIMIT_LIFE_SECONDS},"reason":"Home Assistant"}`,
  qos: 1,
  stat_t: `${base}/site`,
  val_tpl: `{% set l = value_json.limits | selectattr('source','eq','${source}') | first %}{{ l.amps | min if l.amps else ${most} }}`,
});

/**
 * Always as a list: one of a device passes to its entities unless they have their own, and Home
 * Assistant refuses an entity that has a list and a single topic.
 */
const gatewayThere = (base: string) => ({ t: `${base}/status` });

/** What a charger said last is not how it is once it has gone. */
const chargerThere = (base: string, topic: string) => ({
  avty: [
    gatewayThere(base),
    { t: topic, val_tpl: "{{ 'online' if value_json.online else 'offline' }}" },
  ],
  avty_mode: 'all',
});

const chargerComponents = (
  { id, connectors }: ChargerView,
  base: string,
): Readonly<Record<string, Component>> => {
  const topic = `${base}/chargers/${topicLevel(id)}`;
  const components: Record<string, Component> = {
    online: {
      p: 'binary_sensor',
      name: 'Connected',
      dev_cla: 'connectivity',
      stat_t: topic,
      val_tpl: "{{ 'ON' if value_json.online else 'OFF' }}",
    },
  };
  for (const { connector } of connectors) {
    const state = `${topic}/connectors/${connector}`;
    const name = connectors.length === 1 ? '' : `${connector} `;
    const body = JSON.stringify({ charger: id, connector });
    const there = chargerThere(base, topic);
    Object.assign(components, {
      [`c${connector}_status`]: {
        p: 'sensor',
        ...there,
        name: `${name}Status`,
        stat_t: state,
        val_tpl: '{{ value_json.status }}',
      },
      [`c${connector}_offer`]: {
        ...amps(`${name}Offer`, state),
        ...there,
        val_tpl: '{{ value_json.offerAmps }}',
      },
      [`c${connector}_power`]: { ...watts(`${name}Power`, state, 'watts'), ...there },
      [`c${connector}_session`]: {
        p: 'sensor',
        name: `${name}Session energy`,
        dev_cla: 'energy',
        unit_of_meas: 'Wh',
        stat_cla: 'total_increasing',
        stat_t: state,
        val_tpl: '{{ value_json.sessionWh }}',
      },
      [`c${connector}_reason`]: {
        p: 'sensor',
        name: `${name}Reason`,
        stat_t: state,
        val_tpl: '{{ value_json.reason[:250] }}',
        ent_cat: 'diagnostic',
      },
      [`c${connector}_pause`]: {
        p: 'button',
        name: `${name}Pause`,
        cmd_t: `${base}/request/pause`,
        pl_prs: body,
        qos: 1,
      },
      [`c${connector}_resume`]: {
        p: 'button',
        name: `${name}Resume`,
        cmd_t: `${base}/request/resume`,
        pl_prs: body,
        qos: 1,
      },
    });
  }
  return components;
};

const amps = (name: string, topic: string): Component => ({
  p: 'sensor',
  name,
  dev_cla: 'current',
  stat_cla: 'measurement',
  unit_of_meas: 'A',
  stat_t: topic,
});

const watts = (name: string, topic: string, field: string): Component => ({
  p: 'sensor',
  name,
  dev_cla: 'power',
  stat_cla: 'measurement',
  unit_of_meas: 'W',
  stat_t: topic,
  val_tpl: `{{ value_json.${field} }}`,
});

/** Whether a discovery topic is one of ours, of this or of an earlier run. */
export const isDiscoveryOf = (
  siteId: string,
  topic: string,
  { prefix }: Pick<HomeAssistantOptions, 'prefix'>,
): boolean => {
  const device = `${prefix}/device/${siteKey(siteId)}`;
  return topic === `${device}/config` || topic.startsWith(`${device}__`);
};

const siteKey = (siteId: string): string => `busbar_${objectId(siteId)}`;

/** What Home Assistant takes as a level of a discovery topic. */
const objectId = (id: string): string => id.replace(/[^A-Za-z0-9_-]/g, '_');

/** Component keys are letters, digits and underscores. */
const key = (id: string): string => id.replace(/[^A-Za-z0-9]/g, '_').toLowerCase();
