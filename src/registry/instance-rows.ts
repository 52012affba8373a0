/**
 * Stored instances: recording one that has just become durable in the spool, and looking one up. Recording is one
 * transaction: instance row, study, journal, device. Never overwrites: other bytes under a known UID are a row of their own.
 */
import { FirstreadError } from '../errors.ts';
import { judgeHeader, type EligibilitySettings } from '../study/eligibility.ts';
import type { Clash, StudyCommand } from '../study/events.ts';
import type { InstanceHeader, InstanceOrigin, OrderContext, Study, StudyInstance } from '../study/types.ts';
import type { Database, Row } from './database.ts';
import type { DeviceRows } from './device-rows.ts';
import { letRetentionLook, type NewInstanceRow } from './save-study.ts';
import type { StudyRows } from './study-rows.ts';

export interface StoredInstance extends NewInstanceRow {
  readonly contentSha256: string;
}

export interface RecordedInstance {
  readonly kind: 'stored' | 'duplicate' | 'same-uid-other-bytes';
  readonly study: Study;
  readonly commands: readonly StudyCommand[];
  /** This object's identifiers contradict others. */
  readonly clash?: Clash;
}

/** One row as it is kept. */
export interface InstanceRecord extends StoredInstance {
  readonly studyInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly standing: StudyInstance;
  /** The file was removed by retention. */
  readonly removedAtMs?: number;
}

export interface InstanceRows {
  recordInstance(stored: StoredInstance, order: OrderContext, nowMs: number): RecordedInstance;
  instance(sopInstanceUid: string, contentSha256: string): InstanceRecord | undefined;
  /** Same UID, in the order of arrival: the first is the one shown. */
  instancesWithUid(sopInstanceUid: string): InstanceRecord[];
  instancesOf(studyInstanceUid: string): InstanceRecord[];
  fileKeyRow(fileKey: string): InstanceRecord | undefined;
  /** For the comparison of spool and registry, in pages: keys after `after`, ascending. */
  fileKeys(after: string, limit: number): string[];
}

export function createInstanceRows(
  database: Database,
  studies: StudyRows,
  devices: Pick<DeviceRows, 'noteInstance'>,
  eligibility: EligibilitySettings,
): InstanceRows {
  function recordInstance(stored: StoredInstance, order: OrderContext, nowMs: number): RecordedInstance {
    const { header, origin, contentSha256, fileKey } = stored;
    if (header.studyInstanceUid === '') throw new FirstreadError('study-uid-missing');
    return database.transact(() => {
      devices.noteInstance(origin, stored.byteLength);
      const sameUid = database.all('SELECT * FROM instances WHERE sop_uid = ? ORDER BY id', header.sopInstanceUid).map(recordOf);
      const duplicate = sameUid.find((known) => known.contentSha256 === contentSha256);
      // The same bytes again, after retention had removed their file: the row leads to the new one. Sent in another transfer
      // syntax (J2K in place of lossless J2K, implicit under an explicit label), that is a file of another name.
      if (duplicate?.removedAtMs !== undefined) {
        const sql = 'UPDATE instances SET removed_at_ms = NULL, file_key = ?, header_json = ? WHERE file_key = ?';
        database.run(sql, fileKey, JSON.stringify(header), duplicate.fileKey);
        letRetentionLook(database, duplicate.studyInstanceUid);
      }

      const studyUid = duplicate?.studyInstanceUid ?? header.studyInstanceUid;
      const clash = duplicate ? undefined : clashOf(header, sameUid[0], studies.load(studyUid)?.facts.patientId);
      const instance = {
        sopInstanceUid: header.sopInstanceUid,
        contentSha256,
        receivedAtMs: origin.receivedAtMs,
        hasPixels: header.hasPixelData,
        header: judgeHeader(header, eligibility),
        ...(clash ? { clash } : {}),
      };
      const row = { header, origin, fileKey, byteLength: stored.byteLength };
      const { study, commands } = studies.apply(studyUid, { kind: 'instanceStored', instance, order }, nowMs, row);
      return { kind: duplicate ? 'duplicate' : sameUid.length > 0 ? 'same-uid-other-bytes' : 'stored', study, commands, ...(clash ? { clash } : {}) };
    });
  }

  const rows = (where: string, ...values: string[]): InstanceRecord[] =>
    database.all(`SELECT * FROM instances WHERE ${where}`, ...values).map(recordOf);

  return {
    recordInstance,
    instance: (sopInstanceUid, contentSha256) => rows('sop_uid = ? AND content_sha256 = ?', sopInstanceUid, contentSha256)[0],
    instancesWithUid: (sopInstanceUid) => rows('sop_uid = ? ORDER BY id', sopInstanceUid),
    instancesOf: (studyInstanceUid) => rows('study_uid = ? ORDER BY id', studyInstanceUid),
    fileKeyRow: (fileKey) => rows('file_key = ?', fileKey)[0],
    fileKeys: (after, limit) =>
      database
        .all('SELECT file_key FROM instances WHERE file_key > ? AND removed_at_ms IS NULL ORDER BY file_key LIMIT ?', after, limit)
        .map((row) => String(row['file_key'])),
  };
}

/** Identifiers differ only where both are given: a blank one says nothing. */
function clashOf(header: InstanceHeader, first: InstanceRecord | undefined, patientIdOfStudy: string | undefined): Clash | undefined {
  if (first && first.studyInstanceUid !== header.studyInstanceUid) return 'uid-in-other-study';
  const differs = (other: string | undefined): boolean => !!other && !!header.patientId && other !== header.patientId;
  if (first && differs(first.header.patientId)) return 'uid-of-other-patient';
  if (header.studyUidSynthesised) return 'study-uid-missing';
  return differs(patientIdOfStudy) ? 'study-of-other-patient' : undefined;
}

function recordOf(row: Row): InstanceRecord {
  const removedAtMs = row['removed_at_ms'];
  return {
    studyInstanceUid: String(row['study_uid']),
    sopInstanceUid: String(row['sop_uid']),
    contentSha256: String(row['content_sha256']),
    fileKey: String(row['file_key']),
    byteLength: Number(row['byte_length']),
    header: JSON.parse(String(row['header_json'])) as InstanceHeader,
    origin: JSON.parse(String(row['origin_json'])) as InstanceOrigin,
    standing: JSON.parse(String(row['standing_json'])) as StudyInstance,
    ...(removedAtMs === null ? {} : { removedAtMs: Number(removedAtMs) }),
  };
}
