/**
 * A stored object, opened for looking at: its header, and where in the file each frame lies. Reads as little as it can:
 * a cine loop of a gigabyte is told by its first 256 KiB and the headers of its fragments. Synchronous, because it runs
 * in a thread of its own (view-thread.ts). Deflated objects have to be inflated as a whole.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { ByteRange, DataElement, ParsedDataSet } from '../dicom/data-set.ts';
import { integer } from '../dicom/element-values.ts';
import { fragmentsByFrame } from '../dicom/frame-fragments.ts';
import { readPart10, type Part10 } from '../dicom/part10.ts';
import { beginsCodestream } from '../dicom/pixel-frames.ts';
import { TAG } from '../dicom/tags.ts';
import { transferSyntaxOrUnknown } from '../dicom/transfer-syntaxes.ts';
import { FirstreadError } from '../errors.ts';
import { frameBits } from './frame-size.ts';

export interface StoredFile {
  readonly transferSyntaxUid: string;
  /** Up to the pixel data; for a deflated object, all of it. */
  readonly dataSet: ParsedDataSet;
  readonly byteLength: number;
  /** Undefined where there is no pixel data; an error where it is there and cannot be told apart. */
  readonly frames: StoredFrames | FirstreadError | undefined;
  bytesOf(ranges: readonly ByteRange[]): Uint8Array;
  close(): void;
}

/** `as-stored`: a client may be given the bytes as they lie in the file. `decode`: only after decoding. */
export interface StoredFrames {
  readonly kind: 'native' | 'encapsulated';
  readonly given: 'as-stored' | 'decode';
  /** One list of ranges a frame. */
  readonly ranges: readonly (readonly ByteRange[])[];
}

export const STORED_FILE_LIMITS = {
  /** Objects with larger headers are none that a viewer shows. */
  headerMaxBytes: 64 * 2 ** 20,
  /** Deflated objects, and one frame: as much as a worker reads. */
  readMaxBytes: 512 * 2 ** 20,
  frameCountMax: 20_000,
  fragmentCountMax: 100_000,
} as const;

const HEAD_BYTES = 256 * 1024;
const ITEM_HEADER_BYTES = 8;
const UNDEFINED_LENGTH = 0xffffffff;
/** GE's private syntax: little endian header, big endian pixels. */
const GE_BIG_ENDIAN_PIXELS = '1.2.840.113619.5.2';

/** Throws `instance-missing`, `not-dicom`, `data-set-…`, `pixels-…`. The caller closes it. */
export function openStoredFile(path: string): StoredFile {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new FirstreadError('instance-missing');
    throw error;
  }
  try {
    return describeFile(file);
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function describeFile(file: number): StoredFile {
  const { size } = fstatSync(file);
  const read = (offset: number, length: number): Uint8Array => {
    const there = Math.max(0, Math.min(length, size - offset));
    if (there > STORED_FILE_LIMITS.readMaxBytes) throw new FirstreadError('pixels-over-limit', 'more than is read at once', { byteLength: there });
    const bytes = new Uint8Array(there);
    let at = 0;
    while (at < there) {
      const count = readSync(file, bytes, at, there - at, offset + at);
      if (count === 0) break;
      at += count;
    }
    return bytes.subarray(0, at);
  };
  const { part10, inMemory } = readHeader(read, size);
  const { dataSet, meta, dataSetOffset } = part10;
  const element = dataSet.elements.get(TAG.PixelData);
  const source = inMemory ? memoryOf(dataSet) : { read: (offset: number, length: number) => read(dataSetOffset + offset, length), size: size - dataSetOffset, shift: dataSetOffset };
  return {
    transferSyntaxUid: meta.transferSyntaxUid,
    dataSet,
    byteLength: size,
    frames: element === undefined ? undefined : tryLocateFrames(dataSet, element, meta.transferSyntaxUid, source),
    bytesOf(ranges) {
      const total = ranges.reduce((sum, { length }) => sum + length, 0);
      if (total > STORED_FILE_LIMITS.readMaxBytes) throw new FirstreadError('pixels-over-limit', 'a frame is larger than is read at once', { byteLength: total });
      const pieces = ranges.map(({ offset, length }) => source.read(offset - source.shift, length));
      if (pieces.length === 1) return pieces[0]!;
      const joined = new Uint8Array(total);
      let at = 0;
      for (const piece of pieces) {
        joined.set(piece, at);
        at += piece.length;
      }
      return joined;
    },
    close: () => closeSync(file),
  };
}

/** Offsets of `read` count from the data set's first byte; a range's own offset is `shift` more. */
interface Source {
  readonly read: (offset: number, length: number) => Uint8Array;
  readonly size: number;
  readonly shift: number;
}

const memoryOf = ({ bytes }: ParsedDataSet): Source => ({ read: (offset, length) => bytes.subarray(offset, offset + length), size: bytes.length, shift: 0 });

function readHeader(read: (offset: number, length: number) => Uint8Array, size: number): { part10: Part10; inMemory: boolean } {
  for (let want = HEAD_BYTES; ; want *= 8) {
    const bytes = read(0, want);
    const whole = bytes.length >= size;
    const part10 = readPart10(bytes, { untilPixelData: true, salvage: true });
    const syntax = transferSyntaxOrUnknown(part10.meta.transferSyntaxUid);
    if (syntax.deflated) return { part10: readPart10(whole ? bytes : read(0, size), { salvage: true }), inMemory: true };
    if (whole || part10.dataSet.elements.has(TAG.PixelData)) return { part10, inMemory: false };
    if (want >= STORED_FILE_LIMITS.headerMaxBytes) throw new FirstreadError('data-set-over-limit', 'the header is too large', { headerMaxBytes: want });
  }
}

/** A header is worth showing also where its pixels are not. */
function tryLocateFrames(...located: Parameters<typeof locateFrames>): StoredFrames | FirstreadError {
  try {
    return locateFrames(...located);
  } catch (error) {
    if (error instanceof FirstreadError) return error;
    throw error;
  }
}

function locateFrames(dataSet: ParsedDataSet, element: DataElement, transferSyntaxUid: string, source: Source): StoredFrames {
  const frameCount = Math.max(1, Math.trunc(Number(integer(dataSet, TAG.NumberOfFrames) ?? 1)));
  if (frameCount > STORED_FILE_LIMITS.frameCountMax) throw new FirstreadError('pixels-over-limit', 'too many frames', { frameCount });
  const shifted = ({ offset, length }: ByteRange): ByteRange => ({ offset: offset + source.shift, length });
  // The value's 32-bit length stands right before it in every encoding that pixel data can have.
  const lengthBytes = source.read(element.offset - 4, 4);
  const written = new DataView(lengthBytes.buffer, lengthBytes.byteOffset, 4).getUint32(0, dataSet.littleEndian);
  const syntax = transferSyntaxOrUnknown(transferSyntaxUid);
  if (element.fragments !== undefined || written === UNDEFINED_LENGTH) {
    const { table, fragments } = readFragments(source, element.offset);
    const ranges = fragmentsByFrame({ fragments, frameCount, offsets: offsetsOf(dataSet, table, source), begins: ({ offset, length }) => length > 4 && beginsCodestream(source.read(offset, 8)) });
    return { kind: 'encapsulated', given: syntax.encapsulated ? 'as-stored' : 'decode', ranges: ranges.map((frame) => frame.map(shifted)) };
  }
  const there = Math.max(0, Math.min(written, source.size - element.offset));
  const bits = frameBits(dataSet);
  const frameBytes = Math.ceil(bits / 8);
  if (frameCount === 1 && there < frameBytes && beginsCodestream(source.read(element.offset, 8))) {
    return { kind: 'encapsulated', given: 'decode', ranges: [[shifted({ offset: element.offset, length: there })]] };
  }
  if (frameCount > 1 && bits % 8 !== 0) throw new FirstreadError('pixels-unsupported', 'frames that do not begin at whole bytes', { frameBits: bits });
  const whole = frameBytes === 0 ? 0 : Math.min(frameCount, Math.floor(there / frameBytes));
  const plain = dataSet.littleEndian && !syntax.deflated && !syntax.encapsulated && transferSyntaxUid !== GE_BIG_ENDIAN_PIXELS;
  return {
    kind: 'native',
    given: plain ? 'as-stored' : 'decode',
    ranges: Array.from({ length: whole }, (_, at) => [shifted({ offset: element.offset + at * frameBytes, length: frameBytes })]),
  };
}

/** Item after item from its header; stops at the sequence's end, at damage, and at the end of the file. */
function readFragments(source: Source, start: number): { table: ByteRange; fragments: readonly ByteRange[] } {
  const items: ByteRange[] = [];
  for (let at = start; at + ITEM_HEADER_BYTES <= source.size; ) {
    const header = source.read(at, ITEM_HEADER_BYTES);
    const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
    const length = view.getUint32(4, true);
    if (view.getUint32(0, true) !== 0xe000fffe || at + ITEM_HEADER_BYTES + length > source.size) break;
    if (items.length > STORED_FILE_LIMITS.fragmentCountMax) throw new FirstreadError('pixels-over-limit', 'too many fragments', { fragmentCount: items.length });
    items.push({ offset: at + ITEM_HEADER_BYTES, length });
    at += ITEM_HEADER_BYTES + length;
  }
  const [table, ...fragments] = items;
  if (table === undefined || fragments.length === 0) throw new FirstreadError('pixels-damaged', 'there are no fragments', { fragmentCount: fragments.length });
  return { table, fragments };
}

/** Extended Offset Table (7FE0,0001), else the Basic one (PS3.5 A.4). */
function offsetsOf(dataSet: ParsedDataSet, table: ByteRange, source: Source): readonly number[] {
  const extended = dataSet.elements.get(TAG.ExtendedOffsetTable);
  if (extended !== undefined && extended.length >= 8) {
    const view = new DataView(dataSet.bytes.buffer, dataSet.bytes.byteOffset + extended.offset, extended.length);
    return Array.from({ length: extended.length >> 3 }, (_, at) => Number(view.getBigUint64(8 * at, true)));
  }
  const bytes = source.read(table.offset, Math.min(table.length, 4 * STORED_FILE_LIMITS.frameCountMax));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 2 }, (_, at) => view.getUint32(4 * at, true));
}
