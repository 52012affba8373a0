/**
 * A bare PNG or JPEG (no DICOM around it) → GrayImage, for `firstread analyse`. View, age and spacing are unknown, and
 * the caller says so. 16-bit PNG stays 16 bits deep.
 */
import sharp from 'sharp';
import { PIXEL_LIMITS, type PixelLimits } from '../dicom/pixel-description.ts';
import { FirstreadError } from '../errors.ts';
import type { GrayImage } from './gray-image.ts';

export interface DecodedPicture {
  readonly image: GrayImage;
  readonly format: 'png' | 'jpeg';
  readonly lossy: boolean;
}

/** By the first bytes: 89 "PNG", FF D8 FF. */
export function pictureFormat(bytes: Uint8Array): 'png' | 'jpeg' | undefined {
  if (bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[2] === 0x4e && bytes[3] === 0x47) return 'png';
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg';
  return undefined;
}

/** Rejects with `pixels-unsupported`, `pixels-over-limit` or `pixels-damaged`. */
export async function decodePicture(bytes: Uint8Array, limits: PixelLimits = PIXEL_LIMITS): Promise<DecodedPicture> {
  const format = pictureFormat(bytes);
  if (format === undefined) throw new FirstreadError('pixels-unsupported', 'neither PNG nor JPEG');
  try {
    const picture = sharp(bytes, { limitInputPixels: limits.pixelCountMax, failOn: 'warning', pages: 1 });
    const { depth, width, height } = await picture.metadata();
    if (width * height > limits.pixelCountMax) throw new FirstreadError('pixels-over-limit', undefined, { width, height, pixelCountMax: limits.pixelCountMax });
    const deep = depth === 'ushort';
    // autoOrient: a phone's photograph of a film carries its orientation in EXIF. Without grey16, sharp collapses
    // 16-bit grey to a handful of values.
    const plane = picture.autoOrient().flatten({ background: '#000' }).toColourspace(deep ? 'grey16' : 'b-w').extractChannel(0).raw({ depth: deep ? 'ushort' : 'uchar' });
    const { data, info } = await plane.toBuffer({ resolveWithObject: true });
    const copy = new Uint8Array(data).buffer;
    const pixels = deep ? new Uint16Array(copy) : new Uint8Array(copy);
    if (pixels.length !== info.width * info.height) throw new FirstreadError('pixels-damaged', 'the picture has another size than it says');
    return { image: { width: info.width, height: info.height, pixels, maxValue: deep ? 65_535 : 255 }, format, lossy: format === 'jpeg' };
  } catch (error) {
    if (error instanceof FirstreadError) throw error;
    const message = error instanceof Error ? error.message : 'unknown';
    if (/pixel limit/i.test(message)) throw new FirstreadError('pixels-over-limit', 'the picture is larger than the limit', { pixelCountMax: limits.pixelCountMax }, error);
    throw new FirstreadError('pixels-damaged', `the picture cannot be decoded: ${message.split('\n')[0]!.slice(0, 200)}`, {}, error);
  }
}
