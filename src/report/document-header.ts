/**
 * The modules around the content tree (PS3.3 A.35.13): patient and study as the images have them, SR document series,
 * equipment, SR document general, SOP common. Leaves out: Verifying Observer (nobody verifies), Referenced Request
 * Sequence (the request's attributes are not known for certain here), digital signatures.
 */
import { uidFromHash } from '../dicom/uid.ts';
import type { NaturalisedDataSet } from '../dicom/write-part10.ts';
import type { FindingFamily } from '../study/types.ts';
import { DCM, PRIVATE_SCHEME, codeItem, longString } from './coded-concepts.ts';
import { sopReference } from './content-tree.ts';
import type { ReportIdentity } from './identity.ts';
import { reportKind } from './report-facts.ts';
import type { ChestReportFacts, ReportReference, ReportingDevice, SourceImage } from './report-facts.ts';

export const REPORT_SOP_CLASSES = {
  'comprehensive-3d': '1.2.840.10008.5.1.4.1.1.88.34',
  comprehensive: '1.2.840.10008.5.1.4.1.1.88.33',
} as const;

/** Type 2: present even where the images leave them out. */
const TYPE_2_ATTRIBUTES = ['PatientName', 'PatientID', 'PatientBirthDate', 'PatientSex', 'StudyDate', 'StudyTime', 'ReferringPhysicianName', 'StudyID', 'AccessionNumber'] as const;

/** Beyond what modalities count to, so that our series sort behind the images. */
const SERIES_NUMBERS: { readonly [family in FindingFamily]: number } = { tuberculosis: 9701, 'lung nodule': 9702 };
const PRODUCT_NAME = 'Firstread';

export function documentHeader(facts: ChestReportFacts, identity: ReportIdentity): NaturalisedDataSet {
  const clock = localClock(facts);
  // Written as the clock has it, or not at all: a malformed one is not repeated.
  const { TimezoneOffsetFromUTC: _stated, ...patientAndStudy } = facts.patientAndStudy;
  return {
    ...Object.fromEntries(TYPE_2_ATTRIBUTES.map((keyword) => [keyword, ''])),
    ...patientAndStudy,
    SpecificCharacterSet: 'ISO_IR 192',
    ...(clock.offset === undefined ? {} : { TimezoneOffsetFromUTC: clock.offset }),
    StudyInstanceUID: facts.studyInstanceUid,
    SOPClassUID: REPORT_SOP_CLASSES[facts.sopClass],
    SOPInstanceUID: identity.sopInstanceUid,
    InstanceCreationDate: clock.date,
    InstanceCreationTime: clock.time,
    Modality: 'SR',
    SeriesInstanceUID: identity.seriesInstanceUid,
    SeriesNumber: SERIES_NUMBERS[facts.family],
    SeriesDate: clock.date,
    SeriesTime: clock.time,
    SeriesDescription: seriesDescription(facts),
    ReferencedPerformedProcedureStepSequence: [],
    ...equipment(facts.device),
    ContributingEquipmentSequence: [algorithmAsEquipment(facts, identity)],
    CodingSchemeIdentificationSequence: [privateScheme()],
    InstanceNumber: facts.revision,
    ContentDate: clock.date,
    ContentTime: clock.time,
    CompletionFlag: 'COMPLETE',
    CompletionFlagDescription: 'Written by a machine; completed automatically',
    PreliminaryFlag: 'PRELIMINARY',
    VerificationFlag: 'UNVERIFIED',
    PerformedProcedureCodeSequence: [],
    ...(facts.predecessor === undefined ? {} : { PredecessorDocumentsSequence: [predecessor(facts.studyInstanceUid, facts.predecessor)] }),
    CurrentRequestedProcedureEvidenceSequence: [evidence(facts.studyInstanceUid, facts.images, facts.visual)],
  };
}

/** All that some lists show of a report: LO, at most 64 characters. Scores are cut, never rounded up past a threshold. */
export function seriesDescription({ family, statement }: ChestReportFacts): string {
  switch (reportKind(statement)) {
    case 'flagged':
      return `AI: FLAGGED ${family} ${wholeScore(statement)}/100`;
    case 'below-threshold':
      return `AI: ${family} below threshold ${wholeScore(statement)}/100`;
    case 'not-analysed':
      return `AI: NOT ANALYSED ${family}`;
  }
}

function wholeScore(statement: ChestReportFacts['statement']): number {
  return statement.kind === 'scored' ? Math.floor(statement.finding.score) : 0;
}

/** Enhanced General Equipment (PS3.3 C.7.5.2). */
function equipment(device: ReportingDevice): NaturalisedDataSet {
  return {
    Manufacturer: device.manufacturer,
    ManufacturerModelName: PRODUCT_NAME,
    DeviceSerialNumber: device.serialNumber,
    SoftwareVersions: device.softwareVersion,
    ...(device.institutionName === undefined || device.institutionName === '' ? {} : { InstitutionName: device.institutionName }),
  };
}

/** The algorithm itself (PS3.3 C.12.1.1.5): another model is another device. */
function algorithmAsEquipment({ device, models }: ChestReportFacts, identity: ReportIdentity): NaturalisedDataSet {
  return {
    PurposeOfReferenceCodeSequence: [codeItem(DCM.processingEquipment)],
    ...equipment(device),
    SoftwareVersions: [device.softwareVersion, ...models.map((model) => longString(`${model.name} ${model.version}`))],
    DeviceUID: identity.deviceUid,
    ContributionDescription: 'Automated analysis for the order of reading',
  };
}

function privateScheme(): NaturalisedDataSet {
  return {
    CodingSchemeDesignator: PRIVATE_SCHEME,
    CodingSchemeUID: uidFromHash('coding scheme', PRIVATE_SCHEME),
    CodingSchemeName: 'Firstread concepts',
    CodingSchemeResponsibleOrganization: 'Firstread open-source project',
  };
}

/** Hierarchical SOP Instance Reference (PS3.3 C.17.2.1) of every image, grouped by series. */
function evidence(studyInstanceUid: string, images: readonly SourceImage[], visual: ReportReference | undefined): NaturalisedDataSet {
  const references = visual === undefined ? images : [...images, visual];
  const series = Map.groupBy(references, (reference) => reference.seriesInstanceUid);
  return {
    StudyInstanceUID: studyInstanceUid,
    ReferencedSeriesSequence: [...series].map(([seriesInstanceUid, members]) => ({
      SeriesInstanceUID: seriesInstanceUid,
      ReferencedSOPSequence: members.map(sopReference),
    })),
  };
}

function predecessor(studyInstanceUid: string, report: ReportReference): NaturalisedDataSet {
  return {
    StudyInstanceUID: studyInstanceUid,
    ReferencedSeriesSequence: [{ SeriesInstanceUID: report.seriesInstanceUid, ReferencedSOPSequence: [sopReference(report)] }],
  };
}

/**
 * All dates of a data set are in its own (0008,0201): where the images state one, the copied study date is in it. Where they
 * state none and this machine's zone is UTC, which is what a container has that nobody told, none is claimed: it would
 * be said of the copied study time too, and that is the modality's own.
 */
function localClock({ patientAndStudy, analysedAtMs, utcOffsetMinutes }: ChestReportFacts): { date: string; time: string; offset: string | undefined } {
  const stated = /^([+-])(\d\d)(\d\d)$/.exec(String(patientAndStudy['TimezoneOffsetFromUTC'] ?? ''));
  const statedMinutes = stated === null ? undefined : Number(`${stated[1]}1`) * (Number(stated[2]) * 60 + Number(stated[3]));
  const minutes = statedMinutes ?? utcOffsetMinutes;
  const iso = new Date(analysedAtMs + minutes * 60_000).toISOString();
  const size = Math.abs(minutes);
  const two = (value: number): string => String(value).padStart(2, '0');
  return {
    date: iso.slice(0, 10).replaceAll('-', ''),
    time: `${iso.slice(11, 19).replaceAll(':', '')}.${iso.slice(20, 23)}`,
    offset: statedMinutes === undefined && minutes === 0 ? undefined : `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`,
  };
}
