/**
 * What goes where, as a pure function of the settings: which kinds of reports, in which SOP class, and whether pictures
 * and the originals too. The hub writes the rows that come out of it in the same commit as the reports.
 */
import type { Subject } from './destination.ts';

export type ReportKind = 'flagged' | 'below-threshold' | 'not-analysed';
export type ReportSopClass = 'comprehensive-3d' | 'comprehensive';

/** What a PACS gets unless told otherwise: what a reader has to see there. All kinds are kept locally. */
export const DEFAULT_REPORT_KINDS: readonly ReportKind[] = ['flagged', 'not-analysed'];

export interface DestinationWishes {
  readonly name: string;
  readonly reportKinds: readonly ReportKind[];
  /** Comprehensive SR (…88.33) for PACS that do not know Comprehensive 3D SR (…88.34). */
  readonly sopClass: ReportSopClass;
  readonly sendOriginals: boolean;
  /** Flagged regions burnt into a copy of the film (Secondary Capture), for systems that show pictures and no reports. */
  readonly pictures: boolean;
}

export type Deliverable =
  | { readonly subject: 'report'; readonly reportKind: ReportKind; readonly sopClass: ReportSopClass; readonly sopInstanceUid: string; readonly fileKey: string }
  | { readonly subject: 'picture'; readonly sopInstanceUid: string; readonly fileKey: string }
  | { readonly subject: 'instance'; readonly sopInstanceUid: string; readonly fileKey: string };

/** An outbox row to be (registry/report-rows.ts NewDelivery). */
export interface PlannedDelivery {
  readonly destination: string;
  readonly subject: Subject;
  /** The SOP Instance UID: once per destination. */
  readonly objectKey: string;
  readonly fileKey: string;
}

/** The SOP classes in which a report must be written: the local copy is always Comprehensive 3D. */
export function reportSopClasses(destinations: readonly DestinationWishes[]): readonly ReportSopClass[] {
  return destinations.some((destination) => destination.sopClass === 'comprehensive') ? ['comprehensive-3d', 'comprehensive'] : ['comprehensive-3d'];
}

/**
 * The SOP classes whose flagged reports name their picture: those of destinations that get it. A report has one UID and
 * one content, so another destination that takes the same class without pictures meets a reference to what it lacks.
 */
export function picturedSopClasses(destinations: readonly DestinationWishes[]): readonly ReportSopClass[] {
  return reportSopClasses(destinations).filter((sopClass) => destinations.some((destination) => destination.sopClass === sopClass && wantsPictures(destination)));
}

export function planDeliveries(destinations: readonly DestinationWishes[], deliverables: readonly Deliverable[]): readonly PlannedDelivery[] {
  return destinations.flatMap((destination) =>
    deliverables
      .filter((deliverable) => wants(destination, deliverable))
      .map(({ subject, sopInstanceUid, fileKey }) => ({ destination: destination.name, subject: subject === 'picture' ? 'report' : subject, objectKey: sopInstanceUid, fileKey })),
  );
}

function wants(destination: DestinationWishes, deliverable: Deliverable): boolean {
  if (deliverable.subject === 'instance') return destination.sendOriginals;
  if (deliverable.subject === 'picture') return wantsPictures(destination);
  return destination.reportKinds.includes(deliverable.reportKind) && destination.sopClass === deliverable.sopClass;
}

/** A picture belongs to a flagged report: whoever does not want those gets none. */
function wantsPictures({ pictures, reportKinds }: DestinationWishes): boolean {
  return pictures && reportKinds.includes('flagged');
}
