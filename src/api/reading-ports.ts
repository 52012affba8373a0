/** PORTS of the reading page: who holds a study, what readers say of a score, saved views, prior studies, turnaround. */
import type { Turnaround } from '../study/turnaround.ts';
import type { CodedReason, FindingFamily, ModelReference, StudyState } from '../study/types.ts';
import type { WorklistRow } from '../study/worklist-row.ts';

/** Who has a study open. */
export interface Claim {
  readonly by: string;
  readonly sinceMs: number;
  /** Lapses then, unless it is renewed. */
  readonly untilMs: number;
}

/** A row, and what only readers together know of it. */
export interface ReadingRow extends WorklistRow {
  readonly claim: Claim | null;
  /** Until an analysing study has its answer; absent where nobody can tell. */
  readonly estimateMs?: number;
  /** Verdicts that count: the latest of each person and family. */
  readonly feedbackCount: number;
}

export type ClaimOutcome =
  | { readonly kind: 'claimed'; readonly claim: Claim; readonly takenFrom?: string }
  | { readonly kind: 'renewed'; readonly claim: Claim }
  | { readonly kind: 'claimed-by-other'; readonly claim: Claim }
  /** Read or closed already: there is nothing to hold. */
  | { readonly kind: 'off-list' }
  | { readonly kind: 'unknown-study' };

export interface WorklistFacets {
  readonly sites: readonly string[];
  readonly devices: readonly string[];
  readonly readers: readonly string[];
}

export interface GivenVerdict {
  readonly family: FindingFamily;
  readonly verdict: 'agree' | 'disagree';
  /** Empty: none. */
  readonly note: string;
}

/** A verdict, bound to the model and to what it said at that moment. */
export interface FeedbackRow extends GivenVerdict {
  readonly studyInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly by: string;
  readonly atMs: number;
  readonly model: ModelReference;
  readonly score: number;
  readonly threshold: number;
  readonly flagged: boolean;
  readonly institutionName?: string;
  readonly callingAeTitle?: string;
}

/** In the file: every verdict that was ever given; `counts`: nothing later by that person about that family. */
export type FeedbackExportRow = FeedbackRow & { readonly counts: boolean };

export interface SavedView {
  readonly name: string;
  /** The page's own query string. */
  readonly query: string;
  readonly savedAtMs: number;
}

export interface PriorImage {
  readonly sopInstanceUid: string;
  readonly fileKey: string;
  readonly hasPixels: boolean;
  readonly viewPosition?: string;
  /** The file is gone, by retention. */
  readonly removed: boolean;
}

/** Another study of the same patient. */
export interface Prior {
  readonly studyInstanceUid: string;
  readonly receivedAtMs: number;
  readonly studyDate?: string;
  readonly description?: string;
  readonly state: StudyState;
  readonly findings: readonly { readonly flagged: boolean }[];
  readonly attention: CodedReason | null;
  readonly images: readonly PriorImage[];
}

export interface ReadingPort {
  facets(nowMs: number): WorklistFacets;
  /** One of two who ask at once gets it; the other hears who. `takeOver`: knowingly. */
  claim(studyInstanceUid: string, by: string, takeOver: boolean, nowMs: number): ClaimOutcome;
  /** Of another's claim, or of none: nothing happens. `claim`: who holds the study afterwards. */
  release(studyInstanceUid: string, by: string, nowMs: number): { readonly released: boolean; readonly claim: Claim | null } | 'unknown-study';

  /** `isNew` false: the same person has said the same of the same score. */
  giveFeedback(studyInstanceUid: string, verdict: GivenVerdict, by: string, nowMs: number): { readonly feedback: FeedbackRow; readonly isNew: boolean } | 'unknown-study' | 'without-finding';
  /** What counts, newest first. */
  feedbackOf(studyInstanceUid: string): readonly FeedbackRow[];
  /** All of it, oldest first, in portions. */
  allFeedback(): Iterable<readonly FeedbackExportRow[]>;

  views(person: string): readonly SavedView[];
  /** False where there is no room for one more. */
  saveView(person: string, view: SavedView): boolean;
  removeView(person: string, name: string): boolean;

  /** Newest first. */
  priorsOf(studyInstanceUid: string): readonly Prior[];
  turnaround(fromMs: number, toMs: number): Promise<Turnaround>;
}
