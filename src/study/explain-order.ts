/** "Why is A above B?" in one sentence, for any two rows of one ranking. Pure. No patient data. */
import { ARRIVAL_STEP_MS, isFragile, type Rankable, type RankedStudy as RankedRow } from './worklist-order.ts';
import type { CodedReason, Priority } from './types.ts';

/** A ranked row together with the line that a reader sees. */
type RankedStudy = RankedRow<Rankable & { readonly reason: CodedReason }>;

const CLASS_WORDS: Readonly<Record<Priority, string>> = {
  critical: 'critical',
  urgent: 'urgent',
  undetermined: 'not yet determined',
  routine: 'routine',
};

/** Both from the same rankWorklist call. The sentence names the higher one "the first", whichever was given first. */
export function explainOrder(a: RankedStudy, b: RankedStudy): string {
  if (a.rank === b.rank) return 'They are the same study.';
  const [first, second] = a.rank < b.rank ? [a, b] : [b, a];
  const lanes = `${first.lane} ${second.lane}`;
  if (first.lane === second.lane) return explainWithinLane(first, second);
  if (first.lane === 'critical') return `The first is critical (${first.study.reason.text}); the second is ${CLASS_WORDS[second.study.priority]}.`;
  if (lanes === 'overdue fresh') {
    return `${overdueWords('The first', first)}; overdue studies and new ${CLASS_WORDS[second.study.priority]} ones take turns, and its turn came first.`;
  }
  if (lanes === 'fresh overdue') {
    return `The first is ${CLASS_WORDS[first.study.priority]} (${first.study.reason.text}); it takes turns with overdue studies such as the second, and its turn came first.`;
  }
  if (first.lane === 'overdue') return `${overdueWords('The first', first)}; the second is routine and inside its cap.`;
  return `The first is ${CLASS_WORDS[first.study.priority]} (${first.study.reason.text}); the second is routine and inside its cap of ${minutes(second.capMs)}.`;
}

function explainWithinLane(first: RankedStudy, second: RankedStudy): string {
  const [a, b] = [first.study.priority, second.study.priority];
  const both = first.lane === 'overdue' ? 'Both are past their cap' : `Both are ${CLASS_WORDS[b]}`;
  if (a !== b) {
    const lead = first.lane === 'overdue' ? both : 'Both matter now';
    return `${lead}, but the first is ${CLASS_WORDS[a]} and the second ${CLASS_WORDS[b]}.`;
  }
  if (first.lane === 'overdue' && first.overdueMs !== second.overdueMs) {
    return `${both}, the first by ${minutes(first.overdueMs)}, the second by ${minutes(second.overdueMs)}.`;
  }
  return `${both}; ${explainWaiting(first, second)}`;
}

function explainWaiting(first: RankedStudy, second: RankedStudy): string {
  const steps = `they arrived within the same ${minutes(ARRIVAL_STEP_MS)}`;
  if (first.arrivalStep === second.arrivalStep) {
    const [a, b]: [Rankable, Rankable] = [first.study, second.study];
    if (a.order.inpatient !== b.order.inpatient) return `${steps} and the first is an inpatient.`;
    if (isFragile(a.order) !== isFragile(b.order)) return `${steps} and the first patient is very young or old.`;
  }
  if (first.waitingMs === second.waitingMs) return 'they arrived at the same moment.';
  return `the first has waited ${minutes(first.waitingMs)}, the second ${minutes(second.waitingMs)}.`;
}

function overdueWords(who: string, { overdueMs, capMs, study }: RankedStudy): string {
  return `${who} has waited ${minutes(overdueMs)} past the cap of ${minutes(capMs)} for ${CLASS_WORDS[study.priority]} studies`;
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
