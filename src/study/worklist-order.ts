/**
 * Which study to read next. Pure; 10,000 studies rank in a few milliseconds.
 *
 * 1. Critical studies, longest waiting first.
 * 2. Overdue studies (past their class's cap) and fresh ones that matter (flagged, STAT, analysing, attention) take turns,
 *    one by one, an overdue one first: stale studies cannot bury a new flag, flags cannot starve the rest.
 *    Overdue among themselves: by priority, then by how long overdue. Fresh among themselves: urgent, then undetermined.
 * 3. The rest, longest waiting first.
 *
 * "Longest waiting" counts in steps of five minutes of arrival; inside a step inpatients come first, then the very young
 * and the old, then the exact arrival. Waiting starts with the first image, or when a read study came back to the list.
 * Leaves out: who is reading what (claims), filters.
 */
import type { OrderContext, Priority, StudyHead } from './types.ts';

/** What the order depends on. */
export interface Rankable
  extends Pick<StudyHead, 'studyInstanceUid' | 'priority' | 'receivedAtMs' | 'reopenedAtMs' | 'readAtMs' | 'closedAtMs'> {
  readonly order: Pick<OrderContext, 'inpatient' | 'patientAgeYears'>;
}

/** Longest wait for each class before it outranks, in minutes; a site sets its own. */
export type WaitingCaps = Readonly<Record<Priority, number>>;

export const DEFAULT_CAPS_MINUTES: WaitingCaps = {
  /** Flagged and STAT: the door-to-report time asked of emergency films. */
  critical: 15,
  /** Flagged or STAT: inside the hour that emergency departments ask for plain films. */
  urgent: 60,
  /** Not yet known: as urgent, because it may be. */
  undetermined: 60,
  /** A working shift: what arrives in a shift is read in it, whatever the models say of it. */
  routine: 480,
};

export type Lane = 'critical' | 'overdue' | 'fresh' | 'ordinary';

export interface RankedStudy<S extends Rankable = Rankable> {
  /** 1 is read first. */
  readonly rank: number;
  readonly study: S;
  readonly lane: Lane;
  readonly waitingMs: number;
  readonly capMs: number;
  /** 0 while inside the cap. */
  readonly overdueMs: number;
  readonly arrivalStep: number;
}

/** Arrivals inside one step count as the same time: only then do inpatient and age decide. */
export const ARRIVAL_STEP_MS = 5 * 60_000;
const YOUNG_BELOW_YEARS = 5;
const OLD_FROM_YEARS = 65;
const CLASS_ORDER: Readonly<Record<Priority, number>> = { critical: 0, urgent: 1, undetermined: 2, routine: 3 };

/** Read or closed studies have left; nothing else takes a study off the list. */
export function isOnWorklist(study: Pick<StudyHead, 'readAtMs' | 'closedAtMs'>): boolean {
  return study.readAtMs === undefined && study.closedAtMs === undefined;
}

export function waitingSinceMs(study: Pick<StudyHead, 'receivedAtMs' | 'reopenedAtMs'>): number {
  return study.reopenedAtMs ?? study.receivedAtMs;
}

export function rankWorklist<S extends Rankable>(
  studies: readonly S[],
  caps: WaitingCaps = DEFAULT_CAPS_MINUTES,
  nowMs: number,
): RankedStudy<S>[] {
  const lanes: Record<Lane, Unranked<S>[]> = { critical: [], overdue: [], fresh: [], ordinary: [] };
  for (const study of studies) {
    if (!isOnWorklist(study)) continue;
    const placed = place(study, caps, nowMs);
    lanes[placed.lane].push(placed);
  }
  lanes.critical.sort(byWaiting);
  lanes.overdue.sort((a, b) => a.classOrder - b.classOrder || b.overdueMs - a.overdueMs || byWaiting(a, b));
  lanes.fresh.sort((a, b) => a.classOrder - b.classOrder || byWaiting(a, b));
  lanes.ordinary.sort(byWaiting);
  const inOrder = [...lanes.critical, ...takeTurns(lanes.overdue, lanes.fresh), ...lanes.ordinary];
  return inOrder.map(({ study, lane, waitingMs, capMs, overdueMs, arrivalStep }, at) => ({ rank: at + 1, study, lane, waitingMs, capMs, overdueMs, arrivalStep }));
}

interface Unranked<S extends Rankable> extends Omit<RankedStudy<S>, 'rank'> {
  readonly classOrder: number;
  readonly fragility: number;
}

function place<S extends Rankable>(study: S, caps: WaitingCaps, nowMs: number): Unranked<S> {
  const sinceMs = waitingSinceMs(study);
  // A clock that was set back must not make a study wait less than nothing.
  const waitingMs = Math.max(0, nowMs - sinceMs);
  const capMs = caps[study.priority] * 60_000;
  const overdueMs = Math.max(0, waitingMs - capMs);
  return {
    study,
    lane: laneOf(study.priority, overdueMs),
    waitingMs,
    capMs,
    overdueMs,
    classOrder: CLASS_ORDER[study.priority],
    arrivalStep: Math.floor(sinceMs / ARRIVAL_STEP_MS),
    fragility: (study.order.inpatient ? 2 : 0) + (isFragile(study.order) ? 1 : 0),
  };
}

export function isFragile({ patientAgeYears: age }: Rankable['order']): boolean {
  return age !== undefined && (age < YOUNG_BELOW_YEARS || age >= OLD_FROM_YEARS);
}

function laneOf(priority: Priority, overdueMs: number): Lane {
  if (priority === 'critical') return 'critical';
  if (overdueMs > 0) return 'overdue';
  return priority === 'routine' ? 'ordinary' : 'fresh';
}

/** The UID decides last, so that two refreshes show the same order. */
function byWaiting(a: Unranked<Rankable>, b: Unranked<Rankable>): number {
  return (
    a.arrivalStep - b.arrivalStep ||
    b.fragility - a.fragility ||
    b.waitingMs - a.waitingMs ||
    (a.study.studyInstanceUid < b.study.studyInstanceUid ? -1 : 1)
  );
}

function takeTurns<T>(first: readonly T[], second: readonly T[]): T[] {
  const both: T[] = [];
  for (let at = 0; at < Math.max(first.length, second.length); at += 1) {
    const a = first[at];
    const b = second[at];
    if (a !== undefined) both.push(a);
    if (b !== undefined) both.push(b);
  }
  return both;
}
