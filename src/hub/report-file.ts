/** A report, or its picture, into the spool, and the row that stands for it. The same bytes make the same file and row. */
import { createHash } from 'node:crypto';
import { dataSetOffsetOf, fileKeyOf } from '../intake/file-key.ts';
import type { Spool } from '../intake/spool.ts';
import type { ReportFile } from '../registry/report-rows.ts';

export interface BuiltReport {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** A whole Part 10 file. */
  readonly bytes: Uint8Array;
}

export async function keepReport(spool: Pick<Spool, 'put'>, built: BuiltReport, about: Pick<ReportFile, 'family' | 'kind' | 'outcome' | 'predecessorSopInstanceUid'>): Promise<ReportFile> {
  const { sopClassUid, sopInstanceUid, seriesInstanceUid, transferSyntaxUid, bytes } = built;
  const contentSha256 = createHash('sha256').update(bytes.subarray(dataSetOffsetOf(bytes))).digest('hex');
  const fileKey = fileKeyOf(sopInstanceUid, transferSyntaxUid, contentSha256);
  await spool.put('reports', fileKey, bytes);
  return { ...about, sopClassUid, sopInstanceUid, seriesInstanceUid, transferSyntaxUid, fileKey, contentSha256, byteLength: bytes.byteLength };
}
