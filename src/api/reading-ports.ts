/** PORTS of the reading page: who holds a study, and what its filter menus offer. */
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

export interface ReadingPort {
  facets(nowMs: number): WorklistFacets;
  /** One of two who ask at once gets it; the other hears who. `takeOver`: knowingly. */
  claim(studyInstanceUid: string, by: string, takeOver: boolean, nowMs: number): ClaimOutcome;
  /** Of another's claim, or of none: nothing happens. `claim`: who holds the study afterwards. */
  release(studyInstanceUid: string, by: string, nowMs: number): { readonly released: boolean; readonly claim: Claim | null } | 'unknown-study';
}
