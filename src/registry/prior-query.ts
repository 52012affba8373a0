/** Other studies of the same patient (dicom/same-patient.ts says who that is), newest first, with their images. */
import { isPlaceholderPatientId, isSamePatient } from '../dicom/same-patient.ts';
import type { InstanceHeader, StudyInstance } from '../study/types.ts';
import type { StudyFacts, StudySummary } from '../study/worklist-row.ts';
import type { Database } from './database.ts';

export interface PriorImage {
  readonly sopInstanceUid: string;
  readonly fileKey: string;
  readonly hasPixels: boolean;
  readonly viewPosition?: string;
  /** The file was removed by retention. */
  readonly removed: boolean;
}

export interface PriorStudy {
  readonly summary: StudySummary;
  readonly images: readonly PriorImage[];
}

export interface PriorQuery {
  priorsOf(studyUid: string, facts: StudyFacts): PriorStudy[];
}

/** More than anybody compares with. */
export const PRIORS_MAX = 20;
/** Studies looked at under one patient ID: a number that a whole ward shares does not hold up the page. */
const CANDIDATES_MAX = 200;

export function createPriorQuery(database: Database): PriorQuery {
  /** Only images that say they are this patient's: a study may hold one that is not. */
  const imagesOf = (studyUid: string, facts: StudyFacts): PriorImage[] =>
    database.all('SELECT sop_uid, file_key, standing_json, header_json, removed_at_ms FROM instances WHERE study_uid = ? ORDER BY id', studyUid).flatMap((row) => {
      const header = JSON.parse(String(row['header_json'])) as InstanceHeader;
      const standing = JSON.parse(String(row['standing_json'])) as StudyInstance;
      if (header.patientId?.trim() !== facts.patientId?.trim() || standing.status === 'conflict' || standing.status === 'variant') return [];
      const { viewPosition } = header;
      return {
        sopInstanceUid: String(row['sop_uid']),
        fileKey: String(row['file_key']),
        hasPixels: standing.hasPixels ?? header.hasPixelData,
        ...(viewPosition === undefined ? {} : { viewPosition }),
        removed: row['removed_at_ms'] !== null,
      };
    });

  return {
    priorsOf(studyUid, facts) {
      if (facts.patientId === undefined || isPlaceholderPatientId(facts.patientId)) return [];
      const { patientId } = facts;
      return database.transact(() =>
        database
          .all('SELECT summary_json FROM studies WHERE patient_id = ? AND study_uid <> ? ORDER BY received_at_ms DESC LIMIT ?', patientId, studyUid, CANDIDATES_MAX)
          .map((row) => JSON.parse(String(row['summary_json'])) as StudySummary)
          .filter((summary) => isSamePatient(facts, summary.facts))
          .sort((a, b) => dayOf(b).localeCompare(dayOf(a)) || b.receivedAtMs - a.receivedAtMs)
          .slice(0, PRIORS_MAX)
          .map((summary) => ({ summary, images: imagesOf(summary.studyInstanceUid, facts) }))
          .filter(({ images }) => images.length > 0),
      );
    },
  };
}

/** A film from an archive arrives late: its own date counts, else that of its arrival. */
const dayOf = ({ facts: { studyDate }, receivedAtMs }: StudySummary): string =>
  studyDate !== undefined && /^\d{8}$/.test(studyDate) ? studyDate : new Date(receivedAtMs).toISOString().slice(0, 10).replaceAll('-', '');
