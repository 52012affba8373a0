/**
 * What can happen to a study (StudyEvent) and what must then be done (StudyCommand). Data only, JSON-safe: events are
 * kept in the registry as the study's journal, commands are derived again from the registry after a crash.
 */
import type { AnalysisOutcome, CodedReason, OrderContext, ReadWhere } from './types.ts';

/** What the header alone says (eligibility.ts): only `analyse` goes to the queue. */
export interface HeaderVerdict {
  readonly verdict: 'analyse' | 'ineligible' | 'unreadable';
  /** Always there unless the verdict is `analyse`. */
  readonly reason?: CodedReason;
  readonly remarks: readonly CodedReason[];
}

/**
 * What the registry noticed that one study cannot see: the UID is already stored under another study; the same UID
 * came for another patient; the study already holds images of another patient; the sender named no study at all.
 */
export type Clash = 'uid-in-other-study' | 'uid-of-other-patient' | 'study-of-other-patient' | 'study-uid-missing';

/** One instance that has just become durable. */
export interface ArrivingInstance {
  readonly sopInstanceUid: string;
  readonly contentSha256: string;
  readonly receivedAtMs: number;
  readonly hasPixels: boolean;
  readonly header: HeaderVerdict;
  readonly clash?: Clash;
}

export type StudyEvent =
  /** An order is known before any image (worklist, HL7): the study waits in `receiving`. */
  | { readonly kind: 'announced'; readonly order: OrderContext }
  | { readonly kind: 'instanceStored'; readonly instance: ArrivingInstance; readonly order: OrderContext }
  | {
      readonly kind: 'instanceCompared';
      readonly sopInstanceUid: string;
      readonly contentSha256: string;
      readonly samePixels: boolean;
      readonly detail: string;
    }
  | {
      readonly kind: 'instanceAnalysed';
      readonly sopInstanceUid: string;
      readonly contentSha256: string;
      readonly outcome: AnalysisOutcome;
    }
  /** The queue gave up (quarantine). `error` is for the journal, never for a reader. */
  | {
      readonly kind: 'analysisFailed';
      readonly sopInstanceUid: string;
      readonly contentSha256: string;
      readonly error: string;
      readonly attempts: number;
    }
  /** A person wants an image tried again: it could not be analysed, or was while a model was switched off. */
  | { readonly kind: 'retried'; readonly sopInstanceUid: string; readonly contentSha256: string; readonly by: string }
  /** `deliveryCount` absent: deliveries are expected. */
  | { readonly kind: 'reportsWritten'; readonly revision: number; readonly deliveryCount?: number }
  /** `nothingArrived`: the last ones on their way were dropped by hand, and no destination has any. */
  | { readonly kind: 'deliveriesDone'; readonly revision: number; readonly nothingArrived?: true }
  | { readonly kind: 'prioritised'; readonly stat: boolean; readonly by: string }
  | { readonly kind: 'read'; readonly by: string; readonly where: ReadWhere }
  | { readonly kind: 'unread'; readonly by: string }
  | { readonly kind: 'closed'; readonly by: string; readonly reason: string }
  /** A person has seen why the study asks for attention. It stays on the list until it is read or closed. */
  | { readonly kind: 'acknowledged'; readonly by: string; readonly reason?: string };

export type StudyEventKind = StudyEvent['kind'];

/** Every command is idempotent: giving it twice is giving it once. */
export type StudyCommand =
  | { readonly kind: 'analyse'; readonly sopInstanceUid: string; readonly contentSha256: string; readonly rank: number }
  | {
      readonly kind: 'compare';
      readonly sopInstanceUid: string;
      readonly contentSha256: string;
      /** The first-kept bytes of the same UID. */
      readonly compareWithSha256: string;
      readonly rank: number;
    }
  | { readonly kind: 'writeReports'; readonly revision: number }
  | { readonly kind: 'deliver'; readonly revision: number };

/** Ranks of the queue (queue/job-queue.ts): served first, ordinary. */
export const STAT_RANK = 0;
export const ORDINARY_RANK = 10;
