/**
 * The page's preview picture as a JPEG of bounded size: it is the first thing that travels over a slow line. The 8-bit grey
 * is made by preview-pixels.ts, so that sharp never sees 16-bit samples (it would silently collapse them to a few values).
 */
import sharp from 'sharp';
import type { PreviewPixels } from './preview-pixels.ts';

/** A second on a line of 1.2 Mbit/s. */
export const PREVIEW_BYTES_MAX = 150_000;
/** A film passes at the first; noise, a page of text or a damaged detector may need the others. */
const QUALITIES = [82, 70, 55, 40, 25];
const SHRINK = 0.7;

export async function encodePreview({ width, height, grey }: PreviewPixels): Promise<Uint8Array> {
  for (let scale = 1; ; scale *= SHRINK) {
    for (const quality of QUALITIES) {
      const picture = sharp(grey, { raw: { width, height, channels: 1 } });
      const sized = scale === 1 ? picture : picture.resize(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)), { fit: 'fill' });
      const jpeg = await sized.toColourspace('b-w').jpeg({ quality }).toBuffer();
      if (jpeg.length <= PREVIEW_BYTES_MAX) return jpeg;
    }
  }
}
