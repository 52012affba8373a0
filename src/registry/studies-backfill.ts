/**
 * Studies from before schema version 2: flags of those that have left the list, and when the models had spoken and somebody
 * had read, which the journal knows. Done a few at a time beside a listening hub, and gone on with after a restart: images
 * do not wait for a year of old studies. Until it is done, the list of read studies cannot be filtered by flag, and the
 * turnaround of the past is not whole.
 */
import type { Database } from './database.ts';
import { BACKFILL_SETTING, FLAG_BY_COLUMNS } from './migrations.ts';

export interface StudiesBackfill {
  /** Brings up to `count` more up to date; false when there are none left. */
  backfillStudies(count: number): boolean;
}

/** The journal is append-only: asked later, it says the same. The first answer stands for the flag, also where other images were pending. */
const FILL = `UPDATE studies SET
    flag = ${FLAG_BY_COLUMNS},
    flag_known_at_ms = CASE WHEN scored = 1 THEN
      (SELECT min(e.at_ms) FROM study_events e WHERE e.study_uid = studies.study_uid AND e.kind = 'instanceAnalysed') END,
    first_read_at_ms = (SELECT min(e.at_ms) FROM study_events e WHERE e.study_uid = studies.study_uid AND e.kind = 'read')
  WHERE id > ? AND id <= ?`;

/** `onFilled`: what was remembered of lists is old. */
export function createStudiesBackfill(database: Database, onFilled: () => void): StudiesBackfill {
  return {
    backfillStudies: (count) =>
      // A power cut may undo it: how far it has come is undone with it.
      database.transactRelaxed(() => {
        const row = database.get('SELECT value_json FROM settings WHERE key = ?', BACKFILL_SETTING);
        if (row === undefined) return false;
        const { afterId, throughId } = JSON.parse(String(row['value_json'])) as { readonly afterId: number; readonly throughId: number };
        const nextId = Math.min(afterId + count, throughId);
        database.run(FILL, afterId, nextId);
        onFilled();
        if (nextId === throughId) database.run('DELETE FROM settings WHERE key = ?', BACKFILL_SETTING);
        else database.run('UPDATE settings SET value_json = ? WHERE key = ?', JSON.stringify({ afterId: nextId, throughId }), BACKFILL_SETTING);
        return nextId < throughId;
      }),
  };
}
