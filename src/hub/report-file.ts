/** A report, or its picture, into the spool, and the row that stands for it. The same bytes make the same file and row. */
import { fileKeyOf } from '../intake/file-key.ts';
import type { Spool } from '../intake/spool.ts';
import type { ReportFile } from '../registry/report-rows.ts';
import type { BuiltDocument } from './report-task.ts';

export async function keepReport(spool: Pick<Spool, 'put'>, built: BuiltDocument, about: Pick<ReportFile, 'family' | 'kind' | 'outcome' | 'predecessorSopInstanceUid'>): Promise<ReportFile> {
  const { sopClassUid, sopInstanceUid, seriesInstanceUid, transferSyntaxUid, bytes, contentSha256 } = built;
  const fileKey = fileKeyOf(sopInstanceUid, transferSyntaxUid, contentSha256);
  await spool.put('reports', fileKey, bytes);
  return { ...about, sopClassUid, sopInstanceUid, seriesInstanceUid, transferSyntaxUid, fileKey, contentSha256, byteLength: bytes.byteLength };
}
