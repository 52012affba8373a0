/**
 * The Patient, General Study and Patient Study attributes (PS3.3 C.7.1.1, C.7.2.1, C.7.2.2) of one object, as a
 * naturalised data set for write-part10.ts: what a report about the object must repeat exactly. Text is decoded to
 * Unicode (NFC); values longer than their VR allows are cut, so that one bad header cannot stop a report.
 */
import { characterSetOf } from './instance-header.ts';
import type { CharacterSet } from './character-set.ts';
import type { DataSetNode, ParsedDataSet } from './data-set.ts';
import { codeStrings, integers, textStrings } from './element-values.ts';
import { dictionaryEntry, type NaturalisedDataSet, type NaturalisedValue } from './write-part10.ts';

/** Type 2: present in every object of a study, empty where unknown. */
const TYPE_2 = ['PatientName', 'PatientID', 'PatientBirthDate', 'PatientSex', 'StudyDate', 'StudyTime', 'AccessionNumber', 'ReferringPhysicianName', 'StudyID'] as const;

const TYPE_3 = [
  'IssuerOfPatientID', 'IssuerOfPatientIDQualifiersSequence', 'OtherPatientIDsSequence', 'PatientBirthTime', 'PatientSpeciesDescription', 'PatientSpeciesCodeSequence',
  'StudyInstanceUID', 'IssuerOfAccessionNumberSequence', 'StudyDescription', 'ProcedureCodeSequence', 'ReferencedStudySequence',
  'PatientAge', 'PatientSize', 'PatientWeight', 'AdmissionID', 'IssuerOfAdmissionIDSequence', 'TimezoneOffsetFromUTC',
] as const;

/** Characters (PS3.5 table 6.2-1). PN: per component group. */
const LENGTH_MAX: Readonly<Record<string, number>> = { AE: 16, AS: 4, CS: 16, DA: 8, DS: 16, IS: 12, LO: 64, LT: 10_240, PN: 64, SH: 16, ST: 1024, TM: 14, UI: 64 };
const TEXT_VRS = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT']);
const CODE_VRS = new Set(['AE', 'AS', 'CS', 'DA', 'DS', 'DT', 'IS', 'TM', 'UI']);
const DEPTH_MAX = 8;

function tagOf(keyword: string): { tag: number; vr: string } | undefined {
  const entry = dictionaryEntry(keyword);
  return entry === undefined ? undefined : { tag: Number.parseInt(entry.tag.replace(/[^0-9A-Fa-f]/g, ''), 16), vr: entry.vr };
}

function cut(value: string, vr: string): string {
  const max = LENGTH_MAX[vr];
  if (max === undefined) return value;
  return vr === 'PN' ? value.split('=').map((group) => [...group].slice(0, max).join('')).join('=') : [...value].slice(0, max).join('');
}

/** One attribute; undefined where it is absent or of a VR that is not copied (binary). */
export function naturaliseElement(node: DataSetNode, keyword: string, characterSet: CharacterSet, depth = 0): NaturalisedValue {
  const known = tagOf(keyword);
  const element = known === undefined ? undefined : node.elements.get(known.tag);
  if (known === undefined || element === undefined) return undefined;
  const { tag, vr } = known;
  if (vr === 'SQ') return depth >= DEPTH_MAX ? undefined : (element.items ?? []).map((item) => naturaliseItem(item, characterSet, depth + 1));
  if (TEXT_VRS.has(vr) || CODE_VRS.has(vr)) {
    const values = (TEXT_VRS.has(vr) ? textStrings(node, tag, characterSet).values : codeStrings(node, tag)).map((value) => cut(value, vr));
    return values.length > 1 ? values : (values[0] ?? '');
  }
  if (vr === 'US' || vr === 'SS' || vr === 'UL' || vr === 'SL') {
    const values = integers(node, tag, vr === 'SS' || vr === 'SL');
    return values.length > 1 ? values : values[0];
  }
  return undefined;
}

let keywordByTag: ReadonlyMap<number, string> | undefined;

/** Everything in an item that the dictionary knows: code sequences, issuers, referenced studies. */
function naturaliseItem(item: DataSetNode, characterSet: CharacterSet, depth: number): NaturalisedDataSet {
  keywordByTag ??= new Map(ITEM_KEYWORDS.map((keyword) => [tagOf(keyword)?.tag ?? -1, keyword]));
  const copy: Record<string, NaturalisedValue> = {};
  for (const tag of item.elements.keys()) {
    const keyword = keywordByTag.get(tag);
    const value = keyword === undefined ? undefined : naturaliseElement(item, keyword, characterSet, depth);
    if (keyword !== undefined && value !== undefined) copy[keyword] = value;
  }
  return copy;
}

const ITEM_KEYWORDS = [
  'CodeValue', 'CodingSchemeDesignator', 'CodingSchemeVersion', 'CodeMeaning', 'LongCodeValue', 'URNCodeValue',
  'LocalNamespaceEntityID', 'UniversalEntityID', 'UniversalEntityIDType', 'PatientID', 'IssuerOfPatientID', 'TypeOfPatientID', 'IssuerOfPatientIDQualifiersSequence',
  'IdentifierTypeCode', 'AssigningFacilitySequence', 'AssigningJurisdictionCodeSequence', 'AssigningAgencyOrDepartmentCodeSequence',
  'ReferencedSOPClassUID', 'ReferencedSOPInstanceUID',
] as const;

export function readPatientStudyModule(dataSet: ParsedDataSet): NaturalisedDataSet {
  const characterSet = characterSetOf(dataSet);
  const module: Record<string, NaturalisedValue> = {};
  for (const keyword of TYPE_2) module[keyword] = naturaliseElement(dataSet, keyword, characterSet) ?? '';
  for (const keyword of TYPE_3) {
    const value = naturaliseElement(dataSet, keyword, characterSet);
    if (value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0)) module[keyword] = value;
  }
  return module;
}
