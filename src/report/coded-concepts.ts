/**
 * Coded concepts (PS3.3 Table 8.8-1, PS3.16) used in the reports, and the private scheme 99FRD for what no public
 * scheme says. A CodedConcept can only be made by `concept()`, which refuses what the Code Sequence macro forbids, so
 * that an illegal code never reaches a data set. Leaves out: context group identification (CID) inside code items.
 */
import assert from 'node:assert/strict';
import type { NaturalisedDataSet } from '../dicom/write-part10.ts';

/** CodeValue and CodingSchemeDesignator are SH, CodeMeaning is LO (PS3.5 §6.2); longer codes go to LongCodeValue. */
const SHORT_STRING_CHARACTERS_MAX = 16;
const LONG_STRING_CHARACTERS_MAX = 64;
/** No backslash (it separates values), no control characters, no blank ends (they are padding). */
const LEGAL_TEXT = /^[^\s\\\u0000-\u001f\u007f](?:[^\\\u0000-\u001f\u007f]*[^\s\\\u0000-\u001f\u007f])?$/;

const legality: unique symbol = Symbol('legal');

/** A legal code: value, scheme, meaning. Frozen; object literals do not fit the type. */
export interface CodedConcept {
  readonly value: string;
  readonly scheme: string;
  readonly meaning: string;
  readonly [legality]: true;
}

/** Makes a concept; an illegal one is a programmer's error. */
export function concept(value: string, scheme: string, meaning: string): CodedConcept {
  assert(LEGAL_TEXT.test(value) && value.length <= LONG_STRING_CHARACTERS_MAX, `illegal code value ${value}`);
  assert(LEGAL_TEXT.test(scheme) && scheme.length <= SHORT_STRING_CHARACTERS_MAX, `illegal coding scheme designator ${scheme}`);
  assert(LEGAL_TEXT.test(meaning) && meaning.length <= LONG_STRING_CHARACTERS_MAX, `illegal code meaning ${meaning}`);
  return Object.freeze({ value, scheme, meaning, [legality]: true as const });
}

/** The item of a Code Sequence. */
export function codeItem(code: CodedConcept): NaturalisedDataSet {
  return {
    [code.value.length > SHORT_STRING_CHARACTERS_MAX ? 'LongCodeValue' : 'CodeValue']: code.value,
    CodingSchemeDesignator: code.scheme,
    CodeMeaning: code.meaning,
  };
}

/** "99…" marks a private designator (PS3.16 §8). */
export const PRIVATE_SCHEME = '99FRD';

const dcm = (value: string, meaning: string): CodedConcept => concept(value, 'DCM', meaning);
const sct = (value: string, meaning: string): CodedConcept => concept(value, 'SCT', meaning);
const radlex = (value: string, meaning: string): CodedConcept => concept(value, 'RADLEX', meaning);
const frd = (value: string, meaning: string): CodedConcept => concept(value, PRIVATE_SCHEME, meaning);

/** Concepts of TID 1500 and the templates in it. */
export const DCM = {
  imagingMeasurementReport: dcm('126000', 'Imaging Measurement Report'),
  language: dcm('121049', 'Language of Content Item and Descendants'),
  observerType: dcm('121005', 'Observer Type'),
  device: dcm('121007', 'Device'),
  deviceObserverUid: dcm('121012', 'Device Observer UID'),
  deviceObserverName: dcm('121013', 'Device Observer Name'),
  deviceObserverManufacturer: dcm('121014', 'Device Observer Manufacturer'),
  deviceObserverModelName: dcm('121015', 'Device Observer Model Name'),
  deviceObserverSerialNumber: dcm('121016', 'Device Observer Serial Number'),
  procedureReported: dcm('121058', 'Procedure reported'),
  imageLibrary: dcm('111028', 'Image Library'),
  imageLibraryGroup: dcm('126200', 'Image Library Group'),
  modality: dcm('121139', 'Modality'),
  imagingMeasurements: dcm('126010', 'Imaging Measurements'),
  measurementGroup: dcm('125007', 'Measurement Group'),
  trackingIdentifier: dcm('112039', 'Tracking Identifier'),
  trackingUniqueIdentifier: dcm('112040', 'Tracking Unique Identifier'),
  finding: dcm('121071', 'Finding'),
  algorithmName: dcm('111001', 'Algorithm Name'),
  algorithmVersion: dcm('111003', 'Algorithm Version'),
  algorithmParameters: dcm('111002', 'Algorithm Parameters'),
  imageRegion: dcm('111030', 'Image Region'),
  sourceOfMeasurement: dcm('121112', 'Source of Measurement'),
  visualExplanation: dcm('130401', 'Visual explanation'),
  processingEquipment: dcm('109102', 'Processing Equipment'),
} as const;

export const SCT = {
  imagingProcedure: sct('363679005', 'Imaging procedure'),
  pulmonaryTuberculosis: sct('154283005', 'Pulmonary tuberculosis'),
  solitaryNoduleOfLung: sct('427359005', 'Solitary nodule of lung'),
  findingSite: sct('363698007', 'Finding Site'),
  lung: sct('39607008', 'Lung'),
  longAxis: sct('103339001', 'Long Axis'),
  measurementMethod: sct('370129005', 'Measurement Method'),
} as const;

export const UMLS = { qualitativeEvaluations: concept('C0034375', 'UMLS', 'Qualitative Evaluations') } as const;
export const ENGLISH = concept('en', 'RFC5646', 'English');

/** ACR actionable findings: category 1 is minutes, 2 hours, 3 days. Only ever beside a flagged finding. */
export const RADLEX = {
  acrCategory1: radlex('RID49480', 'ACR Category 1 Actionable Finding'),
  acrCategory2: radlex('RID49481', 'ACR Category 2 Actionable Finding'),
  acrCategory3: radlex('RID49482', 'ACR Category 3 Actionable Finding'),
} as const;

export const UCUM = {
  score: concept('{score}', 'UCUM', 'score'),
  millimetre: concept('mm', 'UCUM', 'millimeter'),
} as const;

/** What no public scheme says. The values never change their meaning: receivers store them. */
export const FRD = {
  screeningResult: frd('SCREENRESULT', 'AI screening result'),
  flagged: frd('FLAGGED', 'flagged'),
  belowThreshold: frd('BELOWTHRESHOLD', 'below threshold'),
  notAnalysed: frd('NOTANALYSED', 'not analysed'),
  screeningTarget: frd('SCREENTARGET', 'AI screening target'),
  targetTuberculosis: frd('TGTTB', 'tuberculosis, chest radiograph'),
  targetNodule: frd('TGTNODULE', 'lung nodule, chest radiograph'),
  tuberculosisScore: frd('TBSCORE', 'TB abnormality score'),
  noduleScore: frd('NODULESCORE', 'Lung nodule score'),
  threshold: frd('THRESHOLD', 'Score threshold'),
  algorithm: frd('ALGORITHM', 'AI algorithm'),
  scoreStatement: frd('SCORETEXT', 'AI score statement'),
  readingPriority: frd('AIPRIO', 'AI reading priority'),
  priorityRationale: frd('AIPRIOREASON', 'AI priority rationale'),
  notAnalysedReason: frd('NOTANALYSEDWHY', 'Reason not analysed'),
  notAnalysedRule: frd('NOTANALYSEDRULE', 'Rule that refused the analysis'),
  imageNotAnalysed: frd('IMAGENOTANALYSED', 'Image not analysed'),
  notice: frd('NOTICE', 'Notice to the reader'),
  detectorPlane: frd('DETECTORPLANE', 'mm at the detector, magnification not corrected'),
} as const;

/** A coded reason of ours (study/reasons.ts) as a concept. Codes beyond 16 characters become LongCodeValues. */
export function reasonConcept(code: string, meaning: string): CodedConcept {
  const value = longString(code) || 'unknown';
  return concept(value, PRIVATE_SCHEME, longString(meaning) || value);
}

/** Words from outside (a worker's reason, a model's name) as LO: at most 64 characters, none of them forbidden. */
export function longString(words: string): string {
  return withoutControls(words.replaceAll('\\', ' ')).slice(0, LONG_STRING_CHARACTERS_MAX).trim();
}

export function withoutControls(words: string): string {
  return words.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();
}
