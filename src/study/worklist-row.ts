/**
 * One row of the worklist as scripts and the page see it (`firstread worklist --json`, GET /api/worklist). The first ten
 * fields are a promise; the others may grow. Heatmaps, regions and candidates stay with the study: a row is small.
 */
import { waitingSinceMs, type Lane, type RankedStudy } from './worklist-order.ts';
import type { CodedReason, Finding, FindingFamily, NotAssessed, OrderContext, Priority, StudyHead, StudyState } from './types.ts';
import type { Wording } from './wording.ts';

/** Patient and order facts of a study: from the first stored image that names them. */
export interface StudyFacts {
  readonly patientId?: string;
  readonly issuerOfPatientId?: string;
  readonly patientName?: string;
  readonly patientBirthDate?: string;
  readonly patientSex?: string;
  readonly accessionNumber?: string;
  readonly studyDate?: string;
  readonly studyTime?: string;
  readonly studyDescription?: string;
  readonly modality?: string;
  readonly institutionName?: string;
  readonly institutionalDepartmentName?: string;
  readonly stationName?: string;
  /** Where the patient lies, else the service that asked for the film. */
  readonly ward?: string;
  readonly callingAeTitle?: string;
  /** A name or number here was recognised, not declared: shown as such. */
  readonly characterSetGuessed?: boolean;
}

export interface RowFinding {
  readonly label: FindingFamily;
  readonly family: FindingFamily;
  readonly score: number;
  readonly threshold: number;
  readonly flagged: boolean;
  readonly sopInstanceUid: string;
  readonly model: { readonly name: string; readonly version: string };
  /** The threshold is the site's own. */
  readonly siteThreshold?: { readonly id: string; readonly group?: Wording };
}

export interface WorklistRow {
  /** 1 is read first; null for a study that has left the list. */
  readonly rank: number | null;
  readonly studyInstanceUid: string;
  readonly accessionNumber: string;
  readonly patientId: string;
  readonly patientName: string;
  readonly state: StudyState;
  readonly priority: Priority;
  readonly reason: CodedReason;
  /** ISO 8601, UTC. */
  readonly receivedAt: string;
  readonly findings: readonly RowFinding[];

  readonly lane: Lane | null;
  readonly waitingMs: number;
  readonly capMs: number;
  readonly overdue: boolean;
  readonly overdueMs: number;
  /** Until the cap is reached; 0 when it is behind us. */
  readonly breachInMs: number;
  /** When the cap of its class is reached, epoch milliseconds; null off the list. */
  readonly dueAtMs: number | null;
  readonly revision: number;
  readonly instanceCount: number;
  readonly order: OrderContext;
  readonly notAssessed: readonly NotAssessed[];
  /** Answered on one image, and on another not, because the model was switched off. */
  readonly partlyNotAssessed: readonly NotAssessed[];
  readonly attention: CodedReason | null;
  readonly facts: StudyFacts;
  /** Empty where unknown. */
  readonly institutionName: string;
  readonly ward: string;
  readonly callingAeTitle: string;
  readonly readAt: string | null;
  readonly readBy: string | null;
  readonly closedAt: string | null;
  readonly closedReason: string | null;
  readonly reopenedReason: CodedReason | null;
  readonly updatedAt: string;
}

/** A study without its images and without the heavy parts of its findings: what ranking and the list need. */
export interface StudySummary extends Omit<StudyHead, 'assessment'> {
  readonly findings: readonly RowFinding[];
  readonly notAssessed: readonly NotAssessed[];
  readonly partlyNotAssessed?: readonly NotAssessed[];
  readonly instanceCount: number;
  readonly facts: StudyFacts;
}

export function summarise(study: StudyHead, instanceCount: number, facts: StudyFacts): StudySummary {
  const { assessment, ...rest } = study;
  // `instances` travels along where a whole Study is given; a summary must not carry it.
  const { instances: _, ...head } = rest as typeof rest & { instances?: unknown };
  const { findings, notAssessed, partlyNotAssessed } = assessment;
  return { ...head, findings: findings.map(rowFinding), notAssessed, ...(partlyNotAssessed === undefined ? {} : { partlyNotAssessed }), instanceCount, facts };
}

function rowFinding(finding: Finding & { readonly sopInstanceUid: string }): RowFinding {
  const { label, family, score, threshold, flagged, sopInstanceUid, model, siteThreshold } = finding;
  const row = { label, family, score, threshold, flagged, sopInstanceUid, model: { name: model.name, version: model.version } };
  if (siteThreshold === undefined) return row;
  return { ...row, siteThreshold: { id: siteThreshold.id, ...(siteThreshold.group === undefined ? {} : { group: siteThreshold.group }) } };
}

/** `ranked` for a study on the list; for one that has left it, `rank` and `lane` are null. */
export function toWorklistRow(study: StudySummary, ranked: Omit<RankedStudy, 'study'> | undefined): WorklistRow {
  const { facts } = study;
  return {
    rank: ranked?.rank ?? null,
    studyInstanceUid: study.studyInstanceUid,
    accessionNumber: facts.accessionNumber ?? '',
    patientId: facts.patientId ?? '',
    patientName: facts.patientName ?? '',
    state: study.state,
    priority: study.priority,
    reason: study.reason,
    receivedAt: isoTime(study.receivedAtMs),
    findings: study.findings,
    lane: ranked?.lane ?? null,
    waitingMs: ranked?.waitingMs ?? Math.max(0, (study.readAtMs ?? study.closedAtMs ?? study.updatedAtMs) - waitingSinceMs(study)),
    capMs: ranked?.capMs ?? 0,
    overdue: (ranked?.overdueMs ?? 0) > 0,
    overdueMs: ranked?.overdueMs ?? 0,
    breachInMs: ranked ? Math.max(0, ranked.capMs - ranked.waitingMs) : 0,
    dueAtMs: ranked ? waitingSinceMs(study) + ranked.capMs : null,
    revision: study.revision,
    instanceCount: study.instanceCount,
    order: study.order,
    notAssessed: study.notAssessed,
    partlyNotAssessed: study.partlyNotAssessed ?? [],
    attention: study.attention ?? null,
    facts,
    institutionName: facts.institutionName ?? '',
    ward: facts.ward ?? '',
    callingAeTitle: facts.callingAeTitle ?? '',
    readAt: study.readAtMs === undefined ? null : isoTime(study.readAtMs),
    readBy: study.readBy ?? null,
    closedAt: study.closedAtMs === undefined ? null : isoTime(study.closedAtMs),
    closedReason: study.closedReason ?? null,
    reopenedReason: study.reopenedReason ?? null,
    updatedAt: isoTime(study.updatedAtMs),
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
