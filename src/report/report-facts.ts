/**
 * What a chest report is built from: everything that may differ between two reports, and nothing else, so that the
 * same facts give the same bytes.
 */
import type { NaturalisedDataSet } from '../dicom/write-part10.ts';
import type { CodedReason, Finding, FindingFamily, ModelReference, Priority } from '../study/types.ts';

export type ReportSopClass = 'comprehensive-3d' | 'comprehensive';

/** The three statements of STANDARDS §5: a report never says that a finding is absent. */
export type ReportKind = 'flagged' | 'below-threshold' | 'not-analysed';

/** An image of the study that the report stands on. */
export interface SourceImage {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly contentSha256: string;
  readonly modality: string;
  /** Of the stored image; regions are clipped to it. Unknown where the image could not be read. */
  readonly rows?: number;
  readonly columns?: number;
}

/** A film of the study that the family's models gave no answer for, beside one that they did. */
export interface UnreadImage {
  readonly sopInstanceUid: string;
  readonly reason: CodedReason;
}

/** What is said of the family: a score of one image, or why there is none. */
export type Statement =
  | { readonly kind: 'scored'; readonly finding: Finding & { readonly sopInstanceUid: string }; readonly decodePath: string }
  | { readonly kind: 'not-analysed'; readonly reason: CodedReason };

/** This installation: who speaks. `serialNumber` tells two Firstreads of one hospital apart. */
export interface ReportingDevice {
  readonly manufacturer: string;
  readonly serialNumber: string;
  readonly softwareVersion: string;
  readonly institutionName?: string;
}

export interface ReportReference {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
}

export interface ChestReportFacts {
  readonly family: FindingFamily;
  readonly sopClass: ReportSopClass;
  readonly studyInstanceUid: string;
  /** Counts up with every new image of the study. */
  readonly revision: number;
  /** Patient and study attributes of the source images by keyword, copied unchanged, issuers included. */
  readonly patientAndStudy: NaturalisedDataSet;
  /** All images that the family's models were asked about, or should have been. At least one. */
  readonly images: readonly SourceImage[];
  readonly statement: Statement;
  /** Those among `images` that a score does not speak for. Absent: none, or nothing was scored at all. */
  readonly unread?: readonly UnreadImage[];
  /**
   * The priority that the finding alone earns: STAT and ward are inputs to the worklist's rank and no statement about
   * the picture, so they must not turn a nodule into a category 1 finding. Only used where the finding is flagged.
   */
  readonly findingPriority: Priority;
  /** One line for the reader (study/reasons.ts). */
  readonly rationale: string;
  /** Every model that was loaded for this family, shadows left out. */
  readonly models: readonly ModelReference[];
  /** Hash of the settings that change an answer (thresholds, rules); another one makes another report. */
  readonly configurationSha256: string;
  readonly device: ReportingDevice;
  /** When the analysis ended, not when this function runs: a retry must write the same bytes. */
  readonly analysedAtMs: number;
  /** Local time for dates in the report, used where the images state no (0008,0201). */
  readonly utcOffsetMinutes: number;
  /** The report of an earlier revision that this one replaces. */
  readonly predecessor?: ReportReference;
  /** The picture written for this report (visual.ts), where there is one. */
  readonly visual?: ReportReference;
}

export function reportKind(statement: Statement): ReportKind {
  if (statement.kind === 'not-analysed') return 'not-analysed';
  return statement.finding.flagged ? 'flagged' : 'below-threshold';
}
