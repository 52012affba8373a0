/** What the hub asks its report thread for, and what it is answered (report-builder.ts asks, report-thread.ts answers). */
import type { NaturalisedDataSet } from '../dicom/write-part10.ts';
import type { GreyPicture, StoredSize } from '../report/overlay.ts';
import type { ChestReportFacts } from '../report/report-facts.ts';

export type ReportTask =
  /** Of a file of the spool. */
  | { readonly kind: 'patient-and-study'; readonly path: string; readonly transferSyntaxUid: string }
  | { readonly kind: 'report'; readonly facts: ChestReportFacts }
  | { readonly kind: 'picture'; readonly facts: ChestReportFacts; readonly film: GreyPicture; readonly stored: StoredSize };

export type ReportAnswer =
  | { readonly kind: 'patient-and-study'; readonly patientAndStudy: NaturalisedDataSet }
  | { readonly kind: 'document'; readonly document: BuiltDocument };

/** A report or its picture, ready for the spool. */
export interface BuiltDocument {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** A whole Part 10 file. */
  readonly bytes: Uint8Array;
  /** Of its data set. */
  readonly contentSha256: string;
}
