/**
 * What the models said of every image that was ever scored here, those in shadow included: for calibrating and for
 * comparing models. Read in pages by a process beside the hub; heatmaps and regions stay where they are.
 */
import type { FindingFamily, ModelReference } from '../study/types.ts';
import type { Database, Row } from './database.ts';

/** One model's answer on one image, with what the header says of the patient. */
export interface RecordedFinding {
  readonly sopInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly receivedAtMs: number;
  readonly family: FindingFamily;
  readonly score: number;
  readonly threshold: number;
  readonly flagged: boolean;
  readonly shadow: boolean;
  readonly model: ModelReference;
  readonly accessionNumber?: string;
  readonly patientId?: string;
  readonly issuerOfPatientId?: string;
  readonly patientName?: string;
  readonly patientSex?: string;
  readonly patientAgeYears?: number;
}

/** A model in shadow that gave no answer on an image. */
export interface RecordedFailure {
  readonly sopInstanceUid: string;
  readonly model: ModelReference;
  readonly code: string;
}

export interface FindingPage {
  readonly findings: readonly RecordedFinding[];
  readonly failures: readonly RecordedFailure[];
  /** Undefined after the last page. */
  readonly cursor: number | undefined;
}

export interface FindingQuery {
  /** From cursor 0; `limit` counts images. */
  findingsAfter(cursor: number, limit: number): FindingPage;
  /** Does any study or image here go by this accession number, patient ID or SOP Instance UID? */
  isKnown(identifier: string): boolean;
}

const SCORED = "SELECT * FROM instances WHERE status = 'scored' AND id > ? ORDER BY id LIMIT ?";
const FIELDS = ['accessionNumber', 'patientId', 'issuerOfPatientId', 'patientName', 'patientSex', 'patientAgeYears'] as const;

const FINDINGS = `
  SELECT i.sop_uid, i.study_uid, i.received_at_ms, ${FIELDS.map((name) => `i.header_json ->> '$.${name}' AS ${name}`).join(', ')},
    f.value ->> '$.family' AS family, f.value ->> '$.score' AS score, f.value ->> '$.threshold' AS threshold, f.value ->> '$.flagged' AS flagged,
    f.value ->> '$.shadow' AS shadow, f.value ->> '$.model.name' AS name, f.value ->> '$.model.version' AS version, f.value ->> '$.model.sha256' AS sha256
  FROM (${SCORED}) i, json_each(i.standing_json, '$.findings') f ORDER BY i.id, f.key`;

const FAILURES = `
  SELECT i.sop_uid, f.value ->> '$.code' AS code, f.value ->> '$.model.name' AS name, f.value ->> '$.model.version' AS version, f.value ->> '$.model.sha256' AS sha256
  FROM (${SCORED}) i, json_each(i.standing_json, '$.shadowFailures') f ORDER BY i.id`;

export function createFindingQuery(database: Database): FindingQuery {
  return {
    findingsAfter: (cursor, limit) =>
      database.transact(() => {
        const ids = database.all("SELECT id FROM instances WHERE status = 'scored' AND id > ? ORDER BY id LIMIT ?", cursor, limit);
        const last = ids.at(-1);
        return {
          findings: database.all(FINDINGS, cursor, limit).map(findingOf),
          failures: database.all(FAILURES, cursor, limit).map((row) => ({ sopInstanceUid: String(row['sop_uid']), code: String(row['code']), model: modelOf(row) })),
          cursor: last === undefined || ids.length < limit ? undefined : Number(last['id']),
        };
      }),
    isKnown: (identifier) =>
      database.get('SELECT 1 FROM studies WHERE accession_number = ?1 UNION ALL SELECT 1 FROM studies WHERE patient_id = ?1 UNION ALL SELECT 1 FROM instances WHERE sop_uid = ?1 LIMIT 1', identifier) !== undefined,
  };
}

function findingOf(row: Row): RecordedFinding {
  const known = FIELDS.flatMap((name) => (row[name] === null ? [] : [[name, row[name]]]));
  return {
    sopInstanceUid: String(row['sop_uid']),
    studyInstanceUid: String(row['study_uid']),
    receivedAtMs: Number(row['received_at_ms']),
    family: String(row['family']) as FindingFamily,
    score: Number(row['score']),
    threshold: Number(row['threshold']),
    flagged: Number(row['flagged']) === 1,
    shadow: Number(row['shadow'] ?? 0) === 1,
    model: modelOf(row),
    ...(Object.fromEntries(known) as Partial<RecordedFinding>),
  };
}

const modelOf = (row: Row): ModelReference => ({ name: String(row['name']), version: String(row['version']), sha256: String(row['sha256']) });
