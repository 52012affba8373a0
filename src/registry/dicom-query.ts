/**
 * Studies by DICOM's search keys (QIDO-RS; PS3.4 C.2.2.2 matching). Newest first (by study date where that is searched
 * by: so each order is that of an index, and a page ends the search); only those of which something can still be retrieved. Everything that limits well has an index; names and descriptions are looked for in the folded text
 * of the search index.
 */
import { foldForSearch } from '../dicom/search-fold.ts';
import type { StudyMatch, TextRange } from '../study/study-match.ts';
import type { Database } from './database.ts';
import { REPORT_IS_THERE } from './report-rows.ts';
import { searchWords } from './search-text.ts';

export interface DicomQuery {
  /** Study Instance UIDs. */
  dicomStudies(match: StudyMatch, page: { readonly limit: number; readonly offset: number }): string[];
}

interface Condition {
  readonly sql: string;
  readonly values: readonly string[];
}

/** Of what we write ourselves. */
const REPORT_MODALITIES = [['SR', "<> 'secondary-capture'"], ['OT', "= 'secondary-capture'"]] as const;
/** Sorts behind every digit: 235959.9 is within "…-235959". */
const AFTER_DIGITS = '~';

const likeOf = (pattern: string): string => pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%').replaceAll('?', '_');
const globOf = (pattern: string): string => pattern.replaceAll('[', '[[]');
const marks = (values: readonly string[]): string => values.map(() => '?').join(', ');
const hasWildcard = (pattern: string): boolean => /[*?]/.test(pattern);

export function createDicomQuery(database: Database): DicomQuery {
  return {
    dicomStudies(match, { limit, offset }) {
      const conditions = conditionsOf(match);
      const where = conditions.map(({ sql }) => `${sql} AND `).join('');
      return database
        .all(
          `SELECT s.study_uid FROM studies s WHERE ${where}
             (EXISTS (SELECT 1 FROM instances i WHERE i.study_uid = s.study_uid AND i.removed_at_ms IS NULL)
              OR EXISTS (SELECT 1 FROM reports WHERE study_uid = s.study_uid AND ${REPORT_IS_THERE}))
           ORDER BY ${match.studyDate === undefined ? '' : 's.study_date DESC, '}s.received_at_ms DESC, s.id DESC LIMIT ? OFFSET ?`,
          ...conditions.flatMap(({ values }) => values),
          limit,
          offset,
        )
        .map((row) => String(row['study_uid']));
    },
  };
}

function conditionsOf(match: StudyMatch): readonly Condition[] {
  const conditions: Condition[] = [];
  const add = (sql: string, ...values: readonly string[]): void => void conditions.push({ sql, values });
  const { studyInstanceUids: studies, seriesInstanceUids: series, sopInstanceUids: instances, modalities } = match;
  if (studies !== undefined) add(`s.study_uid IN (${marks(studies)})`, ...studies);
  if (instances !== undefined) {
    add(`s.study_uid IN (SELECT study_uid FROM instances WHERE sop_uid IN (${marks(instances)}) UNION SELECT study_uid FROM reports WHERE sop_uid IN (${marks(instances)}))`, ...instances, ...instances);
  }
  if (series !== undefined) {
    add(`s.study_uid IN (SELECT study_uid FROM instances WHERE series_uid IN (${marks(series)}) UNION SELECT study_uid FROM reports WHERE series_uid IN (${marks(series)}))`, ...series, ...series);
  }
  for (const [column, pattern] of [['patient_id', match.patientId], ['accession_number', match.accessionNumber]] as const) {
    if (pattern !== undefined) add(`s.${column} ${hasWildcard(pattern) ? 'GLOB' : '='} ?`, hasWildcard(pattern) ? globOf(pattern) : pattern);
  }
  if (match.studyDate !== undefined) addRange(add, 's.study_date', match.studyDate);
  // The folded text is four lines: name, patient ID, accession number, description.
  if (match.patientName !== undefined && match.patientNameByWords === true) {
    for (const word of searchWords(match.patientName.replace(/[*?]/g, ' '))) addText(add, `%${likeOf(word)}%\n%\n%\n%`);
  } else if (match.patientName !== undefined) addText(add, `${likeOf(foldForSearch(match.patientName))}\n%\n%\n%`);
  if (match.studyDescription !== undefined) addText(add, `%\n%\n%\n${likeOf(foldForSearch(match.studyDescription))}`);
  if (modalities !== undefined) {
    const ofInstances = `EXISTS (SELECT 1 FROM instances i WHERE i.study_uid = s.study_uid AND i.modality IN (${marks(modalities)}))`;
    const ofReports = REPORT_MODALITIES.filter(([modality]) => modalities.includes(modality)).map(([, kinds]) => `EXISTS (SELECT 1 FROM reports r WHERE r.study_uid = s.study_uid AND r.kind ${kinds})`);
    add(`(${[ofInstances, ...ofReports].join(' OR ')})`, ...modalities);
    // Asked once, not for each study: a modality that this site does not have is the slowest question otherwise.
    if (ofReports.length === 0) add(`EXISTS (SELECT 1 FROM instances WHERE modality IN (${marks(modalities)}))`, ...modalities);
  }
  if (match.studyTime !== undefined) addRange(add, "json_extract(s.summary_json, '$.facts.studyTime')", match.studyTime);
  if (match.patientBirthDate !== undefined) addRange(add, "json_extract(s.summary_json, '$.facts.patientBirthDate')", match.patientBirthDate);
  return conditions;
}

type Add = (sql: string, ...values: readonly string[]) => void;

const addText = (add: Add, pattern: string): void => add(String.raw`s.search_text LIKE ? ESCAPE '\'`, pattern);

function addRange(add: Add, column: string, { from, to }: TextRange): void {
  if (from !== undefined) add(`${column} >= ?`, from);
  if (to !== undefined) add(`${column} <= ?`, `${to}${AFTER_DIGITS}`);
}
