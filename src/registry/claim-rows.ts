/**
 * Claims: who has a study open, so that two readers never open the same one unaware. A claim that is not renewed lapses;
 * a lapsed one counts for nothing, also before it is swept away. Nothing here outlives a power cut for sure, and need not:
 * a page that is still open claims again.
 */
import type { Database, Row } from './database.ts';

export interface Claim {
  readonly by: string;
  readonly sinceMs: number;
  /** Lapses then, unless it is renewed. */
  readonly untilMs: number;
}

export type ClaimOutcome =
  | { readonly kind: 'claimed'; readonly claim: Claim; /** Who held it until now. */ readonly takenFrom?: string }
  | { readonly kind: 'renewed'; readonly claim: Claim }
  | { readonly kind: 'claimed-by-other'; readonly claim: Claim }
  /** Read or closed: there is nothing to hold. */
  | { readonly kind: 'off-list' }
  | { readonly kind: 'unknown-study' };

export interface ClaimRows {
  claim(studyUid: string, by: string, options: { readonly forMs: number; readonly takeOver: boolean }, nowMs: number): ClaimOutcome;
  /** True where this person held it. */
  release(studyUid: string, by: string, nowMs: number): boolean;
  claimOf(studyUid: string, nowMs: number): Claim | undefined;
  /** Removes what has lapsed and says which studies are free again. */
  sweepClaims(nowMs: number): { readonly studyInstanceUid: string; readonly by: string }[];
  /** Who holds which study now, by the id of its row. */
  holders(nowMs: number): ReadonlyMap<number, string>;
  /** Open studies that somebody else holds. */
  heldByOthers(than: string, nowMs: number): number;
}

export function createClaimRows(database: Database): ClaimRows {
  const held = (studyUid: string, nowMs: number): Claim | undefined => {
    const row = database.get('SELECT c.* FROM claims c JOIN studies s ON s.id = c.study_id WHERE s.study_uid = ? AND c.until_ms > ?', studyUid, nowMs);
    return row && claimOfRow(row);
  };

  return {
    claimOf: held,
    claim: (studyUid, by, { forMs, takeOver }, nowMs) =>
      database.transactRelaxed(() => {
        const study = database.get('SELECT id, on_list FROM studies WHERE study_uid = ?', studyUid);
        if (study === undefined) return { kind: 'unknown-study' };
        if (study['on_list'] === 0) return { kind: 'off-list' };
        const before = held(studyUid, nowMs);
        if (before !== undefined && before.by !== by && !takeOver) return { kind: 'claimed-by-other', claim: before };
        const isRenewal = before?.by === by;
        const claim = { by, sinceMs: isRenewal ? before.sinceMs : nowMs, untilMs: nowMs + forMs };
        database.run(
          `INSERT INTO claims VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
           SET claimed_by = excluded.claimed_by, since_ms = excluded.since_ms, until_ms = excluded.until_ms`,
          Number(study['id']),
          claim.by,
          claim.sinceMs,
          claim.untilMs,
        );
        if (isRenewal) return { kind: 'renewed', claim };
        return { kind: 'claimed', claim, ...(before === undefined ? {} : { takenFrom: before.by }) };
      }),
    release: (studyUid, by, nowMs) =>
      database.transactRelaxed(() => {
        if (held(studyUid, nowMs)?.by !== by) return false;
        return database.run('DELETE FROM claims WHERE study_id = (SELECT id FROM studies WHERE study_uid = ?)', studyUid) > 0;
      }),
    sweepClaims(nowMs) {
      if (database.get('SELECT 1 FROM claims WHERE until_ms <= ? LIMIT 1', nowMs) === undefined) return [];
      return database.transactRelaxed(() => {
        const lapsed = database.all('SELECT s.study_uid, c.claimed_by FROM claims c JOIN studies s ON s.id = c.study_id WHERE c.until_ms <= ?', nowMs);
        database.run('DELETE FROM claims WHERE until_ms <= ?', nowMs);
        return lapsed.map((row) => ({ studyInstanceUid: String(row['study_uid']), by: String(row['claimed_by']) }));
      });
    },
    holders: (nowMs) => new Map(database.all('SELECT study_id, claimed_by FROM claims WHERE until_ms > ? ORDER BY study_id', nowMs).map((row) => [Number(row['study_id']), String(row['claimed_by'])])),
    heldByOthers: (than, nowMs) => Number(database.get('SELECT count(*) AS n FROM claims WHERE claimed_by <> ? AND until_ms > ?', than, nowMs)?.['n']),
  };
}

const claimOfRow = (row: Row): Claim => ({ by: String(row['claimed_by']), sinceMs: Number(row['since_ms']), untilMs: Number(row['until_ms']) });
