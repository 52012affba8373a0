/**
 * A picture for systems that show pictures and nothing else: Secondary Capture Image (PS3.3 A.8.1), 8-bit RGB, in a new
 * series, with burnt-in words. A copy: the original is never altered. Pure: takes the RGB picture (overlay.ts). Off
 * unless a destination asks for it. Leaves out multi-frame and presentation states.
 */
import assert from 'node:assert/strict';
import { uidFromHash } from '../dicom/uid.ts';
import { writeDicom } from '../dicom/write-part10.ts';
import type { NaturalisedDataSet } from '../dicom/write-part10.ts';
import { burnInWords, wordsColumns } from './burn-in.ts';
import type { RgbPicture } from './burn-in.ts';
import { codeItem, concept } from './coded-concepts.ts';
import { sopReference } from './content-tree.ts';
import { documentHeader } from './document-header.ts';
import { reportIdentity } from './identity.ts';
import type { ChestReportFacts, ReportReference } from './report-facts.ts';

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
/** Burnt in: the pure font has capitals only. */
const WORDS = 'AI - PRIORITISATION ONLY';
/** Narrower ones would cut the words. */
export const PICTURE_COLUMNS_MIN = wordsColumns(WORDS);
const SOURCE_FOR_PROCESSING = concept('121322', 'DCM', 'Source image for image processing operation');
/** Of a side: a preview has 1024. */
const SIDE_PIXELS_MAX = 4096;

export interface VisualReport extends ReportReference {
  readonly transferSyntaxUid: string;
  readonly bytes: Uint8Array;
}

/** Where the picture of these facts will be: known before it is made, so that the report can name it. */
export function visualReference(facts: ChestReportFacts): ReportReference {
  const { sopInstanceUid } = reportIdentity(facts);
  return {
    sopClassUid: SECONDARY_CAPTURE,
    sopInstanceUid: uidFromHash('firstread visual', sopInstanceUid),
    seriesInstanceUid: uidFromHash('firstread visual series', sopInstanceUid),
  };
}

/** Only of flagged findings. */
export function buildVisual(facts: ChestReportFacts, picture: RgbPicture): VisualReport {
  const { statement } = facts;
  assert(statement.kind === 'scored' && statement.finding.flagged, 'only a flagged finding is pictured');
  assert(Math.max(picture.rows, picture.columns) <= SIDE_PIXELS_MAX, `a picture of ${picture.columns} × ${picture.rows}`);
  const source = facts.images.find((image) => image.sopInstanceUid === statement.finding.sopInstanceUid);
  assert(source !== undefined, 'the finding lies on an image that is not listed');
  const reference = visualReference(facts);
  // Two pictures of one film are told apart by their names, as far as there is room for them.
  const marked = burnInWords(picture, WORDS, facts.family.toUpperCase());
  const dataSet: NaturalisedDataSet = {
    ...withoutReport(documentHeader(facts, reportIdentity(facts))),
    SOPClassUID: reference.sopClassUid,
    SOPInstanceUID: reference.sopInstanceUid,
    SeriesInstanceUID: reference.seriesInstanceUid,
    Modality: 'OT',
    ConversionType: 'WSD',
    ImageType: ['DERIVED', 'SECONDARY'],
    // Type 2C: empty says that nobody knows.
    Laterality: '',
    PatientOrientation: '',
    BurnedInAnnotation: 'YES',
    // Once lossy, always lossy (PS3.3 C.7.6.1.1.5): the preview below it is a JPEG.
    LossyImageCompression: '01',
    DerivationDescription: 'Reduced copy with marks of an algorithm; for the order of reading only',
    SourceImageSequence: [{ ...sopReference(source), PurposeOfReferenceCodeSequence: [codeItem(SOURCE_FOR_PROCESSING)] }],
    SamplesPerPixel: 3,
    PhotometricInterpretation: 'RGB',
    PlanarConfiguration: 0,
    Rows: marked.rows,
    Columns: marked.columns,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    PixelData: evenLength(marked.pixels),
    _vrMap: { PixelData: 'OB' },
  };
  return { ...reference, transferSyntaxUid: '1.2.840.10008.1.2.1', bytes: writeDicom(dataSet, reference) };
}

/** Attributes of the SR document modules, which an image does not have. */
const REPORT_ONLY = [
  'ReferencedPerformedProcedureStepSequence', 'CompletionFlag', 'CompletionFlagDescription', 'PreliminaryFlag', 'VerificationFlag',
  'PerformedProcedureCodeSequence', 'PredecessorDocumentsSequence', 'CurrentRequestedProcedureEvidenceSequence', 'CodingSchemeIdentificationSequence',
] as const;

function withoutReport(header: NaturalisedDataSet): NaturalisedDataSet {
  return Object.fromEntries(Object.entries(header).filter(([keyword]) => !(REPORT_ONLY as readonly string[]).includes(keyword)));
}

/** OB values have even length (PS3.5 §7.1.1). */
function evenLength(pixels: Uint8Array): Uint8Array {
  if (pixels.length % 2 === 0) return pixels;
  const padded = new Uint8Array(pixels.length + 1);
  padded.set(pixels);
  return padded;
}
