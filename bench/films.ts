/**
 * Drawn chest films for benches, as DICOM objects with placeholder UIDs: drawn and coded once, kept in a folder of the
 * system's temporary one, then sent any number of times under fresh UIDs written over the placeholders.
 */
import assert from 'node:assert';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawChest } from '../fixtures/draw-chest.ts';
import { writeImage } from '../fixtures/encode-pixels.ts';
import { readPart10 } from '../src/dicom/part10.ts';

export const FILM_KINDS = { raw: '1.2.840.10008.1.2.1', 'jpeg-lossless': '1.2.840.10008.1.2.4.70', 'jpeg-2000': '1.2.840.10008.1.2.4.90' } as const;
export type FilmKind = keyof typeof FILM_KINDS;

export const FILM_SOP_CLASS_UID = '1.2.840.10008.5.1.4.1.1.1.1';
/** Of one length, so that others fit over them. */
const SOP_INSTANCE_UID = '2.25.100000000000000000000000000000000001';
const STUDY_INSTANCE_UID = '2.25.200000000000000000000000000000000001';
/** Both UIDs lie in the first elements. */
const HEAD_BYTES = 4096;
/** Another number when what is drawn or written changes. */
const CACHE_VERSION = 1;

export interface Film {
  readonly kind: FilmKind;
  readonly width: number;
  readonly height: number;
  readonly transferSyntaxUid: string;
  /** Data set, its first bytes apart because they are patched. */
  readonly head: Buffer;
  readonly tail: Buffer;
}

export interface FilmObject {
  readonly film: Film;
  readonly sopInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly head: Buffer;
}

export interface FilmPlan {
  readonly kind: FilmKind;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
}

/** A film of a large flat panel: 2500 × 3056, 12 bits, 15.3 MB raw. */
export const fullSizeFilm = (kind: FilmKind, seed = 1): FilmPlan => ({ kind, seed, width: 2500, height: 3056 });

export function makeFilm(plan: FilmPlan): Film {
  const folder = join(tmpdir(), 'firstread-bench-films');
  const name = `${createHash('sha256').update(JSON.stringify([CACHE_VERSION, plan])).digest('hex').slice(0, 24)}.dcm`;
  const path = join(folder, name);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.${process.pid}`, draw(plan));
    renameSync(`${path}.${process.pid}`, path);
  }
  const file = readFileSync(path);
  const dataSet = file.subarray(readPart10(file).dataSetOffset);
  const { kind, width, height } = plan;
  return { kind, width, height, transferSyntaxUid: FILM_KINDS[kind], head: dataSet.subarray(0, HEAD_BYTES), tail: dataSet.subarray(HEAD_BYTES) };
}

/** The film as one more object: another instance of another study. `serial`: never used before in this hub. */
export function filmObject(film: Film, serial: number): FilmObject {
  const digits = String(serial).padStart(12, '0');
  const patch = (uid: string): string => uid.slice(0, -digits.length) + digits;
  const head = Buffer.from(film.head);
  const write = (placeholder: string): string => {
    const at = head.indexOf(placeholder, 0, 'latin1');
    assert(at > 0, 'the UIDs lie in the head');
    head.write(patch(placeholder), at, 'latin1');
    return patch(placeholder);
  };
  return { film, head, sopInstanceUid: write(SOP_INSTANCE_UID), studyInstanceUid: write(STUDY_INSTANCE_UID) };
}

export const objectBytes = ({ film }: FilmObject): number => film.head.length + film.tail.length;

function draw({ kind, seed, width, height }: FilmPlan): Uint8Array {
  const lesions = seed % 2 === 0 ? [] : [{ kind: 'infiltrate', x: 0.3, y: 0.27, radius: 0.12, strength: 0.3 } as const];
  const { cells } = drawChest({ seed, width, height, lesions });
  const values = Uint16Array.from(cells, (cell) => Math.round((0.04 + 0.92 * cell) * 4095));
  return writeImage(
    {
      SpecificCharacterSet: 'ISO_IR 192',
      SOPClassUID: FILM_SOP_CLASS_UID,
      SOPInstanceUID: SOP_INSTANCE_UID,
      StudyInstanceUID: STUDY_INSTANCE_UID,
      SeriesInstanceUID: '2.25.300000000000000000000000000000000001',
      Modality: 'DX',
      PresentationIntentType: 'FOR PRESENTATION',
      BodyPartExamined: 'CHEST',
      ViewPosition: 'PA',
      PatientName: 'BENCH^FILM',
      PatientID: 'BENCH',
      PatientBirthDate: '19700101',
      PatientSex: 'M',
      PatientAge: '056Y',
      StudyDate: '20261121',
      StudyTime: '101500',
      AccessionNumber: 'BENCH',
      ReferringPhysicianName: '',
      StudyID: '1',
      SeriesNumber: 1,
      InstanceNumber: 1,
      ImagerPixelSpacing: [0.14, 0.14],
    },
    { rows: height, columns: width, bitsStored: 12, values },
    FILM_KINDS[kind],
  );
}
