/** Rendered pixels → JPEG or PNG, by sharp on its own threads. Loaded with the first picture: a hub without viewers never loads it. */
import sharp from 'sharp';
import type { RenderedPixels } from './render.ts';
import type { Encoding } from './views.ts';

/** What the page may wait for on a slow line. */
const PREVIEW_BYTES_MAX = 150_000;
const QUALITIES = [82, 70, 55, 40] as const;
const SMALLER = 0.7;

const raw = ({ width, height, channels, samples }: RenderedPixels): ReturnType<typeof sharp> =>
  sharp(samples, { raw: { width, height, channels }, limitInputPixels: false }).toColourspace(channels === 1 ? 'b-w' : 'srgb');

export async function encodePixels(pixels: RenderedPixels, { mediaType, quality }: Encoding): Promise<Uint8Array> {
  // Quick rather than small: a viewer next door asks for PNG to have every grey value.
  return mediaType === 'image/png' ? raw(pixels).png({ compressionLevel: 4 }).toBuffer() : raw(pixels).jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer();
}

/** Grain and noise make large JPEGs: lower quality first, then fewer pixels. */
export async function encodeSmall(pixels: RenderedPixels): Promise<Uint8Array> {
  let jpeg: Uint8Array = new Uint8Array();
  for (let width = pixels.width; ; width = Math.max(1, Math.floor(width * SMALLER))) {
    for (const quality of QUALITIES) {
      jpeg = await (width === pixels.width ? raw(pixels) : raw(pixels).resize({ width })).jpeg({ quality }).toBuffer();
      if (jpeg.length <= PREVIEW_BYTES_MAX) return jpeg;
    }
    if (width === 1) return jpeg;
  }
}
