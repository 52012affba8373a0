/**
 * Reading a structured report (PS3.3 C.17.3): the document's own facts and its content tree, of any SR class. PURE.
 * Left out: by-reference relationships, waveforms, TCOORD and SCOORD3D values (their place in the tree is kept).
 */
import { FirstreadError } from '../errors.ts';
import { characterSetOf } from './instance-header.ts';
import type { CharacterSet } from './character-set.ts';
import type { DataSetNode, ParsedDataSet } from './data-set.ts';
import { codeString, decimals, itemsOf, textStrings } from './element-values.ts';
import { TAG } from './tags.ts';

export interface Code {
  readonly value: string;
  readonly scheme: string;
  readonly meaning: string;
}

export interface ContentNode {
  /** Empty at the root. */
  readonly relationship: string;
  readonly valueType: string;
  readonly name?: Code;
  readonly text?: string;
  readonly code?: Code;
  readonly number?: { readonly value: string; readonly unit?: Code };
  /** Of an image or another object. */
  readonly reference?: { readonly sopClassUid: string; readonly sopInstanceUid: string };
  /** Points of the referenced image, in its pixels. */
  readonly graphic?: { readonly type: string; readonly points: readonly (readonly [number, number])[] };
  readonly children: readonly ContentNode[];
}

export interface ReportDocument {
  readonly sopInstanceUid: string;
  /** Header attributes by keyword, as text. */
  readonly header: Readonly<Record<string, string>>;
  readonly root: ContentNode;
  /** Where the images of the document are (Current Requested Procedure Evidence), by SOP Instance UID. */
  readonly evidence: ReadonlyMap<string, { readonly studyInstanceUid: string; readonly seriesInstanceUid: string }>;
}

const SR = {
  RelationshipType: 0x0040a010, ValueType: 0x0040a040, ConceptNameCodeSequence: 0x0040a043, DateTime: 0x0040a120, Date: 0x0040a121, Time: 0x0040a122, PersonName: 0x0040a123,
  UID: 0x0040a124, TextValue: 0x0040a160, ConceptCodeSequence: 0x0040a168, MeasuredValueSequence: 0x0040a300, NumericValue: 0x0040a30a, EvidenceSequence: 0x0040a375,
  ContentSequence: 0x0040a730, MeasurementUnitsCodeSequence: 0x004008ea, ReferencedSOPSequence: 0x00081199, ReferencedSOPClassUID: 0x00081150,
  ReferencedSOPInstanceUID: 0x00081155, ReferencedSeriesSequence: 0x00081115, GraphicData: 0x00700022, GraphicType: 0x00700023, LongCodeValue: 0x00080119, URNCodeValue: 0x00080120,
  ContentTime: 0x00080033, SoftwareVersions: 0x00181020,
} as const;

const HEADER: Readonly<Record<string, number>> = {
  PatientName: TAG.PatientName, PatientID: TAG.PatientID, IssuerOfPatientID: TAG.IssuerOfPatientID, PatientBirthDate: TAG.PatientBirthDate, PatientSex: TAG.PatientSex, StudyDate: TAG.StudyDate, StudyTime: TAG.StudyTime,
  AccessionNumber: TAG.AccessionNumber, StudyDescription: TAG.StudyDescription, ReferringPhysicianName: TAG.ReferringPhysicianName, StudyInstanceUID: TAG.StudyInstanceUID,
  SeriesDescription: TAG.SeriesDescription, ContentDate: TAG.ContentDate, ContentTime: SR.ContentTime, CompletionFlag: TAG.CompletionFlag, PreliminaryFlag: TAG.PreliminaryFlag, VerificationFlag: TAG.VerificationFlag,
  Manufacturer: TAG.Manufacturer, ManufacturerModelName: TAG.ManufacturerModelName, SoftwareVersions: SR.SoftwareVersions, InstitutionName: TAG.InstitutionName,
};

/** Throws `not-found` where the object is no structured report. */
export function readReportDocument(dataSet: ParsedDataSet): ReportDocument {
  if (codeString(dataSet, SR.ValueType) === undefined) throw new FirstreadError('not-found', 'the object is not a structured report');
  const characterSet = characterSetOf(dataSet);
  const header = Object.entries(HEADER).map(([keyword, tag]) => [keyword, textStrings(dataSet, tag, characterSet).values.filter((value) => value !== '').join(', ')] as const);
  return {
    sopInstanceUid: codeString(dataSet, TAG.SOPInstanceUID) ?? '',
    header: Object.fromEntries(header.filter(([, value]) => value !== '')),
    root: contentNode(dataSet, characterSet),
    evidence: evidenceOf(dataSet),
  };
}

/** Depth is bounded where the data set was parsed. */
function contentNode(node: DataSetNode, characterSet: CharacterSet): ContentNode {
  const textOf = (tag: number): string | undefined => textStrings(node, tag, characterSet).values.join('\\') || undefined;
  const named = codeOf(itemsOf(node, SR.ConceptNameCodeSequence)[0], characterSet);
  const code = codeOf(itemsOf(node, SR.ConceptCodeSequence)[0], characterSet);
  const text = textOf(SR.TextValue) ?? textOf(SR.PersonName) ?? codeString(node, SR.UID) ?? codeString(node, SR.DateTime) ?? codeString(node, SR.Date) ?? codeString(node, SR.Time);
  const measured = itemsOf(node, SR.MeasuredValueSequence)[0];
  const value = measured === undefined ? undefined : codeString(measured, SR.NumericValue);
  const unit = measured === undefined ? undefined : codeOf(itemsOf(measured, SR.MeasurementUnitsCodeSequence)[0], characterSet);
  const reference = itemsOf(node, SR.ReferencedSOPSequence)[0];
  const graphicType = codeString(node, SR.GraphicType);
  return {
    relationship: codeString(node, SR.RelationshipType) ?? '',
    valueType: codeString(node, SR.ValueType) ?? '',
    ...(named === undefined ? {} : { name: named }),
    ...(text === undefined ? {} : { text }),
    ...(code === undefined ? {} : { code }),
    ...(value === undefined ? {} : { number: { value, ...(unit === undefined ? {} : { unit }) } }),
    ...(reference === undefined ? {} : { reference: { sopClassUid: codeString(reference, SR.ReferencedSOPClassUID) ?? '', sopInstanceUid: codeString(reference, SR.ReferencedSOPInstanceUID) ?? '' } }),
    ...(graphicType === undefined ? {} : { graphic: { type: graphicType, points: pointsOf(node) } }),
    children: itemsOf(node, SR.ContentSequence).map((child) => contentNode(child, characterSet)),
  };
}

function codeOf(item: DataSetNode | undefined, characterSet: CharacterSet): Code | undefined {
  if (item === undefined) return undefined;
  const value = codeString(item, TAG.CodeValue) ?? codeString(item, SR.LongCodeValue) ?? codeString(item, SR.URNCodeValue) ?? '';
  return { value, scheme: codeString(item, TAG.CodingSchemeDesignator) ?? '', meaning: textStrings(item, TAG.CodeMeaning, characterSet).values[0] ?? value };
}

function pointsOf(node: DataSetNode): readonly (readonly [number, number])[] {
  const numbers = decimals(node, SR.GraphicData);
  return Array.from({ length: numbers.length >> 1 }, (_, at) => [numbers[2 * at]!, numbers[2 * at + 1]!] as const);
}

function evidenceOf(dataSet: DataSetNode): ReportDocument['evidence'] {
  const places = new Map<string, { studyInstanceUid: string; seriesInstanceUid: string }>();
  for (const study of itemsOf(dataSet, SR.EvidenceSequence)) {
    for (const series of itemsOf(study, SR.ReferencedSeriesSequence)) {
      for (const object of itemsOf(series, SR.ReferencedSOPSequence)) {
        places.set(codeString(object, SR.ReferencedSOPInstanceUID) ?? '', { studyInstanceUid: codeString(study, TAG.StudyInstanceUID) ?? '', seriesInstanceUid: codeString(series, 0x0020000e) ?? '' });
      }
    }
  }
  return places;
}
