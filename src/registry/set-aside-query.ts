/**
 * Studies on the list that wait for a human because something went wrong with them (quarantine), and those that miss a
 * model's answer because it was switched off. Leaves out: what is to be done (study), the images themselves.
 */
import type { Database } from './database.ts';

export interface SetAsideQuery {
  /** Study Instance UIDs, latest arrival first. */
  setAside(limit: number, offset: number): string[];
  setAsideCount(): number;
  /** Studies on the list of which some family was not assessed for this reason, in arrival order. */
  notAssessedFor(reasonCode: string): string[];
}

export function createSetAsideQuery(database: Database): SetAsideQuery {
  return {
    setAside: (limit, offset) =>
      database
        .all('SELECT study_uid FROM studies WHERE on_list = 1 AND attention = 1 ORDER BY received_at_ms DESC, id DESC LIMIT ? OFFSET ?', limit, offset)
        .map((row) => String(row['study_uid'])),
    setAsideCount: () => Number(database.get('SELECT count(*) AS n FROM studies WHERE on_list = 1 AND attention = 1')?.['n']),
    // Asked once, when a model is switched on again: 10,000 summaries are read in some 30 ms, and an index would cost every save.
    notAssessedFor: (reasonCode) =>
      database
        .all('SELECT study_uid FROM studies WHERE on_list = 1 AND instr(summary_json, ?) > 0 ORDER BY received_at_ms', `"code":${JSON.stringify(reasonCode)}`)
        .map((row) => String(row['study_uid'])),
  };
}
