/**
 * Are two studies of the same patient? For "prior studies" beside a film: showing another person's film there is worse than
 * showing none. So the patient ID must be one (no placeholder that a device fills in), issuers, birth dates and sexes must
 * not contradict each other, and the names must agree at least by half. Pure. No merging, no guessing across IDs.
 */
import { foldForSearch } from './search-fold.ts';

export interface PatientIdentity {
  readonly patientId?: string;
  readonly issuerOfPatientId?: string;
  readonly patientName?: string;
  readonly patientBirthDate?: string;
  readonly patientSex?: string;
}

/** What stands in the field when nobody knew the patient; with or without a number behind it. */
const PLACEHOLDERS = new Set(
  ('anon anonymous anonymized anonymised unknown unk none null nil na nan noid nopid noname id pid patient patientid test testpatient temp temporary tmp dummy default ' +
    'phantom qa qc trauma emergency er erpatient unidentified johndoe janedoe doe xxx capcuu vodanh khong khongco khongro khongten koten koro benhnhan bn chuaro').split(' '),
);

/** '', '0000', 'XXXX', '123456', 'UNKNOWN', 'TEST 01', 'N/A', 'Cấp cứu 3'. */
export function isPlaceholderPatientId(patientId: string | undefined): boolean {
  const bare = foldForSearch(patientId ?? '').replace(/[^\p{L}\p{N}]/gu, '');
  if (bare === '' || bare === '0' || bare === '1') return true;
  if (bare.length > 1 && [...bare].every((letter) => letter === bare[0])) return true;
  if (bare.length > 2 && '01234567890'.includes(bare)) return true;
  return PLACEHOLDERS.has(bare) || PLACEHOLDERS.has(bare.replace(/\d{1,4}$/, ''));
}

/** Half of the words of the shorter name, in any order: "Nguyễn Văn Đức" and "DUC^NGUYEN VAN", but not "Nguyễn Thị Hoa". */
export function namesAgree(a: string | undefined, b: string | undefined): boolean {
  const [words, others] = [wordsOf(a), wordsOf(b)];
  const shared = [...words].filter((word) => others.has(word)).length;
  return shared > 0 && shared >= Math.min(words.size, others.size) / 2;
}

const wordsOf = (name: string | undefined): ReadonlySet<string> => new Set(foldForSearch(name ?? '').split(/[^\p{L}\p{N}]+/u).filter((word) => word !== ''));

export function isSamePatient(a: PatientIdentity, b: PatientIdentity): boolean {
  if (isPlaceholderPatientId(a.patientId) || a.patientId?.trim() !== b.patientId?.trim()) return false;
  if (contradict(a.issuerOfPatientId, b.issuerOfPatientId) || contradict(a.patientBirthDate, b.patientBirthDate)) return false;
  if (isKnownSex(a.patientSex) && isKnownSex(b.patientSex) && a.patientSex !== b.patientSex) return false;
  // Without a name on one side the birth date has to say it.
  const nameless = wordsOf(a.patientName).size === 0 || wordsOf(b.patientName).size === 0;
  return nameless ? !!a.patientBirthDate && a.patientBirthDate === b.patientBirthDate : namesAgree(a.patientName, b.patientName);
}

const contradict = (a: string | undefined, b: string | undefined): boolean => !!a && !!b && foldForSearch(a) !== foldForSearch(b);
const isKnownSex = (sex: string | undefined): boolean => sex === 'M' || sex === 'F';
