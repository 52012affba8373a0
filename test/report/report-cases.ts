/** Facts of made-up studies that the report tests share: nothing here comes from a patient. */
import type { ChestReportFacts, SourceImage } from '../../src/report/report-facts.ts';
import type { Finding } from '../../src/study/types.ts';

export const STUDY_UID = '1.2.826.0.1.3680043.10.1462.1';
const IMAGE: SourceImage = {
  sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
  sopInstanceUid: '1.2.826.0.1.3680043.10.1462.3',
  seriesInstanceUid: '1.2.826.0.1.3680043.10.1462.2',
  contentSha256: 'a'.repeat(64),
  modality: 'DX',
  rows: 3000,
  columns: 2500,
};
export const SECOND_IMAGE: SourceImage = {
  ...IMAGE,
  sopClassUid: '1.2.840.10008.5.1.4.1.1.1',
  sopInstanceUid: '1.2.826.0.1.3680043.10.1462.5',
  seriesInstanceUid: '1.2.826.0.1.3680043.10.1462.4',
  contentSha256: 'b'.repeat(64),
  modality: 'CR',
};
const TB_MODEL = { name: 'firstread-tb', version: '1.2.0', sha256: '0123456789abcdef'.repeat(4) };
const NODULE_MODEL = { name: 'firstread-nodule', version: '0.9.1', sha256: 'fedcba9876543210'.repeat(4) };

export const TB_FINDING: Finding & { sopInstanceUid: string } = {
  sopInstanceUid: IMAGE.sopInstanceUid,
  family: 'tuberculosis',
  label: 'tuberculosis',
  score: 87.43,
  threshold: 41.5,
  flagged: true,
  boxes: [],
  region: [
    [[420, 500], [760.5, 480.25], [800, 900], [430, 940]],
    [[1500, 600], [1600, 600], [1600, 700]],
  ],
  model: TB_MODEL,
};

export const NODULE_FINDING: Finding & { sopInstanceUid: string } = {
  sopInstanceUid: IMAGE.sopInstanceUid,
  family: 'lung nodule',
  label: 'lung nodule',
  score: 66.2,
  threshold: 50,
  flagged: true,
  boxes: [
    { x: 1700, y: 1100, width: 120, height: 130, score: 66.2 },
    { x: 2450, y: 2900, width: 100, height: 140, score: 51 },
    { x: 300, y: 300, width: 90, height: 90, score: 12 },
  ],
  region: [],
  longAxisMm: 18.04,
  longAxisAtDetector: true,
  model: NODULE_MODEL,
};

const COMMON = {
  sopClass: 'comprehensive-3d',
  studyInstanceUid: STUDY_UID,
  revision: 1,
  patientAndStudy: {
    PatientName: 'NGUYỄN^VĂN ĐỨC',
    PatientID: 'VN0001',
    IssuerOfPatientID: 'BENHVIEN',
    PatientBirthDate: '19700101',
    PatientSex: 'M',
    PatientAge: '056Y',
    StudyDate: '20261121',
    StudyTime: '100000',
    StudyID: 'S1',
    StudyDescription: 'X-quang ngực thẳng',
    AccessionNumber: 'ACC-42',
    IssuerOfAccessionNumberSequence: [{ LocalNamespaceEntityID: 'RIS' }],
    ReferringPhysicianName: 'TRẦN^THỊ ĐÀO',
  },
  images: [IMAGE],
  findingPriority: 'urgent',
  rationale: 'Tuberculosis 87/100 (threshold 41.5)',
  configurationSha256: 'c'.repeat(64),
  device: { manufacturer: 'Firstread', serialNumber: 'hub-7f3a', softwareVersion: '0.1.0', institutionName: 'Bệnh viện Thử' },
  analysedAtMs: Date.UTC(2026, 10, 21, 3, 15, 0, 250),
  utcOffsetMinutes: 420,
} as const;

export const CASES = {
  'tb-flagged': {
    ...COMMON,
    family: 'tuberculosis',
    models: [TB_MODEL],
    statement: { kind: 'scored', finding: TB_FINDING, decodePath: '1.2.840.10008.1.2.4.90 full' },
  },
  'nodule-flagged': {
    ...COMMON,
    family: 'lung nodule',
    images: [IMAGE, SECOND_IMAGE],
    revision: 2,
    rationale: 'Lung nodule 66/100 (threshold 50)',
    models: [NODULE_MODEL],
    statement: { kind: 'scored', finding: NODULE_FINDING, decodePath: '1.2.840.10008.1.2.1 raw' },
    predecessor: { sopClassUid: '1.2.840.10008.5.1.4.1.1.88.34', sopInstanceUid: '2.25.111', seriesInstanceUid: '2.25.222' },
    visual: { sopClassUid: '1.2.840.10008.5.1.4.1.1.7', sopInstanceUid: '2.25.333', seriesInstanceUid: '2.25.444' },
  },
  'tb-below-threshold': {
    ...COMMON,
    family: 'tuberculosis',
    models: [TB_MODEL],
    statement: { kind: 'scored', finding: { ...TB_FINDING, score: 12.5, flagged: false }, decodePath: '1.2.840.10008.1.2.4.90 full' },
  },
  'tb-not-analysed': {
    ...COMMON,
    family: 'tuberculosis',
    models: [TB_MODEL],
    statement: { kind: 'not-analysed', reason: { code: 'pixels-damaged', text: 'the pixel data is damaged' } },
  },
  'tb-flagged-one-unread': {
    ...COMMON,
    revision: 4,
    family: 'tuberculosis',
    images: [IMAGE, SECOND_IMAGE],
    models: [TB_MODEL],
    statement: { kind: 'scored', finding: TB_FINDING, decodePath: '1.2.840.10008.1.2.4.90 full' },
    unread: [{ sopInstanceUid: SECOND_IMAGE.sopInstanceUid, reason: { code: 'pixels-damaged', text: 'the pixel data is damaged' } }],
  },
  'tb-flagged-without-region': {
    ...COMMON,
    revision: 3,
    family: 'tuberculosis',
    models: [TB_MODEL],
    statement: { kind: 'scored', finding: { ...TB_FINDING, region: [] }, decodePath: '1.2.840.10008.1.2.4.90 full' },
  },
} as const satisfies Record<string, ChestReportFacts>;

export type CaseName = keyof typeof CASES;
