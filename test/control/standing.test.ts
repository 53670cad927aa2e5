import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { SiteDraft } from '../../src/control/site-draft.ts';
import {
  LIMITS_SAVED_AFTER_MS,
  SAVED_AFTER_MS,
  StandingKeeper,
} from '../../src/control/standing-keeper.ts';
import { limitsInForce, submitLimit } from '../../src/core/limits/limit-book.ts';
import { type Log, SILENT_LOG } from '../../src/core/log.ts';
import { takePreference } from '../../src/core/preferences.ts';
import { DEFAULT_POLICY } from '../../src/core/sharing/policy.ts';
import { DEFAULT_SETTINGS } from '../../src/core/tick.ts';
import { openStanding } from '../../src/main-standing.ts';
import { NOTHING_STANDING, readStanding, type Standing } from '../../src/schema/standing.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';
import { garage } from '../scenarios/virtual-garage.ts';

const WALL_MS = Date.UTC(2026, 5, 1);
const saved = { monotonicMs: 50_000, wallMs: WALL_MS };
const newDraft = (): SiteDraft => new SiteDraft(garage(2), DEFAULT_SETTINGS, new Set(), 0);

const pausedFor = (ttlSeconds: number): Standing => {
  const draft = newDraft();
  const command = { kind: 'pause', charger: 'CP_1', by: 'me', ttlSeconds } as const;
  draft.preferences = takePreference(draft.preferences, draft.site, command, 50_000).preferences;
  return draft.standing(saved);
};

describe('a pause of ten minutes that was kept', () => {
  const left = (wallMs: number): number | undefined => {
    const draft = newDraft();
    draft.restore(pausedFor(600), new Map(), { monotonicMs: 0, wallMs });
    return draft.preferences.get('CP_1/1')?.paused?.untilMs;
  };

  test('has as much of its life left as the wall clock says', () => {
    assert.equal(left(WALL_MS + 240_000), 360_000);
    assert.equal(left(WALL_MS + 600_000), undefined);
  });

  test('lasts no longer than it did when the box comes up in the past', () => {
    assert.equal(left(0), 600_000);
  });

  test('is not that of a charger which is gone', () => {
    const draft = new SiteDraft(garage(0), DEFAULT_SETTINGS, new Set(), 0);
    draft.restore(pausedFor(600), new Map(), saved);
    assert.equal(draft.preferences.size, 0);
  });
});

test('as many limits as a source may order ahead, and the one in force, are all read back', () => {
  const site = { ...garage(1), emsSources: [{ id: 'ems', circuit: 'main' }] };
  const draft = new SiteDraft(site, DEFAULT_SETTINGS, new Set(), 0);
  const order = (startAtMs?: number): boolean => {
    const ahead = startAtMs === undefined ? {} : { startAtMs };
    const command = { circuit: 'main', watts: 11_000, ttlSeconds: 600, ...ahead };
    const { book, answer } = submitLimit(draft.book, site, 'ems', command, saved);
    draft.book = book;
    return answer.accepted;
  };
  let hour = 0;
  do hour += 1;
  while (order(WALL_MS + hour * 3_600_000));
  assert.equal(order(), true);
  const { standing, problem } = readStanding(draft.standing(saved));
  assert.deepEqual([problem, standing.limits['ems']?.entries.length], [undefined, hour]);
});

test('limits ordered ahead hold at once when the box comes up before they were saved', () => {
  const limit = (hours: number, amps: number) => ({
    amps: [amps, amps, amps] as [number, number, number],
    from: new Date(WALL_MS + hours * 3_600_000).toISOString(),
    until: new Date(WALL_MS + (hours + 3) * 3_600_000).toISOString(),
  });
  const standing: Standing = {
    ...NOTHING_STANDING,
    savedAt: new Date(WALL_MS).toISOString(),
    limits: { ems: { entries: [limit(31, 10), limit(40, 16)] } },
  };
  const site = {
    ...garage(1),
    emsSources: [{ id: 'ems', circuit: garage(1).circuits[0]?.id ?? '' }],
  };
  const inForce = (wallMs: number, atMs: number) => {
    const draft = new SiteDraft(site, DEFAULT_SETTINGS, new Set(), 0);
    draft.restore(standing, new Map(), { monotonicMs: 0, wallMs });
    return limitsInForce(draft.book, site, atMs);
  };
  for (const atMs of [0, 33 * 3_600_000, 43 * 3_600_000 - 1]) {
    const [held] = inForce(WALL_MS - 60_000, atMs);
    assert.deepEqual(held?.amps, [10, 10, 10]);
    assert.match(held?.reason ?? '', /clock was behind/);
  }
  assert.deepEqual(inForce(WALL_MS - 60_000, 43 * 3_600_000), []);
  assert.deepEqual(inForce(WALL_MS, 0), []);
});

test('a policy lapses when the site file names another, or does not offer it any more', () => {
  const night = { ...DEFAULT_POLICY, id: 'night' };
  const draft = newDraft();
  draft.setPolicy({ name: 'night', policy: night });
  const standing = draft.standing(saved);
  const after = (own: typeof night, policies: ReadonlyMap<string, typeof night>) => {
    const next = new SiteDraft(garage(2), DEFAULT_SETTINGS, new Set(), 0, undefined, own);
    next.restore(standing, policies, saved);
    return next.freeze(0, WALL_MS, { connectors: new Map(), stations: new Map() }).policy.id;
  };
  const offered = new Map([['night', night]]);
  assert.equal(after(DEFAULT_POLICY, offered), 'night');
  assert.equal(after({ ...DEFAULT_POLICY, id: 'equal' }, offered), 'equal');
  assert.equal(after(DEFAULT_POLICY, new Map()), DEFAULT_POLICY.id);
});

describe('what stands is written', () => {
  const clock = new VirtualClock();
  const keeperOf = (save: (standing: Standing) => Promise<void>, log: Log = SILENT_LOG) => {
    let standing = NOTHING_STANDING;
    const keeper = new StandingKeeper({ clock, log, read: () => standing, save });
    return {
      keeper,
      pause: (by: string) => {
        standing = { ...standing, savedAt: 'now', pauses: { 'CP_1/1': { by } } };
        keeper.changed(SAVED_AFTER_MS);
      },
    };
  };

  test('once for many changes, and not when nothing changed', async () => {
    const written: string[] = [];
    const { keeper, pause } = keeperOf((standing) => {
      written.push(standing.pauses['CP_1/1']?.by ?? '');
      return Promise.resolve();
    });
    for (const by of ['a', 'b', 'c']) pause(by);
    await clock.run(2 * SAVED_AFTER_MS);
    keeper.changed(SAVED_AFTER_MS);
    await clock.run(2 * SAVED_AFTER_MS);
    assert.deepEqual(written, ['c']);
  });

  test('before anybody who waits for it goes on, also when it is being written already', async () => {
    let written = (): void => {};
    const { keeper, pause } = keeperOf(
      () =>
        new Promise((resolve) => {
          written = resolve;
        }),
    );
    pause('a');
    await clock.run(2 * SAVED_AFTER_MS);
    let flushed = false;
    const flush = keeper.flush().then(() => {
      flushed = true;
    });
    await clock.run(2 * SAVED_AFTER_MS);
    assert.equal(flushed, false);
    written();
    await flush;
  });

  test('again when the disk was full, which is told once', async () => {
    let full = true;
    const told: string[] = [];
    const log = { ...SILENT_LOG, error: (text: string) => void told.push(text) };
    let written = 0;
    const { keeper, pause } = keeperOf(() => {
      if (full) return Promise.reject(new Error('no space left on device'));
      written += 1;
      return Promise.resolve();
    }, log);
    pause('a');
    await clock.run(2 * SAVED_AFTER_MS);
    await keeper.flush();
    full = false;
    await clock.run(LIMITS_SAVED_AFTER_MS);
    assert.deepEqual([told.length, written], [1, 1]);
  });
});

test('the document outlives the process; one that was damaged is told and left aside', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'busbar-standing-'));
  const first = await openStanding(folder, SILENT_LOG);
  assert.deepEqual(first.kept, NOTHING_STANDING);
  await first.save(pausedFor(600));
  assert.deepEqual((await openStanding(folder, SILENT_LOG)).kept, pausedFor(600));
  const warnings: unknown[] = [];
  const log = { ...SILENT_LOG, warn: (_text: string, facts?: object) => void warnings.push(facts) };
  const pauses = { 'CP_1/1': { by: 3 } };
  const standing = { ...NOTHING_STANDING, pauses };
  writeFileSync(join(folder, 'standing.json'), JSON.stringify({ standing }));
  assert.deepEqual((await openStanding(folder, log)).kept, NOTHING_STANDING);
  assert.match(JSON.stringify(warnings), /pauses\.CP_1\/1\.by must be text, got 3/);
});
