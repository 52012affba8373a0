/**
 * What may be removed from the disk, and how much there is. Only files of studies that a human has read or closed, that
 * have nothing outstanding and nothing on its way out; the rows stay, so that the list and the journal keep their memory.
 */
import type { Database } from './database.ts';

export interface RemovableFile {
  readonly fileKey: string;
  readonly studyInstanceUid: string;
  readonly byteLength: number;
  readonly leftAtMs: number;
}

export interface StoredTotals {
  readonly studyCount: number;
  readonly instanceCount: number;
  readonly instanceBytes: number;
  readonly reportCount: number;
  readonly reportBytes: number;
}

export interface RetentionQuery {
  /** Longest gone first; studies read or closed before `leftBeforeMs`. */
  removableInstances(leftBeforeMs: number, limit: number): RemovableFile[];
  /** After the file is gone. Idempotent. */
  markRemoved(fileKeys: readonly string[], nowMs: number): void;
  totals(): StoredTotals;
  /** What came since, removed meanwhile or not; and when the first of it came. */
  storedSince(sinceMs: number): { readonly byteLength: number; readonly firstAtMs: number | undefined };
}

export function createRetentionQuery(database: Database): RetentionQuery {
  return {
    removableInstances: (leftBeforeMs, limit) =>
      database
        .all(
          `SELECT i.file_key, i.study_uid, i.byte_length, s.left_at_ms
           FROM studies s JOIN instances i ON i.study_uid = s.study_uid
           WHERE s.on_list = 0 AND s.left_at_ms < ? AND s.outstanding = 0 AND i.removed_at_ms IS NULL
             AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.study_uid = s.study_uid AND o.state IN ('pending', 'failed'))
           ORDER BY s.left_at_ms, i.id LIMIT ?`,
          leftBeforeMs,
          limit,
        )
        .map((row) => ({
          fileKey: String(row['file_key']),
          studyInstanceUid: String(row['study_uid']),
          byteLength: Number(row['byte_length']),
          leftAtMs: Number(row['left_at_ms']),
        })),
    markRemoved: (fileKeys, nowMs) =>
      database.transact(() => {
        for (const fileKey of fileKeys) {
          database.run('UPDATE instances SET removed_at_ms = ? WHERE file_key = ? AND removed_at_ms IS NULL', nowMs, fileKey);
        }
      }),
    storedSince(sinceMs) {
      const row = database.get('SELECT coalesce(sum(byte_length), 0) AS bytes, min(received_at_ms) AS first FROM instances WHERE received_at_ms >= ?', sinceMs);
      return { byteLength: Number(row?.['bytes']), firstAtMs: row?.['first'] === null ? undefined : Number(row?.['first']) };
    },
    totals() {
      const row = database.get(
        `SELECT (SELECT count(*) FROM studies) AS studies,
           count(*) AS instances, coalesce(sum(byte_length), 0) AS bytes,
           (SELECT count(*) FROM reports) AS reports, (SELECT coalesce(sum(byte_length), 0) FROM reports) AS report_bytes
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
