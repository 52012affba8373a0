/**
 * The markers of a JPEG (ISO/IEC 10918-1 annex B) or JPEG-LS (ISO/IEC 14495-1 annex C) stream: what the frame header
 * says, and whether the stream is whole. Read before any decoder, whose error is often a wrong picture.
 */
import { FirstreadError } from '../../errors.ts';

export interface JpegStream {
  /** SOFn: 0 baseline, 1 extended, 2 progressive, 3 lossless, 9–11 arithmetic; 55 stands for JPEG-LS (F7). */
  readonly process: number;
  readonly precision: number;
  readonly rows: number;
  readonly columns: number;
  readonly components: number;
  /** RGB rather than YCbCr, where the stream says so (Adobe transform 0, or component ids R, G, B). */
  readonly storedAsRgb: boolean;
  /** The end marker is there (padding behind it allowed). */
  readonly complete: boolean;
  /** Where the stream ends: behind EOI, without padding. */
  readonly end: number;
  /** JPEG-LS NEAR of the first scan: 0 is lossless. */
  readonly near: number;
}

const damaged = (why: string, offset: number): FirstreadError => new FirstreadError('pixels-damaged', `JPEG stream: ${why}`, { offset });
const SOF_MARKERS = new Set([0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf, 0xf7]);

export function inspectJpeg(bytes: Uint8Array): JpegStream {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) throw damaged('no SOI', 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let frame: Omit<JpegStream, 'complete' | 'end' | 'storedAsRgb' | 'near'> | undefined;
  let componentIds = '';
  let adobeTransform: number | undefined;
  let at = 2;
  for (;;) {
    while (at < bytes.length && bytes[at] === 0xff && bytes[at + 1] === 0xff) at++; // fill bytes
    if (at + 4 > bytes.length) throw damaged('ends before the first scan', at);
    if (bytes[at] !== 0xff) throw damaged('no marker where one must be', at);
    const marker = bytes[at + 1]!;
    if (marker === 0xd8 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += 2;
      continue;
    }
    if (marker === 0xd9) throw damaged('ends before the first scan', at);
    const length = view.getUint16(at + 2);
    if (length < 2 || at + 2 + length > bytes.length) throw damaged('a segment reaches past the end', at);
    if (SOF_MARKERS.has(marker)) {
      if (length < 8 + 3 || frame !== undefined) throw damaged('frame header', at);
      const components = bytes[at + 9]!;
      if (length < 8 + 3 * components || components === 0) throw damaged('frame header', at);
      frame = { process: marker === 0xf7 ? 55 : marker - 0xc0, precision: bytes[at + 4]!, rows: view.getUint16(at + 5), columns: view.getUint16(at + 7), components };
      for (let i = 0; i < components; i++) componentIds += String.fromCharCode(bytes[at + 10 + 3 * i]!);
    } else if (marker === 0xee && length >= 14 && String.fromCharCode(...bytes.subarray(at + 4, at + 9)) === 'Adobe') adobeTransform = bytes[at + 15];
    else if (marker === 0xda) break;
    at += 2 + length;
  }
  if (frame === undefined) throw damaged('a scan without a frame header', at);
  const selected = bytes[at + 4] ?? 0;
  const end = endOfImage(bytes, at);
  return { ...frame, storedAsRgb: adobeTransform === 0 || componentIds === 'RGB', complete: end !== undefined, end: end ?? bytes.length, near: bytes[at + 5 + 2 * selected] ?? 0 };
}

/** EOI is the last marker; only padding (even length, sometimes a word or a block of zeros) may follow. */
function endOfImage(bytes: Uint8Array, from: number): number | undefined {
  let end = bytes.length;
  while (end > from && (bytes[end - 1] === 0x00 || (bytes[end - 1] === 0xff && end === bytes.length))) end--;
  return end - 2 > from && bytes[end - 1] === 0xd9 && bytes[end - 2] === 0xff ? end : undefined;
}
