/** A DICOMweb service over a real registry and spool: objects go in as intake puts them there, the real server answers. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeImage, type PixelSource } from '../../fixtures/encode-pixels.ts';
import type { ServerOptions } from '../../src/api/server.ts';
import { readInstanceHeader } from '../../src/dicom/instance-header.ts';
import { readPart10 } from '../../src/dicom/part10.ts';
import { dataFolder } from '../../src/hub/data-folder.ts';
import { createFilesPort } from '../../src/hub/files-port.ts';
import { createDicomWebPort } from '../../src/hub/dicomweb-port.ts';
import { createReportBuilder } from '../../src/hub/report-builder.ts';
import { keepReport } from '../../src/hub/report-file.ts';
import { fileKeyOf } from '../../src/intake/file-key.ts';
import { createSpool, type Spool } from '../../src/intake/spool.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { reportKind, type ChestReportFacts } from '../../src/report/report-facts.ts';
import { createViews, VIEW_LIMITS, type ViewLimits } from '../../src/view/views.ts';
import { analysed, scored } from '../study/sample-studies.ts';
import { demoRegistry } from './demo-registry.ts';
import { DEMO_NOW_MS } from './demo-studies.ts';
import { demoSite, type DemoSite } from './demo-site.ts';

export interface DicomWebSite extends DemoSite {
  readonly registry: Registry;
  readonly spool: Spool;
  readonly origin: string;
  /** Of role reader. */
  readonly token: string;
  /** The file's key. */
  store(file: Uint8Array): Promise<string>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
}

export async function dicomWebSite(options: { readonly server?: Partial<ServerOptions>; readonly views?: Partial<ViewLimits> } = {}): Promise<DicomWebSite> {
  const folder = mkdtempSync(join(tmpdir(), 'firstread-dicomweb-'));
  const kept = demoRegistry(() => DEMO_NOW_MS);
  const { registry } = kept;
  const spool = await createSpool(join(folder, 'spool'));
  const views = createViews({ ...VIEW_LIMITS, ...options.views });
  const dicomWeb = createDicomWebPort({ registry, spool, views });
  const files = createFilesPort(spool, dataFolder(folder), views, () => DEMO_NOW_MS);
  const site = await demoSite({ server: { dicomWeb, files, studies: kept.studies, ...options.server } });
  await site.app.listen({ host: '127.0.0.1', port: 0 });
  const origin = `http://127.0.0.1:${(site.app.server.address() as { port: number }).port}`;
  const token = site.auth.issueToken({ name: 'viewer', role: 'reader' });
  return {
    ...site,
    registry,
    spool,
    origin,
    token,
    async store(file) {
      const { meta, dataSet, dataSetOffset } = readPart10(file, { untilPixelData: true, salvage: true });
      const header = readInstanceHeader(dataSet, meta);
      const contentSha256 = createHash('sha256').update(file.subarray(dataSetOffset)).digest('hex');
      const fileKey = fileKeyOf(header.sopInstanceUid, meta.transferSyntaxUid, contentSha256);
      await spool.put('instances', fileKey, file);
      const origin = { callingAeTitle: 'ROOM1', calledAeTitle: 'FIRSTREAD', remoteAddress: '10.0.0.7', receivedAtMs: DEMO_NOW_MS };
      registry.recordInstance({ header, origin, contentSha256, fileKey, byteLength: file.length }, { stat: false, inpatient: false }, DEMO_NOW_MS);
      return fileKey;
    },
    get: (path, headers = {}) => fetch(`${origin}${path}`, { headers: { authorization: `Bearer ${token}`, ...headers } }),
    async close() {
      await site.close();
      await views.close();
      kept.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface ReceivedPart {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Strict: every boundary in its place, and nothing between the parts. */
export function partsOf(contentType: string, body: Buffer): readonly ReceivedPart[] {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) throw new Error(`no boundary in ${contentType}`);
  const parts: ReceivedPart[] = [];
  let at = 0;
  for (;;) {
    const line = Buffer.from(`--${boundary}`);
    if (!body.subarray(at, at + line.length).equals(line)) throw new Error(`no boundary at ${at}`);
    at += line.length;
    if (body.subarray(at, at + 2).toString() === '--') return parts;
    const headEnd = body.indexOf('\r\n\r\n', at);
    const headers = Object.fromEntries(body.subarray(at + 2, headEnd).toString().split('\r\n').map((text) => [text.slice(0, text.indexOf(':')).toLowerCase(), text.slice(text.indexOf(':') + 1).trim()]));
    const length = headers['content-length'] === undefined ? body.indexOf(`\r\n--${boundary}`, headEnd) - headEnd - 4 : Number(headers['content-length']);
    parts.push({ headers, body: body.subarray(headEnd + 4, headEnd + 4 + length) });
    at = headEnd + 4 + length + 2;
  }
}

/** A stored image of a study, scored, and its report written as the hub writes it. Answers with the report's UID. */
export async function storeReport(site: DicomWebSite, facts: ChestReportFacts, source: PixelSource): Promise<string> {
  const [image] = facts.images;
  const { studyInstanceUid } = facts;
  const file = writeImage({ ...facts.patientAndStudy, SOPClassUID: image!.sopClassUid, SOPInstanceUID: image!.sopInstanceUid, StudyInstanceUID: studyInstanceUid, SeriesInstanceUID: image!.seriesInstanceUid, Modality: image!.modality }, source, '1.2.840.10008.1.2.1');
  await site.store(file);
  const { contentSha256 } = site.registry.instancesOf(studyInstanceUid)[0]!;
  const findings = facts.statement.kind === 'scored' ? [facts.statement.finding] : [];
  site.registry.applyStudyEvent(studyInstanceUid, analysed(image!.sopInstanceUid, scored(...findings), contentSha256), DEMO_NOW_MS);
  const builder = createReportBuilder();
  const report = await builder.report(facts).finally(() => builder.close());
  const kept = await keepReport(site.spool, report, { family: facts.family, kind: 'sr', outcome: reportKind(facts.statement) });
  site.registry.recordReports(studyInstanceUid, 1, [kept], [], DEMO_NOW_MS);
  return report.sopInstanceUid;
}
