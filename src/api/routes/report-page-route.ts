/** A structured report as a page: read from the stored object, not from the database. The look is audited. */
import { readPart10 } from '../../dicom/part10.ts';
import { readReportDocument } from '../../dicom/structured-report.ts';
import { FirstreadError } from '../../errors.ts';
import type { Audit } from '../../ops/audit.ts';
import type { Language } from '../../study/wording.ts';
import { languageOf } from '../error-page.ts';
import type { FilesPort, OpenedFile, StudiesPort } from '../ports.ts';
import { reportPage } from '../report-page/page.ts';
import type { ApiRoute } from '../route.ts';
import * as schemas from '../schemas.ts';

/** Ours have 20 kB. */
const REPORT_BYTES_MAX = 4 * 2 ** 20;

export function reportPageRoute({ studies, files, audit }: { readonly studies: Pick<StudiesPort, 'report' | 'imagesOf'>; readonly files: Pick<FilesPort, 'openReport'>; readonly audit: Audit }): ApiRoute {
  return {
    method: 'GET', url: '/api/reports/:uid/page', access: 'view-study', summary: 'A structured report as a page to read and print.',
    params: schemas.uidParams, query: schemas.languageQuery, answer: { mediaType: 'text/html' },
    async handler(call) {
      const report = studies.report(call.params['uid']!);
      const file = report === undefined ? undefined : await files.openReport(report.fileKey);
      if (report === undefined || file === undefined) throw new FirstreadError('not-found');
      const { dataSet } = readPart10(await bytesOf(file), { salvage: true, untilPixelData: true });
      const document = readReportDocument(dataSet);
      audit.record({ event: 'report-viewed', who: call.caller.name, from: call.from, outcome: 'done', studyInstanceUid: report.studyInstanceUid, object: report.sopInstanceUid });
      const images = studies.imagesOf(report.studyInstanceUid);
      const sizeOf = (sopInstanceUid: string): { rows: number; columns: number } | undefined => {
        const { rows, columns } = images.find((image) => image.sopInstanceUid === sopInstanceUid)?.header ?? {};
        return rows === undefined || columns === undefined ? undefined : { rows, columns };
      };
      const asked = call.query['lang'] ?? languageOf(call.request.headers['accept-language']);
      return call.reply.header('content-type', 'text/html; charset=utf-8').header('vary', 'accept-language').send(reportPage(document, { language: asked as Language, sizeOf }));
    },
  };
}

async function bytesOf({ stream, byteLength }: OpenedFile): Promise<Uint8Array> {
  if (byteLength > REPORT_BYTES_MAX) {
    stream.destroy();
    throw new FirstreadError('data-set-over-limit');
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
