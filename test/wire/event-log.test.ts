import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Log } from '../../src/core/log.ts';
import { EventLog } from '../../src/field/event-log.ts';
import { eventsBetween } from '../../src/field/site-events.ts';
import type { SiteView } from '../../src/schema/view.ts';
import { emptyView } from './empty-view.ts';

const recorded = (): { readonly log: Log; readonly lines: string[] } => {
  const lines: string[] = [];
  const at = (level: string) => (message: string, fields?: object) =>
    lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  return { log, lines };
};

const withAlarms = (alarms: string[], second = 0): SiteView => ({
  ...emptyView(),
  at: new Date(Date.parse('2026-06-01T10:00:00Z') + second * 1000).toISOString(),
  alarms,
});

test('an alarm is logged when it comes, from the first cycle on, and when it ends', () => {
  const { log, lines } = recorded();
  const events = new EventLog(log);
  events.take(withAlarms(['meter of circuit main lost']));
  events.take(withAlarms(['meter of circuit main lost'], 1));
  events.take(withAlarms([], 2));
  assert.deepEqual(lines, [
    'warn alarm {"text":"meter of circuit main lost"}',
    'info alarm over {"text":"meter of circuit main lost"}',
  ]);
});

test('an alarm whose figures move is one alarm', () => {
  const over = (amps: string) => `circuit main L1 is over its fuse: ${amps} A of 63 A`;
  assert.deepEqual(eventsBetween(withAlarms([over('64.1')]), withAlarms([over('65.3')])), []);
  const other = 'circuit main L2 is over its fuse: 65.3 A of 63 A';
  const types = eventsBetween(withAlarms([over('64.1')]), withAlarms([other])).map(
    ({ type }) => type,
  );
  assert.deepEqual(types, ['alarm', 'alarm-over']);
});

test('a group of chargers that is lost beside another one is told, and when it is back', () => {
  const lost = (count: number, names: string) =>
    `${count} of 20 chargers are not connected (${names}): what they may draw stays reserved`;
  const told = (before: string[], after: string[]): readonly (readonly string[])[] =>
    eventsBetween(withAlarms(before), withAlarms(after)).map(({ type, text }) => [type, text]);
  const [one, two] = [lost(3, 'A, B, C'), lost(2, 'D, E')];
  assert.deepEqual(told([one], [one, two]), [['alarm', two]]);
  assert.deepEqual(told([one, two], [two]), [['alarm-over', one]]);
  assert.deepEqual(told([one, two], [lost(2, 'B, C'), two]), []);
  assert.deepEqual(told([one, two], [lost(2, 'B, C')]), [['alarm-over', two]]);
  // The first five are named: with them back it is still the same group.
  const large = lost(8, 'F, G, H, I, J and 3 more');
  assert.deepEqual(told([large], [lost(3, 'K, L, M')]), []);
  assert.deepEqual(told([large, two], [two, lost(3, 'K, L, M')]), []);
});

test('a flapping site logs a bounded number of lines, and says so', () => {
  const { log, lines } = recorded();
  const events = new EventLog(log);
  for (let second = 0; second < 58; second += 1) {
    const alarms = ['a', 'b', 'c'].map((name) => `${name} ${second % 2 === 0 ? 'low' : 'high'}`);
    events.take(withAlarms(alarms, second));
  }
  assert.equal(lines.length, 120);
  events.take(withAlarms([], 61));
  assert.match(lines[120] ?? '', /^warn too many events: some were not logged {"untold":\d+}$/);
});
