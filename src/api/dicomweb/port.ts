/**
 * PORT of the DICOMweb service: stored objects as the hub keeps them, and the questions about their content, which the
 * hub has answered in threads. Nothing here knows a path, SQLite or a codec.
 */
import type { Readable } from 'node:stream';
import type { ErrorCode } from '../../errors.ts';
import type { StudyMatch } from '../../study/study-match.ts';
import type { InstanceHeader } from '../../study/types.ts';
import type { OpenedFile } from '../ports.ts';

/** One object of a study: an image as it came, or a report or picture of ours. */
export interface DicomObject {
  readonly studyInstanceUid: string;
  /** Made up where the sender left it out; the same one each time. */
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly origin: 'received' | 'own';
  readonly fileKey: string;
  readonly byteLength: number;
  /** Retention has removed the file. */
  readonly removed: boolean;
  readonly header: InstanceHeader;
}

export interface DicomStudy {
  readonly studyInstanceUid: string;
  /** In the order of arrival, reports last; of objects under one UID the first one. */
  readonly objects: readonly DicomObject[];
  /** Patient and study, from the first image that names them. */
  readonly facts: Partial<InstanceHeader>;
}

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** Where the frames of an object lie, and whether a client may be given them as they lie there. */
export interface StoredFrames {
  readonly kind: 'native' | 'encapsulated';
  readonly given: 'as-stored' | 'decode';
  readonly ranges: readonly (readonly ByteRange[])[];
}

export interface ObjectDescription {
  readonly transferSyntaxUid: string;
  /** DICOM JSON Model; addresses of bulk data begin with `bulkDataMark`. */
  readonly json: string;
  readonly frames?: StoredFrames;
  readonly framesProblem?: ErrorCode;
}

export interface RenderWish {
  readonly window?: { readonly center: number; readonly width: number; readonly function: 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID' };
  readonly viewport?: {
    readonly width: number;
    readonly height: number;
    readonly region?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  };
}

export interface Encoding {
  readonly mediaType: 'image/jpeg' | 'image/png';
  readonly quality: number;
}

export interface DicomWebPort {
  readonly bulkDataMark: string;
  /** Newest first; only studies that still have something to show. */
  findStudies(match: StudyMatch, page: { readonly limit: number; readonly offset: number }): readonly string[];
  study(studyInstanceUid: string): DicomStudy | undefined;
  /** Of the file; undefined where it is gone. */
  byteLength(object: DicomObject): Promise<number | undefined>;
  open(object: DicomObject): Promise<OpenedFile | undefined>;
  openRanges(object: DicomObject, ranges: readonly ByteRange[]): Readable;
  describe(object: DicomObject): Promise<ObjectDescription>;
  /** Frames count from 1. */
  nativeFrame(object: DicomObject, frame: number, signal: AbortSignal): Promise<Uint8Array>;
  value(object: DicomObject, element: string): Promise<Uint8Array>;
  render(object: DicomObject, frame: number, wish: RenderWish, encoding: Encoding, signal: AbortSignal): Promise<Uint8Array>;
}
