/**
 * The page's preview picture as a JPEG. The 8-bit grey is made by preview-pixels.ts, so that sharp never sees 16-bit
 * samples (it would silently collapse them to a few values).
 */
import sharp from 'sharp';
import type { PreviewPixels } from './preview-pixels.ts';

const JPEG_QUALITY = 82;

export async function encodePreview({ width, height, grey }: PreviewPixels): Promise<Uint8Array> {
  return sharp(grey, { raw: { width, height, channels: 1 } }).toColourspace('b-w').jpeg({ quality: JPEG_QUALITY }).toBuffer();
}
