/**
 * The state machine of a study: reduce(study, event, now) → { study, commands }. Pure; a table says which event may meet
 * which state, actions.ts says what it changes, and everything else (state, priority, reason, commands) is derived.
 *
 *   receiving → analysing → assessed → reported → delivered;  beside them: ineligible, attention
 *
 * Invariants (property-tested): only read, closed and nothing else takes a study off the list; a flag never falls; every
 * eligible stored instance ends scored or in attention; commands follow from the study alone (outstanding.ts).
 *
 * A new image that the models may read raises the revision and brings the study back to `analysing` and to the list. An
 * instance that the header already rules out (a CT slice, our own report coming back from the PACS) is kept and listed
 * without a new revision: there is nothing new to report, and an echo from the PACS must not start a circle.
 * Leaves out: who may do what (api), when to retry (queue).
 */
import assert from 'node:assert';
import { ACTIONS, type StudyAction } from './actions.ts';
import { DEFAULT_PRIORITY_RULES, priorityOf, reasonLine, type PriorityRules } from './assessment.ts';
import type { StudyCommand, StudyEvent, StudyEventKind } from './events.ts';
import { awaitsAnalysis, commandKey, outstandingCommands } from './outstanding.ts';
import { reasonOf } from './reasons.ts';
import type { Study, StudyState } from './types.ts';

export { outstandingCommands } from './outstanding.ts';
export type { StudyCommand, StudyEvent } from './events.ts';

export interface Reduction {
  readonly study: Study;
  /** What has become outstanding with this event, and nothing that was outstanding before it. */
  readonly commands: readonly StudyCommand[];
}

/** `never`: this pair is a programming error and ends the process. Everything else is idempotent. */
type Cell = StudyAction | 'never';
type Row = Readonly<Record<StudyEventKind, Cell>>;

/** Once a study has images, its state says what is outstanding, not what may happen: every event can race with every other. */
const WITH_IMAGES: Row = {
  announced: 'mergeOrder',
  instanceStored: 'admitInstance',
  instanceCompared: 'settleComparison',
  instanceAnalysed: 'settleAnalysis',
  analysisFailed: 'settleFailure',
  retried: 'retryInstance',
  reportsWritten: 'noteReports',
  deliveriesDone: 'noteDeliveries',
  prioritised: 'setStat',
  read: 'markRead',
  unread: 'markUnread',
  closed: 'close',
  acknowledged: 'acknowledge',
};

/** Known by its order only: there is nothing to report yet; an answer left in a queue from another life changes nothing. */
const WITHOUT_IMAGES: Row = { ...WITH_IMAGES, reportsWritten: 'never', deliveriesDone: 'never' };

/** A study begins with an order or with an image, with nothing else. */
const UNKNOWN: Row = {
  announced: 'mergeOrder',
  instanceStored: 'admitInstance',
  instanceCompared: 'never',
  instanceAnalysed: 'never',
  analysisFailed: 'never',
  retried: 'never',
  reportsWritten: 'never',
  deliveriesDone: 'never',
  prioritised: 'never',
  read: 'never',
  unread: 'never',
  closed: 'never',
  acknowledged: 'never',
};

export const TRANSITIONS: Readonly<Record<StudyState | 'unknown', Row>> = {
  unknown: UNKNOWN,
  receiving: WITHOUT_IMAGES,
  analysing: WITH_IMAGES,
  assessed: WITH_IMAGES,
  reported: WITH_IMAGES,
  delivered: WITH_IMAGES,
  ineligible: WITH_IMAGES,
  attention: WITH_IMAGES,
};

/**
 * `study` undefined: the first event of this UID, which `studyInstanceUid` names.
 * An event that changes nothing gives back the same object and no commands.
 */
export function reduce(
  study: Study | undefined,
  event: StudyEvent,
  nowMs: number,
  studyInstanceUid: string = study?.studyInstanceUid ?? '',
  rules: PriorityRules = DEFAULT_PRIORITY_RULES,
): Reduction {
  const from = study?.state ?? 'unknown';
  const cell = TRANSITIONS[from][event.kind];
  assert(cell !== 'never', `event ${event.kind} cannot meet a study that is ${from}`);
  const before = study ?? newStudy(studyInstanceUid, nowMs);
  const changed = (ACTIONS[cell] as (study: Study, event: StudyEvent, nowMs: number) => Study)(before, event, nowMs);
  if (changed === study) return { study, commands: [] };

  const after = derive({ ...changed, updatedAtMs: nowMs }, rules);
  return { study: after, commands: newlyOutstanding(before, after) };
}

/** State from what is there; the order of the questions is the order of what a reader must know. */
export function stateOf(study: Study): StudyState {
  const { instances, attention, revision, reportedRevision, deliveredRevision } = study;
  if (instances.length === 0) return 'receiving';
  if (instances.some(awaitsAnalysis)) return 'analysing';
  if (attention) return 'attention';
  if (instances.some(({ status }) => status === 'scored')) {
    if (deliveredRevision === revision) return 'delivered';
    return reportedRevision === revision ? 'reported' : 'assessed';
  }
  // Acknowledged or not: what nobody's model could read keeps asking for a human until it is read or closed.
  if (instances.some(({ status }) => status === 'unreadable' || status === 'conflict')) return 'attention';
  return 'ineligible';
}

function derive(study: Study, rules: PriorityRules): Study {
  const settled: Study = { ...study, state: stateOf(study) };
  return { ...settled, priority: priorityOf(settled, rules), reason: reasonLine(settled, rules) };
}

function newStudy(studyInstanceUid: string, nowMs: number): Study {
  assert(studyInstanceUid !== '', 'a study needs its UID');
  return {
    studyInstanceUid,
    state: 'receiving',
    revision: 0,
    receivedAtMs: nowMs,
    updatedAtMs: nowMs,
    priority: 'undetermined',
    reason: reasonOf('receiving'),
    order: { stat: false, inpatient: false },
    assessment: { findings: [], notAssessed: [] },
    instances: [],
  };
}

function newlyOutstanding(before: Study, after: Study): StudyCommand[] {
  const known = new Set(outstandingCommands(before).map(commandKey));
  return outstandingCommands(after).filter((command) => !known.has(commandKey(command)));
}
