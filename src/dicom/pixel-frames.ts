/**
 * The first frame's bytes, native (PS3.5 8.1) or encapsulated (PS3.5 A.4, table A.4-1): offset tables where they can
 * be believed, codestream beginnings where not. Only what lies inside the pixel data element is ever touched.
 * Left out: frames after the first; a chest film has one.
 */
import { FirstreadError } from '../errors.ts';
import type { ByteRange, DataElement, ParsedDataSet } from './data-set.ts';
import { nativeFrameBytes, type PixelDescription } from './pixel-description.ts';
import { TAG } from './tags.ts';

export interface PixelFrame {
  /** Encapsulated: one codestream. Native: exactly the frame's samples. */
  readonly bytes: Uint8Array;
  readonly encapsulated: boolean;
  readonly remarks: readonly string[];
}

/** SOI of JPEG and JPEG-LS; SOC of JPEG 2000; the box of a JP2 file, which some writers leave around it. */
export function beginsCodestream(bytes: Uint8Array, at = 0): boolean {
  const [a, b, c] = [bytes[at], bytes[at + 1], bytes[at + 2]];
  return (a === 0xff && b === 0xd8 && c === 0xff) || (a === 0xff && b === 0x4f && c === 0xff) || (bytes[at + 4] === 0x6a && bytes[at + 5] === 0x50 && bytes[at + 6] === 0x20);
}

export function firstFrame(dataSet: ParsedDataSet, pixels: PixelDescription): PixelFrame {
  const element = dataSet.elements.get(TAG.PixelData);
  if (element === undefined) throw new FirstreadError('pixels-unsupported', 'the object has no pixel data');
  if (element.fragments !== undefined) return encapsulatedFrame(dataSet, element, element.fragments, pixels);
  const needed = nativeFrameBytes(pixels);
  const value = dataSet.bytes.subarray(element.offset, element.offset + element.length);
  if (value.length >= needed) {
    const bytes = value.subarray(0, needed);
    const remarks = pixels.numberOfFrames > 1 ? ['first-frame-of-several'] : [];
    // Big endian words that hold bytes (OW, 8 bits allocated): two samples lie in each word, the second one first.
    if (!dataSet.littleEndian && element.vr === 'OW' && pixels.bitsAllocated === 8) return { bytes: swapPairs(value.subarray(0, needed + (needed % 2))).subarray(0, needed), encapsulated: false, remarks };
    return { bytes, encapsulated: false, remarks };
  }
  // A codestream put into a plain element.
  if (!element.truncated && beginsCodestream(value)) return { bytes: value, encapsulated: true, remarks: ['codestream-without-fragments'] };
  throw new FirstreadError('pixels-damaged', 'the pixel data is shorter than the picture', { neededBytes: needed, presentBytes: value.length });
}

function swapPairs(bytes: Uint8Array): Uint8Array {
  const swapped = new Uint8Array(bytes.length);
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    swapped[i] = bytes[i + 1]!;
    swapped[i + 1] = bytes[i]!;
  }
  if (bytes.length % 2 === 1) swapped[bytes.length - 1] = bytes[bytes.length - 1]!;
  return swapped;
}

function encapsulatedFrame(dataSet: ParsedDataSet, element: DataElement, all: readonly ByteRange[], pixels: PixelDescription): PixelFrame {
  const [offsetTable, ...fragments] = all;
  const filled = fragments.filter((fragment) => fragment.length > 0);
  if (offsetTable === undefined || filled.length === 0) throw new FirstreadError('pixels-damaged', 'there are no fragments', { fragmentCount: fragments.length });
  const remarks = pixels.numberOfFrames > 1 ? ['first-frame-of-several'] : [];
  const own = pixels.numberOfFrames === 1 ? filled : fragmentsOfFirstFrame(dataSet, offsetTable, fragments, pixels.numberOfFrames);
  const last = own[own.length - 1]!;
  // Damage behind the first frame does not concern it.
  if (element.truncated && last === all[all.length - 1]) throw new FirstreadError('pixels-damaged', 'the pixel data is cut short', { fragmentCount: fragments.length });
  return { bytes: join(dataSet.bytes, own), encapsulated: true, remarks };
}

function fragmentsOfFirstFrame(dataSet: ParsedDataSet, table: ByteRange, fragments: readonly ByteRange[], frameCount: number): readonly ByteRange[] {
  if (fragments.length === frameCount) return fragments.slice(0, 1);
  if (table.length >= 8) {
    // The second offset counts from the first byte of the first fragment's item tag (PS3.5 A.4).
    const second = new DataView(dataSet.bytes.buffer, dataSet.bytes.byteOffset + table.offset, table.length).getUint32(4, true);
    const base = fragments[0]!.offset - 8;
    const next = fragments.findIndex((fragment) => fragment.offset - 8 - base === second);
    if (next > 0) return fragments.slice(0, next);
  }
  const next = fragments.findIndex((fragment, index) => index > 0 && fragment.length > 4 && beginsCodestream(dataSet.bytes, fragment.offset));
  return next > 0 ? fragments.slice(0, next) : fragments;
}

function join(bytes: Uint8Array, ranges: readonly ByteRange[]): Uint8Array {
  if (ranges.length === 1) return bytes.subarray(ranges[0]!.offset, ranges[0]!.offset + ranges[0]!.length);
  const joined = new Uint8Array(ranges.reduce((sum, range) => sum + range.length, 0));
  let at = 0;
  for (const { offset, length } of ranges) {
    joined.set(bytes.subarray(offset, offset + length), at);
    at += length;
  }
  return joined;
}
