/**
 * Studies on the list that wait for a human because something went wrong with them (quarantine), and those that miss a
 * model's answer because it was switched off. Leaves out: what is to be done (study), the images themselves.
 */
import type { Database } from './database.ts';

export interface SetAsideQuery {
  /** Study Instance UIDs, latest arrival first. */
  setAside(limit: number, offset: number): string[];
  setAsideCount(): number;
  /** Study Instance UIDs of all that is on the list, longest waiting first. */
  openStudyUids(): string[];
  /** Those of them with an image of which some family was not assessed for this reason: any image, also beside one that was. */
  notAssessedAmong(reasonCode: string, studyInstanceUids: readonly string[]): string[];
}

export function createSetAsideQuery(database: Database): SetAsideQuery {
  return {
    setAside: (limit, offset) =>
      database
        .all('SELECT study_uid FROM studies WHERE on_list = 1 AND attention = 1 ORDER BY received_at_ms DESC, id DESC LIMIT ? OFFSET ?', limit, offset)
        .map((row) => String(row['study_uid'])),
    setAsideCount: () => Number(database.get('SELECT count(*) AS n FROM studies WHERE on_list = 1 AND attention = 1')?.['n']),
    openStudyUids: () => database.all('SELECT study_uid FROM studies WHERE on_list = 1 ORDER BY waiting_since_ms').map((row) => String(row['study_uid'])),
    // Asked when a model is switched on again: an index would cost every save.
    notAssessedAmong: (reasonCode, studyInstanceUids) =>
      database
        .all(
          "SELECT DISTINCT study_uid FROM instances WHERE study_uid IN (SELECT value FROM json_each(?)) AND status = 'scored' AND instr(standing_json, ?) > 0",
          JSON.stringify(studyInstanceUids),
          `"code":${JSON.stringify(reasonCode)}`,
        )
        .map((row) => String(row['study_uid'])),
  };
}
