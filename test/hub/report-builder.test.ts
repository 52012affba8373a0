/** What the report thread answers: the same bytes as without it, and coded failures. */
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readPart10 } from '../../src/dicom/part10.ts';
import { readPatientStudyModule } from '../../src/dicom/patient-study-module.ts';
import { createReportBuilder } from '../../src/hub/report-builder.ts';
import { dataSetOffsetOf } from '../../src/intake/file-key.ts';
import { buildChestReport } from '../../src/report/chest-report.ts';
import { drawOverlay } from '../../src/report/overlay.ts';
import { buildVisual } from '../../src/report/visual.ts';
import { smallChest } from '../e2e/small-chest.ts';
import { CASES, TB_FINDING, type CaseName } from '../report/report-cases.ts';

const builder = createReportBuilder();
afterAll(() => builder.close());

const STORED = { rows: 3000, columns: 2500 };
const film = (columns: number) => ({ rows: 300, columns, pixels: new Uint8Array(300 * columns).fill(100) });
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes.subarray(dataSetOffsetOf(bytes))).digest('hex');

test.each(Object.keys(CASES) as CaseName[])('%s: the same bytes as built here', async (name) => {
  const { kind: _, ...here } = buildChestReport(CASES[name]);
  expect(await builder.report(CASES[name])).toEqual({ ...here, contentSha256: sha256(here.bytes) });
});

test('a picture too, and its film is not copied', async () => {
  const here = buildVisual(CASES['tb-flagged'], drawOverlay(film(250), STORED, TB_FINDING));
  const given = film(250);
  expect(await builder.picture(CASES['tb-flagged'], given, STORED)).toEqual({ ...here, contentSha256: sha256(here.bytes) });
  expect(given.pixels).toHaveLength(0);
});

test('patient and study as the stored header has them', async () => {
  const bytes = smallChest({ key: 'header' });
  const path = join(mkdtempSync(join(tmpdir(), 'firstread-header-')), 'film.dcm');
  writeFileSync(path, bytes);
  const { dataSet, meta } = readPart10(bytes);
  expect(await builder.patientAndStudy(path, meta.transferSyntaxUid)).toEqual(readPatientStudyModule(dataSet));
});

test('what cannot be built has a code, and the thread goes on', async () => {
  await expect(builder.patientAndStudy('/nowhere/film.dcm', '1.2.840.10008.1.2.1')).rejects.toMatchObject({ code: 'instance-missing' });
  await expect(builder.picture(CASES['tb-flagged'], film(50), STORED)).rejects.toMatchObject({ code: 'picture-invalid' });
  const failed = await builder.report({ ...CASES['tb-flagged'], images: [] }).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: 'report-failed' });
  // The log says where it went wrong, as it does of errors that are thrown here.
  expect((failed as Error).stack).toMatch(/at \w*chestReportDataSet .*chest-report\.ts/);
  // And nothing of what it choked on, which may be a patient's.
  expect(`${String(failed)} ${(failed as Error).stack}`).not.toContain('a report on no image');
  expect((await builder.report(CASES['tb-flagged'])).bytes.length).toBeGreaterThan(1000);
});
