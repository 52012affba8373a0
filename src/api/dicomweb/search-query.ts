/**
 * The query of a QIDO-RS request (PS3.18 8.3.4, 10.6.1.2): matching keys by keyword or tag, includefield, limit and
 * offset. PURE. Keys that are not searched by here match everything, and are named in a Warning, as the standard asks.
 */
import { FirstreadError } from '../../errors.ts';
import type { StudyMatch, TextRange } from '../../study/study-match.ts';
import { attributeNamed, type Level } from './attributes.ts';

/** Matching below the study is done on its objects. */
export interface ObjectMatch {
  readonly modalities?: readonly string[];
  readonly seriesInstanceUids?: readonly string[];
  readonly sopInstanceUids?: readonly string[];
  readonly sopClassUids?: readonly string[];
  readonly seriesNumber?: number;
  readonly instanceNumber?: number;
  readonly seriesDescription?: string;
  readonly bodyPartExamined?: string;
}

export interface SearchQuery {
  readonly studies: StudyMatch;
  readonly objects: ObjectMatch;
  readonly limit: number | undefined;
  readonly offset: number;
  /** Tags that are answered besides the usual ones; 'all' for every one that is known. */
  readonly include: ReadonlySet<string> | 'all';
  /** Keys that were not understood. */
  readonly ignored: readonly string[];
  /** A patient was searched for, not only a list asked for. */
  readonly byPatient: boolean;
}

export const SEARCH_LIMITS = { limitMax: 5_000, offsetMax: 100_000, listedUidsMax: 200, patternCharactersMax: 200 } as const;

const PARAMETERS = new Set(['limit', 'offset', 'includefield', 'fuzzymatching', 'emptyvaluematching', 'multiplevaluematching', 'accept', 'charset']);
const PATIENT_KEYS = new Set(['PatientName', 'PatientID', 'PatientBirthDate', 'AccessionNumber', 'StudyInstanceUID']);

const invalid = (): FirstreadError => new FirstreadError('request-invalid');

type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Throws `request-invalid`. */
export function searchQueryOf(query: Query, level: Level): SearchQuery {
  const studies: Record<string, unknown> = {};
  const objects: Record<string, unknown> = {};
  const include = new Set<string>();
  const ignored: string[] = [];
  let byPatient = false;
  for (const [name, written] of Object.entries(query)) {
    if (PARAMETERS.has(name.toLowerCase()) || written === undefined) continue;
    const value = (typeof written === 'string' ? [written] : written).join(',');
    const attribute = attributeNamed(name);
    if (attribute === undefined) {
      ignored.push(name.slice(0, 64));
      continue;
    }
    include.add(attribute.tag);
    // An empty key matches everything and asks for the attribute.
    if (value.trim() === '' || value === '*') continue;
    if (PATIENT_KEYS.has(attribute.keyword)) byPatient = true;
    if (!addKey(attribute.keyword, value, level, studies, objects)) ignored.push(attribute.keyword);
  }
  const fields = [query['includefield'] ?? []].flat().flatMap((field) => field.split(','));
  for (const field of fields) {
    const attribute = attributeNamed(field.trim());
    if (attribute !== undefined) include.add(attribute.tag);
  }
  if (isTrue(query['fuzzymatching']) && studies['patientName'] !== undefined) studies['patientNameByWords'] = true;
  return {
    studies: studies as StudyMatch,
    objects: objects as ObjectMatch,
    limit: query['limit'] === undefined ? undefined : countOf(query['limit'], 1, Number.MAX_SAFE_INTEGER),
    offset: query['offset'] === undefined ? 0 : countOf(query['offset'], 0, SEARCH_LIMITS.offsetMax),
    include: fields.some((field) => field.trim().toLowerCase() === 'all') ? 'all' : include,
    ignored,
    byPatient,
  };
}

/** False where the key is no search key here. */
function addKey(keyword: string, value: string, level: Level, studies: Record<string, unknown>, objects: Record<string, unknown>): boolean {
  switch (keyword) {
    case 'StudyInstanceUID':
      studies['studyInstanceUids'] = uidsOf(value);
      return true;
    case 'SeriesInstanceUID':
      studies['seriesInstanceUids'] = objects['seriesInstanceUids'] = uidsOf(value);
      return true;
    case 'SOPInstanceUID':
      studies['sopInstanceUids'] = objects['sopInstanceUids'] = uidsOf(value);
      return true;
    case 'SOPClassUID':
      objects['sopClassUids'] = uidsOf(value);
      return level !== 'study';
    case 'ModalitiesInStudy':
      studies['modalities'] = codesOf(value);
      return true;
    case 'Modality':
      studies['modalities'] = objects['modalities'] = codesOf(value);
      return true;
    case 'PatientName':
      studies['patientName'] = patternOf(value);
      return true;
    case 'PatientID':
      studies['patientId'] = patternOf(value);
      return true;
    case 'AccessionNumber':
      studies['accessionNumber'] = patternOf(value);
      return true;
    case 'StudyDescription':
      studies['studyDescription'] = patternOf(value);
      return true;
    case 'StudyDate':
      studies['studyDate'] = rangeOf(value, /^\d{8}$/);
      return true;
    case 'PatientBirthDate':
      studies['patientBirthDate'] = rangeOf(value, /^\d{8}$/);
      return true;
    case 'StudyTime':
      studies['studyTime'] = rangeOf(value.replaceAll(':', ''), /^\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?$/);
      return true;
    case 'SeriesNumber':
      objects['seriesNumber'] = countOf(value, -(2 ** 31), 2 ** 31);
      return level !== 'study';
    case 'InstanceNumber':
      objects['instanceNumber'] = countOf(value, -(2 ** 31), 2 ** 31);
      return level === 'instance';
    case 'SeriesDescription':
      objects['seriesDescription'] = patternOf(value);
      return level !== 'study';
    case 'BodyPartExamined':
      objects['bodyPartExamined'] = patternOf(value);
      return level !== 'study';
    default:
      return false;
  }
}

const isTrue = (value: string | readonly string[] | undefined): boolean => value === 'true' || value === '1';

function countOf(value: string | readonly string[], min: number, max: number): number {
  const count = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (!(count >= min && count <= max)) throw invalid();
  return count;
}

function uidsOf(value: string): readonly string[] {
  const uids = value.split(/[\\,]/).map((uid) => uid.trim()).filter((uid) => uid !== '');
  if (uids.length === 0 || uids.length > SEARCH_LIMITS.listedUidsMax || !uids.every((uid) => /^[0-9.]{1,64}$/.test(uid))) throw invalid();
  return uids;
}

function codesOf(value: string): readonly string[] {
  const codes = value.split(/[\\,]/).map((code) => code.trim()).filter((code) => code !== '');
  if (codes.length === 0 || codes.length > 32 || !codes.every((code) => /^[A-Z0-9_ ]{1,16}$/.test(code))) throw invalid();
  return codes;
}

function patternOf(value: string): string {
  if (value.length > SEARCH_LIMITS.patternCharactersMax) throw invalid();
  return value.trim();
}

/** One value, or a range with one end open or none (PS3.4 C.2.2.2.5). */
function rangeOf(value: string, one: RegExp): TextRange {
  const ends = value.split('-').map((end) => end.trim());
  if (ends.length > 2 || ends.every((end) => end === '') || !ends.every((end) => end === '' || one.test(end))) throw invalid();
  const [from = '', to = from] = ends;
  return { ...(from === '' ? {} : { from }), ...(to === '' ? {} : { to }) };
}
