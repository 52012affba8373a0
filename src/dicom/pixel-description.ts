/**
 * Image Pixel module (PS3.3 C.7.6.3): what the header says about the pixels, checked by arithmetic before anybody
 * allocates for them. Left out: bits allocated other than 8 and 16, Float and Double Float Pixel Data: no radiograph
 * has them.
 */
import { FirstreadError } from '../errors.ts';
import { isPixelData, type DataSetNode } from './data-set.ts';
import { codeString, decimal, integer } from './element-values.ts';
import { TAG } from './tags.ts';

export interface PixelLimits {
  /** Rows × Columns. The largest X-ray detectors make 28 million pixels, film scanners 21 million. */
  readonly pixelCountMax: number;
}

export const PIXEL_LIMITS: PixelLimits = { pixelCountMax: 40_000_000 };

export interface PixelDescription {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: 1 | 3;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  /** As written, upper case; MONOCHROME2 assumed where it is missing and there is one sample. */
  readonly photometricInterpretation: string;
  /** Colour by plane (1) instead of by pixel (0); native and RLE pixels only. */
  readonly planar: boolean;
  readonly numberOfFrames: number;
  /** An overlay lies in the unused bits above the stored ones (retired; PS3.3 C.9.2, OverlayBitPosition). */
  readonly overlayInUnusedBits: boolean;
  /** What was corrected or assumed. */
  readonly remarks: readonly string[];
}

const unsupported = (why: string, details: Readonly<Record<string, string | number>> = {}): FirstreadError => new FirstreadError('pixels-unsupported', why, details);

/** Throws `pixels-unsupported`, `pixels-over-limit`, `pixels-damaged`. */
export function describePixels(dataSet: DataSetNode, limits: PixelLimits = PIXEL_LIMITS): PixelDescription {
  if (!dataSet.elements.has(TAG.PixelData)) {
    throw unsupported([...dataSet.elements.keys()].some(isPixelData) ? 'floating-point pixel data' : 'the object has no pixel data');
  }
  const rows = integer(dataSet, TAG.Rows) ?? 0;
  const columns = integer(dataSet, TAG.Columns) ?? 0;
  if (rows <= 0 || columns <= 0) throw new FirstreadError('pixels-damaged', 'Rows or Columns are missing', { rows, columns });
  if (rows > 65_535 || columns > 65_535 || rows * columns > limits.pixelCountMax) {
    throw new FirstreadError('pixels-over-limit', 'the picture is larger than the limit', { rows, columns, pixelCountMax: limits.pixelCountMax });
  }
  const samplesPerPixel = integer(dataSet, TAG.SamplesPerPixel) ?? 1;
  if (samplesPerPixel !== 1 && samplesPerPixel !== 3) throw unsupported('samples per pixel', { samplesPerPixel });
  const bitsAllocated = integer(dataSet, TAG.BitsAllocated) ?? 0;
  if (bitsAllocated !== 8 && bitsAllocated !== 16) throw unsupported('bits allocated other than 8 and 16', { bitsAllocated });
  const remarks: string[] = [];
  const written = { bitsStored: integer(dataSet, TAG.BitsStored), highBit: integer(dataSet, TAG.HighBit) };
  let bitsStored = written.bitsStored ?? bitsAllocated;
  if (bitsStored < 1 || bitsStored > bitsAllocated) {
    remarks.push('bits-stored-corrected');
    bitsStored = bitsAllocated;
  }
  let highBit = written.highBit ?? bitsStored - 1;
  if (highBit < bitsStored - 1 || highBit >= bitsAllocated) {
    remarks.push('high-bit-corrected');
    highBit = bitsStored - 1;
  }
  const frames = Math.trunc(decimal(dataSet, TAG.NumberOfFrames) ?? 1);
  const photometric = codeString(dataSet, TAG.PhotometricInterpretation)?.toUpperCase();
  if (photometric === undefined) remarks.push('photometric-interpretation-assumed');
  return {
    rows,
    columns,
    samplesPerPixel,
    bitsAllocated,
    bitsStored,
    highBit,
    signed: integer(dataSet, TAG.PixelRepresentation) === 1,
    photometricInterpretation: photometric ?? (samplesPerPixel === 1 ? 'MONOCHROME2' : 'RGB'),
    planar: integer(dataSet, TAG.PlanarConfiguration) === 1,
    numberOfFrames: frames >= 1 ? frames : 1,
    overlayInUnusedBits: Array.from({ length: 16 }, (_, i) => integer(dataSet, 0x60000102 + i * 0x20000) ?? 0).some((position) => position > 0),
    remarks,
  };
}

/** Bytes of one native frame. YBR_FULL_422 keeps every second pair of colour samples (PS3.3 C.7.6.3.1.2). */
export function nativeFrameBytes(pixels: PixelDescription): number {
  const samples = pixels.photometricInterpretation === 'YBR_FULL_422' && pixels.samplesPerPixel === 3 ? 2 : pixels.samplesPerPixel;
  return pixels.rows * pixels.columns * samples * (pixels.bitsAllocated / 8);
}
