/** A small drawn chest as a DICOM file, quick to make: for tests that need many. */
import { drawChest } from '../../fixtures/draw-chest.ts';
import { writeImage } from '../../fixtures/encode-pixels.ts';
import { uidFromHash } from '../../src/dicom/uid.ts';

const SIDE = 256;
let drawn: Uint16Array | undefined;

export interface SmallChest {
  readonly key: string;
  readonly studyKey?: string;
  readonly patientName?: string;
  readonly transferSyntaxUid?: string;
  /** Changes one pixel: other bytes, another picture. */
  readonly mark?: number;
  readonly more?: Readonly<Record<string, string | number | readonly string[]>>;
}

export const studyUidOf = (key: string): string => uidFromHash('e2e study', key);

export function smallChest({ key, studyKey = key, patientName = `NGUYỄN^${key}`, transferSyntaxUid = '1.2.840.10008.1.2.1', mark, more = {} }: SmallChest): Uint8Array {
  drawn ??= Uint16Array.from(drawChest({ seed: 4, width: SIDE, height: SIDE, lesions: [] }).cells, (cell) => Math.round(cell * 4095));
  const values = drawn.slice();
  if (mark !== undefined) values[mark] = 4095 - (values[mark] as number);
  return writeImage(
    {
      SpecificCharacterSet: 'ISO_IR 192',
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.1.1',
      SOPInstanceUID: uidFromHash('e2e instance', key),
      StudyInstanceUID: studyUidOf(studyKey),
      SeriesInstanceUID: uidFromHash('e2e series', studyKey),
      Modality: 'DX',
      PresentationIntentType: 'FOR PRESENTATION',
      BodyPartExamined: 'CHEST',
      ViewPosition: 'PA',
      PatientName: patientName,
      PatientID: `ID-${studyKey}`.slice(0, 64),
      PatientBirthDate: '19700101',
      PatientSex: 'M',
      PatientAge: '056Y',
      StudyDate: '20261121',
      StudyTime: '101500',
      AccessionNumber: `AC${studyKey}`.slice(0, 16),
      ReferringPhysicianName: '',
      StudyID: '1',
      SeriesNumber: 1,
      InstanceNumber: 1,
      ...more,
    },
    { rows: SIDE, columns: SIDE, bitsStored: 12, values },
    transferSyntaxUid,
  );
}
