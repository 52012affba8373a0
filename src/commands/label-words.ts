/** The words that tables use: for their columns, and for yes and no. Compared without case, spaces and punctuation. */
import type { FindingFamily } from '../study/types.ts';

export const plain = (text: string): string => text.normalize('NFC').toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** The more telling names first. */
export const COLUMNS = {
  file: ['file', 'filename', 'filepath', 'image', 'imagefile', 'imagename', 'imagepath', 'imageindex', 'imageid', 'path', 'film', 'picture', 'tệp', 'têntệp', 'tệptin', 'têntệptin', 'tậptin', 'têntậptin', 'tênfile', 'ảnh', 'tênảnh', 'hìnhảnh', 'phim', 'tênphim', 'đườngdẫn', 'name', 'id'],
  accessionNumber: ['accessionnumber', 'accession', 'accessionno', 'accno', 'sốtruycập', 'mãcachụp', 'mãchỉđịnh', 'mãphiếu', 'sốphiếu'],
  sopInstanceUid: ['sopinstanceuid', 'sopuid', 'instanceuid'],
  patient: ['patientid', 'patient', 'patientno', 'patientnumber', 'pid', 'subject', 'subjectid', 'mãbệnhnhân', 'mãngườibệnh', 'mãbn'],
  sex: ['sex', 'patientsex', 'gender', 'patientgender', 'giớitính', 'giới'],
  age: ['age', 'patientage', 'ageyears', 'ageinyears', 'tuổi'],
} as const;

const ANY_LABEL = ['label', 'labels', 'truth', 'groundtruth', 'reference', 'referencestandard', 'target', 'class', 'diagnosis', 'finding', 'findings', 'outcome', 'y', 'nhãn', 'kếtquả', 'chẩnđoán', 'kếtluận'];

export const LABEL_COLUMNS: Readonly<Record<FindingFamily, readonly string[]>> = {
  'tuberculosis': [
    'tuberculosis', 'tb', 'istb', 'hastb', 'tbstatus', 'mtb', 'genexpert', 'genexpertresult', 'xpert', 'xpertresult', 'xpertultra', 'xpertmtbrif', 'culture', 'cultureresult', 'mtbresult', 'tbresult',
    'bacteriologicallyconfirmed', 'confirmedtb', 'kếtquảxpert', 'kếtquảgenexpert', 'lao', 'bệnhlao', 'nuôicấy', 'kếtquảnuôicấy', ...ANY_LABEL,
  ],
  'lung nodule': ['lungnodule', 'lungnodules', 'nodule', 'nodules', 'hasnodule', 'nốt', 'nốtphổi', ...ANY_LABEL],
};

const YES = ['1', 'yes', 'y', 'true', 't', 'pos', 'positive', 'present', 'detected', 'có', 'dươngtính', 'pháthiện', 'co', 'duongtinh', 'phathien'];
const NO = ['0', 'no', 'n', 'false', 'f', 'neg', 'negative', 'absent', 'notdetected', 'normal', 'healthy', 'nofinding', 'không', 'khôngcó', 'âmtính', 'bìnhthường', 'khôngpháthiện', 'khong', 'amtinh', 'binhthuong', 'khongphathien'];

const YES_TO: Readonly<Record<FindingFamily, readonly string[]>> = {
  'tuberculosis': [...YES, 'tb', 'tuberculosis', 'activetb', 'activetuberculosis', 'pulmonarytuberculosis', 'ptb', 'mtb', 'mtbc', 'mtbcomplex', 'growth', 'scanty', 'lao'],
  'lung nodule': [...YES, 'nodule', 'nodules', 'lungnodule', 'mass', 'noduleormass', 'nodulemass'],
};
const NO_TO: Readonly<Record<FindingFamily, readonly string[]>> = {
  'tuberculosis': [...NO, 'notb', 'nontb', 'nottb', 'mtbnotdetected', 'nogrowth', 'nomtb', 'khônglao'],
  'lung nodule': [...NO, 'nonodule', 'nonodules', 'nolungnodule'],
};

/** What a sign may follow: "MTB (-)" says no, although "MTB" alone says yes. */
const NAMES: Readonly<Record<FindingFamily, readonly string[]>> = {
  'tuberculosis': ['mtb', 'mtbc', 'mtbcomplex', 'tb', 'ptb', 'tuberculosis', 'lao', 'vikhuẩnlao', 'afb', 'bk', 'xpert', 'genexpert', 'culture'],
  'lung nodule': ['nodule', 'nodules', 'lungnodule', 'mass', 'nốt', 'nốtphổi'],
};

/** What a person said the words are; `*` means every other one. What is said replaces our words of that side. */
export interface LabelWords {
  readonly positive?: readonly string[];
  readonly negative?: readonly string[];
}

type Judged = 'positive' | 'negative' | undefined;

/** Undefined where it is neither. */
export function judgeLabel(label: string, family: FindingFamily, words: LabelWords = {}): Judged {
  const exactly = (word: string): string => word.normalize('NFC').trim().toLowerCase();
  const said = (list: readonly string[] | undefined): boolean => list !== undefined && list.some((word) => exactly(word) === exactly(label));
  if (said(words.positive)) return 'positive';
  if (said(words.negative)) return 'negative';
  const judged = judgeByOurWords(label.normalize('NFC'), family);
  if (judged !== undefined && words[judged] === undefined) return judged;
  if (words.positive?.includes('*') === true) return 'positive';
  return words.negative?.includes('*') === true ? 'negative' : undefined;
}

/** No words of ours are so long, and the patterns below take their time over a cell full of blanks. */
const LABEL_CHARACTERS_MAX = 200;
/** A doubt, a comparison, a number below nought ("-1": uncertain, in public sets): marks that `plain` would drop. */
const DOUBTFUL = /[?<>≤≥~≈]|^\s*[+\-−–]\s*\d/;
const SIGNED = /^(.*?)\s*\(?\s*([+\-−–])\s*\)?\s*$/s;

function judgeByOurWords(label: string, family: FindingFamily): Judged {
  if (label.length > LABEL_CHARACTERS_MAX || DOUBTFUL.test(label)) return undefined;
  const graded = family === 'tuberculosis' ? readLaboratory(label) : undefined;
  if (graded !== undefined) return graded;
  // 1.0 and 0.0, which `plain` would make ten and nothing.
  if (/^[01][.,]0+$/.test(label)) return label.startsWith('1') ? 'positive' : 'negative';
  const signed = SIGNED.exec(family === 'tuberculosis' ? withoutResistance(label) : label);
  if (signed === null) return judgeWord(plain(label), family);
  const bySign = signed[2] === '+' ? 'positive' : 'negative';
  const rest = plain(signed[1] as string);
  return rest === '' || NAMES[family].includes(rest) || judgeWord(rest, family) === bySign ? bySign : undefined;
}

function judgeWord(word: string, family: FindingFamily): Judged {
  if (YES_TO[family].includes(word)) return 'positive';
  return NO_TO[family].includes(word) ? 'negative' : undefined;
}

/** What is said of resistance says nothing of the disease. */
const withoutResistance = (label: string): string => label.replace(/[;,/|]?\s*(?:\b(?:rif(?:ampicin|ampin)?|rr)\b.+|(?:không\s+)?kháng\s.+)$/i, '');

/** "không phát hiện MTB", "MTB: có phát hiện, rất thấp": with or without the germ's name, before or after. */
const GERM = '(?:mtbc?|vikhuẩnlao|lao|afb)?';
const NOT_FOUND = new RegExp(`^${GERM}không(?:pháthiện|tìmthấy|thấy|có)(?:thấy|được)?${GERM}$`);
const FOUND = new RegExp(`^${GERM}(?:có)?(?:pháthiện|tìmthấy)(?:thấy|được|có)?${GERM}(?:mức(?:độ)?)?(?:vết|rấtthấp|thấp|trungbình|cao)?$`);

/**
 * What GeneXpert prints ("MTB DETECTED VERY LOW; RIF Resistance NOT DETECTED") and its short forms (T, TI, RR, TT), the same
 * in Vietnamese, smears graded 1+ to 3+. Invalid, error and no result are neither. Trace is positive here; `calibrate
 * --trace` says otherwise.
 */
function readLaboratory(label: string): Judged {
  const word = plain(withoutResistance(label));
  if (/^mtbc?(?:complex)?notdetected$/.test(word) || NOT_FOUND.test(word)) return 'negative';
  if (FOUND.test(word)) return 'positive';
  if (/^mtbc?(?:complex)?(?:trace)?detected(?:verylow|low|medium|high|trace)?$/.test(word) || ['trace', 'mtbtrace', 'verylow', 'low', 'medium', 'high', 'ti', 'tt', 'rr'].includes(word)) return 'positive';
  return /^\s*[1-3]\s*\+\s*$/.test(label) ? 'positive' : undefined;
}

/** The lowest grade of Xpert Ultra: between yes and no. */
export const isTrace = (label: string): boolean => /^tt$|trace|vết$/.test(plain(label));
