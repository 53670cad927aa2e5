// Offers in defaults outlive their transaction. Until they are taken back, the next car would start
// with the offer of the last one instead of the fallback.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Enforcer } from '../../src/control/offers/enforcer.ts';
import { SiteDraft } from '../../src/control/site-draft.ts';
import { PLAIN_TRAITS } from '../../src/core/chargers/charger-traits.ts';
import { connectorTicks } from '../../src/core/connector-ticks.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { type Command, connectorKey, DEFAULT_SETTINGS } from '../../src/core/tick.ts';
import { Faults } from '../../src/gateway/faults.ts';
import type { CallOutcome } from '../../src/gateway/observer.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { garage } from '../scenarios/virtual-garage.ts';

const CHARGER = 'CP_1';

/** A charger of two connectors that takes its offers in defaults; nothing is answered by itself. */
const charger = () => {
  const clock = new VirtualClock();
  const site = garage(1);
  const chargers = site.chargers.map((spec) => ({ ...spec, connectors: 2 }));
  const makes = {
    traitsOf: () => ({ ...PLAIN_TRAITS, purposes: ['tx-default'] as const }),
    plates: new Map([[CHARGER, { vendor: 'V', model: 'M' }]]),
    remember: () => {},
  };
  const draft = new SiteDraft(
    { ...site, chargers },
    DEFAULT_SETTINGS,
    new Set([CHARGER]),
    clock.monotonicMs(),
    makes,
  );
  const asked: { readonly action: string; readonly done: (outcome: CallOutcome) => void }[] = [];
  const enforcer = new Enforcer({
    draft,
    clock,
    settings: DEFAULT_SETTINGS,
    log: SILENT_LOG,
    changed: () => {},
    faults: new Faults(clock, SILENT_LOG, true),
    calls: { call: (_charger, { action }, done) => void asked.push({ action, done }) },
  });
  draft.setOnline(CHARGER, true, clock.monotonicMs(), '1.6');
  const tick = (commands: readonly Command[]): void => {
    const none = { connectors: new Map(), stations: new Map() };
    const input = draft.freeze(clock.monotonicMs(), clock.wallMs(), none);
    enforcer.carryOut({
      commands,
      connectors: connectorTicks(input).map((each) => ({ tick: each })),
    });
  };
  const started = (connector: number, transactionId: string): void => {
    const event = { type: 'transaction-started', connector, transactionId } as const;
    draft.apply(CHARGER, event, clock.monotonicMs());
    const key = connectorKey(CHARGER, connector);
    tick([{ key, charger: CHARGER, connector, transactionId, amps: 16, kind: 'reduce' }]);
  };
  const ended = (transactionId: string): void => {
    draft.apply(CHARGER, { type: 'transaction-ended', transactionId }, clock.monotonicMs());
    tick([]);
  };
  const accept = (): string | undefined => {
    const first = asked.shift();
    first?.done({ outcome: 'answered', payload: { status: 'Accepted' } });
    return first?.action;
  };
  return { draft, clock, tick, started, ended, accept };
};

test('an offer that is made while the one before is taken back is taken back too', () => {
  const { started, ended, accept } = charger();
  started(1, '1');
  assert.equal(accept(), 'SetChargingProfile');
  ended('1');
  started(1, '2');
  assert.equal(accept(), 'ClearChargingProfile');
  assert.equal(accept(), 'SetChargingProfile');
  ended('2');
  assert.equal(accept(), 'ClearChargingProfile');
});

test('the fallback is proven again when the offers of all connectors are taken back', () => {
  const { draft, started, ended, accept } = charger();
  started(1, '1');
  started(2, '2');
  for (const _offer of [1, 2]) assert.equal(accept(), 'SetChargingProfile');
  const proven: boolean[] = [];
  for (const step of [() => ended('1'), () => ended('2'), accept, accept]) {
    step();
    proven.push(draft.fallbacks.has(CHARGER));
  }
  assert.deepEqual(proven, [false, false, false, true]);
});

test('a charger that is gone before its offer is taken back may hold it', () => {
  const { draft, clock, started, ended, accept } = charger();
  started(1, '1');
  accept();
  draft.setOnline(CHARGER, false, clock.monotonicMs());
  ended('1');
  assert.equal(draft.fallbacks.has(CHARGER), false);
});
