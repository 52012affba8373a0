/**
 * What each event changes in a study, one small function an event (the table in transition.ts names them). Pure. Each gives
 * back the same object where nothing changes: late and repeated events are normal (at-least-once), not errors.
 */
import assert from 'node:assert';
import { mergeAssessment } from './assessment.ts';
import type { ArrivingInstance, StudyEvent, StudyEventKind } from './events.ts';
import { reasonOf, REASONS, reasonEntry, type ReasonCode } from './reasons.ts';
import { missesModel } from './switched-off.ts';
import type { AnalysisOutcome, CodedReason, OrderContext, Study, StudyInstance } from './types.ts';

type EventOf<K extends StudyEventKind> = Extract<StudyEvent, { kind: K }>;

function admitInstance(study: Study, event: EventOf<'instanceStored'>, nowMs: number): Study {
  const arriving = event.instance;
  const sameUid = study.instances.filter(({ sopInstanceUid }) => sopInstanceUid === arriving.sopInstanceUid);
  if (sameUid.some(({ contentSha256 }) => contentSha256 === arriving.contentSha256)) return mergeOrder(study, event);

  const instance = standingOf(arriving, sameUid[0]);
  let next: Study = { ...mergeOrder(study, event), instances: [...study.instances, instance] };
  // The first image starts the study's clock: an order announced hours before must not make it overdue.
  if (study.instances.length === 0) next = { ...next, revision: 1, receivedAtMs: arriving.receivedAtMs };
  else if (instance.status === 'pending' && instance.compareWithSha256 === undefined) next = { ...next, revision: study.revision + 1 };

  if (instance.status === 'conflict') next = reopen(raise(next, instance.reason, nowMs), 'conflict-after-reading', nowMs);
  else if (instance.status === 'unreadable') next = reopen(raise(next, instance.reason, nowMs), 'new-image', nowMs);
  else if (sameUid.length === 0 && bringsBack(instance)) next = reopen(next, 'new-image', nowMs);
  if (arriving.clash === 'study-of-other-patient' || (arriving.clash === 'study-uid-missing' && arriving.header.verdict === 'analyse')) {
    next = reopen(raise(next, reasonOf(arriving.clash), nowMs), 'new-image', nowMs);
  }
  return next;
}

/** Where an instance stands when it arrives; `first` is what we keep under the same UID with other bytes. */
function standingOf(arriving: ArrivingInstance, first: StudyInstance | undefined): StudyInstance {
  const { sopInstanceUid, contentSha256, receivedAtMs, hasPixels, header, clash } = arriving;
  const bare = { sopInstanceUid, contentSha256, receivedAtMs, hasPixels, findings: [], notAssessed: [] };
  if (clash === 'uid-in-other-study' || clash === 'uid-of-other-patient') return { ...bare, status: 'conflict', reason: reasonOf(clash) };
  if (first) {
    const firstHasPixels = first.hasPixels ?? true;
    // Two documents without a picture have no pixels to differ: a PACS that coerces names re-sends them so.
    if (!hasPixels && !firstHasPixels) return { ...bare, status: 'variant', reason: reasonOf('variant') };
    if (hasPixels !== firstHasPixels) return { ...bare, status: 'conflict', reason: reasonOf('conflict') };
    return { ...bare, status: 'pending', compareWithSha256: first.contentSha256 };
  }
  if (header.verdict === 'analyse') return { ...bare, status: 'pending', remarks: header.remarks };
  assert(header.reason, 'a verdict other than analyse has a reason');
  return { ...bare, status: header.verdict, reason: header.reason, remarks: header.remarks };
}

function bringsBack(instance: StudyInstance): boolean {
  return instance.status === 'pending' || (instance.status === 'ineligible' && reasonEntry(instance.reason?.code ?? '')?.reopens === true);
}

function settleComparison(study: Study, event: EventOf<'instanceCompared'>, nowMs: number): Study {
  return settle(study, event, (instance) =>
    instance.compareWithSha256 === undefined
      ? { ...instance, status: 'unreadable', reason: reasonOf('answer-mismatched') }
      : event.samePixels
        ? { ...instance, status: 'variant', reason: reasonOf('variant') }
        : { ...instance, status: 'conflict', reason: reasonOf('conflict') }, nowMs);
}

function settleAnalysis(study: Study, event: EventOf<'instanceAnalysed'>, nowMs: number): Study {
  const { outcome, sopInstanceUid, contentSha256 } = event;
  if (outcome.kind === 'compared') {
    const { samePixels, detail } = outcome;
    return settleComparison(study, { kind: 'instanceCompared', sopInstanceUid, contentSha256, samePixels, detail }, nowMs);
  }
  return settle(study, event, (instance) => answered(instance, outcome), nowMs);
}

function answered(instance: StudyInstance, outcome: Exclude<AnalysisOutcome, { kind: 'compared' }>): StudyInstance {
  // Asked "the same picture?" and could not be told: a human compares.
  if (instance.compareWithSha256 !== undefined) return { ...instance, status: 'conflict', reason: reasonOf('conflict') };
  const { models } = outcome;
  if (outcome.kind === 'scored') {
    const { findings, notAssessed, shadowFailures, image, decodePath, timings } = outcome;
    const remarks = [...(instance.remarks ?? []), ...outcome.remarks];
    return { ...instance, status: 'scored', findings, notAssessed, remarks, models, ...(shadowFailures === undefined ? {} : { shadowFailures }), image, decodePath, timings };
  }
  if (wasScored(instance)) return { ...instance, status: 'scored' };
  return { ...instance, status: outcome.kind, reason: outcome.reason, models };
}

/** Asked again for a model that had been switched off: where that fails, the first answer still stands. */
const wasScored = ({ decodePath }: StudyInstance): boolean => decodePath !== undefined;

function settleFailure(study: Study, event: EventOf<'analysisFailed'>, nowMs: number): Study {
  return settle(study, event, (instance) =>
    instance.compareWithSha256 !== undefined
      ? { ...instance, status: 'conflict', reason: reasonOf('conflict') }
      : wasScored(instance)
        ? { ...instance, status: 'scored' }
        : { ...instance, status: 'unreadable', reason: reasonOf('quarantined') }, nowMs);
}

/** Answers a pending instance; an answer to one that is settled, or unknown here, comes too late and changes nothing. */
function settle(
  study: Study,
  { sopInstanceUid, contentSha256 }: { readonly sopInstanceUid: string; readonly contentSha256: string },
  answer: (instance: StudyInstance) => StudyInstance,
  nowMs: number,
): Study {
  const at = study.instances.findIndex((one) => one.sopInstanceUid === sopInstanceUid && one.contentSha256 === contentSha256);
  const pending = study.instances[at];
  if (pending?.status !== 'pending') return study;
  const settled = answer(pending);
  let next: Study = { ...study, instances: study.instances.with(at, settled) };
  if (settled.status === 'scored') next = { ...next, assessment: mergeAssessment(study.assessment, settled, next.instances) };
  if (settled.status === 'unreadable') next = raise(next, settled.reason, nowMs);
  // Other bytes under a known UID are a picture that nobody has looked at.
  if (settled.status === 'conflict') next = reopen(raise(next, settled.reason, nowMs), 'conflict-after-reading', nowMs);
  return next;
}

function retryInstance(study: Study, event: EventOf<'retried'>): Study {
  const at = study.instances.findIndex((one) => one.sopInstanceUid === event.sopInstanceUid && one.contentSha256 === event.contentSha256);
  const failed = study.instances[at];
  if (failed === undefined || (failed.status !== 'unreadable' && !missesModel(failed))) return study;
  // The remarks of an answer come again with the next one.
  const { reason: _, ...rest } = failed.status === 'scored' ? { ...failed, remarks: [] } : failed;
  const instances = study.instances.with(at, { ...rest, status: 'pending' });
  const { attention, attentionAtMs: _at, ...calm } = study;
  const stillTrue = instances.find(({ status }) => status === 'unreadable' || status === 'conflict')?.reason;
  const otherAttention = attention?.code === 'study-of-other-patient' || attention?.code === 'study-uid-missing' ? attention : stillTrue;
  const next: Study = { ...calm, instances, revision: study.revision + 1 };
  return attention && otherAttention ? { ...next, attention: otherAttention, attentionAtMs: study.attentionAtMs } : next;
}

function noteReports(study: Study, { revision, deliveryCount = 1 }: EventOf<'reportsWritten'>): Study {
  assert(revision >= 1 && revision <= study.revision, 'reports of a revision that does not exist');
  if (revision <= (study.reportedRevision ?? 0)) return study;
  return { ...study, reportedRevision: revision, deliveryCount };
}

function noteDeliveries(study: Study, { revision, nothingArrived }: EventOf<'deliveriesDone'>): Study {
  assert(revision <= (study.reportedRevision ?? 0), 'delivered before it was reported');
  // All were dropped by hand: nothing is on its way any more, and nothing was delivered.
  if (nothingArrived === true) return (study.deliveredRevision ?? 0) >= revision || study.deliveryCount === 0 ? study : { ...study, deliveryCount: 0 };
  return revision <= (study.deliveredRevision ?? 0) ? study : { ...study, deliveredRevision: revision };
}

/** STAT and inpatient add up over the images of a study; a person's word about STAT outranks both. */
function mergeOrder(study: Study, { order }: { readonly order: OrderContext }): Study {
  const old = study.order;
  const stat = old.statByPerson ? old.stat : old.stat || order.stat;
  const statSource = old.stat || old.statByPerson ? old.statSource : order.statSource;
  const inpatient = old.inpatient || order.inpatient;
  const patientAgeYears = order.patientAgeYears ?? old.patientAgeYears;
  if (stat === old.stat && inpatient === old.inpatient && patientAgeYears === old.patientAgeYears) return study;
  return {
    ...study,
    order: {
      ...old,
      stat,
      inpatient,
      ...(statSource === undefined ? {} : { statSource }),
      ...(patientAgeYears === undefined ? {} : { patientAgeYears }),
    },
  };
}

function setStat(study: Study, { stat, by }: EventOf<'prioritised'>): Study {
  const { statSource: _, ...order } = study.order;
  if (study.order.statByPerson && study.order.stat === stat) return study;
  return { ...study, order: { ...order, stat, statByPerson: true, ...(stat ? { statSource: by } : {}) } };
}

/** Seen unaided while still analysing counts as read: a flag that comes later is recorded and reported all the same. */
function markRead(study: Study, { by, where }: EventOf<'read'>, nowMs: number): Study {
  if (study.readAtMs !== undefined) return study;
  return { ...withoutReopening(study), readAtMs: nowMs, readBy: by, readWhere: where };
}

function markUnread(study: Study, _event: EventOf<'unread'>, nowMs: number): Study {
  return reopen(study, 'marked-unread', nowMs);
}

function close(study: Study, { by, reason }: EventOf<'closed'>, nowMs: number): Study {
  assert(reason.trim() !== '', 'closing needs a reason');
  if (study.closedAtMs !== undefined) return study;
  return { ...withoutReopening(study), closedAtMs: nowMs, closedBy: by, closedReason: reason };
}

function acknowledge(study: Study, { by }: EventOf<'acknowledged'>, nowMs: number): Study {
  if (!study.attention) return study;
  const { attention: _, attentionAtMs: _at, ...calm } = study;
  return { ...calm, acknowledgedAtMs: nowMs, acknowledgedBy: by };
}

/** Attention is set only: the first reason stays until somebody acknowledges it. */
function raise(study: Study, reason: CodedReason | undefined, nowMs: number): Study {
  assert(reason, 'attention has a reason');
  return study.attention ? study : { ...study, attention: reason, attentionAtMs: nowMs };
}

/** Back on the list, with the reason; on the list already, nothing changes. */
function reopen(study: Study, why: ReasonCode, nowMs: number): Study {
  if (study.readAtMs === undefined && study.closedAtMs === undefined) return study;
  const { readAtMs: _r, readBy: _b, readWhere: _w, closedAtMs, closedBy: _c, closedReason: _cr, ...open } = study;
  const reason = why === 'new-image' && closedAtMs !== undefined ? reasonOf('new-image-after-closing') : reasonOf(why, REASONS[why].text);
  return { ...open, reopenedAtMs: nowMs, reopenedReason: reason };
}

function withoutReopening(study: Study): Study {
  const { reopenedAtMs: _at, reopenedReason: _reason, ...rest } = study;
  return rest;
}

export const ACTIONS = {
  mergeOrder,
  admitInstance,
  settleComparison,
  settleAnalysis,
  settleFailure,
  retryInstance,
  noteReports,
  noteDeliveries,
  setStat,
  markRead,
  markUnread,
  close,
  acknowledge,
} as const;

export type StudyAction = keyof typeof ACTIONS;
