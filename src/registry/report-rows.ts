/**
 * Reports and their way out. The reports of a revision, their outbox rows and the study's new state are one commit, so a
 * crash leaves either nothing or all of it; writing the same revision again gives back what is there. A delivery is once
 * per (destination, object): the receiver may see a retry, never a second object.
 */
import assert from 'node:assert';
import type { StudyCommand } from '../study/events.ts';
import type { FindingFamily, Study } from '../study/types.ts';
import type { Database, Row } from './database.ts';
import type { StudyRows } from './study-rows.ts';

export interface ReportFile {
  /** `study` for what is not about one family (e.g. "could not be analysed"). */
  readonly family: FindingFamily | 'study';
  /** `sr`, `secondary-capture` … */
  readonly kind: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid?: string;
  readonly transferSyntaxUid: string;
  readonly fileKey: string;
  readonly contentSha256: string;
  readonly byteLength: number;
  /** What it says: decides which destinations want it. */
  readonly outcome: 'flagged' | 'below-threshold' | 'not-analysed';
  readonly predecessorSopInstanceUid?: string;
}

export interface ReportRecord extends ReportFile {
  readonly studyInstanceUid: string;
  readonly revision: number;
  readonly writtenAtMs: number;
  /** The file, a picture, was removed by retention. */
  readonly removedAtMs?: number;
}

/** One object on its way to one destination. */
export interface NewDelivery {
  readonly destination: string;
  readonly subject: 'report' | 'instance' | 'message';
  /** SOP Instance UID, or the message's own id: unique per destination and subject. For other bytes under a known UID, their hash behind it. */
  readonly objectKey: string;
  readonly isOtherBytes?: true;
  readonly fileKey?: string;
  readonly sopClassUid?: string;
  readonly transferSyntaxUid?: string;
  /** Whatever the destination's kind needs besides (an HL7 text, a topic). JSON. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/**
 * `sent`: the peer said yes. `verified`: seen there afterwards. `failed`: nobody tries again unless asked. `dropped`: a
 * person gave it up, with a reason; nothing waits for it any more.
 */
export type DeliveryState = 'pending' | 'sent' | 'verified' | 'failed' | 'dropped';

export interface Delivery extends NewDelivery {
  readonly id: number;
  readonly studyInstanceUid: string;
  readonly revision: number;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly nextAttemptAtMs: number;
  readonly error?: string;
  /** The same in a word, e.g. `peer-unreachable`. */
  readonly errorCode?: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface DeliveryAbout {
  readonly error?: string;
  readonly errorCode?: string;
  readonly nextAttemptAtMs?: number;
}

export interface StudyChange {
  readonly study: Study;
  readonly commands: readonly StudyCommand[];
}

export interface ReportRows {
  recordReports(studyInstanceUid: string, revision: number, reports: readonly ReportFile[], deliveries: readonly NewDelivery[], nowMs: number): StudyChange;
  /** Newest revision first. */
  reportsOf(studyInstanceUid: string): ReportRecord[];
  reportBySopInstanceUid(sopInstanceUid: string): ReportRecord | undefined;
  /** Outside of a report: the originals, a message. False where the destination has it, or will get it, already. */
  enqueueDelivery(studyInstanceUid: string, revision: number, delivery: NewDelivery, nowMs: number): boolean;
  dueDeliveries(nowMs: number, limit: number, destination?: string): Delivery[];
  /** When the next pending delivery is due; undefined when there is none. */
  nextDeliveryAtMs(): number | undefined;
  /**
   * Counts the attempt. `pending` needs `nextAttemptAtMs`; `sent` or `verified` of the last one moves the study to
   * `delivered` in the same commit.
   */
  markDelivery(id: number, state: DeliveryState, nowMs: number, about?: DeliveryAbout): StudyChange | undefined;
  /** A person wants what has not arrived tried again, now: one delivery, or all of a destination. How many that were. */
  retryDeliveries(which: { readonly id: number } | { readonly destination: string }, nowMs: number): number;
  /** A person gives up what has not arrived. Undefined where there is nothing to give up; the study where its state follows. */
  dropDelivery(id: number, by: string, reason: string, nowMs: number): { readonly change: StudyChange | undefined } | undefined;
  deliveriesOf(studyInstanceUid: string): Delivery[];
  deliveries(state: DeliveryState, limit: number): Delivery[];
  /** One state, the latest change first; of one destination where it is named. */
  deliveriesIn(state: DeliveryState, limit: number, offset: number, destination?: string): Delivery[];
  /** What arrived since, by destination. */
  arrivals(sinceMs: number): { destination: string; count: number; lastAtMs: number }[];
  delivery(id: number): Delivery | undefined;
  /** What has not arrived, by destination. */
  deliveryCounts(): { destination: string; state: DeliveryState; count: number }[];
}

const REPORTS = 'SELECT reports.*, removed_at_ms FROM reports LEFT JOIN removed_pictures ON report_id = reports.id';
/** Of a row of `reports`: retention has not removed its file. */
export const REPORT_IS_THERE = 'NOT EXISTS (SELECT 1 FROM removed_pictures WHERE report_id = reports.id)';

export function createReportRows(database: Database, studies: StudyRows): ReportRows {
  function recordReports(studyUid: string, revision: number, reports: readonly ReportFile[], deliveries: readonly NewDelivery[], nowMs: number): StudyChange {
    return database.transact(() => {
      for (const report of reports) insertReport(studyUid, revision, report, nowMs);
      for (const delivery of deliveries) insertDelivery(studyUid, revision, delivery, nowMs);
      const deliveryCount = countOpen(studyUid, revision);
      return studies.apply(studyUid, { kind: 'reportsWritten', revision, deliveryCount }, nowMs);
    });
  }

  function insertReport(studyUid: string, revision: number, report: ReportFile, nowMs: number): void {
    const { family, kind, sopInstanceUid, fileKey, byteLength } = report;
    database.run(
      `INSERT INTO reports (study_uid, revision, family, kind, sop_uid, file_key, byte_length, written_at_ms, report_json)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      studyUid,
      revision,
      family,
      kind,
      sopInstanceUid,
      fileKey,
      byteLength,
      nowMs,
      JSON.stringify(report),
    );
  }

  function insertDelivery(studyUid: string, revision: number, delivery: NewDelivery, nowMs: number): boolean {
    const { destination, subject, objectKey, fileKey } = delivery;
    const changed = database.run(
      `INSERT INTO outbox (destination, study_uid, revision, subject, object_key, file_key, delivery_json, state, attempts,
         next_attempt_at_ms, created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', 0, ?8, ?8, ?8)
       ON CONFLICT DO NOTHING`,
      destination,
      studyUid,
      revision,
      subject,
      objectKey,
      fileKey ?? null,
      JSON.stringify(delivery),
      nowMs,
    );
    return changed > 0;
  }

  /** Failed ones count: a person must retry them before the study is delivered. */
  function countOpen(studyUid: string, revision: number): number {
    const sql = "SELECT count(*) AS n FROM outbox WHERE study_uid = ? AND revision <= ? AND state IN ('pending', 'failed')";
    return Number(database.get(sql, studyUid, revision)?.['n']);
  }

  function markDelivery(id: number, state: DeliveryState, nowMs: number, about: DeliveryAbout = {}): StudyChange | undefined {
    assert(state !== 'pending' || about.nextAttemptAtMs !== undefined, 'a pending delivery says when it is tried again');
    // Lost in a power cut, this sends the object again under the same UID: not worth a wait for the disk.
    return database.transactRelaxed(() => {
      const row = database.get('SELECT study_uid, revision, state FROM outbox WHERE id = ?', id);
      assert(row, 'an outbox row never goes away');
      // A late answer of an earlier attempt does not undo what is known to have arrived.
      if ((row['state'] === 'sent' || row['state'] === 'verified') && state !== 'verified') return undefined;
      // Given up while it was on its way: only that it arrived after all is news.
      if (row['state'] === 'dropped' && state !== 'sent' && state !== 'verified') return undefined;
      database.run(
        `UPDATE outbox SET state = ?, attempts = attempts + ?, error = ?, error_code = ?, next_attempt_at_ms = coalesce(?, next_attempt_at_ms),
           updated_at_ms = ? WHERE id = ?`,
        state,
        state === 'verified' && row['state'] === 'sent' ? 0 : 1,
        about.error ?? null,
        about.errorCode ?? null,
        about.nextAttemptAtMs ?? null,
        nowMs,
        id,
      );
      return settleStudy(String(row['study_uid']), nowMs);
    });
  }

  function settleStudy(studyUid: string, nowMs: number): StudyChange | undefined {
    const study = studies.load(studyUid)?.study;
    const revision = study?.reportedRevision;
    if (revision === undefined || (study?.deliveredRevision ?? 0) >= revision || countOpen(studyUid, revision) > 0) return undefined;
    const arrived = database.get("SELECT 1 FROM outbox WHERE study_uid = ? AND revision = ? AND state IN ('sent', 'verified')", studyUid, revision);
    return studies.apply(studyUid, { kind: 'deliveriesDone', revision, ...(arrived ? {} : { nothingArrived: true as const }) }, nowMs);
  }

  function dropDelivery(id: number, by: string, reason: string, nowMs: number): { readonly change: StudyChange | undefined } | undefined {
    return database.transact(() => {
      const sql = "UPDATE outbox SET state = 'dropped', error = ?, error_code = 'dropped', updated_at_ms = ? WHERE id = ? AND state IN ('pending', 'failed')";
      if (database.run(sql, `dropped by ${by}: ${reason}`, nowMs, id) === 0) return undefined;
      return { change: settleStudy(String(database.get('SELECT study_uid FROM outbox WHERE id = ?', id)?.['study_uid']), nowMs) };
    });
  }

  return {
    recordReports,
    reportsOf: (studyUid) => database.all(`${REPORTS} WHERE study_uid = ? ORDER BY revision DESC, id`, studyUid).map(reportOf),
    reportBySopInstanceUid: (sopUid) => database.all(`${REPORTS} WHERE sop_uid = ?`, sopUid).map(reportOf)[0],
    enqueueDelivery: (studyUid, revision, delivery, nowMs) => database.transact(() => insertDelivery(studyUid, revision, delivery, nowMs)),
    dueDeliveries: (nowMs, limit, destination) =>
      database
        .all(
          `SELECT * FROM outbox WHERE state = 'pending' AND next_attempt_at_ms <= ?1 AND (?2 IS NULL OR destination = ?2)
           ORDER BY next_attempt_at_ms LIMIT ?3`,
          nowMs,
          destination ?? null,
          limit,
        )
        .map(deliveryOf),
    nextDeliveryAtMs() {
      const next = database.get("SELECT min(next_attempt_at_ms) AS next FROM outbox WHERE state = 'pending'")?.['next'];
      return next === null || next === undefined ? undefined : Number(next);
    },
    markDelivery,
    retryDeliveries: (which, nowMs) =>
      database.transact(() => {
        const [column, value] = 'id' in which ? ['id', which.id] : ['destination', which.destination];
        // One that was dropped comes back only where it is named.
        const states = 'id' in which ? "'pending', 'failed', 'dropped'" : "'pending', 'failed'";
        return database.run(`UPDATE outbox SET state = 'pending', next_attempt_at_ms = ?1, updated_at_ms = ?1 WHERE ${column} = ?2 AND state IN (${states})`, nowMs, value as string | number);
      }),
    dropDelivery,
    deliveriesIn: (state, limit, offset, destination) =>
      database
        .all('SELECT * FROM outbox WHERE state = ?1 AND (?2 IS NULL OR destination = ?2) ORDER BY updated_at_ms DESC, id DESC LIMIT ?3 OFFSET ?4', state, destination ?? null, limit, offset)
        .map(deliveryOf),
    arrivals: (sinceMs) =>
      database
        .all("SELECT destination, count(*) AS n, max(updated_at_ms) AS last FROM outbox WHERE state IN ('sent', 'verified') AND updated_at_ms >= ? GROUP BY destination", sinceMs)
        .map((row) => ({ destination: String(row['destination']), count: Number(row['n']), lastAtMs: Number(row['last']) })),
    delivery: (id) => database.all('SELECT * FROM outbox WHERE id = ?', id).map(deliveryOf)[0],
    deliveriesOf: (studyUid) => database.all('SELECT * FROM outbox WHERE study_uid = ? ORDER BY id', studyUid).map(deliveryOf),
    deliveries: (state, limit) => database.all('SELECT * FROM outbox WHERE state = ? ORDER BY updated_at_ms DESC LIMIT ?', state, limit).map(deliveryOf),
    deliveryCounts: () =>
      database
        .all("SELECT destination, state, count(*) AS n FROM outbox WHERE state IN ('pending', 'failed') GROUP BY destination, state")
        .map((row) => ({ destination: String(row['destination']), state: row['state'] as DeliveryState, count: Number(row['n']) })),
  };
}

function reportOf(row: Row): ReportRecord {
  return {
    ...(JSON.parse(String(row['report_json'])) as ReportFile),
    studyInstanceUid: String(row['study_uid']),
    revision: Number(row['revision']),
    writtenAtMs: Number(row['written_at_ms']),
    ...(row['removed_at_ms'] === null ? {} : { removedAtMs: Number(row['removed_at_ms']) }),
  };
}

function deliveryOf(row: Row): Delivery {
  return {
    ...(JSON.parse(String(row['delivery_json'])) as NewDelivery),
    id: Number(row['id']),
    studyInstanceUid: String(row['study_uid']),
    revision: Number(row['revision']),
    state: row['state'] as DeliveryState,
    attempts: Number(row['attempts']),
    nextAttemptAtMs: Number(row['next_attempt_at_ms']),
    ...(row['error'] === null ? {} : { error: String(row['error']) }),
    ...(row['error_code'] === null ? {} : { errorCode: String(row['error_code']) }),
    createdAtMs: Number(row['created_at_ms']),
    updatedAtMs: Number(row['updated_at_ms']),
  };
}
