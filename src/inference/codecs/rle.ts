/**
 * RLE Lossless (PS3.5 annex G): up to 15 byte planes, most significant first, each PackBits-compressed. Every plane
 * must give exactly one byte per pixel: anything else is damage.
 */
import { FirstreadError } from '../../errors.ts';

const HEADER_BYTES = 64;

const damaged = (why: string, details: Readonly<Record<string, number>>): FirstreadError => new FirstreadError('pixels-damaged', `RLE: ${why}`, details);

function unpackPlane(segment: Uint8Array, plane: Uint8Array, plainOffset: number, stride: number, pixelCount: number, index: number): void {
  let written = 0;
  let at = 0;
  while (written < pixelCount) {
    if (at >= segment.length) throw damaged('a segment ends too early', { segment: index, writtenBytes: written, neededBytes: pixelCount });
    const control = segment[at++]!;
    if (control === 128) continue;
    const count = control < 128 ? control + 1 : 257 - control;
    if (written + count > pixelCount) throw damaged('a run reaches past the picture', { segment: index, writtenBytes: written });
    if (control < 128) {
      if (at + count > segment.length) throw damaged('a segment ends too early', { segment: index, writtenBytes: written, neededBytes: pixelCount });
      for (let i = 0; i < count; i++) plane[plainOffset + (written + i) * stride] = segment[at + i]!;
      at += count;
    } else {
      if (at >= segment.length) throw damaged('a segment ends too early', { segment: index, writtenBytes: written, neededBytes: pixelCount });
      const value = segment[at++]!;
      if (stride === 1) plane.fill(value, plainOffset + written, plainOffset + written + count);
      else for (let i = 0, to = plainOffset + written * stride; i < count; i++, to += stride) plane[to] = value;
    }
    written += count;
  }
}

/** Samples little endian, interleaved by pixel: rows × columns × samples × bytes. */
export function decodeRle(encoded: Uint8Array, pixelCount: number, samplesPerPixel: number, bytesPerSample: number): Uint8Array {
  if (encoded.length < HEADER_BYTES) throw damaged('the header is cut short', { presentBytes: encoded.length });
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  const segmentCount = view.getUint32(0, true);
  const expected = samplesPerPixel * bytesPerSample;
  if (segmentCount !== expected) throw damaged('the number of segments does not fit the picture', { segmentCount, expected });
  // Two bytes make at most 128: less than that cannot fill the picture (checked before allocating it).
  if ((encoded.length - HEADER_BYTES) * 64 < pixelCount * expected) throw damaged('too few bytes for the picture', { presentBytes: encoded.length });
  const offsets = Array.from({ length: segmentCount }, (_, i) => view.getUint32(4 + 4 * i, true));
  const samples = new Uint8Array(pixelCount * expected);
  offsets.forEach((offset, index) => {
    const end = offsets[index + 1] ?? encoded.length;
    if (offset < HEADER_BYTES || end > encoded.length || offset >= end) throw damaged('a segment lies outside', { segment: index, offset });
    const sample = Math.floor(index / bytesPerSample);
    const byteOfSample = bytesPerSample - 1 - (index % bytesPerSample);
    unpackPlane(encoded.subarray(offset, end), samples, sample * bytesPerSample + byteOfSample, expected, pixelCount, index);
  });
  return samples;
}
