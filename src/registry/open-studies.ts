/**
 * The open studies' columns in memory: what ranking, filters, orders and counters ask about. Read once, then only what
 * was saved since: a list of 10,000 is not read again because one image came.
 */
import type { Flag } from '../study/flag.ts';
import type { Rankable } from '../study/worklist-order.ts';
import type { Priority, StudyState } from '../study/types.ts';
import type { Database, Row } from './database.ts';

export interface OpenStudy extends Rankable {
  readonly id: number;
  readonly state: StudyState;
  readonly flag: Flag;
  readonly stat: boolean;
  /** Flagged families between bars, as in the column. */
  readonly flagged: string;
  /** The first image; `receivedAtMs` is since when it waits. */
  readonly arrivedAtMs: number;
  readonly institution: string | null;
  readonly callingAe: string | null;
  readonly searchText: string;
}

export interface OpenStudies {
  /** All of them, in no order, and a number that is another one after any change. To be asked inside a transaction. */
  current(): { readonly version: number; readonly studies: ReadonlyMap<number, OpenStudy> };
  /** This study was saved. */
  note(studyUid: string): void;
  /** Something of studies that have left the list has changed: what was remembered by the number is old. */
  outdate(): void;
}

const COLUMNS = `id, study_uid, on_list, state, flag, priority, stat, inpatient, age_years, flagged, received_at_ms, waiting_since_ms,
  institution, calling_ae, search_text`;

export function createOpenStudies(database: Database): OpenStudies {
  let version = 0;
  let isOutdated = false;
  let studies: Map<number, OpenStudy> | undefined;
  const saved = new Set<string>();

  database.onVoid(() => (studies = undefined));

  return {
    note: (studyUid) => void saved.add(studyUid),
    outdate: () => void (isOutdated = true),
    current() {
      if (studies === undefined) {
        studies = new Map(database.all(`SELECT ${COLUMNS} FROM studies WHERE on_list = 1`).map((row) => [Number(row['id']), openStudyOf(row)]));
        version += 1;
      } else if (saved.size > 0 || isOutdated) {
        for (const studyUid of saved) {
          const row = database.get(`SELECT ${COLUMNS} FROM studies WHERE study_uid = ?`, studyUid);
          if (row === undefined) continue;
          if (row['on_list'] === 1) studies.set(Number(row['id']), openStudyOf(row));
          else studies.delete(Number(row['id']));
        }
        version += 1;
      }
      saved.clear();
      isOutdated = false;
      return { version, studies };
    },
  };
}

function openStudyOf(row: Row): OpenStudy {
  const text = (column: string): string | null => (row[column] === null ? null : String(row[column]));
  return {
    id: Number(row['id']),
    studyInstanceUid: String(row['study_uid']),
    state: row['state'] as StudyState,
    flag: row['flag'] as Flag,
    priority: row['priority'] as Priority,
    stat: row['stat'] === 1,
    flagged: String(row['flagged']),
    receivedAtMs: Number(row['waiting_since_ms']),
    arrivedAtMs: Number(row['received_at_ms']),
    institution: text('institution'),
    callingAe: text('calling_ae'),
    searchText: String(row['search_text']),
    order: { inpatient: row['inpatient'] === 1, ...(row['age_years'] === null ? {} : { patientAgeYears: Number(row['age_years']) }) },
  };
}
