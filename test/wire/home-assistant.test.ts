import assert from 'node:assert/strict';
import { systemClock } from '../../src/io/system-clock.ts';
import { emptyView } from './empty-view.ts';
import { BASE, onBothBrokers, online, startEms } from './ems-site.ts';
import { watch } from './mosquitto.ts';

const withoutConnectors = <C extends object>(charger: C) => ({ ...charger, connectors: [] });

onBothBrokers('Home Assistant', (on) => {
  on('Home Assistant finds the site; it starts late and is told again', async (t, url) => {
    const watcher = await watch(t, url);
    const homeAssistant = { prefix: 'homeassistant', limitSources: ['ha'] };
    const { link, taken } = startEms(t, url, { homeAssistant });
    await online(watcher);
    const limit = { source: 'ha', circuit: 'main', state: 'none', amps: null, watts: null };
    const limits = [{ ...limit, expiresInSeconds: null, reason: null }];
    link.publish({ ...emptyView(), limits });
    const config = 'homeassistant/device/busbar_garage/config';
    const { dev, cmps } = JSON.parse(await watcher.until(config));
    assert.deepEqual(dev.ids, ['busbar_garage']);
    const number = cmps.set_ha;
    assert.deepEqual([number.p, number.max, number.unit_of_meas], ['number', 63, 'A']);
    // What Home Assistant would send for 25 A is a limit that is taken.
    await watcher.client.publishAsync(number.cmd_t, number.cmd_tpl.replace('{{ value }}', '25'));
    await watcher.until(`${BASE}/limits/ha`);
    assert.deepEqual(taken[0]?.command.amps, [25, 25, 25]);
    watcher.texts.delete(config);
    await watcher.client.publishAsync('homeassistant/status', 'online');
    await watcher.until(config);
    const charger = JSON.parse(
      await watcher.until('homeassistant/device/busbar_garage__CP_1/config'),
    );
    // A device with one topic would clash with the lists of its entities, and be refused as a whole.
    assert.deepEqual(charger.avty, [{ t: `${BASE}/status` }]);
    assert.equal(charger.cmps.online.avty, undefined);
    assert.deepEqual(charger.cmps.c1_offer.avty, [
      { t: `${BASE}/status` },
      {
        t: `${BASE}/chargers/CP_1`,
        val_tpl: "{{ 'online' if value_json.online else 'offline' }}",
      },
    ]);
    assert.equal(charger.cmps.c1_offer.avty_mode, 'all');
  });

  on('Home Assistant is told what has gone, also since an earlier run', async (t, url) => {
    const watcher = await watch(t, url);
    const homeAssistant = { prefix: 'homeassistant', limitSources: [] };
    const site = 'homeassistant/device/busbar_garage/config';
    const charger = 'homeassistant/device/busbar_garage__CP_1/config';
    const gone = 'homeassistant/device/busbar_garage__CP_9/config';
    const other = 'homeassistant/device/busbar_garage2/config';
    const left = { qos: 1, retain: true } as const;
    const second = { cmps: { c2_status: { p: 'sensor', name: 'Status' } } };
    for (const topic of [charger, gone, other]) {
      await watcher.client.publishAsync(topic, JSON.stringify(second), left);
    }
    let laterMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + laterMs };
    const { link } = startEms(t, url, { homeAssistant, clock });
    link.publish(emptyView());
    const cmpsOf = (text: string) => JSON.parse(text).cmps;
    await watcher.until(site);
    await watcher.until(gone, (text) => text === '');
    const told = cmpsOf(await watcher.until(charger, (text) => 'c1_status' in cmpsOf(text)));
    assert.deepEqual(told.c2_status, { p: 'sensor' });
    laterMs = 60_000;
    link.publish(emptyView());
    await watcher.until(charger, (text) => !('c2_status' in cmpsOf(text)));
    assert.equal(watcher.texts.get(other), JSON.stringify(second));
    // A connector that goes while we run.
    link.publish({ ...emptyView(), chargers: emptyView().chargers.map(withoutConnectors) });
    const after = await watcher.until(charger, (text) => !cmpsOf(text).c1_status?.name);
    assert.deepEqual(cmpsOf(after).c1_status, { p: 'sensor' });
  });

  on('discovery is taken back when it is not wanted any more', async (t, url) => {
    const watcher = await watch(t, url);
    const topic = 'homeassistant/device/busbar_garage__CP_1/config';
    await watcher.client.publishAsync(topic, '{"cmps":{}}', { qos: 1, retain: true });
    const { link } = startEms(t, url);
    link.publish(emptyView());
    await watcher.until(topic, (text) => text === '');
  });

  on('Home Assistant may choose a policy', async (t, url) => {
    const watcher = await watch(t, url);
    const homeAssistant = { prefix: 'homeassistant', limitSources: [], policySeconds: 3_600 };
    const { link } = startEms(t, url, { homeAssistant });
    link.publish({ ...emptyView(), chosenPolicy: 'equal' });
    const { cmps } = JSON.parse(await watcher.until('homeassistant/device/busbar_garage/config'));
    const { p, options, cmd_t, cmd_tpl } = cmps.policy;
    assert.deepEqual([p, options], ['select', ['as configured', 'equal']]);
    assert.equal(cmd_t, `${BASE}/request/policy`);
    assert.match(cmd_tpl, /'policy': value, 'ttlSeconds': 3600/);
    assert.equal(JSON.parse(await watcher.until(`${BASE}/site`)).chosenPolicy, 'equal');
    assert.deepEqual(JSON.parse(await watcher.until(`${BASE}/info`)).policies, ['equal']);
  });
});
