/**
 * What QIDO-RS answers with (PS3.18 tables 10.6.3-3 to 10.6.3-5), as a table: tag, VR, level, and where the value comes
 * from. What the registry does not know of an object is present and empty. PURE.
 */
import type { JsonDataSet, JsonElement } from '../../dicom/dicom-json.ts';
import { personName } from '../../dicom/person-name.ts';
import type { DicomObject, DicomStudy } from './port.ts';

export type Level = 'study' | 'series' | 'instance';

/** What a value may be taken from: always the study; below it the objects of the series, and the instance. */
export interface Subject {
  readonly study: DicomStudy;
  /** Those that are still there. */
  readonly objects: readonly DicomObject[];
  readonly series: readonly DicomObject[];
  readonly instance: DicomObject;
  /** Of the level that was asked for. */
  readonly address: string;
}

type Value = string | number | readonly (string | number)[] | undefined;

export interface Attribute {
  readonly keyword: string;
  readonly tag: string;
  readonly vr: string;
  readonly level: Level;
  /** Answered unasked. */
  readonly usual: boolean;
  readonly value: (subject: Subject) => Value;
}

const distinct = <T>(values: readonly (T | undefined)[]): readonly T[] => [...new Set(values.filter((value) => value !== undefined))];
const at = (level: Level, usual: boolean) => (keyword: string, tag: string, vr: string, value: Attribute['value']): Attribute => ({ keyword, tag, vr, level, usual, value });
const study = at('study', true);
const studyOnRequest = at('study', false);
const series = at('series', true);
const seriesOnRequest = at('series', false);
const instance = at('instance', true);
const instanceOnRequest = at('instance', false);

export const ATTRIBUTES: readonly Attribute[] = [
  study('StudyDate', '00080020', 'DA', ({ study: { facts } }) => facts.studyDate),
  study('StudyTime', '00080030', 'TM', ({ study: { facts } }) => facts.studyTime),
  study('AccessionNumber', '00080050', 'SH', ({ study: { facts } }) => facts.accessionNumber),
  study('ModalitiesInStudy', '00080061', 'CS', ({ objects }) => distinct(objects.map(({ header }) => header.modality))),
  studyOnRequest('SOPClassesInStudy', '00080062', 'UI', ({ objects }) => distinct(objects.map(({ sopClassUid }) => sopClassUid))),
  study('ReferringPhysicianName', '00080090', 'PN', ({ study: { facts } }) => facts.referringPhysicianName),
  study('StudyDescription', '00081030', 'LO', ({ study: { facts } }) => facts.studyDescription),
  study('PatientName', '00100010', 'PN', ({ study: { facts } }) => facts.patientName),
  study('PatientID', '00100020', 'LO', ({ study: { facts } }) => facts.patientId),
  studyOnRequest('IssuerOfPatientID', '00100021', 'LO', ({ study: { facts } }) => facts.issuerOfPatientId),
  study('PatientBirthDate', '00100030', 'DA', ({ study: { facts } }) => facts.patientBirthDate),
  study('PatientSex', '00100040', 'CS', ({ study: { facts } }) => facts.patientSex),
  study('StudyInstanceUID', '0020000D', 'UI', (subject) => subject.study.studyInstanceUid),
  study('StudyID', '00200010', 'SH', ({ study: { facts } }) => facts.studyId),
  study('NumberOfStudyRelatedSeries', '00201206', 'IS', ({ objects }) => distinct(objects.map(({ seriesInstanceUid }) => seriesInstanceUid)).length),
  study('NumberOfStudyRelatedInstances', '00201208', 'IS', ({ objects }) => objects.length),

  series('Modality', '00080060', 'CS', (subject) => subject.instance.header.modality),
  seriesOnRequest('Manufacturer', '00080070', 'LO', (subject) => subject.instance.header.manufacturer),
  seriesOnRequest('InstitutionName', '00080080', 'LO', (subject) => subject.instance.header.institutionName),
  seriesOnRequest('StationName', '00081010', 'SH', (subject) => subject.instance.header.stationName),
  series('SeriesDescription', '0008103E', 'LO', (subject) => subject.instance.header.seriesDescription),
  seriesOnRequest('ManufacturerModelName', '00081090', 'LO', (subject) => subject.instance.header.manufacturerModelName),
  seriesOnRequest('BodyPartExamined', '00180015', 'CS', (subject) => subject.instance.header.bodyPartExamined),
  series('SeriesInstanceUID', '0020000E', 'UI', (subject) => subject.instance.seriesInstanceUid),
  series('SeriesNumber', '00200011', 'IS', (subject) => subject.instance.header.seriesNumber),
  series('NumberOfSeriesRelatedInstances', '00201209', 'IS', (subject) => subject.series.length),

  instanceOnRequest('ImageType', '00080008', 'CS', (subject) => subject.instance.header.imageType),
  instance('SOPClassUID', '00080016', 'UI', (subject) => subject.instance.sopClassUid),
  instance('SOPInstanceUID', '00080018', 'UI', (subject) => subject.instance.sopInstanceUid),
  instance('AvailableTransferSyntaxUID', '00083002', 'UI', (subject) => subject.instance.transferSyntaxUid),
  instanceOnRequest('ViewPosition', '00185101', 'CS', (subject) => subject.instance.header.viewPosition),
  instance('InstanceNumber', '00200013', 'IS', (subject) => subject.instance.header.instanceNumber),
  instanceOnRequest('PhotometricInterpretation', '00280004', 'CS', (subject) => subject.instance.header.photometricInterpretation),
  instance('NumberOfFrames', '00280008', 'IS', (subject) => subject.instance.header.numberOfFrames),
  instance('Rows', '00280010', 'US', (subject) => subject.instance.header.rows),
  instance('Columns', '00280011', 'US', (subject) => subject.instance.header.columns),
  instance('BitsAllocated', '00280100', 'US', (subject) => subject.instance.header.bitsAllocated),
  instanceOnRequest('BitsStored', '00280101', 'US', (subject) => subject.instance.header.bitsStored),
];

const byName = new Map(ATTRIBUTES.flatMap((attribute) => [[attribute.keyword, attribute], [attribute.tag, attribute]] as const));

export const attributeNamed = (name: string): Attribute | undefined => byName.get(name) ?? byName.get(name.toUpperCase());

/** The attributes of these levels, in the order of their tags. */
export function answerFor(subject: Subject, levels: readonly Level[], include: ReadonlySet<string> | 'all'): JsonDataSet {
  const answered: Record<string, JsonElement> = {
    '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
    '00080056': { vr: 'CS', Value: ['ONLINE'] },
    '00081190': { vr: 'UR', Value: [subject.address] },
  };
  const deepest = Math.max(...levels.map(depth));
  for (const attribute of ATTRIBUTES) {
    const ofLevel = levels.includes(attribute.level) && (attribute.usual || include === 'all');
    const wanted = ofLevel || isIdentifier(attribute) || (include !== 'all' && include.has(attribute.tag));
    if (wanted && depth(attribute.level) <= deepest) answered[attribute.tag] = elementOf(attribute, subject);
  }
  return Object.fromEntries(Object.entries(answered).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const depth = (level: Level): number => ['study', 'series', 'instance'].indexOf(level);

/** Where an answer belongs is told also where its study's or series' other attributes are not. */
const isIdentifier = ({ keyword }: Attribute): boolean => keyword === 'StudyInstanceUID' || keyword === 'SeriesInstanceUID';

function elementOf({ vr, value }: Attribute, subject: Subject): JsonElement {
  const known = [value(subject) ?? []].flat() as (string | number)[];
  if (vr === 'PN') {
    const names = known.map((name) => personName(String(name))).filter((name) => name !== null);
    return names.length === 0 ? { vr } : { vr, Value: names };
  }
  const written = known.filter((one) => one !== '');
  return written.length === 0 ? { vr } : { vr, Value: written };
}
