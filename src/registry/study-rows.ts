/**
 * Studies between the pure heart and SQLite: load, reduce, save, journal, in one transaction. A study's images lie in the
 * `instances` table, one row each, and only rows that changed are written: a CT of 2,000 slices sent here by mistake must
 * not rewrite itself 2,000 times. Studies in use are kept in memory: only the hub writes (database.ts notices where that is not so).
 */
import { FirstreadError } from '../errors.ts';
import type { PriorityRules } from '../study/assessment.ts';
import type { StudyCommand, StudyEvent } from '../study/events.ts';
import { outstandingCommands } from '../study/outstanding.ts';
import { reduce, type Reduction } from '../study/transition.ts';
import type { Assessment, Study, StudyInstance } from '../study/types.ts';
import type { StudyFacts, StudySummary } from '../study/worklist-row.ts';
import type { Database, Row } from './database.ts';
import { saveInstances, saveStudy, type NewInstanceRow } from './save-study.ts';

/** Studies kept in memory: those that images and answers are arriving for. */
const STUDIES_CACHED_MAX = 512;

export interface StudyRecord {
  readonly study: Study;
  readonly facts: StudyFacts;
}

export interface OutstandingCommand {
  readonly studyInstanceUid: string;
  readonly command: StudyCommand;
}

export interface StudyRows {
  load(studyUid: string): StudyRecord | undefined;
  apply(studyUid: string, event: StudyEvent, nowMs: number, arriving?: NewInstanceRow): Reduction;
  /** STAT first, then oldest; `limit` counts studies. */
  outstanding(limit: number): OutstandingCommand[];
  /** The same in small portions, from cursor 0 until the cursor is undefined. */
  outstandingAfter(cursor: number, limit: number): { commands: OutstandingCommand[]; cursor: number | undefined };
}

/** `onSaved` hears of every study that was written. */
export function createStudyRows(database: Database, rules: PriorityRules, onSaved: (studyUid: string) => void): StudyRows {
  const cache = new Map<string, StudyRecord>();

  function load(studyUid: string): StudyRecord | undefined {
    const known = cache.get(studyUid);
    if (known) return known;
    const row = database.get('SELECT summary_json, assessment_json FROM studies JOIN assessments USING (study_uid) WHERE study_uid = ?', studyUid);
    if (!row) return undefined;
    const instances = database.all('SELECT standing_json FROM instances WHERE study_uid = ? ORDER BY id', studyUid);
    const record = recordOf(row, instances);
    remember(studyUid, record);
    return record;
  }

  function remember(studyUid: string, record: StudyRecord): void {
    if (database.readOnly) return;
    cache.delete(studyUid);
    cache.set(studyUid, record);
    if (cache.size > STUDIES_CACHED_MAX) {
      const [oldest] = cache.keys();
      if (oldest !== undefined) cache.delete(oldest);
    }
  }

  function apply(studyUid: string, event: StudyEvent, nowMs: number, arriving?: NewInstanceRow): Reduction {
    const known = load(studyUid);
    if (!known && event.kind !== 'instanceStored' && event.kind !== 'announced') throw new FirstreadError('study-unknown');
    const reduction = reduce(known?.study, event, nowMs, studyUid, rules);
    if (reduction.study === known?.study) return reduction;

    const facts = arriving ? mergeFacts(known?.facts, arriving) : (known?.facts ?? {});
    saveStudy(database, known?.study, reduction.study, facts);
    saveInstances(database, known?.study.instances ?? [], reduction.study, arriving);
    onSaved(studyUid);
    appendEvent(studyUid, event, nowMs);
    remember(studyUid, { study: reduction.study, facts });
    return reduction;
  }

  function appendEvent(studyUid: string, event: StudyEvent, nowMs: number): void {
    database.run(
      'INSERT INTO study_events (study_uid, at_ms, kind, event_json) VALUES (?, ?, ?, ?)',
      studyUid,
      nowMs,
      event.kind,
      JSON.stringify(event, journalled),
    );
  }

  function outstanding(limit: number): OutstandingCommand[] {
    return commandsOf(database.all('SELECT study_uid FROM studies WHERE outstanding = 1 ORDER BY stat DESC, received_at_ms LIMIT ?', limit));
  }

  function outstandingAfter(cursor: number, limit: number): { commands: OutstandingCommand[]; cursor: number | undefined } {
    const rows = database.all('SELECT id, study_uid FROM studies WHERE outstanding = 1 AND id > ? ORDER BY id LIMIT ?', cursor, limit);
    return { commands: commandsOf(rows), cursor: rows.length < limit ? undefined : Number(rows.at(-1)?.['id']) };
  }

  function commandsOf(rows: readonly Row[]): OutstandingCommand[] {
    return rows.flatMap((row) => {
      const studyInstanceUid = String(row['study_uid']);
      const record = load(studyInstanceUid);
      return record ? outstandingCommands(record.study).map((command) => ({ studyInstanceUid, command })) : [];
    });
  }

  database.onVoid(() => cache.clear());
  return { load, apply, outstanding, outstandingAfter };
}

function recordOf(row: Row, instances: readonly Row[]): StudyRecord {
  const { facts, findings: _f, notAssessed: _n, partlyNotAssessed: _p, instanceCount: _c, ...head } = JSON.parse(String(row['summary_json'])) as StudySummary;
  const assessment = JSON.parse(String(row['assessment_json'])) as Assessment;
  const standings = instances.map((one) => JSON.parse(String(one['standing_json'])) as StudyInstance);
  return { study: { ...head, assessment, instances: standings }, facts };
}

/** The journal tells what happened, not how the picture looked: those parts lie in the instance's row. */
function journalled(key: string, value: unknown): unknown {
  return key === 'heatmap' || key === 'region' || key === 'boxes' ? undefined : value;
}

/** The first image that names a fact decides it: a later one with another spelling does not rename the patient. */
function mergeFacts(known: StudyFacts | undefined, { header, origin }: NewInstanceRow): StudyFacts {
  const fresh: StudyFacts = {
    patientId: header.patientId,
    patientName: header.patientName,
    patientBirthDate: header.patientBirthDate,
    patientSex: header.patientSex,
    accessionNumber: header.accessionNumber,
    studyDate: header.studyDate,
    studyTime: header.studyTime,
    studyDescription: header.studyDescription,
    modality: header.modality,
    institutionName: header.institutionName,
    institutionalDepartmentName: header.institutionalDepartmentName,
    issuerOfPatientId: header.issuerOfPatientId,
    ward: header.currentPatientLocation ?? header.requestingService,
    stationName: header.stationName,
    callingAeTitle: origin.callingAeTitle,
    ...(header.characterSetGuessed ? { characterSetGuessed: true } : {}),
  };
  const named = Object.entries({ ...fresh, ...stripUndefined(known ?? {}) });
  return Object.fromEntries(named.filter(([, value]) => value !== undefined)) as StudyFacts;
}

function stripUndefined(facts: StudyFacts): StudyFacts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as StudyFacts;
}
