import type { ConnectorView, SiteView } from '../schema/view.ts';

/** Something that happened, as it goes out on `events`. */
export interface SiteEvent {
  readonly at: string;
  readonly type:
    | 'alarm'
    | 'alarm-over'
    | 'charger-online'
    | 'charger-offline'
    | 'session-started'
    | 'session-ended'
    | 'limit'
    | 'meter';
  readonly subject: string;
  readonly text: string;
}

/** More in one tick are not told: the state topics have it all. */
const EVENTS_MOST = 100;

/** What changed between two views of the site, in words. */
export const eventsBetween = (before: SiteView, after: SiteView): readonly SiteEvent[] => {
  const event = (type: SiteEvent['type'], subject: string, text: string): SiteEvent => ({
    at: after.at,
    type,
    subject,
    text,
  });
  const alarms = [
    ...missing(after.alarms, before.alarms).map((text) => event('alarm', after.id, text)),
    ...missing(before.alarms, after.alarms).map((text) => event('alarm-over', after.id, text)),
  ];
  const limits = after.limits.flatMap((limit) => {
    const was = before.limits.find(({ source }) => source === limit.source);
    return was === undefined || was.state === limit.state
      ? []
      : [event('limit', limit.source, `${limit.circuit}: ${was.state} -> ${limit.state}`)];
  });
  const meters = after.meters.flatMap((meter) => {
    const was = before.meters.find(({ id }) => id === meter.id);
    return was === undefined || was.quality === meter.quality
      ? []
      : [event('meter', meter.id, `${was.quality} -> ${meter.quality}: ${meter.problem ?? 'ok'}`)];
  });
  const old = new Map(before.chargers.map((charger) => [charger.id, charger]));
  const chargers = after.chargers.flatMap((charger) => {
    const was = old.get(charger.id);
    if (was === undefined || was === charger) return [];
    const online = charger.online ? 'online' : 'offline';
    return [
      ...(was.online === charger.online ? [] : [event(`charger-${online}`, charger.id, online)]),
      ...charger.connectors.flatMap((connector, i) =>
        sessions(was.connectors[i], connector).map(([type, text]) =>
          event(type, `${charger.id}/${connector.connector}`, text),
        ),
      ),
    ];
  });
  return [...alarms, ...limits, ...meters, ...chargers].slice(0, EVENTS_MOST);
};

/** Sources with a heartbeat that have just come to their failsafe. */
export const fallenSilent = (before: SiteView, after: SiteView): readonly string[] =>
  after.limits
    .filter(({ source, phase }) => {
      const was = before.limits.find((limit) => limit.source === source);
      return phase === 'failsafe' && was !== undefined && was.phase !== 'failsafe';
    })
    .map(({ source }) => source);

/**
 * Alarms of `these` that are not among `those`; one that only tells a new figure is the same. Several
 * groups of chargers may be lost at once, and the same group is told with other names as some of them
 * come back: of a kind, who is named in both is the same, and the rest are counted.
 */
const missing = (these: readonly string[], those: readonly string[]): readonly string[] => {
  const rest = those.map((text) => ({ kind: kindOf(text), names: namesIn(text) }));
  const take = (text: string, isSame: (names: readonly string[]) => boolean): boolean => {
    const kind = kindOf(text);
    const at = rest.findIndex((each) => each.kind === kind && isSame(each.names));
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  };
  const unnamed = these.filter((text) => {
    const names = namesIn(text);
    return take(text, (told) => told.some((name) => names.includes(name)) || names.length === 0);
  });
  return unnamed.filter((text) => take(text, () => true));
};

const LOST = /^(?:all \d+|\d+ of \d+) (chargers are not connected) \((.*?)(?: and \d+ more)?\)/;

const kindOf = (alarm: string): string =>
  alarm.replace(/[\d.]+(?= (A|W|s|min|h|%))/g, '#').replace(LOST, '$1');

/** Chargers in the alarm of a lost group; none in any other. */
const namesIn = (alarm: string): readonly string[] => LOST.exec(alarm)?.[2]?.split(', ') ?? [];

const sessions = (
  before: ConnectorView | undefined,
  after: ConnectorView,
): readonly (readonly ['session-started' | 'session-ended', string])[] => {
  if (before === undefined || before.transactionId === after.transactionId) return [];
  return [
    ...(before.transactionId === null
      ? []
      : [['session-ended', `${before.transactionId}: ${before.sessionWh ?? '?'} Wh`] as const]),
    ...(after.transactionId === null ? [] : [['session-started', after.transactionId] as const]),
  ];
};
