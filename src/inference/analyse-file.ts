/**
 * A file's bytes → its answer, without a server: DICOM, or a bare PNG or JPEG (whose view, age and spacing nobody
 * knows, which is said). Used by `firstread analyse` and whatever reads folders of films.
 */
import { readInstanceHeader } from '../dicom/instance-header.ts';
import { readPart10 } from '../dicom/part10.ts';
import { FirstreadError } from '../errors.ts';
import { judgeHeader } from '../study/eligibility.ts';
import { REASONS, reasonOf } from '../study/reasons.ts';
import type { ReasonCode } from '../study/reasons.ts';
import { judgingThresholds } from '../study/site-threshold.ts';
import type { SiteThreshold } from '../study/site-threshold.ts';
import type { AnalysisOutcome, CodedReason, InstanceHeader } from '../study/types.ts';
import { analyseImage, modelReferences } from './analyse-image.ts';
import type { AnalysisSettings } from './analyse-image.ts';
import type { BatchRunner } from './batch-runner.ts';
import type { DecodedInstance } from './decode-frame.ts';
import { decodePicture, pictureFormat } from './decode-picture.ts';
import { pictureHere } from './picture-work.ts';

export interface FileTools {
  readonly runner: BatchRunner;
  readonly settings: AnalysisSettings;
  readonly decode: (bytes: Uint8Array) => Promise<DecodedInstance>;
  /** The site's own thresholds, where there is a site. */
  readonly siteThresholds?: readonly SiteThreshold[];
}

export interface FileAnswer {
  readonly outcome: AnalysisOutcome;
  readonly warnings: readonly CodedReason[];
  /** Undefined for a bare picture. */
  readonly header?: InstanceHeader;
}

/** What a bare picture's header would say: nothing. */
const NO_HEADER: InstanceHeader = { sopInstanceUid: '', sopClassUid: '', transferSyntaxUid: '', studyInstanceUid: '', hasPixelData: true, characterSetGuessed: false };

/** Rejects with a FirstreadError where the bytes cannot be read at all. */
export async function analyseFile(bytes: Uint8Array, tools: FileTools): Promise<FileAnswer> {
  const format = pictureFormat(bytes);
  if (format !== undefined) {
    const from = performance.now();
    const { image } = await decodePicture(bytes);
    const earlier = { fetchMs: 0, decodeMs: performance.now() - from };
    const outcome = await analyseImage({ picture: pictureHere(image), header: NO_HEADER, decodePath: format, thresholds: judgingThresholds(tools.siteThresholds ?? [], NO_HEADER) }, tools.runner, tools.settings, earlier);
    return { outcome, warnings: [reasonOf('view-unknown')] };
  }
  const header = readHeader(bytes);
  const byHeader = judgeHeader(header, tools.settings.eligibility);
  if (byHeader.verdict !== 'analyse') {
    return { header, warnings: [], outcome: { kind: byHeader.verdict, reason: byHeader.reason ?? reasonOf('not-an-image'), models: modelReferences(tools.runner) } };
  }
  const from = performance.now();
  const { image, decodePath, remarks } = await tools.decode(bytes);
  const earlier = { fetchMs: 0, decodeMs: performance.now() - from };
  const outcome = await analyseImage({ picture: pictureHere(image), header, decodePath, thresholds: judgingThresholds(tools.siteThresholds ?? [], header) }, tools.runner, tools.settings, earlier);
  return { header, outcome, warnings: remarks.map((code) => ({ code, text: textOf(code) })) };
}

function readHeader(bytes: Uint8Array): InstanceHeader {
  if (bytes.length === 0) throw new FirstreadError('not-dicom', 'the file is empty');
  try {
    const { meta, dataSet } = readPart10(bytes, { untilPixelData: true, salvage: true });
    if (dataSet.elements.size === 0) throw new FirstreadError('not-dicom');
    return readInstanceHeader(dataSet, meta);
  } catch (error) {
    if (!(error instanceof FirstreadError) || error.code !== 'not-dicom') throw error;
    throw new FirstreadError('not-dicom', 'neither a DICOM object nor PNG nor JPEG', error.details, error);
  }
}

const textOf = (code: string): string => (Object.hasOwn(REASONS, code) ? REASONS[code as ReasonCode].text : code.replaceAll('-', ' '));
