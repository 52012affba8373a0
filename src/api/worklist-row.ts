/** A study as the worklist and its detail view show it (PURE): from the words of the domain to the answer's fields. */
import type { AnalysisOutcome, Finding } from '../study/types.ts';
import { attentionOf, flagOf, shownFindings } from './flag.ts';
import type { ListedStudy, StoredImage } from './ports.ts';

export function rowOf(listed: ListedStudy, nowMs: number): Record<string, unknown> {
  const { study, patient } = listed;
  const done = study.readAtMs !== undefined || study.closedAtMs !== undefined;
  return {
    rank: listed.rank,
    studyInstanceUid: study.studyInstanceUid,
    flag: flagOf(study),
    state: study.state,
    priority: study.priority,
    reason: study.reason,
    attention: attentionOf(study),
    stat: study.order.stat,
    statSource: study.order.statSource,
    inpatient: study.order.inpatient,
    findings: shownFindings(study.assessment.findings).map(findingOf),
    patientName: patient.patientName,
    patientId: patient.patientId,
    patientSex: patient.patientSex,
    patientBirthDate: patient.patientBirthDate,
    patientAgeYears: patient.patientAgeYears,
    characterSetGuessed: patient.characterSetGuessed,
    accessionNumber: patient.accessionNumber,
    studyDate: patient.studyDate,
    studyTime: patient.studyTime,
    studyDescription: patient.studyDescription,
    institutionName: patient.institutionName,
    receivedAtMs: study.receivedAtMs,
    updatedAtMs: study.updatedAtMs,
    waitingCapMs: listed.waitingCapMs,
    overdue: !done && listed.waitingCapMs !== undefined && nowMs - study.receivedAtMs > listed.waitingCapMs,
    instanceCount: study.instances.length,
    revision: study.revision,
    readAtMs: study.readAtMs,
    readBy: study.readBy,
    closedAtMs: study.closedAtMs,
    closedReason: study.closedReason,
  };
}

function findingOf(finding: Finding): Record<string, unknown> {
  const { family, label, score, threshold, flagged, longAxisMm, longAxisAtDetector, model } = finding;
  return { family, label, score, threshold, flagged, longAxisMm, longAxisAtDetector, model };
}

export function imageOf(listed: ListedStudy, image: StoredImage): Record<string, unknown> {
  const instance = listed.study.instances.find((one) => one.sopInstanceUid === image.sopInstanceUid && one.contentSha256 === image.contentSha256);
  const { outcome, header } = image;
  return {
    sopInstanceUid: image.sopInstanceUid,
    fileKey: image.fileKey,
    contentSha256: image.contentSha256,
    byteLength: image.byteLength,
    receivedAtMs: image.receivedAtMs,
    callingAeTitle: image.callingAeTitle,
    status: instance?.status ?? 'pending',
    reason: instance?.reason,
    modality: header.modality,
    viewPosition: header.viewPosition,
    bodyPartExamined: header.bodyPartExamined,
    seriesDescription: header.seriesDescription,
    manufacturer: header.manufacturer,
    stationName: header.stationName,
    transferSyntaxUid: header.transferSyntaxUid,
    ...sizeOf(outcome, image),
    findings: shownFindings(instance?.findings ?? []).map((finding) => ({ ...findingOf(finding), boxes: finding.boxes, region: finding.region })),
    notAssessed: instance?.notAssessed ?? [],
    remarks: outcome?.kind === 'scored' ? outcome.remarks : [],
    decodePath: outcome?.kind === 'scored' ? outcome.decodePath : undefined,
    timings: outcome?.timings,
  };
}

/** Overlay coordinates are pixels of the decoded image; the header's size stands in until there is one. */
function sizeOf(outcome: AnalysisOutcome | undefined, image: StoredImage): { rows?: number | undefined; columns?: number | undefined } {
  const decoded = outcome !== undefined && 'image' in outcome ? outcome.image : undefined;
  return { rows: decoded?.rows ?? image.header.rows, columns: decoded?.columns ?? image.header.columns };
}
