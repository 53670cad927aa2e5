import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type Explanation, explain, History } from '../../src/control/history.ts';
import { historyRoutes } from '../../src/control/history-routes.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { startHttp } from '../../src/io/http.ts';
import { siteMetrics } from '../../src/io/metrics.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import type { SiteView } from '../../src/schema/view.ts';
import { Car } from '../../src/sim/car.ts';
import { VirtualSite } from '../../src/sim/virtual-site.ts';
import { garage } from '../scenarios/virtual-garage.ts';

/** Two cars on a small fuse; the second comes after two minutes. */
const twoCars = async (): Promise<{ history: History; views: readonly SiteView[] }> => {
  const site = new VirtualSite({ site: garage(2, { mainAmps: 20 }), buildingAmps: [2, 2, 2] });
  const history = new History();
  const views: SiteView[] = [];
  const watch = async (seconds: number) => {
    for (let s = 0; s < seconds; s += 1) {
      await site.run(1);
      views.push(site.view());
      history.take(site.view());
    }
  };
  await watch(20);
  site.charger('CP_1').plugIn(1, new Car({ needWh: 50_000 }), 'A');
  await watch(120);
  site.charger('CP_2').plugIn(1, new Car({ needWh: 50_000 }), 'B');
  await watch(120);
  return { history, views };
};

const serve = async (t: TestContext, history: History, view: () => SiteView) => {
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    view,
    ready: () => ({ ready: true, problems: [] }),
    metrics: siteMetrics(view, '1'),
    uiFolder: 'src/ui',
    version: '1',
    log: SILENT_LOG,
    routes: historyRoutes(history, view),
  });
  t.after(() => server.close());
  return `http://127.0.0.1:${server.port}/api/v1`;
};

describe('why a charger gets what it gets', () => {
  test('is told for now and for a past time, in words', async (t) => {
    const { history, views } = await twoCars();
    const last = views.at(-1);
    assert.ok(last !== undefined);
    const url = await serve(t, history, () => last);
    const ask = async (query: string) =>
      (await (await fetch(`${url}/explain/${query}`)).json()) as readonly Explanation[];
    const [now] = await ask('CP_1');
    assert.match(
      now?.text ?? '',
      /^CP_1 connector 1 \(charging\) is offered [6-9] A.*main L1: fuse 20 A/,
    );
    const alone = views[130]?.at ?? '';
    const [before] = await ask(`CP_1?connector=1&at=${alone}`);
    assert.ok((before?.offerAmps ?? 0) > (now?.offerAmps ?? 0), before?.text);
    const [empty] = await ask(`CP_2?at=${alone}`);
    assert.equal(empty?.text, 'CP_2 connector 1 (available): no transaction: fallback 6 A');
    assert.ok(Math.abs(Date.parse(before?.at ?? '') - Date.parse(alone)) <= 10_000);
  });

  test('of a charger that is away does not say what it draws now', async () => {
    const site = new VirtualSite({ site: garage(1, { mainAmps: 20 }), buildingAmps: [2, 2, 2] });
    await site.run(20);
    site.charger('CP_1').plugIn(1, new Car({ needWh: 50_000 }), 'A');
    await site.run(60);
    site.charger('CP_1').setNetwork(false);
    await site.run(150);
    const [told] = explain(site.view(), 'CP_1', undefined);
    assert.match(
      told?.text ?? '',
      / is not connected \(was charging, last drew [\d.]+ A\): charger silent: fallback/,
    );
    const { at, chargers } = site.view();
    const refused = { at, chargers: chargers.map((each) => ({ ...each, upstream: 'refused' })) };
    assert.match(
      explain(refused, 'CP_1', undefined)[0]?.text ?? '',
      / is not connected, the CSMS refuses its name or password \(was charging/,
    );
  });

  test('of what is not known says what is', async (t) => {
    const { history, views } = await twoCars();
    const url = await serve(t, history, () => views.at(-1) as SiteView);
    const problem = async (query: string) =>
      ((await (await fetch(`${url}/explain/${query}`)).json()) as { detail: string }).detail;
    assert.match(await problem('XY'), /^unknown charger "XY"; known are CP_1, CP_2/);
    assert.match(await problem('cp_1'), /did you mean "CP_1"\?/);
    assert.equal(await problem('CP_1?connector=3'), 'CP_1 has no connector 3; it has 1');
    assert.match(await problem('CP_1?at=yesterday'), /at must be a time/);
    assert.match(await problem('CP_1?at=2101-01-01T00:00:00Z'), /at lies ahead: it is .* here/);
    assert.match(await problem('CP_1?at=a&at=b'), /querystring\/at must be string/);
    assert.match(await problem('CP_1?at=2001-01-01T00:00:00Z'), /nothing is kept from before/);
  });

  test('the chart of a page begins with the last minutes', async (t) => {
    const { history, views } = await twoCars();
    const url = await serve(t, history, () => views.at(-1) as SiteView);
    const { samples } = (await (await fetch(`${url}/history`)).json()) as {
      samples: { circuits: { id: string; measuredAmps: number[] }[] }[];
    };
    assert.ok(samples.length > 200 && samples.length <= 300, `${samples.length}`);
    assert.equal(samples.at(-1)?.circuits[0]?.id, 'main');
    assert.ok((samples.at(-1)?.circuits[0]?.measuredAmps[0] ?? 0) > 10);
  });
});
