/** Small makers of headers, findings, outcomes and events for the tests of study and registry. */
import type { ArrivingInstance, StudyEvent } from '../../src/study/events.ts';
import { reasonOf } from '../../src/study/reasons.ts';
import { reduce } from '../../src/study/transition.ts';
import type { AnalysisOutcome, Finding, FindingFamily, InstanceHeader, OrderContext, Study } from '../../src/study/types.ts';

export const STUDY_UID = '1.2.826.0.1.3680043.2.1';
export const NOW_MS = Date.UTC(2026, 10, 21, 9, 0, 0);
export const ORDINARY: OrderContext = { stat: false, inpatient: false };

export const DX_CLASS = '1.2.840.10008.5.1.4.1.1.1.1';

export function chestHeader(over: Partial<InstanceHeader> = {}): InstanceHeader {
  return {
    sopInstanceUid: '1.2.3.1',
    sopClassUid: DX_CLASS,
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    studyInstanceUid: STUDY_UID,
    modality: 'DX',
    bodyPartExamined: 'CHEST',
    viewPosition: 'PA',
    photometricInterpretation: 'MONOCHROME2',
    presentationIntentType: 'FOR PRESENTATION',
    rows: 2000,
    columns: 2400,
    samplesPerPixel: 1,
    patientId: 'VN0001',
    patientName: 'NGUYỄN^VĂN ĐỨC',
    accessionNumber: 'A1',
    hasPixelData: true,
    characterSetGuessed: false,
    ...over,
  };
}

export function finding(family: FindingFamily, score: number, threshold = 41): Finding {
  return {
    family,
    label: family,
    score,
    threshold,
    flagged: score >= threshold,
    boxes: [],
    region: [],
    model: { name: family === 'tuberculosis' ? 'tb' : 'nodule', version: '1.0.0', sha256: 'ab'.repeat(32) },
  };
}

export function scored(...findings: readonly Finding[]): AnalysisOutcome {
  return {
    kind: 'scored',
    findings,
    notAssessed: [],
    remarks: [],
    models: findings.map(({ model }) => model),
    image: { rows: 2000, columns: 2400 },
    decodePath: '1.2.840.10008.1.2.1 full',
    timings: { fetchMs: 1, decodeMs: 2, preprocessMs: 3, inferenceMs: 4, totalMs: 10 },
  };
}

export const UNREADABLE: AnalysisOutcome = { kind: 'unreadable', reason: reasonOf('pixels-damaged'), models: [] };
export const LATERAL: AnalysisOutcome = { kind: 'ineligible', reason: reasonOf('view-lateral'), models: [] };

export function arriving(sopInstanceUid: string, contentSha256 = `sha of ${sopInstanceUid}`, over: Partial<ArrivingInstance> = {}): ArrivingInstance {
  return { sopInstanceUid, contentSha256, receivedAtMs: NOW_MS, hasPixels: true, header: { verdict: 'analyse', remarks: [] }, ...over };
}

export function stored(sopInstanceUid: string, contentSha256?: string, over: Partial<ArrivingInstance> = {}, order: OrderContext = ORDINARY): StudyEvent {
  return { kind: 'instanceStored', instance: arriving(sopInstanceUid, contentSha256, over), order };
}

export function analysed(sopInstanceUid: string, outcome: AnalysisOutcome, contentSha256 = `sha of ${sopInstanceUid}`): StudyEvent {
  return { kind: 'instanceAnalysed', sopInstanceUid, contentSha256, outcome };
}

/** The study after these events, one a second. */
export function after(...events: readonly StudyEvent[]): Study {
  let study: Study | undefined;
  events.forEach((event, at) => {
    study = reduce(study, event, NOW_MS + at * 1000, STUDY_UID).study;
  });
  if (!study) throw new Error('no events');
  return study;
}
