/**
 * The registry: with the spool, the truth. Studies, images, findings, reports, deliveries, devices, users, and a journal
 * that only grows. One SQLite file (WAL, synchronous=FULL), written by the hub alone; every method that writes has committed
 * when it returns, and what its promise or return answers for is on the disk. What is still to be done follows from it alone (`outstandingCommands`), so the queue may be lost.
 * Leaves out: the files themselves (spool), deciding (study), retrying (queue, delivery).
 */
import { DEFAULT_PRIORITY_RULES, type PriorityRules } from '../study/assessment.ts';
import { DEFAULT_ELIGIBILITY, type EligibilitySettings } from '../study/eligibility.ts';
import type { StudyEvent } from '../study/events.ts';
import type { Reduction } from '../study/transition.ts';
import type { OrderContext, Study } from '../study/types.ts';
import type { StudyFacts } from '../study/worklist-row.ts';
import { createAccountRows, type AccountRows } from './account-rows.ts';
import { createClaimRows, type ClaimRows } from './claim-rows.ts';
import { createCommitQueue, type CommitQueue } from './commit-queue.ts';
import { openDatabase } from './database.ts';
import { createDeviceRows, type DeviceRows } from './device-rows.ts';
import { createDicomQuery, type DicomQuery } from './dicom-query.ts';
import { createFeedbackRows, type FeedbackRows } from './feedback-rows.ts';
import { createFindingQuery, type FindingQuery } from './finding-query.ts';
import { createInstanceRows, type InstanceRows, type RecordedInstance, type StoredInstance } from './instance-rows.ts';
import { createOpenStudies } from './open-studies.ts';
import { createReportRows, type ReportRows } from './report-rows.ts';
import { createPriorQuery, type PriorQuery } from './prior-query.ts';
import { createRetentionQuery, type RetentionQuery } from './retention-query.ts';
import { createSetAsideQuery, type SetAsideQuery } from './set-aside-query.ts';
import { createSavedViewRows, type SavedViewRows } from './saved-view-rows.ts';
import { createStudiesBackfill, type StudiesBackfill } from './studies-backfill.ts';
import { createStudyRows, type OutstandingCommand } from './study-rows.ts';
import { createTurnaroundQuery, type TurnaroundQuery } from './turnaround-query.ts';
import { createWorklistFacets, type WorklistFacets } from './worklist-facets.ts';
import { createWorklistQuery, type WorklistQuery } from './worklist-query.ts';

export interface RegistryOptions {
  /** For a process beside the hub. Every writing method throws. */
  readonly readOnly?: boolean;
  readonly eligibility?: EligibilitySettings;
  readonly priorityRules?: PriorityRules;
}

export interface JournalEntry {
  readonly id: number;
  readonly studyInstanceUid: string;
  readonly atMs: number;
  readonly event: StudyEvent;
}

export interface Registry extends InstanceRows, DeviceRows, ReportRows, WorklistQuery, WorklistFacets, ClaimRows, FeedbackRows, SavedViewRows, PriorQuery, TurnaroundQuery, AccountRows, RetentionQuery, SetAsideQuery, FindingQuery, CommitQueue, DicomQuery, StudiesBackfill {
  /** One commit around several calls; all or nothing. */
  transact<T>(work: () => T): T;
  /** recordInstance whose commit is shared with others of the same moment: many associations, one fsync. */
  recordInstanceDurably(stored: StoredInstance, order: OrderContext, nowMs: number): Promise<RecordedInstance>;
  /** applyStudyEvent by a shared commit that does not hold up the event loop. */
  applyStudyEventDurably(studyInstanceUid: string, event: StudyEvent, nowMs: number): Promise<Reduction>;
  /** Loads, reduces, saves and journals in one commit. Throws FirstreadError `study-unknown`. */
  applyStudyEvent(studyInstanceUid: string, event: StudyEvent, nowMs: number): Reduction;
  study(studyInstanceUid: string): Study | undefined;
  studyFacts(studyInstanceUid: string): StudyFacts | undefined;
  /** All that is still to be done, STAT first, then oldest; `limit` counts studies. */
  outstandingCommands(limit?: number): OutstandingCommand[];
  /** The same in small portions for `reconcile`, which must not hold up the event loop: from cursor 0 until it is undefined. */
  outstandingAfter(cursor: number, limit: number): { commands: OutstandingCommand[]; cursor: number | undefined };
  /** The journal of one study, oldest first. */
  events(studyInstanceUid: string): JournalEntry[];
  /** What SQLite thinks of its file: empty means sound. Reads the whole file; takes its time. */
  quickCheck(): string[];
  close(): void;
}

export type { OutstandingCommand } from './study-rows.ts';

/** More studies than this in one reconcile would hold the event loop; the rest comes with the next one. */
export const OUTSTANDING_STUDIES_MAX = 10_000;

export function openRegistry(path: string, options: RegistryOptions = {}): Registry {
  const database = openDatabase(path, options.readOnly ?? false);
  const open = createOpenStudies(database);
  const studies = createStudyRows(database, options.priorityRules ?? DEFAULT_PRIORITY_RULES, open.note);
  const devices = createDeviceRows(database);
  const instances = createInstanceRows(database, studies, devices, options.eligibility ?? DEFAULT_ELIGIBILITY);
  const claims = createClaimRows(database);
  const commits = createCommitQueue(database);

  return {
    ...instances,
    ...devices,
    ...createReportRows(database, studies),
    ...createWorklistQuery(database, open, claims),
    ...createWorklistFacets(database, open),
    ...claims,
    ...createFeedbackRows(database),
    ...createSavedViewRows(database),
    ...createPriorQuery(database),
    ...createTurnaroundQuery(database),
    ...createAccountRows(database),
    ...createRetentionQuery(database),
    ...createDicomQuery(database),
    ...createFindingQuery(database),
    ...createSetAsideQuery(database),
    ...createStudiesBackfill(database, open.outdate),
    ...commits,
    transact: (work) => database.transact(work),
    recordInstanceDurably: (stored, order, nowMs) => commits.commitSoon(() => instances.recordInstance(stored, order, nowMs)),
    applyStudyEventDurably: (studyUid, event, nowMs) => commits.commitSoon(() => studies.apply(studyUid, event, nowMs)),
    applyStudyEvent: (studyUid, event, nowMs) => database.transact(() => studies.apply(studyUid, event, nowMs)),
    study: (studyUid) => database.transact(() => studies.load(studyUid)?.study),
    studyFacts: (studyUid) => database.transact(() => studies.load(studyUid)?.facts),
    outstandingCommands: (limit = OUTSTANDING_STUDIES_MAX) => database.transact(() => studies.outstanding(limit)),
    outstandingAfter: (cursor, limit) => database.transact(() => studies.outstandingAfter(cursor, limit)),
    events: (studyUid) =>
      database.all('SELECT id, at_ms, event_json FROM study_events WHERE study_uid = ? ORDER BY id', studyUid).map((row) => ({
        id: Number(row['id']),
        studyInstanceUid: studyUid,
        atMs: Number(row['at_ms']),
        event: JSON.parse(String(row['event_json'])) as StudyEvent,
      })),
    quickCheck: () =>
      database
        .all('PRAGMA quick_check')
        .map((row) => String(row['quick_check']))
        .filter((line) => line !== 'ok'),
    close: () => database.close(),
  };
}
