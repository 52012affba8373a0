/**
 * The body of the hub's report thread: reads a stored header, builds and encodes reports and their pictures, hashes them.
 * dcmjs takes 3–4 ms a report, which would hold up every socket of the hub. It holds no native add-on (the JPEG below a
 * picture is decoded by the caller), so that it can be ended in the middle.
 */
import { createHash } from 'node:crypto';
import { parseDataSet } from '../dicom/data-set.ts';
import { readPatientStudyModule } from '../dicom/patient-study-module.ts';
import { FirstreadError } from '../errors.ts';
import { dataSetOffsetOf } from '../intake/file-key.ts';
import { realFileSystem } from '../intake/spool-file-system.ts';
import { asStorageFailure } from '../intake/spool-writer.ts';
import { buildChestReport } from '../report/chest-report.ts';
import { drawOverlay } from '../report/overlay.ts';
import type { ChestReportFacts } from '../report/report-facts.ts';
import { buildVisual, PICTURE_COLUMNS_MIN } from '../report/visual.ts';
import { answerTasks } from '../threads/thread-pool.ts';
import type { BuiltDocument, ReportAnswer, ReportTask } from './report-task.ts';

/** Patient and study attributes lie in the first groups; an icon or private block before the pixels may be large. */
const HEADER_BYTES_MAX = 8 * 1024 * 1024;

async function answer(task: ReportTask): Promise<ReportAnswer> {
  switch (task.kind) {
    case 'patient-and-study':
      return { kind: 'patient-and-study', patientAndStudy: await readPatientAndStudy(task.path, task.transferSyntaxUid) };
    case 'report':
      return { kind: 'document', document: hashed(buildChestReport(task.facts)) };
    case 'picture':
      return { kind: 'document', document: hashed(picture(task)) };
  }
}

async function readPatientAndStudy(path: string, transferSyntaxUid: string): Promise<ChestReportFacts['patientAndStudy']> {
  const bytes = await realFileSystem.read(path, 0, HEADER_BYTES_MAX).catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? new FirstreadError('instance-missing') : asStorageFailure(error);
  });
  return readPatientStudyModule(parseDataSet(bytes.subarray(dataSetOffsetOf(bytes)), transferSyntaxUid, { untilPixelData: true, salvage: true }));
}

function picture({ facts, film, stored }: ReportTask & { readonly kind: 'picture' }): Omit<BuiltDocument, 'contentSha256'> {
  const { rows, columns } = film;
  if (columns < PICTURE_COLUMNS_MIN) throw new FirstreadError('picture-invalid', undefined, { width: columns, height: rows });
  const { statement } = facts;
  if (statement.kind !== 'scored') throw new FirstreadError('internal');
  return buildVisual(facts, drawOverlay(film, stored, statement.finding));
}

function hashed({ sopClassUid, sopInstanceUid, seriesInstanceUid, transferSyntaxUid, bytes }: Omit<BuiltDocument, 'contentSha256'>): BuiltDocument {
  const contentSha256 = createHash('sha256').update(bytes.subarray(dataSetOffsetOf(bytes))).digest('hex');
  return { sopClassUid, sopInstanceUid, seriesInstanceUid, transferSyntaxUid, bytes, contentSha256 };
}

answerTasks(answer, (given) => (given.kind === 'document' ? [given.document.bytes.buffer] : []));
