/**
 * The facts of one instance that the registry keeps and eligibility is judged by (study/types.ts InstanceHeader):
 * Patient, Study, Series, Equipment and Image Pixel modules (PS3.3 C.7). Strings are Unicode NFC, trimmed; what is
 * absent, empty or unusable is left out. Nothing is invented, except where a coded sequence says what a missing plain
 * attribute would have said (view, body part).
 */
import type { InstanceHeader } from '../study/types.ts';
import { recogniseEncoding, type RecognisedCharacterSet } from './character-set.ts';
import { isPixelData, type DataSetNode, type ParsedDataSet } from './data-set.ts';
import { codeString, codeStrings, decimals, elementBytes, integer, itemsOf, textStrings } from './element-values.ts';
import { patientAgeYears } from './patient-age.ts';
import { TAG } from './tags.ts';

const TEXT_TAGS = [
  TAG.PatientName, TAG.PatientID, TAG.IssuerOfPatientID, TAG.AccessionNumber, TAG.StudyDescription, TAG.SeriesDescription, TAG.InstitutionName,
  TAG.InstitutionalDepartmentName, TAG.StationName, TAG.Manufacturer, TAG.ManufacturerModelName, TAG.ReferringPhysicianName, TAG.StudyID, TAG.PatientSpeciesDescription,
  TAG.CurrentPatientLocation, TAG.RequestingService,
] as const;

/** The declared character set, corrected by what all the text of the data set together looks like. */
export function characterSetOf(dataSet: DataSetNode): RecognisedCharacterSet {
  const terms = codeStrings(dataSet, TAG.SpecificCharacterSet);
  const texts = TEXT_TAGS.map((tag) => elementBytes(dataSet, tag)).filter((bytes) => bytes !== undefined && bytes.length <= 1024);
  const pooled: number[] = [];
  for (const text of texts) pooled.push(...text!, 0x20);
  const recognised = recogniseEncoding(Uint8Array.from(pooled), terms);
  return recognised === undefined ? { terms } : { terms, recognised };
}

/** View codes (PS3.16 CID 4010) → ViewPosition terms; SNOMED CT and the older SNOMED RT. */
const VIEW_BY_CODE: Readonly<Record<string, string>> = {
  '399348003': 'AP', 'R-10206': 'AP', '399352003': 'PA', '272479007': 'PA', 'R-10214': 'PA', '399067008': 'LATERAL', 'R-10225': 'LATERAL',
  '399198007': 'RL', 'R-10232': 'RL', '399173006': 'LL', 'R-10236': 'LL', '399135006': 'RLO', '399182000': 'OBLIQUE',
};

/** Anatomic regions (PS3.16 CID 4009) that are a chest, in the words of BodyPartExamined. */
const CHEST_CODES = new Set(['51185008', 'T-D3000', '43799004', '816094009']);

function viewPosition(dataSet: DataSetNode): string | undefined {
  const plain = codeString(dataSet, TAG.ViewPosition);
  if (plain !== undefined) return plain;
  const code = itemsOf(dataSet, TAG.ViewCodeSequence)[0];
  return code === undefined ? undefined : VIEW_BY_CODE[codeString(code, TAG.CodeValue) ?? ''];
}

function bodyPartExamined(dataSet: DataSetNode): string | undefined {
  const plain = codeString(dataSet, TAG.BodyPartExamined);
  if (plain !== undefined) return plain;
  const region = itemsOf(dataSet, TAG.AnatomicRegionSequence)[0];
  if (region === undefined) return undefined;
  if (CHEST_CODES.has(codeString(region, TAG.CodeValue) ?? '')) return 'CHEST';
  return codeString(region, TAG.CodeMeaning)?.toUpperCase();
}

function spacing(dataSet: DataSetNode, tag: number): readonly [number, number] | undefined {
  const [row, column] = decimals(dataSet, tag);
  return row !== undefined && column !== undefined && row > 0 && column > 0 ? [row, column] : undefined;
}

const positive = (value: number | undefined): number | undefined => (value !== undefined && value > 0 ? value : undefined);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Drops what is undefined, so that absent and present-but-unknown look the same in JSON and in the registry. */
function present<T extends object>(facts: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(facts)) if (value !== undefined) kept[key] = value;
  return kept as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** `command` is what the C-STORE command or the file meta information said; it stands where the data set is silent. */
export function readInstanceHeader(
  dataSet: ParsedDataSet,
  command: { readonly transferSyntaxUid: string; readonly sopClassUid?: string; readonly sopInstanceUid?: string },
): InstanceHeader {
  const characterSet = characterSetOf(dataSet);
  let characterSetGuessed = false;
  const text = (tag: number): string | undefined => {
    const { values, guessed } = textStrings(dataSet, tag, characterSet);
    characterSetGuessed ||= guessed;
    return values[0] || undefined;
  };
  const imageType = codeStrings(dataSet, TAG.ImageType);
  const frames = decimals(dataSet, TAG.NumberOfFrames)[0];
  const header = present({
    sopInstanceUid: codeString(dataSet, TAG.SOPInstanceUID) ?? command.sopInstanceUid ?? '',
    sopClassUid: codeString(dataSet, TAG.SOPClassUID) ?? command.sopClassUid ?? '',
    transferSyntaxUid: command.transferSyntaxUid,
    studyInstanceUid: codeString(dataSet, TAG.StudyInstanceUID) ?? '',
    seriesInstanceUid: codeString(dataSet, TAG.SeriesInstanceUID),
    patientId: text(TAG.PatientID),
    issuerOfPatientId: text(TAG.IssuerOfPatientID),
    patientName: text(TAG.PatientName),
    patientBirthDate: codeString(dataSet, TAG.PatientBirthDate),
    patientSex: codeString(dataSet, TAG.PatientSex),
    patientAgeYears: patientAgeYears(
      codeString(dataSet, TAG.PatientAge),
      codeString(dataSet, TAG.PatientBirthDate),
      codeString(dataSet, TAG.StudyDate) ?? codeString(dataSet, TAG.AcquisitionDate) ?? codeString(dataSet, TAG.SeriesDate) ?? codeString(dataSet, TAG.ContentDate),
    ),
    accessionNumber: text(TAG.AccessionNumber),
    studyDate: codeString(dataSet, TAG.StudyDate),
    studyTime: codeString(dataSet, TAG.StudyTime),
    studyDescription: text(TAG.StudyDescription),
    seriesDescription: text(TAG.SeriesDescription),
    referringPhysicianName: text(TAG.ReferringPhysicianName),
    studyId: text(TAG.StudyID),
    seriesNumber: decimals(dataSet, TAG.SeriesNumber)[0],
    instanceNumber: decimals(dataSet, TAG.InstanceNumber)[0],
    modality: codeString(dataSet, TAG.Modality),
    bodyPartExamined: bodyPartExamined(dataSet),
    viewPosition: viewPosition(dataSet),
    patientOrientation: codeStrings(dataSet, TAG.PatientOrientation).join('\\') || undefined,
    imageType: imageType.length > 0 ? imageType : undefined,
    presentationIntentType: codeString(dataSet, TAG.PresentationIntentType),
    photometricInterpretation: codeString(dataSet, TAG.PhotometricInterpretation),
    rows: positive(integer(dataSet, TAG.Rows)),
    columns: positive(integer(dataSet, TAG.Columns)),
    samplesPerPixel: positive(integer(dataSet, TAG.SamplesPerPixel)),
    numberOfFrames: positive(frames === undefined ? undefined : Math.trunc(frames)),
    bitsAllocated: positive(integer(dataSet, TAG.BitsAllocated)),
    bitsStored: positive(integer(dataSet, TAG.BitsStored)),
    pixelSpacing: spacing(dataSet, TAG.PixelSpacing),
    imagerPixelSpacing: spacing(dataSet, TAG.ImagerPixelSpacing),
    manufacturer: text(TAG.Manufacturer),
    manufacturerModelName: text(TAG.ManufacturerModelName),
    stationName: text(TAG.StationName),
    institutionName: text(TAG.InstitutionName),
    institutionalDepartmentName: text(TAG.InstitutionalDepartmentName),
    requestedProcedurePriority: codeString(dataSet, TAG.RequestedProcedurePriority),
    currentPatientLocation: text(TAG.CurrentPatientLocation),
    requestingService: text(TAG.RequestingService),
    completionFlag: codeString(dataSet, TAG.CompletionFlag),
    verificationFlag: codeString(dataSet, TAG.VerificationFlag),
    preliminaryFlag: codeString(dataSet, TAG.PreliminaryFlag),
    patientSpeciesDescription: text(TAG.PatientSpeciesDescription) ?? speciesByCode(dataSet),
    hasPixelData: [...dataSet.elements.keys()].some(isPixelData),
    characterSetGuessed: false,
  });
  (header as Mutable<InstanceHeader>).characterSetGuessed = characterSetGuessed;
  return header as InstanceHeader;
}

function speciesByCode(dataSet: DataSetNode): string | undefined {
  const code = itemsOf(dataSet, TAG.PatientSpeciesCodeSequence)[0];
  return code === undefined ? undefined : codeString(code, TAG.CodeMeaning);
}
