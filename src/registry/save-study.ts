/**
 * A study and its images as rows: the columns that are searched, sorted or joined by, and the JSON of all the rest.
 * What the columns mean is said in migrations.ts.
 */
import assert from 'node:assert';
import { flaggedFindings } from '../study/assessment.ts';
import { flagOf, isFlagKnown } from '../study/flag.ts';
import { outstandingCommands } from '../study/outstanding.ts';
import type { InstanceHeader, InstanceOrigin, Study, StudyInstance } from '../study/types.ts';
import { waitingSinceMs } from '../study/worklist-order.ts';
import { summarise, type StudyFacts } from '../study/worklist-row.ts';
import type { Database } from './database.ts';
import { searchTextOf } from './search-text.ts';

/** An instance row's own facts, given when the study gets a new image. */
export interface NewInstanceRow {
  readonly header: InstanceHeader;
  readonly origin: InstanceOrigin;
  readonly fileKey: string;
  readonly byteLength: number;
}

const STUDY_COLUMNS =
  'state priority on_list outstanding stat received_at_ms updated_at_ms waiting_since_ms left_at_ms read_by inpatient age_years flagged scored attention calling_ae institution patient_id accession_number search_text summary_json flag'.split(
    ' ',
  );
/** The first time counts: kept when it happens again. */
const FIRST_TIMES = ['flag_known_at_ms', 'first_read_at_ms'];
const SAVE_STUDY = `INSERT INTO studies (study_uid, ${[...STUDY_COLUMNS, ...FIRST_TIMES].join(', ')})
  VALUES (?${', ?'.repeat(STUDY_COLUMNS.length + FIRST_TIMES.length)})
  ON CONFLICT (study_uid) DO UPDATE SET ${STUDY_COLUMNS.map((column) => `${column} = excluded.${column}`).join(', ')},
    ${FIRST_TIMES.map((column) => `${column} = coalesce(${column}, excluded.${column})`).join(', ')}`;

/** Retention looks at a study that has left the list, and again after whatever came to it since (retention-query.ts). */
export function letRetentionLook(database: Database, studyInstanceUid: string): void {
  database.run('INSERT INTO uncleared SELECT left_at_ms, id FROM studies WHERE study_uid = ? AND left_at_ms IS NOT NULL ON CONFLICT DO NOTHING', studyInstanceUid);
}

/** `before` is what is kept already: the heavy part is written only where it changed. */
export function saveStudy(database: Database, before: Study | undefined, study: Study, facts: StudyFacts): void {
  const summary = summarise(study, study.instances.length, facts);
  const leftAtMs = study.readAtMs ?? study.closedAtMs ?? null;
  const flag = flagOf({ state: study.state, findings: study.assessment.findings, attention: study.attention ?? null });
  database.run(
    SAVE_STUDY,
    study.studyInstanceUid,
    study.state,
    study.priority,
    leftAtMs === null ? 1 : 0,
    outstandingCommands(study).length > 0 ? 1 : 0,
    study.order.stat ? 1 : 0,
    study.receivedAtMs,
    study.updatedAtMs,
    waitingSinceMs(study),
    leftAtMs,
    study.readBy ?? null,
    study.order.inpatient ? 1 : 0,
    study.order.patientAgeYears ?? null,
    flaggedFindings(study.assessment).map(({ family }) => `|${family}|`).join(''),
    study.assessment.findings.length > 0 ? 1 : 0,
    study.attention ? 1 : 0,
    facts.callingAeTitle ?? null,
    facts.institutionName ?? null,
    facts.patientId ?? null,
    facts.accessionNumber ?? null,
    searchTextOf(facts),
    JSON.stringify(summary),
    flag,
    isFlagKnown(flag) ? study.updatedAtMs : null,
    study.readAtMs ?? null,
  );
  if (leftAtMs !== null) {
    // Nobody need finish what was read, here or elsewhere.
    database.run('DELETE FROM claims WHERE study_id = (SELECT id FROM studies WHERE study_uid = ?)', study.studyInstanceUid);
    letRetentionLook(database, study.studyInstanceUid);
  }
  if (study.assessment === before?.assessment) return;
  database.run(
    'INSERT INTO assessments VALUES (?, ?) ON CONFLICT DO UPDATE SET assessment_json = excluded.assessment_json',
    study.studyInstanceUid,
    JSON.stringify(study.assessment),
  );
}

/** Writes the rows of images that changed; `arriving` belongs to the one that is new. */
export function saveInstances(database: Database, before: readonly StudyInstance[], study: Study, arriving: NewInstanceRow | undefined): void {
  study.instances.forEach((instance, at) => {
    if (instance === before[at]) return;
    const standing = JSON.stringify(instance);
    if (at < before.length) {
      database.run(
        'UPDATE instances SET status = ?, standing_json = ? WHERE sop_uid = ? AND content_sha256 = ?',
        instance.status,
        standing,
        instance.sopInstanceUid,
        instance.contentSha256,
      );
      return;
    }
    assert(arriving, 'a new image comes with its row');
    const { header, origin, fileKey, byteLength } = arriving;
    database.run(
      `INSERT INTO instances (sop_uid, content_sha256, study_uid, file_key, byte_length, received_at_ms, calling_ae,
         remote_address, status, standing_json, header_json, origin_json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      instance.sopInstanceUid,
      instance.contentSha256,
      study.studyInstanceUid,
      fileKey,
      byteLength,
      instance.receivedAtMs,
      origin.callingAeTitle,
      origin.remoteAddress,
      instance.status,
      standing,
      JSON.stringify(header),
      JSON.stringify(origin),
    );
  });
}
