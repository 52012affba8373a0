/**
 * Films for the viewer's tests: one drawn pattern that shows every turn and mirror (a bright block at the upper left, a
 * dark one at the right, a slope), stored in the ways in which real detectors store: polarity, sign, spacing, syntax.
 */
import { writeImage, type PixelSource } from '../../fixtures/encode-pixels.ts';
import { uidFromHash } from '../../src/dicom/uid.ts';

export interface Film {
  readonly key: string;
  readonly studyKey?: string;
  readonly rows: number;
  readonly columns: number;
  readonly transferSyntaxUid?: string;
  readonly photometricInterpretation?: 'MONOCHROME1' | 'MONOCHROME2';
  readonly signed?: boolean;
  readonly bitsStored?: number;
  /** Added to every stored value, for signed films. */
  readonly offset?: number;
  readonly elements?: Readonly<Record<string, unknown>>;
}

/** 0–1, bright is 1, whatever the polarity of the file. */
export function patternAt(x: number, y: number): number {
  if (x > 0.08 && x < 0.3 && y > 0.06 && y < 0.2) return 1;
  if (x > 0.62 && x < 0.9 && y > 0.4 && y < 0.55) return 0.04;
  if (Math.hypot(x - 0.4, (y - 0.72) * 1.1) < 0.12) return 0.85;
  return 0.25 + 0.35 * x + 0.15 * y + 0.05 * Math.sin(22 * y);
}

export const studyUidOf = (key: string): string => uidFromHash('viewer study', key);
export const sopUidOf = (key: string): string => uidFromHash('viewer instance', key);

export function filmFile(film: Film): Uint8Array {
  const { key, studyKey = key, rows, columns, bitsStored = 12, signed = false, offset = 0, photometricInterpretation = 'MONOCHROME2' } = film;
  const values = signed ? new Int16Array(rows * columns) : bitsStored === 8 ? new Uint8Array(rows * columns) : new Uint16Array(rows * columns);
  const white = 2 ** bitsStored - 1;
  for (let y = 0, i = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1, i += 1) {
      const grey = patternAt((x + 0.5) / columns, (y + 0.5) / rows);
      values[i] = Math.round((photometricInterpretation === 'MONOCHROME1' ? 1 - grey : grey) * white) + offset;
    }
  }
  const source: PixelSource = { rows, columns, bitsStored, signed, photometricInterpretation, values };
  const middle = Math.round(white / 2) + offset;
  return writeImage(
    {
      SpecificCharacterSet: 'ISO_IR 192', SOPClassUID: '1.2.840.10008.5.1.4.1.1.1.1', SOPInstanceUID: sopUidOf(key), StudyInstanceUID: studyUidOf(studyKey), SeriesInstanceUID: uidFromHash('viewer series', key),
      Modality: 'DX', PresentationIntentType: 'FOR PRESENTATION', BodyPartExamined: 'CHEST', ViewPosition: 'PA', PatientName: `PHIM^${studyKey.toUpperCase()}`, PatientID: `V-${studyKey}`.slice(0, 60), PatientBirthDate: '19700101', PatientSex: 'F',
      StudyDate: '20261121', StudyTime: '101500', AccessionNumber: `V${studyKey}`.slice(0, 16), ReferringPhysicianName: '', StudyID: '1', SeriesNumber: 1, InstanceNumber: 1,
      WindowCenter: middle, WindowWidth: white, PatientOrientation: ['L', 'F'],
      ...film.elements,
    },
    source,
    film.transferSyntaxUid ?? '1.2.840.10008.1.2.1',
  );
}
