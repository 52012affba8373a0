/**
 * "Why is A above B?" for any two rows of one ranking: a code with the facts it rests on, so that a page can say it in
 * its own language, and the sentence in English. Pure. No patient data.
 */
import { ARRIVAL_STEP_MS, isFragile, type Lane, type Rankable, type RankedStudy as RankedRow } from './worklist-order.ts';
import type { CodedReason, Priority } from './types.ts';

/** A ranked row together with the line that a reader sees. */
type RankedStudy = RankedRow<Rankable & { readonly reason: CodedReason }>;

export type OrderCode =
  | 'same-study'
  /** Only the first is critical. */
  | 'critical-first'
  /** Overdue and new studies take turns: the overdue one's, or the new one's, came first. */
  | 'overdue-in-turn'
  | 'fresh-in-turn'
  /** The second is routine and inside its cap. */
  | 'overdue-before-ordinary'
  | 'fresh-before-ordinary'
  /** The same lane, another class. */
  | 'class-within-lane'
  | 'longer-overdue'
  /** Arrived in the same step: an inpatient, a very young or old patient comes first. */
  | 'inpatient'
  | 'fragile-age'
  | 'waited-longer'
  | 'same-moment';

/** What a sentence about one of the two may name. */
export interface OrderFacts {
  readonly rank: number;
  readonly priority: Priority;
  readonly lane: Lane;
  readonly waitingMs: number;
  readonly capMs: number;
  readonly overdueMs: number;
  readonly reason: CodedReason;
  readonly inpatient: boolean;
  readonly patientAgeYears?: number;
}

export interface OrderReason {
  /** Study Instance UIDs. */
  readonly above: string;
  readonly below: string;
  readonly code: OrderCode;
  /** Arrivals inside one step count as the same time. */
  readonly stepMs: number;
  readonly facts: { readonly above: OrderFacts; readonly below: OrderFacts };
  /** In English. Names the higher one "the first". */
  readonly explanation: string;
}

/** Both from the same rankWorklist call, in any order. */
export function whyAbove(a: RankedStudy, b: RankedStudy): OrderReason {
  const [first, second] = a.rank <= b.rank ? [a, b] : [b, a];
  const code = codeOf(first, second);
  return {
    above: first.study.studyInstanceUid,
    below: second.study.studyInstanceUid,
    code,
    stepMs: ARRIVAL_STEP_MS,
    facts: { above: factsOf(first), below: factsOf(second) },
    explanation: sentence(code, first, second),
  };
}

function codeOf(first: RankedStudy, second: RankedStudy): OrderCode {
  if (first.rank === second.rank) return 'same-study';
  if (first.lane !== second.lane) {
    if (first.lane === 'critical') return 'critical-first';
    if (second.lane === 'ordinary') return first.lane === 'overdue' ? 'overdue-before-ordinary' : 'fresh-before-ordinary';
    return first.lane === 'overdue' ? 'overdue-in-turn' : 'fresh-in-turn';
  }
  if (first.study.priority !== second.study.priority) return 'class-within-lane';
  if (first.lane === 'overdue' && first.overdueMs !== second.overdueMs) return 'longer-overdue';
  if (first.arrivalStep === second.arrivalStep) {
    if (first.study.order.inpatient !== second.study.order.inpatient) return 'inpatient';
    if (isFragile(first.study.order) !== isFragile(second.study.order)) return 'fragile-age';
  }
  return first.waitingMs === second.waitingMs ? 'same-moment' : 'waited-longer';
}

function factsOf({ rank, lane, waitingMs, capMs, overdueMs, study: { priority, reason, order } }: RankedStudy): OrderFacts {
  const age = order.patientAgeYears;
  return { rank, priority, lane, waitingMs, capMs, overdueMs, reason, inpatient: order.inpatient, ...(age === undefined ? {} : { patientAgeYears: age }) };
}

const CLASS_WORDS: Readonly<Record<Priority, string>> = {
  critical: 'critical',
  urgent: 'urgent',
  undetermined: 'not yet determined',
  routine: 'routine',
};

function sentence(code: OrderCode, first: RankedStudy, second: RankedStudy): string {
  const [a, b] = [CLASS_WORDS[first.study.priority], CLASS_WORDS[second.study.priority]];
  const isFirst = `The first is ${a} (${first.study.reason.text})`;
  const overdue = first.lane === 'overdue';
  const both = overdue ? 'Both are past their cap' : `Both are ${b}`;
  const sameStep = `${both}; they arrived within the same ${minutes(ARRIVAL_STEP_MS)}`;
  switch (code) {
    case 'same-study':
      return 'They are the same study.';
    case 'critical-first':
      return `${isFirst}; the second is ${b}.`;
    case 'overdue-in-turn':
      return `${overdueWords(first)}; overdue studies and new ${b} ones take turns, and its turn came first.`;
    case 'fresh-in-turn':
      return `${isFirst}; it takes turns with overdue studies such as the second, and its turn came first.`;
    case 'overdue-before-ordinary':
      return `${overdueWords(first)}; the second is routine and inside its cap.`;
    case 'fresh-before-ordinary':
      return `${isFirst}; the second is routine and inside its cap of ${minutes(second.capMs)}.`;
    case 'class-within-lane':
      return `${overdue ? both : 'Both matter now'}, but the first is ${a} and the second ${b}.`;
    case 'longer-overdue':
      return `${both}, the first by ${minutes(first.overdueMs)}, the second by ${minutes(second.overdueMs)}.`;
    case 'inpatient':
      return `${sameStep} and the first is an inpatient.`;
    case 'fragile-age':
      return `${sameStep} and the first patient is very young or old.`;
    case 'waited-longer':
      return `${both}; the first has waited ${minutes(first.waitingMs)}, the second ${minutes(second.waitingMs)}.`;
    case 'same-moment':
      return `${both}; they arrived at the same moment.`;
  }
}

function overdueWords({ overdueMs, capMs, study }: RankedStudy): string {
  return `The first has waited ${minutes(overdueMs)} past the cap of ${minutes(capMs)} for ${CLASS_WORDS[study.priority]} studies`;
}

/** "4 min", "2 h 5 min", "40 s": what a person says. */
export function minutes(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const total = Math.floor(seconds / 60);
  const hours = Math.floor(total / 60);
  if (hours === 0) return `${total} min`;
  return total % 60 === 0 ? `${hours} h` : `${hours} h ${total % 60} min`;
}
