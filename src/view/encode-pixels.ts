/** Rendered pixels → JPEG or PNG, by sharp on its own threads. Loaded with the first picture: a hub without viewers never loads it. */
import sharp from 'sharp';
import type { RenderedPixels } from './render.ts';
import type { Encoding } from './views.ts';

const raw = ({ width, height, channels, samples }: RenderedPixels): ReturnType<typeof sharp> =>
  sharp(samples, { raw: { width, height, channels }, limitInputPixels: false }).toColourspace(channels === 1 ? 'b-w' : 'srgb');

export async function encodePixels(pixels: RenderedPixels, { mediaType, quality }: Encoding): Promise<Uint8Array> {
  // Quick rather than small: a viewer next door asks for PNG to have every grey value.
  return mediaType === 'image/png' ? raw(pixels).png({ compressionLevel: 4 }).toBuffer() : raw(pixels).jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer();
}
