/** The words that tables use: for their columns, and for yes and no. Compared without case, spaces and punctuation. */
import type { FindingFamily } from '../study/types.ts';

export const plain = (text: string): string => text.normalize('NFC').toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** The more telling names first. */
export const COLUMNS = {
  file: ['file', 'filename', 'filepath', 'image', 'imagefile', 'imagename', 'imagepath', 'imageindex', 'imageid', 'path', 'film', 'picture', 'name', 'id'],
  accessionNumber: ['accessionnumber', 'accession', 'accessionno', 'accno'],
  sopInstanceUid: ['sopinstanceuid', 'sopuid', 'instanceuid'],
  patient: ['patientid', 'patient', 'patientno', 'patientnumber', 'pid', 'subject', 'subjectid'],
  sex: ['sex', 'patientsex', 'gender', 'patientgender'],
  age: ['age', 'patientage', 'ageyears', 'ageinyears'],
} as const;

const ANY_LABEL = ['label', 'labels', 'truth', 'groundtruth', 'reference', 'referencestandard', 'target', 'class', 'diagnosis', 'finding', 'findings', 'outcome', 'y'];

export const LABEL_COLUMNS: Readonly<Record<FindingFamily, readonly string[]>> = {
  'tuberculosis': [
    'tuberculosis', 'tb', 'istb', 'hastb', 'tbstatus', 'mtb', 'genexpert', 'genexpertresult', 'xpert', 'xpertresult', 'xpertultra', 'xpertmtbrif', 'culture', 'cultureresult', 'mtbresult', 'tbresult',
    'bacteriologicallyconfirmed', 'confirmedtb', 'kếtquảxpert', ...ANY_LABEL,
  ],
  'lung nodule': ['lungnodule', 'lungnodules', 'nodule', 'nodules', 'hasnodule', ...ANY_LABEL],
};

const YES = ['1', 'yes', 'y', 'true', 't', 'pos', 'positive', 'present', 'detected', 'có', 'dươngtính'];
const NO = ['0', 'no', 'n', 'false', 'f', 'neg', 'negative', 'absent', 'notdetected', 'normal', 'healthy', 'nofinding', 'không', 'âmtính', 'bìnhthường'];

const YES_TO: Readonly<Record<FindingFamily, readonly string[]>> = {
  'tuberculosis': [...YES, 'tb', 'tuberculosis', 'activetb', 'activetuberculosis', 'pulmonarytuberculosis', 'ptb', 'mtb', 'mtbc', 'mtbcomplex', 'growth', 'scanty', 'lao'],
  'lung nodule': [...YES, 'nodule', 'nodules', 'lungnodule', 'mass', 'noduleormass', 'nodulemass'],
};
const NO_TO: Readonly<Record<FindingFamily, readonly string[]>> = {
  'tuberculosis': [...NO, 'notb', 'nontb', 'nottb', 'mtbnotdetected', 'nogrowth', 'nomtb'],
  'lung nodule': [...NO, 'nonodule', 'nonodules', 'nolungnodule'],
};

/** What a person said the words are; `*` means every other one. What is said replaces our words of that side. */
export interface LabelWords {
  readonly positive?: readonly string[];
  readonly negative?: readonly string[];
}

/** Undefined where it is neither. */
export function judgeLabel(label: string, family: FindingFamily, words: LabelWords = {}): 'positive' | 'negative' | undefined {
  const said = (list: readonly string[] | undefined): boolean => list !== undefined && list.some((word) => word.trim().toLowerCase() === label.trim().toLowerCase());
  if (said(words.positive)) return 'positive';
  if (said(words.negative)) return 'negative';
  // 1.0 and 0.0, and signs, which `plain` would drop.
  const word = /^[01][.,]0+$/.test(label) ? label[0]! : label === '+' ? 'positive' : label === '-' || label === '−' ? 'negative' : plain(label);
  const graded = family === 'tuberculosis' ? readLaboratory(label) : undefined;
  if (graded !== undefined && words[graded] === undefined) return graded;
  if (words.positive === undefined && YES_TO[family].includes(word)) return 'positive';
  if (words.negative === undefined && NO_TO[family].includes(word)) return 'negative';
  if (words.positive?.includes('*') === true) return 'positive';
  return words.negative?.includes('*') === true ? 'negative' : undefined;
}

/**
 * What GeneXpert prints ("MTB DETECTED VERY LOW; RIF Resistance NOT DETECTED") and its short forms (T, TI, RR, TT), smears
 * graded 1+ to 3+. Invalid, error and no result are neither. Trace is positive here; `calibrate --trace` says otherwise.
 */
function readLaboratory(label: string): 'positive' | 'negative' | undefined {
  // What is said of resistance says nothing of the disease.
  const word = plain(label.replace(/[;,/|]?\s*\b(?:rif|rr)\b.+$/i, ''));
  if (/^mtbc?(?:complex)?notdetected$/.test(word)) return 'negative';
  if (/^mtbc?(?:complex)?(?:trace)?detected(?:verylow|low|medium|high|trace)?$/.test(word) || ['trace', 'mtbtrace', 'verylow', 'low', 'medium', 'high', 'ti', 'tt', 'rr'].includes(word)) return 'positive';
  return /^\s*[1-3]\s*\+\s*$/.test(label) ? 'positive' : undefined;
}

/** The lowest grade of Xpert Ultra: between yes and no. */
export const isTrace = (label: string): boolean => /^tt$|trace/.test(plain(label));
