/**
 * Reports over a real registry, spool and thread: what they say after retention, that stopping leaves nothing half done,
 * and that a thread which dies or hangs costs a try and no report.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { readInstanceHeader } from '../../src/dicom/instance-header.ts';
import { readPart10 } from '../../src/dicom/part10.ts';
import type { DestinationWishes } from '../../src/delivery/plan.ts';
import { createReportBuilder, REPORT_BUILDER } from '../../src/hub/report-builder.ts';
import type { ReportBuilder } from '../../src/hub/report-builder.ts';
import { createReportWriter } from '../../src/hub/report-writer.ts';
import type { ReportWriter } from '../../src/hub/report-writer.ts';
import { fileKeyOf } from '../../src/intake/file-key.ts';
import { createSpool, SPOOL_LIMITS } from '../../src/intake/spool.ts';
import { realFileSystem } from '../../src/intake/spool-file-system.ts';
import { encodePreview } from '../../src/inference/preview.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import type { AnalysisOutcome, Finding } from '../../src/study/types.ts';
import { smallChest } from '../e2e/small-chest.ts';
import { UNREADABLE } from '../study/sample-studies.ts';

const MODEL = { name: 'm', version: '1', sha256: 'a'.repeat(64) };
const found = (score: number): Finding => ({ family: 'tuberculosis', label: 'tuberculosis', score, threshold: 50, flagged: score >= 50, boxes: [], region: [], model: MODEL } as unknown as Finding);
const scored = (score: number): AnalysisOutcome => ({ kind: 'scored', findings: [found(score)], notAssessed: [], remarks: [], models: [MODEL], decodePath: 'raw', image: { rows: 10, columns: 10 } } as unknown as AnalysisOutcome);

const VIEWER: DestinationWishes = { name: 'viewer', reportKinds: ['flagged'], sopClass: 'comprehensive-3d', sendOriginals: false, pictures: true };

const writers: ReportWriter[] = [];
afterEach(async () => {
  await Promise.all(writers.splice(0).map((each) => each.close()));
  vi.unstubAllEnvs();
});

async function site(destinations: readonly DestinationWishes[] = [], builder?: ReportBuilder) {
  const root = mkdtempSync(join(tmpdir(), 'firstread-reports-'));
  const registry = openRegistry(join(root, 'registry.sqlite'));
  const spool = await createSpool(join(root, 'spool'), realFileSystem, SPOOL_LIMITS);
  let writer: ReportWriter | undefined;
  const missing: unknown[] = [];
  const written = new Promise<void>((resolve, reject) => {
    writer = createReportWriter({
      registry, spool, families: [{ family: 'tuberculosis', models: [MODEL] }], destinations, configurationSha256: 'b'.repeat(64), now: () => 1_000,
      device: { manufacturer: 'Firstread', serialNumber: '1', softwareVersion: '0' },
      engine: () => ({ changed: () => undefined, execute: () => undefined }),
      onWritten: () => resolve(),
      previews: join(root, 'previews'),
      onTrouble: (_uid, error) => reject(error),
      onPictureMissing: (_uid, error) => missing.push(error),
    }, builder);
    writers.push(writer);
  });
  async function receive(index: number) {
    const bytes = smallChest({ key: `view ${index}`, studyKey: 'two views' });
    const { meta, dataSet, dataSetOffset } = readPart10(bytes);
    const header = readInstanceHeader(dataSet, meta);
    const contentSha256 = createHash('sha256').update(bytes.subarray(dataSetOffset)).digest('hex');
    const fileKey = fileKeyOf(header.sopInstanceUid, header.transferSyntaxUid, contentSha256);
    await spool.put('instances', fileKey, bytes);
    registry.recordInstance({ header, contentSha256, fileKey, byteLength: bytes.byteLength, origin: { callingAeTitle: 'A', calledAeTitle: 'B', remoteAddress: '::1', receivedAtMs: index } }, { stat: false, inpatient: false }, index);
    return { fileKey, studyInstanceUid: header.studyInstanceUid, sopInstanceUid: header.sopInstanceUid, contentSha256 };
  }
  /** A worker's preview of a stored image; its bytes are up to the test. */
  function leavePreview(fileKey: string, jpeg: Uint8Array): void {
    mkdirSync(join(root, 'previews', fileKey.slice(0, 2)), { recursive: true });
    writeFileSync(join(root, 'previews', fileKey.slice(0, 2), `${fileKey}.jpg`), jpeg);
  }
  return { registry, spool, writer: writer as ReportWriter, written, receive, leavePreview, missing };
}

test('a flag stands in the next report though retention removed the film it was found on', async () => {
  const { registry, spool, writer, written, receive } = await site();
  const first = await receive(0);
  const { studyInstanceUid } = first;
  registry.applyStudyEvent(studyInstanceUid, { kind: 'instanceAnalysed', sopInstanceUid: first.sopInstanceUid, contentSha256: first.contentSha256, outcome: scored(90) }, 10);
  registry.applyStudyEvent(studyInstanceUid, { kind: 'reportsWritten', revision: 1, deliveryCount: 0 }, 11);
  registry.applyStudyEvent(studyInstanceUid, { kind: 'read', by: 'r', where: 'here' }, 12);
  registry.markRemoved([first.fileKey], 13);
  await spool.remove('instances', first.fileKey);

  const second = await receive(1);
  registry.applyStudyEvent(studyInstanceUid, { kind: 'instanceAnalysed', sopInstanceUid: second.sopInstanceUid, contentSha256: second.contentSha256, outcome: scored(5) }, 20);
  writer.write(studyInstanceUid, 2);
  await written;
  expect(registry.reportsOf(studyInstanceUid).map(({ revision, outcome }) => [revision, outcome])).toEqual([[2, 'flagged']]);
  registry.close();
});

test('a report names the model that found it, though the site has another one by now; each family once', async () => {
  const { registry, spool, writer, written, receive } = await site();
  const { studyInstanceUid, sopInstanceUid, contentSha256 } = await receive(0);
  const earlier = { name: 'before', version: '0', sha256: 'e'.repeat(64) };
  const outcome = { ...scored(90), findings: [{ ...found(90), model: earlier }, { ...found(70), family: 'lung nodule', label: 'lung nodule', model: earlier }] } as unknown as AnalysisOutcome;
  registry.applyStudyEvent(studyInstanceUid, { kind: 'instanceAnalysed', sopInstanceUid, contentSha256, outcome }, 10);
  writer.write(studyInstanceUid, 1);
  await written;
  const reports = registry.reportsOf(studyInstanceUid);
  expect(reports.map(({ family, outcome: kind }) => [family, kind]).sort()).toEqual([['lung nodule', 'flagged'], ['tuberculosis', 'flagged']]);
  for (const { fileKey, byteLength } of reports) {
    const text = Buffer.from(await spool.read('reports', fileKey, 0, byteLength)).toString('latin1');
    expect(text).toContain('before 0');
    expect(text).not.toContain('m 1');
  }
  registry.close();
});

test('a film that could not be read is named in the report of the one that was, with the reason', async () => {
  const { registry, spool, writer, written, receive } = await site();
  const [read, damaged] = [await receive(0), await receive(1)];
  const { studyInstanceUid } = read;
  registry.applyStudyEvent(studyInstanceUid, { kind: 'instanceAnalysed', sopInstanceUid: read.sopInstanceUid, contentSha256: read.contentSha256, outcome: scored(90) }, 10);
  registry.applyStudyEvent(studyInstanceUid, { kind: 'instanceAnalysed', sopInstanceUid: damaged.sopInstanceUid, contentSha256: damaged.contentSha256, outcome: UNREADABLE }, 11);
  writer.write(studyInstanceUid, registry.study(studyInstanceUid)!.revision);
  await written;
  const [report, ...more] = registry.reportsOf(studyInstanceUid);
  expect(more).toEqual([]);
  expect(report).toMatchObject({ outcome: 'flagged' });
  const text = Buffer.from(await spool.read('reports', report!.fileKey, 0, report!.byteLength)).toString('latin1');
  expect(text).toContain('IMAGENOTANALYSED');
  expect(text).toContain(damaged.sopInstanceUid);
  expect(text).toContain(UNREADABLE.kind === 'unreadable' ? UNREADABLE.reason.code : '-');
  registry.close();
});

test('closed, it begins nothing new', async () => {
  const { registry, writer, receive } = await site();
  const { studyInstanceUid, sopInstanceUid, contentSha256 } = await receive(0);
  registry.applyStudyEvent(studyInstanceUid, { kind: 'instanceAnalysed', sopInstanceUid, contentSha256, outcome: scored(90) }, 10);
  await writer.close();
  writer.write(studyInstanceUid, 1);
  await writer.close();
  expect(registry.reportsOf(studyInstanceUid)).toEqual([]);
  registry.close();
});

/** One flagged film reported to one destination; what lies in the reports folder for it. */
async function reported(preview: Uint8Array | undefined) {
  const { registry, spool, writer, written, receive, leavePreview, missing } = await site([VIEWER]);
  const { studyInstanceUid, sopInstanceUid, contentSha256, fileKey } = await receive(0);
  if (preview !== undefined) leavePreview(fileKey, preview);
  registry.applyStudyEvent(studyInstanceUid, { kind: 'instanceAnalysed', sopInstanceUid, contentSha256, outcome: scored(90) }, 10);
  writer.write(studyInstanceUid, 1);
  await written;
  const reports = registry.reportsOf(studyInstanceUid).map(({ kind, outcome, sopInstanceUid: uid, fileKey: key }) => ({ kind, outcome, uid, bytes: readFileSync(spool.path('reports', key)) }));
  const sent = registry.deliveriesOf(studyInstanceUid).map(({ objectKey }) => objectKey);
  registry.close();
  return { reports, sent, missing };
}

const jpeg = (width: number): Promise<Uint8Array> => encodePreview({ width, height: 200, grey: new Uint8Array(width * 200).fill(90) });

test('a flagged finding is pictured, its report names the picture, both are sent; a retry writes the same bytes', async () => {
  const { reports, sent, missing } = await reported(await jpeg(200));
  expect(missing).toEqual([]);
  expect(reports.map(({ kind, outcome }) => [kind, outcome])).toEqual([['sr', 'flagged'], ['secondary-capture', 'flagged']]);
  const [report, picture] = reports;
  expect(report?.bytes.includes(picture?.uid ?? 'none')).toBe(true);
  expect(sent).toEqual([report?.uid, picture?.uid]);
  expect((await reported(await jpeg(200))).reports).toEqual(reports);
});

test.each([
  ['no preview', undefined],
  ['a damaged one', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16)],
  ['one too narrow for the words', await jpeg(100)],
  ['one larger than a preview can be', new Uint8Array(3 * 1024 * 1024)],
])('%s: the report goes out without a picture and names none', async (_name, preview) => {
  const { reports, sent, missing } = await reported(preview);
  expect(missing).toHaveLength(1);
  expect(reports.map(({ kind }) => kind)).toEqual(['sr']);
  expect(reports[0]?.bytes.includes('130401')).toBe(false);
  expect(sent).toEqual([reports[0]?.uid]);
});

/** A film with its answer, whose report is asked for; the first thread that is started gets into trouble. */
async function troubled(trouble: 'dies' | 'hangs') {
  const mark = join(mkdtempSync(join(tmpdir(), 'firstread-thread-')), 'begun');
  vi.stubEnv('TROUBLED_REPORT_THREAD', JSON.stringify({ trouble, mark }));
  const { registry, receive, writer, written } = await site([], createReportBuilder({ ...REPORT_BUILDER, thread: new URL('./troubled-report-thread.ts', import.meta.url) }));
  const { studyInstanceUid, sopInstanceUid, contentSha256 } = await receive(0);
  registry.applyStudyEvent(studyInstanceUid, { kind: 'instanceAnalysed', sopInstanceUid, contentSha256, outcome: scored(90) }, 10);
  writer.write(studyInstanceUid, 1);
  return { registry, writer, written, studyInstanceUid, begun: () => vi.waitFor(() => expect(existsSync(mark)).toBe(true), 20_000) };
}

test.each(['dies', 'hangs'] as const)('a thread that %s: trouble and no half report; the next try writes it with a new thread', async (trouble) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { registry, writer, written, studyInstanceUid, begun } = await troubled(trouble);
  const failed = expect(written).rejects.toMatchObject({ name: 'FirstreadError', code: 'report-failed' });
  await begun();
  if (trouble === 'hangs') vi.advanceTimersByTime(REPORT_BUILDER.deadlineMs);
  vi.useRealTimers();
  await failed;
  expect(registry.reportsOf(studyInstanceUid)).toEqual([]);
  // As reconcile.ts does: what the registry says is outstanding is asked for again.
  expect(registry.outstandingAfter(0, 10).commands.map(({ command }) => command.kind)).toContain('writeReports');
  writer.write(studyInstanceUid, 1);
  await vi.waitFor(() => expect(registry.reportsOf(studyInstanceUid).map(({ outcome }) => outcome)).toEqual(['flagged']), 20_000);
  registry.close();
});

test('closing waits for no thread that hangs', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const { registry, writer, written, studyInstanceUid } = await troubled('hangs');
    const failed = expect(written).rejects.toMatchObject({ code: 'report-failed' });
    const closed = writer.close();
    vi.advanceTimersByTime(5_000);
    await closed;
    await failed;
    expect(registry.reportsOf(studyInstanceUid)).toEqual([]);
    registry.close();
  } finally {
    vi.useRealTimers();
  }
});
