/** Studies as DICOMweb tells them: received objects from registry and spool, our own reports as series of the same study. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ByteRange, DicomObject, DicomStudy, DicomWebPort } from '../api/dicomweb/port.ts';
import type { OpenedFile } from '../api/ports.ts';
import { uidFromHash } from '../dicom/uid.ts';
import type { Spool } from '../intake/spool.ts';
import type { InstanceRecord } from '../registry/instance-rows.ts';
import type { Registry } from '../registry/registry.ts';
import type { ReportRecord } from '../registry/report-rows.ts';
import type { InstanceHeader } from '../study/types.ts';
import { BULK_DATA_MARK, type Views } from '../view/views.ts';

export interface DicomWebPortParts {
  readonly registry: Pick<Registry, 'study' | 'instancesOf' | 'reportsOf' | 'studyFacts' | 'dicomStudies'>;
  readonly spool: Pick<Spool, 'path'>;
  readonly views: Views;
}

const READ_CHUNK_BYTES = 256 * 1024;

export function createDicomWebPort({ registry, spool, views }: DicomWebPortParts): DicomWebPort {
  const pathOf = ({ origin, fileKey }: DicomObject): string => spool.path(origin === 'received' ? 'instances' : 'reports', fileKey);
  return {
    bulkDataMark: BULK_DATA_MARK,
    findStudies: (match, page) => registry.dicomStudies(match, page),
    study(studyInstanceUid) {
      if (registry.study(studyInstanceUid) === undefined) return undefined;
      const received = firstOfEach(registry.instancesOf(studyInstanceUid).map(receivedObject));
      const header = headerOfReports(studyInstanceUid, received, registry.studyFacts(studyInstanceUid) ?? {});
      const own = ownReports(registry.reportsOf(studyInstanceUid)).map((report) => ownObject(report, header));
      return { studyInstanceUid, objects: [...received, ...own], facts: header } satisfies DicomStudy;
    },
    async byteLength(object) {
      return (await stat(pathOf(object)).catch(() => undefined))?.size;
    },
    async open(object): Promise<OpenedFile | undefined> {
      const path = pathOf(object);
      const facts = await stat(path).catch(() => undefined);
      return facts === undefined ? undefined : { stream: createReadStream(path, { highWaterMark: READ_CHUNK_BYTES }), byteLength: facts.size };
    },
    openRanges: (object, ranges) => readRanges(pathOf(object), ranges),
    describe: (object) => views.describe(pathOf(object)),
    nativeFrame: (object, frame, signal) => views.nativeFrame(pathOf(object), frame, signal),
    value: (object, element) => views.value(pathOf(object), element),
    render: (object, frame, wish, encoding, signal) => views.render(pathOf(object), frame, wish, encoding, signal),
  };
}

function readRanges(path: string, ranges: readonly ByteRange[]): Readable {
  const [only] = ranges;
  const open = ({ offset, length }: ByteRange): Readable => createReadStream(path, { start: offset, end: offset + length - 1, highWaterMark: READ_CHUNK_BYTES });
  if (ranges.length === 1 && only!.length > 0) return open(only!);
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (const range of ranges) if (range.length > 0) yield* open(range) as AsyncIterable<Uint8Array>;
  }
  return Readable.from(bytes(), { objectMode: false });
}

function receivedObject(record: InstanceRecord): DicomObject {
  const { header, studyInstanceUid, sopInstanceUid } = record;
  return {
    studyInstanceUid,
    seriesInstanceUid: header.seriesInstanceUid ?? uidFromHash('series of an object without one', studyInstanceUid),
    sopInstanceUid,
    sopClassUid: header.sopClassUid,
    transferSyntaxUid: header.transferSyntaxUid,
    origin: 'received',
    fileKey: record.fileKey,
    byteLength: record.byteLength,
    removed: record.removedAtMs !== undefined,
    header,
  };
}

/** Of several objects under one UID the first one is shown, as everywhere. */
function firstOfEach(objects: readonly DicomObject[]): readonly DicomObject[] {
  const seen = new Set<string>();
  return objects.filter(({ sopInstanceUid }) => !seen.has(sopInstanceUid) && seen.add(sopInstanceUid));
}

/** The newest revision's, and one encoding of each: what an earlier one said has been said anew. */
function ownReports(reports: readonly ReportRecord[]): readonly ReportRecord[] {
  const newest = Math.max(...reports.map(({ revision }) => revision));
  const current = reports.filter(({ revision }) => revision === newest);
  return current.filter(({ kind, family }) => kind !== 'sr-comprehensive' || !current.some((other) => other.kind === 'sr' && other.family === family));
}

type ReportHeader = Omit<InstanceHeader, 'sopInstanceUid' | 'sopClassUid' | 'transferSyntaxUid'>;

/** Patient and study as the study's images say them. */
function headerOfReports(studyInstanceUid: string, received: readonly DicomObject[], facts: Partial<InstanceHeader>): ReportHeader {
  const first = received[0]?.header;
  const { patientId, patientName, patientBirthDate, patientSex, accessionNumber, studyDate, studyTime, studyDescription } = { ...first, ...facts };
  const known = Object.entries({
    patientId, patientName, patientBirthDate, patientSex, accessionNumber, studyDate, studyTime, studyDescription,
    issuerOfPatientId: first?.issuerOfPatientId, studyId: first?.studyId, referringPhysicianName: first?.referringPhysicianName,
  }).filter(([, value]) => value !== undefined);
  return { ...(Object.fromEntries(known) as Partial<InstanceHeader>), studyInstanceUid, hasPixelData: false, characterSetGuessed: false };
}

function ownObject(report: ReportRecord, header: ReportHeader): DicomObject {
  const { studyInstanceUid, sopInstanceUid, sopClassUid, transferSyntaxUid, fileKey, byteLength, family, kind, outcome } = report;
  const seriesInstanceUid = report.seriesInstanceUid ?? uidFromHash('series of a report without one', sopInstanceUid);
  const isPicture = kind === 'secondary-capture';
  return {
    studyInstanceUid, seriesInstanceUid, sopInstanceUid, sopClassUid, transferSyntaxUid, origin: 'own', fileKey, byteLength, removed: report.removedAtMs !== undefined,
    header: {
      ...header, sopInstanceUid, sopClassUid, transferSyntaxUid, seriesInstanceUid, hasPixelData: isPicture,
      modality: isPicture ? 'OT' : 'SR',
      seriesDescription: `AI: ${outcome === 'flagged' ? 'FLAGGED' : outcome === 'not-analysed' ? 'NOT ANALYSED' : 'below threshold'} ${family}`,
      instanceNumber: report.revision,
    },
  };
}
