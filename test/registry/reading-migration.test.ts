/** A registry of schema version 1, with studies in it, as the reading page finds it: flags and first times come from the columns and the journal. */
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { flagOf } from '../../src/study/flag.ts';
import { MIGRATIONS } from '../../src/registry/migrations.ts';
import { NOW_MS } from '../study/sample-studies.ts';
import { opened, registryPath } from './registry-folder.ts';

const STATES = ['receiving', 'analysing', 'assessed', 'reported', 'delivered', 'ineligible', 'attention'] as const;

test('every study of before has the flag that it would have now, and its first times', async () => {
  const path = registryPath();
  const old = new DatabaseSync(path);
  old.exec(MIGRATIONS[0]!);
  old.exec('PRAGMA user_version = 1');
  const cases = STATES.flatMap((state) => [0, 1].flatMap((scored) => [0, 1].flatMap((flagged) => [0, 1].map((attention) => ({ state, scored: Math.max(scored, flagged), flagged, attention })))));
  const insert = old.prepare(`INSERT INTO studies (study_uid, state, priority, on_list, outstanding, stat, received_at_ms, updated_at_ms, waiting_since_ms, left_at_ms,
    read_by, inpatient, flagged, scored, attention, search_text, summary_json) VALUES (?, ?, 'routine', ?, 0, 0, ?, ?, ?, ?, ?, 0, ?, ?, ?, 'x' || char(10), ?)`);
  const journal = old.prepare("INSERT INTO study_events (study_uid, at_ms, kind, event_json) VALUES (?, ?, ?, '{}')");
  cases.forEach(({ state, scored, flagged, attention }, at) => {
    const uid = `1.${at}`;
    const isRead = at % 3 === 0;
    const summary = {
      studyInstanceUid: uid, state, priority: 'routine', revision: 1, receivedAtMs: NOW_MS, updatedAtMs: NOW_MS, reason: { code: 'x', text: 'x' }, order: { stat: false, inpatient: false },
      findings: scored ? [{ flagged: flagged === 1 }] : [], notAssessed: [], instanceCount: 1, facts: {}, ...(attention ? { attention: { code: 'y', text: 'y' } } : {}),
    };
    insert.run(uid, state, isRead ? 0 : 1, NOW_MS, NOW_MS, NOW_MS, isRead ? NOW_MS + 9_000 : null, isRead ? 'anna' : null, flagged ? '|tuberculosis|' : '', scored, attention, JSON.stringify(summary));
    journal.run(uid, NOW_MS, 'instanceStored');
    for (const afterMs of [2_000, 3_000]) journal.run(uid, NOW_MS + afterMs, 'instanceAnalysed');
    if (isRead) for (const afterMs of [5_000, 9_000]) journal.run(uid, NOW_MS + afterMs, 'read');
  });
  old.close();

  const registry = opened(path);
  // Before the listener opens: the list itself. Afterwards, a few at a time and through a restart, all that has left it.
  expect(new Set(registry.worklist({ nowMs: NOW_MS, filter: { flags: ['flagged'] }, limit: 100 }).rows.map(({ studyInstanceUid }) => studyInstanceUid)))
    .toEqual(new Set(cases.flatMap(({ flagged }, at) => (flagged && at % 3 !== 0 ? [`1.${at}`] : []))));
  const readAndFlagged = { nowMs: NOW_MS, scope: 'read', filter: { flags: ['flagged'] } } as const;
  expect(registry.worklist(readAndFlagged).matchingCount).toBe(0);
  expect(registry.backfillStudies(10)).toBe(true);
  registry.close();
  const again = opened(path);
  let bites = 1;
  while (again.backfillStudies(10)) bites += 1;
  expect(bites).toBe(Math.ceil((cases.length - 10) / 10));
  expect(again.backfillStudies(10)).toBe(false);
  expect(again.worklist(readAndFlagged).matchingCount).toBe(cases.filter(({ flagged }, at) => flagged && at % 3 === 0).length);
  expect(again.settings().has('studies-backfill')).toBe(false);

  const flags = new DatabaseSync(path, { readOnly: true }).prepare('SELECT flag, flag_known_at_ms, first_read_at_ms FROM studies ORDER BY id').all();
  cases.forEach(({ state, scored, flagged, attention }, at) => {
    const flag = flagOf({ state, findings: scored ? [{ flagged: flagged === 1 }] : [], attention: attention ? { code: 'y', text: 'y' } : null });
    expect(flags[at]).toMatchObject({ flag, flag_known_at_ms: scored ? NOW_MS + 2_000 : null, first_read_at_ms: at % 3 === 0 ? NOW_MS + 5_000 : null });
  });
  const { read, flag } = await again.turnaround(NOW_MS, NOW_MS + 1);
  expect(read).toEqual({ count: cases.filter((_, at) => at % 3 === 0).length, medianMs: 5_000, p95Ms: 5_000, maxMs: 5_000 });
  expect(flag).toMatchObject({ count: cases.filter(({ scored }) => scored).length, maxMs: 2_000 });
  expect(again.worklist({ nowMs: NOW_MS, scope: 'all' }).matchingCount).toBe(cases.length);
  expect(again.openCounts().reduce((sum, { count }) => sum + count, 0)).toBe(cases.filter((_, at) => at % 3 !== 0).length);
});
