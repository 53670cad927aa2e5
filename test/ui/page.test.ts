import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { History } from '../../src/control/history.ts';
import { historyRoutes } from '../../src/control/history-routes.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { startHttp } from '../../src/io/http.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import type { ChargerView, ConnectorView, LimitView } from '../../src/schema/view.ts';
import { emptyView } from '../wire/empty-view.ts';

/** A browser on a busy machine takes its time. */
const PATIENT_MS = 180_000;

const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);

const offered63 = (connector: ConnectorView): ConnectorView => ({
  ...connector,
  offerAmps: 63,
  drawAmps: null,
});

const UNPROVEN: ConnectorView = {
  ...(emptyView().chargers[0]?.connectors[0] as ConnectorView),
  status: 'available',
  transactionId: null,
  reasons: [{ kind: 'unproven', id: 'CP_3', text: 'no proven fallback: budgeted at 32 A' }],
  reason: 'no proven fallback: budgeted at 32 A',
};
const refusedOne = (charger: ChargerView): ChargerView => ({
  ...charger,
  id: 'CP_4',
  online: false,
  upstream: 'refused',
});
const HOME_LIMIT: LimitView = {
  source: 'ha',
  circuit: 'main',
  state: 'active',
  amps: [63, 63, 63],
  watts: null,
  expiresInSeconds: 86_300,
  reason: null,
};

test('the page shows measured amps, the offer and the reason, and no charger can write into it', async (t) => {
  if (browserPath === undefined) return t.skip('Chromium is not installed');
  const built = spawnSync(process.execPath, ['scripts/build.mjs', '--ui-only', 'dist/test-ui'], {
    encoding: 'utf8',
  });
  assert.equal(built.status, 0, built.stderr);
  let alarms: string[] = [];
  const [charger] = emptyView().chargers;
  assert.ok(charger);
  const unmeasured = { ...charger, id: 'CP_2', connectors: charger.connectors.map(offered63) };
  const chargers = [
    charger,
    unmeasured,
    { ...charger, id: 'CP_3', connectors: [UNPROVEN] },
    refusedOne(charger),
  ];
  const limits = [HOME_LIMIT];
  const view = () => ({ ...emptyView(), at: new Date().toISOString(), alarms, chargers, limits });
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    view,
    routes: historyRoutes(new History(), view),
    ready: () => ({ ready: true, problems: [] }),
    metrics: async () => '',
    uiFolder: 'dist/test-ui',
    version: '1',
    log: SILENT_LOG,
  });
  t.after(() => server.close());
  const browser = await chromium.launch({
    executablePath: browserPath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    timeout: PATIENT_MS,
  });
  t.after(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENT_MS);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await page.goto(`http://127.0.0.1:${server.port}/`);
  const card = page.getByRole('listitem').filter({ hasText: 'CP_1' });
  await card.getByText('main L3: fuse 63 A').waitFor();
  assert.match((await card.textContent()) ?? '', /16\s*A offered/);
  assert.match((await card.textContent()) ?? '', /<b>Model<\/b>/);
  const bar = page.getByRole('listitem').filter({ hasText: 'CP_2' }).getByRole('img');
  assert.match(
    (await bar.getAttribute('aria-label')) ?? '',
    /^offer 63 A, draw not measured, on a scale to 63 A$/,
  );
  // Without a car it holds 32 A all the same.
  await page.getByText('no proven fallback: budgeted at 32 A').waitFor();
  await page.getByText('CSMS refuses its name or password').waitFor();
  await page.getByText('63 A, ends in 24 h').waitFor();
  await page.getByRole('button', { name: 'Table' }).click();
  await page.getByRole('columnheader', { name: 'Limit A' }).first().waitFor();
  alarms = ['meter of circuit main lost'];
  await page.getByRole('status').getByText('meter of circuit main lost').waitFor();
  assert.deepEqual(problems, []);
});
