/**
 * Data set parsing (PS3.5 section 7): one pass over the bytes that yields an index (tag → VR, offset, length, items,
 * fragments); values are read on demand by element-values.ts. No value is copied. The walk itself is data-set-walker.ts.
 *
 * Tolerated, because real senders do it (each leaves a remark): explicit data under an implicit syntax and the other
 * way round, elements without a VR, missing delimiters at the end, zero padding, pixel data cut short.
 * Left out: values inside UN with a defined length, and the dictionary (implicit sequences are recognised by shape).
 */
import { FirstreadError } from '../errors.ts';
import { hasZlibHeader, inflate, INFLATE_LIMITS, type InflateLimits } from './inflate.ts';
import { DataSetWalker, looksExplicit } from './data-set-walker.ts';
import { isPixelData } from './tags.ts';
import { transferSyntaxOrUnknown, type TransferSyntax } from './transfer-syntaxes.ts';

export interface DataSetLimits {
  /** Sequences within sequences. The deepest standard template stays under 20. */
  readonly depthMax: number;
  /** Elements in all, items' elements and fragments included: an enhanced object of 2,000 frames has about 100,000. */
  readonly elementCountMax: number;
  readonly inflate: InflateLimits;
}

export const DATA_SET_LIMITS: DataSetLimits = { depthMax: 64, elementCountMax: 150_000, inflate: INFLATE_LIMITS };

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export interface DataElement extends ByteRange {
  readonly tag: number;
  /** Two letters; '' where the encoding does not carry it. */
  readonly vr: string;
  readonly items?: readonly DataSetNode[];
  /** Encapsulated pixel data: the first is the Basic Offset Table. */
  readonly fragments?: readonly ByteRange[];
  /** The bytes end before the value does; `length` is what is there. */
  readonly truncated?: boolean;
}

/** A data set or an item: enough to read values with element-values.ts. */
export interface DataSetNode {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  readonly elements: ReadonlyMap<number, DataElement>;
}

export interface ParsedDataSet extends DataSetNode {
  readonly transferSyntaxUid: string;
  /** What was tolerated; codes without patient data. */
  readonly remarks: readonly string[];
  /** With `salvage`: where and why reading stopped early. */
  readonly damage?: FirstreadError;
}

export interface ParseOptions {
  /** Stops at the first pixel data element, which is noted with its position. */
  readonly untilPixelData?: boolean;
  /** Keeps what was read before the damage (`damage` says so) instead of throwing. Limits still throw. */
  readonly salvage?: boolean;
  readonly limits?: Partial<DataSetLimits>;
}

export { isPixelData };

/** A Buffer is a Uint8Array whose `slice` does not copy: nothing here may depend on which of the two came in. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Indexes the data set that `bytes` hold from the first to the last (no preamble, no meta information).
 * Throws `not-dicom`, `data-set-damaged` or `data-set-over-limit`. For a deflated syntax the result's `bytes` are the
 * inflated ones.
 */
export function parseDataSet(bytes: Uint8Array, transferSyntaxUid: string, options: ParseOptions = {}): ParsedDataSet {
  const limits = { ...DATA_SET_LIMITS, ...options.limits };
  const syntax = transferSyntaxOrUnknown(transferSyntaxUid);
  if (!syntax.deflated) return indexDataSet(plainBytes(bytes), syntax, options, limits, []);
  if (options.untilPixelData === true) {
    // The header is in the first bytes: the pixels need not be inflated for it.
    const start = inflateDataSet(plainBytes(bytes), limits.inflate, HEADER_INFLATE_BYTES);
    const header = start.complete ? undefined : indexDataSet(start.bytes, syntax, { ...options, salvage: true }, limits, []);
    if (header !== undefined && [...header.elements.keys()].some(isPixelData)) return header;
  }
  const inflated = inflateDataSet(plainBytes(bytes), limits.inflate, Infinity);
  return indexDataSet(inflated.bytes, syntax, options, limits, inflated.complete ? [] : ['deflate-stream-cut-short']);
}

/** Headers are a few kilobytes; a megabyte also holds those with thumbnails and private blobs. */
const HEADER_INFLATE_BYTES = 2 ** 20;

function indexDataSet(plain: Uint8Array, syntax: TransferSyntax, options: ParseOptions, limits: DataSetLimits, remarks: string[]): ParsedDataSet {
  let { explicitVr } = syntax;
  if (plain.length >= 8 && looksExplicit(plain) !== explicitVr) {
    explicitVr = !explicitVr;
    remarks.push(explicitVr ? 'explicit-vr-under-implicit-syntax' : 'implicit-vr-under-explicit-syntax');
  }
  const walker = new DataSetWalker(plain, explicitVr, syntax.littleEndian, limits, options.untilPixelData ?? false);
  let damage: FirstreadError | undefined;
  try {
    walker.walk();
  } catch (error) {
    if (!(error instanceof FirstreadError)) throw error;
    if (walker.root.size === 0 && error.code === 'data-set-damaged') throw new FirstreadError('not-dicom', 'the first bytes are not a data element', { offset: 0 });
    if (!options.salvage || error.code !== 'data-set-damaged') throw error;
    damage = error;
  }
  return {
    bytes: plain,
    littleEndian: syntax.littleEndian,
    elements: walker.root,
    transferSyntaxUid: syntax.uid,
    remarks: [...remarks, ...walker.remarks],
    ...(damage === undefined ? {} : { damage }),
  };
}

function inflateDataSet(bytes: Uint8Array, limits: InflateLimits, stopAfter: number): { bytes: Uint8Array; complete: boolean } {
  if (!hasZlibHeader(bytes)) return inflate(bytes, limits, stopAfter);
  try {
    return inflate(bytes, limits, stopAfter);
  } catch (error) {
    if (!(error instanceof FirstreadError) || error.code !== 'data-set-damaged') throw error;
    return inflate(bytes.subarray(2), limits, stopAfter);
  }
}
