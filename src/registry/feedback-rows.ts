/**
 * What readers say of a score. Every verdict is kept (append-only by trigger); the latest of a person and family counts.
 * A row names the model, its file's hash, score and threshold as they were then: it means something without the study,
 * and stays when images and models are long gone.
 */
import type { FindingFamily } from '../study/types.ts';
import type { Database, Row } from './database.ts';

export type Verdict = 'agree' | 'disagree';

export interface Feedback {
  readonly studyInstanceUid: string;
  readonly family: FindingFamily;
  readonly by: string;
  readonly atMs: number;
  readonly verdict: Verdict;
  /** Empty where none was written. */
  readonly note: string;
  readonly model: { readonly name: string; readonly version: string; readonly sha256: string };
  readonly score: number;
  readonly threshold: number;
  readonly flagged: boolean;
  readonly sopInstanceUid: string;
  readonly institutionName?: string;
  readonly callingAeTitle?: string;
}

export interface FeedbackRecord extends Feedback {
  readonly id: number;
  /** Nothing later of this person about this family in this study. */
  readonly counts: boolean;
}

export interface FeedbackRows {
  /** False where this person has said just that of just this score: nothing new is kept. */
  addFeedback(feedback: Feedback): boolean;
  /** What counts, newest first. */
  feedbackOf(studyUid: string): Feedback[];
  feedbackCount(studyUid: string): number;
  /** All there is, in the order in which it was given, in portions: ids after `after`. */
  feedbackAfter(after: number, limit: number): FeedbackRecord[];
}

/** The latest of a person and family in a study. */
const COUNTS = 'id = (SELECT max(l.id) FROM feedback l WHERE l.study_uid = f.study_uid AND l.family = f.family AND l.given_by = f.given_by)';

export function createFeedbackRows(database: Database): FeedbackRows {
  const latest = (studyUid: string, family: string, by: string): Row | undefined =>
    database.get('SELECT * FROM feedback WHERE study_uid = ? AND family = ? AND given_by = ? ORDER BY id DESC LIMIT 1', studyUid, family, by);

  return {
    addFeedback: (one) =>
      database.transact(() => {
        const before = latest(one.studyInstanceUid, one.family, one.by);
        if (before !== undefined && isSame(feedbackOfRow(before), one)) return false;
        const row = {
          study_uid: one.studyInstanceUid, family: one.family, given_by: one.by, at_ms: one.atMs, verdict: one.verdict, note: one.note,
          model_name: one.model.name, model_version: one.model.version, model_sha256: one.model.sha256,
          score: one.score, threshold: one.threshold, flagged: one.flagged ? 1 : 0, sop_uid: one.sopInstanceUid,
          institution: one.institutionName ?? null, calling_ae: one.callingAeTitle ?? null,
        };
        const columns = Object.keys(row);
        database.run(`INSERT INTO feedback (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`, ...Object.values(row));
        return true;
      }),
    feedbackOf: (studyUid) => database.all(`SELECT * FROM feedback f WHERE study_uid = ? AND ${COUNTS} ORDER BY id DESC`, studyUid).map(feedbackOfRow),
    feedbackCount: (studyUid) => Number(database.get('SELECT count(DISTINCT family || char(0) || given_by) AS n FROM feedback WHERE study_uid = ?', studyUid)?.['n']),
    feedbackAfter: (after, limit) =>
      database
        .all(`SELECT f.*, ${COUNTS} AS counts FROM feedback f WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
        .map((row) => ({ ...feedbackOfRow(row), id: Number(row['id']), counts: row['counts'] === 1 })),
  };
}

const isSame = (a: Feedback, b: Feedback): boolean =>
  a.verdict === b.verdict && a.note === b.note && a.model.sha256 === b.model.sha256 && a.score === b.score && a.threshold === b.threshold;

function feedbackOfRow(row: Row): Feedback {
  const [institution, callingAe] = [row['institution'], row['calling_ae']];
  return {
    studyInstanceUid: String(row['study_uid']),
    family: row['family'] as FindingFamily,
    by: String(row['given_by']),
    atMs: Number(row['at_ms']),
    verdict: row['verdict'] as Verdict,
    note: String(row['note']),
    model: { name: String(row['model_name']), version: String(row['model_version']), sha256: String(row['model_sha256']) },
    score: Number(row['score']),
    threshold: Number(row['threshold']),
    flagged: row['flagged'] === 1,
    sopInstanceUid: String(row['sop_uid']),
    ...(institution === null ? {} : { institutionName: String(institution) }),
    ...(callingAe === null ? {} : { callingAeTitle: String(callingAe) }),
  };
}
