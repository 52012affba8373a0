/** What retention is offered, and that its cost follows what is still there: steps are counted, and what SQLite searches by. */
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { MIGRATIONS } from '../../src/registry/migrations.ts';
import type { Registry } from '../../src/registry/registry.ts';
import type { ReportFile } from '../../src/registry/report-rows.ts';
import { STUDIES_PER_STEP, UNCLEARED_STUDIES, type RemovableFile, type RetentionCursor } from '../../src/registry/retention-query.ts';
import { analysed, NOW_MS, ORDINARY, scored } from '../study/sample-studies.ts';
import type { StudyEvent } from '../../src/study/events.ts';
import { image, opened, registryPath } from './registry-folder.ts';

const LATER = NOW_MS + 1_000_000;
const filmOf = (uid: string, number = 1): string => `file of ${uid}.${number} content of ${uid}.${number}`;

/** A study with so many films (CT: nothing to analyse), closed and reported `minute` minutes after NOW_MS; `made`: kinds of its report's files. */
function addStudy(registry: Registry, uid: string, { films = 1, minute = 0, made = [] as readonly string[], close = true } = {}): void {
  registry.transact(() => {
    for (let number = 1; number <= films; number += 1) {
      registry.recordInstance(image(`${uid}.${number}`, { studyInstanceUid: uid, modality: 'CT', sopClassUid: '1.2.840.10008.5.1.4.1.1.2' }), ORDINARY, NOW_MS);
    }
    const files = made.map((kind): ReportFile => ({
      family: 'tuberculosis', kind, sopClassUid: '1.2', sopInstanceUid: `${uid}.99.${kind}`, transferSyntaxUid: '1.2.840.10008.1.2.1', fileKey: `${kind} of ${uid}`,
      contentSha256: 'ab', byteLength: 3_000_000, outcome: 'flagged',
    }));
    const { revision } = registry.study(uid)!;
    registry.recordReports(uid, revision, files, [], NOW_MS);
    if (close) registry.applyStudyEvent(uid, { kind: 'closed', by: 'anna', reason: 'done' }, NOW_MS + minute * 60_000);
  });
}

/** A walk to its end, as retention does it; how many steps, and what was offered. */
function walk(registry: Registry, limit = 20, leftBeforeMs = LATER): { steps: number; files: RemovableFile[]; most: number } {
  const files: RemovableFile[] = [];
  let after: RetentionCursor | undefined;
  let [steps, most] = [0, 0];
  do {
    const step = registry.takeRemovable(leftBeforeMs, limit, LATER, after);
    most = Math.max(most, step.files.length);
    files.push(...step.files);
    after = step.next;
    steps += 1;
  } while (after !== undefined);
  return { steps, files, most };
}
const keysOf = ({ files }: { files: readonly RemovableFile[] }): string[] => files.map(({ fileKey }) => fileKey);

describe('the cost', () => {
  test('a study of which nothing is left is looked at once, and then no more', () => {
    const path = registryPath();
    const registry = opened(path);
    for (let n = 0; n < 350; n += 1) addStudy(registry, `5.${n}`, { minute: n % 7 });
    registry.markRemoved(Array.from({ length: 350 }, (_, n) => filmOf(`5.${n}`)), LATER);
    addStudy(registry, '6.1', { minute: 9 });

    const first = walk(registry);
    expect(first.steps).toBe(Math.floor(350 / STUDIES_PER_STEP) + 1);
    expect(keysOf(first)).toEqual([filmOf('6.1')]);
    expect(walk(registry)).toMatchObject({ steps: 1, files: [] });

    // What a walk goes over: of all this history, nothing.
    const raw = new DatabaseSync(path, { readOnly: true });
    expect(raw.prepare('SELECT count(*) AS n FROM uncleared').get()).toEqual({ n: 0 });
    const plan = raw.prepare(`EXPLAIN QUERY PLAN ${UNCLEARED_STUDIES}`).all(1, 1, 1, 1).map(({ detail }) => String(detail));
    expect(plan.slice(0, 2)).toEqual([expect.stringMatching(/^SEARCH u USING PRIMARY KEY/), 'SEARCH s USING INTEGER PRIMARY KEY (rowid=?)']);
    expect(plan.join()).not.toMatch(/SCAN|TEMP B-TREE/);
    raw.close();
  });

  test('a step takes no more films than it may, in any number of steps, each one once', () => {
    const registry = opened();
    addStudy(registry, '5.1', { films: 7 });
    addStudy(registry, '5.2', { films: 2, minute: 1 });
    addStudy(registry, '5.3', { films: 4, minute: 2 });
    const { files, most } = walk(registry, 3);
    expect(most).toBe(3);
    expect(keysOf({ files })).toEqual([['5.1', 7], ['5.2', 2], ['5.3', 4]].flatMap(([uid, count]) => Array.from({ length: Number(count) }, (_, n) => filmOf(String(uid), n + 1))));
    expect(files.every(({ fileKey }) => registry.fileKeyRow(fileKey)?.removedAtMs === LATER)).toBe(true);
  });

  test('studies that are held are passed over, and do not hold up the others', () => {
    const registry = opened();
    for (let n = 0; n < STUDIES_PER_STEP + 5; n += 1) {
      addStudy(registry, `5.${n}`);
      registry.enqueueDelivery(`5.${n}`, 1, { destination: 'PACS', subject: 'instance', objectKey: `5.${n}.1`, fileKey: filmOf(`5.${n}`) }, NOW_MS);
    }
    addStudy(registry, '6.1', { minute: 1 });
    expect(keysOf(walk(registry))).toEqual([filmOf('6.1')]);
    expect(walk(registry).files).toEqual([]);
    for (const { id } of registry.dueDeliveries(NOW_MS, 1_000)) registry.markDelivery(id, 'sent', NOW_MS);
    expect(walk(registry).files).toHaveLength(STUDIES_PER_STEP + 5);
  });
});

describe('what comes to a cleared study is found again', () => {
  function cleared(made: readonly string[] = []) {
    const registry = opened();
    addStudy(registry, '5.1', { made });
    walk(registry);
    expect(walk(registry).files).toEqual([]);
    return registry;
  }

  test('the same film again', () => {
    const registry = cleared();
    expect(registry.recordInstance(image('5.1.1', { studyInstanceUid: '5.1', modality: 'CT', sopClassUid: '1.2.840.10008.5.1.4.1.1.2' }), ORDINARY, LATER).kind).toBe('duplicate');
    expect(registry.fileKeyRow(filmOf('5.1'))?.removedAtMs).toBeUndefined();
    expect(keysOf(walk(registry))).toEqual([filmOf('5.1')]);
  });

  test('other bytes under a known UID, which need not call the study back', () => {
    const registry = cleared();
    registry.recordInstance(image('5.1.1', { studyInstanceUid: '5.1', modality: 'CT', sopClassUid: '1.2.840.10008.5.1.4.1.1.2' }, 'other bytes'), ORDINARY, LATER);
    expect(walk(registry).files).toEqual([]);
    registry.applyStudyEvent('5.1', { kind: 'instanceCompared', sopInstanceUid: '5.1.1', contentSha256: 'other bytes', samePixels: true, detail: '' }, LATER);
    expect(registry.study('5.1')?.closedAtMs).toBe(NOW_MS);
    expect(keysOf(walk(registry))).toEqual(['file of 5.1.1 other bytes']);
  });

  test('another film, and what is made of it', () => {
    const registry = cleared();
    registry.recordInstance(image('5.1.2', { studyInstanceUid: '5.1' }), ORDINARY, LATER);
    expect(walk(registry).files).toEqual([]);
    registry.applyStudyEvent('5.1', { kind: 'closed', by: 'anna', reason: 'done' }, LATER - 1);
    registry.applyStudyEvent('5.1', { ...analysed('5.1.2', scored()), contentSha256: 'content of 5.1.2' } as StudyEvent, LATER);
    addStudy(registry, '5.1', { films: 2, made: ['secondary-capture'] });
    expect(keysOf(walk(registry)).sort()).toEqual([filmOf('5.1', 1), filmOf('5.1', 2), 'secondary-capture of 5.1']);
  });
});

test('back on the list nothing of it is offered; having left it again, not before its days are over anew', () => {
  const path = registryPath();
  const registry = opened(path);
  addStudy(registry, '5.1', { made: ['secondary-capture'] });
  registry.applyStudyEvent('5.1', { kind: 'read', by: 'anna', where: 'here' }, NOW_MS + 1);
  registry.applyStudyEvent('5.1', { kind: 'unread', by: 'anna' }, NOW_MS + 2);
  expect(walk(registry).files).toEqual([]);
  registry.applyStudyEvent('5.1', { kind: 'closed', by: 'anna', reason: 'done' }, NOW_MS + 5_000);
  expect(walk(registry, 20, NOW_MS + 5_000).files).toEqual([]);
  expect(walk(registry, 20, NOW_MS + 5_001).files.map(({ fileKey, leftAtMs }) => [fileKey, leftAtMs])).toEqual([[filmOf('5.1'), NOW_MS + 5_000], ['secondary-capture of 5.1', NOW_MS + 5_000]]);
  registry.markPictureRemoved('5.1', 'secondary-capture of 5.1', LATER);
  walk(registry);
  const raw = new DatabaseSync(path, { readOnly: true });
  expect(raw.prepare('SELECT count(*) AS n FROM uncleared').get()).toEqual({ n: 0 });
  raw.close();
});

describe('our own pictures', () => {
  test('go with their study; structured reports stay', () => {
    const registry = opened();
    addStudy(registry, '5.1', { made: ['sr', 'secondary-capture'] });
    addStudy(registry, '5.2', { made: ['sr', 'secondary-capture'], close: false });
    const before = registry.totals();
    const { files } = walk(registry);
    expect(files.map(({ folder, fileKey }) => [folder, fileKey])).toEqual([['instances', filmOf('5.1')], ['reports', 'secondary-capture of 5.1']]);
    const picture = files[1]!;
    expect(registry.isStillRemovable(picture)).toBe(true);

    // Not marked before its file is gone: what a kill leaves is offered again.
    expect(keysOf(walk(registry))).toEqual(['secondary-capture of 5.1']);
    expect(registry.reportsOf('5.1').map(({ removedAtMs }) => removedAtMs)).toEqual([undefined, undefined]);
    registry.markPictureRemoved('5.1', picture.fileKey, LATER);
    registry.markPictureRemoved('5.1', 'sr of 5.1', LATER);
    expect(registry.reportsOf('5.1').map(({ kind, removedAtMs }) => [kind, removedAtMs])).toEqual([['sr', undefined], ['secondary-capture', LATER]]);
    expect(registry.reportBySopInstanceUid('5.1.99.secondary-capture')?.removedAtMs).toBe(LATER);
    expect(walk(registry).files).toEqual([]);
    expect(registry.totals()).toMatchObject({ reportCount: before.reportCount - 1, reportBytes: before.reportBytes - 3_000_000 });
  });

  test('a study that has come back meanwhile, or is asked for again, keeps its picture', () => {
    const registry = opened();
    addStudy(registry, '5.1', { made: ['secondary-capture'] });
    const picture = walk(registry).files.find(({ folder }) => folder === 'reports')!;
    registry.enqueueDelivery('5.1', 1, { destination: 'PACS', subject: 'report', objectKey: '5.1.99.secondary-capture', fileKey: picture.fileKey }, NOW_MS);
    expect(registry.isStillRemovable(picture)).toBe(false);
    registry.markDelivery(registry.deliveriesOf('5.1')[0]!.id, 'failed', NOW_MS, { error: 'x' });
    expect(registry.isStillRemovable(picture)).toBe(false);
    registry.markDelivery(registry.deliveriesOf('5.1')[0]!.id, 'sent', NOW_MS);
    expect(registry.isStillRemovable(picture)).toBe(true);
    registry.applyStudyEvent('5.1', { kind: 'read', by: 'anna', where: 'here' }, NOW_MS);
    registry.applyStudyEvent('5.1', { kind: 'unread', by: 'anna' }, NOW_MS);
    expect(registry.isStillRemovable(picture)).toBe(false);
    expect(walk(registry).files).toEqual([]);
  });
});

test('a registry from before this: nothing is forgotten, and its history is cleared by the first walk', () => {
  const path = registryPath();
  const old = new DatabaseSync(path);
  for (const sql of MIGRATIONS.slice(0, 5)) old.exec(sql);
  old.exec('PRAGMA user_version = 5');
  const study = old.prepare(`INSERT INTO studies (study_uid, state, priority, on_list, outstanding, stat, received_at_ms, updated_at_ms, waiting_since_ms, left_at_ms,
    inpatient, flagged, scored, attention, search_text, summary_json) VALUES (?, 'delivered', 'routine', ?, 0, 0, ?4, ?4, ?4, ?3, 0, '', 0, 0, '', '{}')`);
  const instance = old.prepare(`INSERT INTO instances (sop_uid, content_sha256, study_uid, file_key, byte_length, received_at_ms, calling_ae, remote_address, status, standing_json,
    header_json, origin_json, removed_at_ms) VALUES (?1, 'c', ?2, ?1, 10, 0, '', '', 'scored', '{}', '{}', '{}', ?3)`);
  const report = old.prepare(`INSERT INTO reports (study_uid, revision, family, kind, sop_uid, file_key, byte_length, written_at_ms, report_json) VALUES (?1, 1, 'x', ?2, ?3, ?3, 10, 0, '{}')`);
  for (let n = 0; n < 150; n += 1) {
    study.run(`1.${n}`, 0, NOW_MS + n, NOW_MS);
    instance.run(`film ${n}`, `1.${n}`, NOW_MS + 900_000);
    report.run(`1.${n}`, 'sr', `sr ${n}`);
  }
  // Of an earlier year: its film went then, its picture could not.
  report.run('1.7', 'secondary-capture', 'picture 7');
  study.run('2.1', 0, NOW_MS + 500, NOW_MS);
  instance.run('film of 2.1', '2.1', null);
  study.run('2.2', 1, null, NOW_MS);
  instance.run('film of 2.2', '2.2', null);
  old.close();

  const registry = opened(path);
  expect(keysOf(walk(registry))).toEqual(['picture 7', 'film of 2.1']);
  registry.markPictureRemoved('1.7', 'picture 7', LATER);
  expect(walk(registry)).toMatchObject({ steps: 1, files: [] });
  const raw = new DatabaseSync(path, { readOnly: true });
  expect(raw.prepare('SELECT count(*) AS n FROM uncleared').get()).toEqual({ n: 0 });
  raw.close();
});
