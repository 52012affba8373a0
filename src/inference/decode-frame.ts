/**
 * A stored instance → the picture as the models see it: Part 10 → first frame → stored values → Modality LUT and
 * polarity → GrayImage. Runs in a decoding thread (decode-pool.ts), where it can be killed.
 */
import { createHash } from 'node:crypto';
import { describePixels, PIXEL_LIMITS, type PixelLimits } from '../dicom/pixel-description.ts';
import { firstFrame } from '../dicom/pixel-frames.ts';
import { readPart10 } from '../dicom/part10.ts';
import { decimals } from '../dicom/element-values.ts';
import { TAG } from '../dicom/tags.ts';
import type { ParsedDataSet } from '../dicom/data-set.ts';
import { decodeFrame } from './decode-codestream.ts';
import { colourToGray } from './decode-colour.ts';
import type { GrayImage } from './gray-image.ts';
import { toGrayPlane } from './modality-lut.ts';
import type { StoredValues } from './stored-values.ts';
import { readVoi, type Voi } from './voi.ts';

export interface DecodeOptions {
  readonly limits?: PixelLimits;
  /** Keeps the stored values beside the picture (for `comparePixels`): as much memory again. */
  readonly keepStored?: boolean;
  /** SHA-256 over stored values and shape. */
  readonly hash?: boolean;
}

export interface DecodedInstance {
  readonly image: GrayImage;
  /** Transfer syntax and how it was decoded; goes into the report. */
  readonly decodePath: string;
  /** The pixels may have lost information on the way here. */
  readonly lossy: boolean;
  /** As the header says, not as decoded. */
  readonly photometricInterpretation: string;
  readonly bitsStored: number;
  readonly numberOfFrames: number;
  readonly voi?: Voi;
  readonly stored?: StoredValues;
  readonly rawHash?: string;
  readonly remarks: readonly string[];
}

export function spacingOf(dataSet: ParsedDataSet): Pick<GrayImage, 'spacingMm' | 'spacingAtDetector' | 'pixelAspect'> {
  for (const [tag, atDetector] of [[TAG.PixelSpacing, false], [TAG.ImagerPixelSpacing, true]] as const) {
    const [row, column] = decimals(dataSet, tag);
    if (row !== undefined && column !== undefined && row > 0 && column > 0) return { spacingMm: [row, column], ...(atDetector ? { spacingAtDetector: true } : {}) };
  }
  const [vertical, horizontal] = decimals(dataSet, TAG.PixelAspectRatio);
  return vertical !== undefined && horizontal !== undefined && vertical > 0 && horizontal > 0 ? { pixelAspect: vertical / horizontal } : {};
}

/** The same hash for the same stored values, whichever way they were encoded and however wide they were stored. */
export function hashStoredValues(stored: StoredValues): string {
  const hash = createHash('sha256').update(`${stored.rows}x${stored.columns}x${stored.samplesPerPixel}:`);
  const wide = Int32Array.from(stored.values);
  return hash.update(new Uint8Array(wide.buffer)).digest('hex');
}

/** Rejects with `not-dicom`, `data-set-…` or `pixels-…`. */
export async function decodeInstance(part10: Uint8Array, options: DecodeOptions = {}): Promise<DecodedInstance> {
  const { meta, dataSet, remarks: fileRemarks } = readPart10(part10, { salvage: true });
  const pixels = describePixels(dataSet, options.limits ?? PIXEL_LIMITS);
  const frame = firstFrame(dataSet, pixels);
  const decoded = await decodeFrame(frame, pixels, meta.transferSyntaxUid);
  const { stored } = decoded;
  const colour = stored.samplesPerPixel === 3 || pixels.photometricInterpretation === 'PALETTE COLOR';
  const plane = colour ? colourToGray(stored, dataSet, decoded.photometricInterpretation) : toGrayPlane(stored, dataSet, pixels.photometricInterpretation);
  const voi = colour ? undefined : readVoi(dataSet, plane, pixels.photometricInterpretation);
  return {
    image: { width: stored.columns, height: stored.rows, pixels: plane.pixels, maxValue: plane.maxValue, ...spacingOf(dataSet) },
    decodePath: `${meta.transferSyntaxUid} full`,
    lossy: decoded.lossy,
    photometricInterpretation: pixels.photometricInterpretation,
    bitsStored: stored.bitsStored,
    numberOfFrames: pixels.numberOfFrames,
    ...(voi === undefined ? {} : { voi }),
    // They may be the picture itself: two owners, two copies.
    ...(options.keepStored ? { stored: { ...stored, values: stored.values.slice() } } : {}),
    ...(options.hash ? { rawHash: hashStoredValues(stored) } : {}),
    remarks: [...new Set([...fileRemarks, ...pixels.remarks, ...frame.remarks, ...decoded.remarks, ...plane.remarks])],
  };
}
