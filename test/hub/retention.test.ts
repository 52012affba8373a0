/** Retention and sweep as a hub runs them, over a real registry, spool and previews: nothing of a patient outlives its film, and nothing goes before its time. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { dataFolder } from '../../src/hub/data-folder.ts';
import { retain, sweep, type HousekeepingParts } from '../../src/hub/housekeeping.ts';
import { keepReport } from '../../src/hub/report-file.ts';
import type { Spool } from '../../src/intake/spool.ts';
import type { AuditFacts } from '../../src/ops/audit-chain.ts';
import { SILENT_LOG } from '../../src/ops/log.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { MemoryRegistrar, openBench, sendObject } from '../intake/intake-bench.ts';
import { sampleDataSet, storeRequest } from '../intake/sample-object.ts';

const DAY_MS = 86_400_000;
/** Files have the real clock's times. */
const NOW_MS = Date.now();
const STUDY_UID = '1.2.826.0.1';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'firstread-retention-'));
});
const closing: (() => void)[] = [];
afterEach(() => {
  closing.splice(0).forEach((close) => close());
  rmSync(data, { recursive: true, force: true });
});

/** A hub's parts with three films of one study, their previews, a report and a picture of a finding. */
async function site({ room = 1e12 } = {}) {
  const folder = dataFolder(data);
  const { spool, sink, registrar: memory } = await openBench(folder.spool, undefined);
  const registry = openRegistry(folder.registry);
  closing.push(() => registry.close());
  for (const uid of ['1.1', '1.2', '1.3']) await sendObject(sink, sampleDataSet({ sopInstanceUid: uid, studyInstanceUid: STUDY_UID }), storeRequest(uid));
  const films = [...memory.rows.values()].map((stored) => ({ ...stored, header: { ...stored.header, studyInstanceUid: STUDY_UID, modality: 'CT', sopClassUid: '1.2.840.10008.5.1.4.1.1.2' } }));
  for (const stored of films) registry.recordInstance(stored, { stat: false, inpatient: false }, NOW_MS);
  const keys = films.map(({ fileKey }) => fileKey);
  const made = (sopInstanceUid: string, bytes: string) =>
    ({ sopClassUid: '1.2', sopInstanceUid, seriesInstanceUid: '1.9', transferSyntaxUid: '1.2.840.10008.1.2.1', bytes: Buffer.from(bytes), contentSha256: 'ab'.repeat(32) });
  const report = await keepReport(spool, made('1.9.1', 'a report'), { family: 'tuberculosis', kind: 'sr', outcome: 'flagged' });
  const picture = await keepReport(spool, made('1.9.2', 'a picture'), { family: 'tuberculosis', kind: 'secondary-capture', outcome: 'flagged' });
  const previewOf = (key: string): string => join(folder.previews, key.slice(0, 2), `${key}.jpg`);
  const leave = (path: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'a patient');
  };
  for (const key of keys) leave(previewOf(key));
  const audited: AuditFacts[] = [];
  const parts = {
    config: loadConfig({ data, retentionDays: 30 }, {}).config,
    registry, spool, folder, registrar: new MemoryRegistrar(),
    freeSpace: { refresh: async () => ({ freeBytes: room, totalBytes: 1e12 }), facts: () => ({ freeBytes: room, totalBytes: 1e12, floorBytes: 1 }) },
    audit: { record: (facts: AuditFacts) => audited.push(facts) },
    log: SILENT_LOG,
    now: () => NOW_MS,
  } as unknown as HousekeepingParts;
  /** Which of the films, previews, report and picture lie there. */
  const there = (): Record<string, unknown> => ({
    films: keys.map((key) => existsSync(spool.path('instances', key))),
    previews: keys.map((key) => existsSync(previewOf(key))),
    report: existsSync(spool.path('reports', report.fileKey)),
    picture: existsSync(spool.path('reports', picture.fileKey)),
  });
  const write = (deliveries: Parameters<typeof registry.recordReports>[3] = []): void => void registry.recordReports(STUDY_UID, registry.study(STUDY_UID)!.revision, [report, picture], deliveries, NOW_MS);
  const close = (daysAgo: number): void => void registry.applyStudyEvent(STUDY_UID, { kind: 'closed', by: 'anna', reason: 'done' }, NOW_MS - daysAgo * DAY_MS);
  return { parts, registry, spool, keys, report, picture, previewOf, leave, there, audited, write, close };
}
const ALL = { films: [true, true, true], previews: [true, true, true], report: true, picture: true };
const GONE = { films: [false, false, false], previews: [false, false, false], report: true, picture: false };

test('when the study has left for long enough: films, previews and our picture; the report stays', async () => {
  const { parts, registry, there, audited, write, close, picture } = await site();
  await retain(parts);
  write();
  await retain(parts);
  expect(there()).toEqual(ALL);
  close(31);
  await retain(parts);
  expect(there()).toEqual(GONE);
  expect(registry.reportsOf(STUDY_UID).map(({ kind, removedAtMs }) => [kind, removedAtMs])).toEqual([['sr', undefined], ['secondary-capture', NOW_MS]]);
  expect(audited.map(({ event, details }) => [event, details])).toEqual([...Array<unknown>(3).fill(['instances-removed', { why: 'age' }]), ['instances-removed', { why: 'age', what: 'picture' }]]);
  expect(audited.at(-1)).toMatchObject({ object: picture.fileKey, studyInstanceUid: STUDY_UID });
  await retain(parts);
  expect(audited).toHaveLength(4);
});

test('not before its days are over, unless the disk is nearly full', async () => {
  const { parts, there, write, close } = await site();
  write();
  close(29);
  await retain(parts);
  expect(there()).toEqual(ALL);
  await retain({ ...parts, freeSpace: { ...parts.freeSpace, refresh: async () => ({ freeBytes: 0, totalBytes: 1e12 }) } });
  expect(there()).toEqual(GONE);
});

test('a picture that is still to be delivered, or failed and may be tried again, stays with its films', async () => {
  const { parts, registry, there, write, close, picture } = await site({ room: 0 });
  write([{ destination: 'PACS', subject: 'report', objectKey: picture.sopInstanceUid, fileKey: picture.fileKey }]);
  close(31);
  await retain(parts);
  expect(there()).toEqual(ALL);
  const { id } = registry.deliveriesOf(STUDY_UID)[0]!;
  registry.markDelivery(id, 'failed', NOW_MS, { error: 'x' });
  await retain(parts);
  expect(there()).toEqual(ALL);
  registry.markDelivery(id, 'sent', NOW_MS);
  await retain(parts);
  expect(there()).toEqual(GONE);
});

test('one film cannot be removed: the previews of the others went with them, the sweep finishes it off', async () => {
  const { parts, keys, spool, there, audited, write, close } = await site();
  write();
  close(31);
  const failing: Spool = { ...spool, remove: async (of, key) => (key === keys[1] ? Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' })) : spool.remove(of, key)) };
  await retain({ ...parts, spool: failing });
  expect(there()).toEqual({ ...GONE, films: [false, true, false] });
  expect(audited.map(({ object }) => object)).not.toContain(keys[1]);
  await sweep(parts);
  expect(there()).toEqual(GONE);
  expect(audited.at(-1)).toEqual({ event: 'instances-removed', who: 'retention', outcome: 'done', studyInstanceUid: STUDY_UID, object: keys[1], details: { why: 'left-over' } });
});

test('the sweep removes previews without a film, and torsos; nothing that has one, and nothing that may be coming', async () => {
  const { parts, registry, keys, spool, previewOf, leave, there } = await site();
  const [unknown, young] = ['a'.repeat(64), 'b'.repeat(64)];
  const torso = (key: string): string => `${previewOf(key)}.0b8a7f1c-9f5e-4a63-8a52-5d0c3f0f7a11.part`;
  const old = [previewOf(unknown), torso(unknown), previewOf(keys[0]!), join(dirname(previewOf(keys[0]!)), 'somebody-elses.jpg')];
  const kept = [previewOf(young), torso(young)];
  for (const path of [...old, ...kept]) leave(path);
  for (const path of old) utimesSync(path, (NOW_MS - DAY_MS) / 1000, (NOW_MS - DAY_MS) / 1000);
  // A worker left its picture when the film had gone.
  registry.markRemoved([keys[2]!], NOW_MS);
  await spool.remove('instances', keys[2]!);
  await sweep(parts);
  expect(old.map((path) => existsSync(path))).toEqual([false, false, true, true]);
  expect(kept.map((path) => existsSync(path))).toEqual([true, true]);
  expect(there()).toEqual({ ...ALL, films: [true, true, false], previews: [true, true, false] });
});

test('a registry from a backup does not know the films: they are adopted, and keep their previews', async () => {
  const { parts, keys, there, leave, previewOf } = await site();
  const empty = openRegistry(join(data, 'restored.sqlite'));
  closing.push(() => empty.close());
  for (const key of keys) {
    leave(previewOf(key));
    utimesSync(previewOf(key), (NOW_MS - DAY_MS) / 1000, (NOW_MS - DAY_MS) / 1000);
  }
  const registrar = { record: async (stored: Parameters<typeof empty.recordInstance>[0]) => empty.recordInstance(stored, { stat: false, inpatient: false }, NOW_MS).kind };
  await sweep({ ...parts, registry: empty, registrar, now: () => NOW_MS + DAY_MS });
  expect(keys.map((key) => empty.fileKeyRow(key) !== undefined)).toEqual([true, true, true]);
  expect(there()).toEqual(ALL);
});

test('a stopping hub waits for no more than the files under way', async () => {
  const { parts, registry, there, write, close } = await site();
  write();
  close(31);
  const stopping = new AbortController();
  stopping.abort();
  await retain(parts, stopping.signal);
  registry.markRemoved([registry.instancesOf(STUDY_UID)[0]!.fileKey], NOW_MS);
  await sweep(parts, stopping.signal);
  expect(there()).toEqual(ALL);
});
