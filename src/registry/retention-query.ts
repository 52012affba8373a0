/**
 * What may be removed from the disk, and how much there is. Only files of studies that a human has read or closed, that
 * have nothing outstanding and nothing on its way out; the rows stay, so that the list and the journal keep their memory.
 *
 * Found in steps of a bounded number of studies, the longest gone first. A study of which a step finds nothing left is
 * cleared, and no later walk looks at it: the cost follows what is still there, not a site's years.
 */
import type { Database } from './database.ts';
import { REPORT_IS_THERE } from './report-rows.ts';

export interface RemovableFile {
  /** A film as it came; or a picture that we made of a finding (kind `secondary-capture`). Structured reports stay. */
  readonly folder: 'instances' | 'reports';
  readonly fileKey: string;
  readonly studyInstanceUid: string;
  readonly byteLength: number;
  readonly leftAtMs: number;
}

/** The last study that a walk has done with. */
export interface RetentionCursor {
  readonly leftAtMs: number;
  readonly studyId: number;
}

export interface RemovableStep {
  readonly files: readonly RemovableFile[];
  /** Where the walk goes on; undefined at its end. */
  readonly next: RetentionCursor | undefined;
}

export interface StoredTotals {
  readonly studyCount: number;
  readonly instanceCount: number;
  readonly instanceBytes: number;
  readonly reportCount: number;
  readonly reportBytes: number;
}

export interface RetentionQuery {
  /**
   * One step over the studies read or closed before `leftBeforeMs`, longest gone first. Of films up to `limit`, which are
   * marked as removed in the same commit; of a study's pictures all, with its last films, and not marked.
   */
  takeRemovable(leftBeforeMs: number, limit: number, nowMs: number, after?: RetentionCursor): RemovableStep;
  /** Asked again right before it goes: a film is still marked, a picture's study has not come back. */
  isStillRemovable(file: Pick<RemovableFile, 'folder' | 'fileKey' | 'studyInstanceUid'>): boolean;
  /** Films. Idempotent. */
  markRemoved(fileKeys: readonly string[], nowMs: number): void;
  /** A picture, after its file is gone for good: what a crash leaves unmarked the next walk finds again. */
  markPictureRemoved(studyInstanceUid: string, fileKey: string, nowMs: number): void;
  totals(): StoredTotals;
  /** What came since, removed meanwhile or not; and when the first of it came. */
  storedSince(sinceMs: number): { readonly byteLength: number; readonly firstAtMs: number | undefined };
}

/** A step holds the event loop for a few milliseconds. */
export const STUDIES_PER_STEP = 50;

/** Nothing outstanding is the study's own column; this is what still goes out, or would if a person asked. */
const GOING_OUT = "EXISTS (SELECT 1 FROM outbox o WHERE o.study_uid = s.study_uid AND o.state IN ('pending', 'failed'))";

export const UNCLEARED_STUDIES = `SELECT u.left_at_ms, u.study_id, s.study_uid, s.outstanding = 1 OR ${GOING_OUT} AS held,
    s.on_list = 0 AND s.left_at_ms = u.left_at_ms AS current
  FROM uncleared u CROSS JOIN studies s ON s.id = u.study_id
  WHERE u.left_at_ms < ?1 AND (u.left_at_ms, u.study_id) > (?2, ?3)
  ORDER BY u.left_at_ms, u.study_id LIMIT ?4`;

const START: RetentionCursor = { leftAtMs: Number.MIN_SAFE_INTEGER, studyId: 0 };

export function createRetentionQuery(database: Database): RetentionQuery {
  function filesOf(folder: RemovableFile['folder'], studyInstanceUid: string, leftAtMs: number, limit: number): RemovableFile[] {
    const isThere = folder === 'instances' ? 'removed_at_ms IS NULL' : `kind = 'secondary-capture' AND ${REPORT_IS_THERE}`;
    return database
      .all(`SELECT file_key, byte_length FROM ${folder} WHERE study_uid = ? AND ${isThere} ORDER BY id LIMIT ?`, studyInstanceUid, limit)
      .map((row) => ({ folder, fileKey: String(row['file_key']), studyInstanceUid, byteLength: Number(row['byte_length']), leftAtMs }));
  }

  function markRemoved(fileKeys: readonly string[], nowMs: number): void {
    database.transact(() => {
      for (const fileKey of fileKeys) {
        database.run('UPDATE instances SET removed_at_ms = ? WHERE file_key = ? AND removed_at_ms IS NULL', nowMs, fileKey);
      }
    });
  }

  return {
    takeRemovable(leftBeforeMs, limit, nowMs, after = START) {
      const studies = database.all(UNCLEARED_STUDIES, leftBeforeMs, after.leftAtMs, after.studyId, STUDIES_PER_STEP);
      const films: RemovableFile[] = [];
      const pictures: RemovableFile[] = [];
      const emptied: RetentionCursor[] = [];
      let doneWith = after;
      let isEnd = studies.length < STUDIES_PER_STEP;
      for (const row of studies) {
        const [studyId, studyUid, leftAtMs] = [Number(row['study_id']), String(row['study_uid']), Number(row['left_at_ms'])];
        // It is back on the list, or has left it again since: that has a row of its own.
        if (row['current'] !== 1) emptied.push({ leftAtMs, studyId });
        else if (row['held'] === 0) {
          const room = limit - films.length;
          const found = filesOf('instances', studyUid, leftAtMs, room + 1);
          films.push(...found.slice(0, room));
          if (found.length > room) {
            isEnd = false;
            break;
          }
          const made = filesOf('reports', studyUid, leftAtMs, Number.MAX_SAFE_INTEGER);
          pictures.push(...made);
          if (found.length === 0 && made.length === 0) emptied.push({ leftAtMs, studyId });
        }
        doneWith = { leftAtMs, studyId };
      }
      const note = (): void => {
        markRemoved(films.map(({ fileKey }) => fileKey), nowMs);
        for (const { leftAtMs, studyId } of emptied) database.run('DELETE FROM uncleared WHERE left_at_ms = ? AND study_id = ?', leftAtMs, studyId);
      };
      // A mark is durable before its file goes; that a study is cleared may be found out again after a power cut.
      if (films.length > 0) database.transact(note);
      else if (emptied.length > 0) database.transactRelaxed(note);
      return { files: [...films, ...pictures], next: isEnd ? undefined : doneWith };
    },
    isStillRemovable: ({ folder, fileKey, studyInstanceUid }) =>
      folder === 'instances'
        ? database.get('SELECT 1 FROM instances WHERE file_key = ? AND removed_at_ms IS NOT NULL', fileKey) !== undefined
        : database.get(`SELECT 1 FROM studies s WHERE s.study_uid = ? AND s.on_list = 0 AND s.outstanding = 0 AND NOT ${GOING_OUT}`, studyInstanceUid) !== undefined,
    markRemoved,
    markPictureRemoved: (studyInstanceUid, fileKey, nowMs) =>
      database.transact(() => {
        database.run(
          `INSERT INTO removed_pictures SELECT id, ? FROM reports WHERE study_uid = ? AND file_key = ? AND kind = 'secondary-capture' AND ${REPORT_IS_THERE}`,
          nowMs,
          studyInstanceUid,
          fileKey,
        );
      }),
    storedSince(sinceMs) {
      const row = database.get('SELECT coalesce(sum(byte_length), 0) AS bytes, min(received_at_ms) AS first FROM instances WHERE received_at_ms >= ?', sinceMs);
      return { byteLength: Number(row?.['bytes']), firstAtMs: row?.['first'] === null ? undefined : Number(row?.['first']) };
    },
    totals() {
      const row = database.get(
        `SELECT (SELECT count(*) FROM studies) AS studies,
           count(*) AS instances, coalesce(sum(byte_length), 0) AS bytes,
           (SELECT count(*) FROM reports WHERE ${REPORT_IS_THERE}) AS reports,
           (SELECT coalesce(sum(byte_length), 0) FROM reports WHERE ${REPORT_IS_THERE}) AS report_bytes
         FROM instances WHERE removed_at_ms IS NULL`,
      );
      return {
        studyCount: Number(row?.['studies']),
        instanceCount: Number(row?.['instances']),
        instanceBytes: Number(row?.['bytes']),
        reportCount: Number(row?.['reports']),
        reportBytes: Number(row?.['report_bytes']),
      };
    },
  };
}
