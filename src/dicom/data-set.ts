/**
 * Data set parsing (PS3.5 section 7): one pass over the bytes that yields an index (tag → VR, offset, length, items,
 * fragments); values are read on demand by element-values.ts. It walks with a stack of its own, so that depth costs
 * nothing, and checks every length against the bytes that are there before using it. No value is copied.
 *
 * Tolerated, because real senders do it (each leaves a remark): explicit data under an implicit syntax and the other
 * way round, elements without a VR, missing delimiters at the end, zero padding, pixel data cut short.
 * Left out: values inside UN with a defined length, and the dictionary (implicit sequences are recognised by shape).
 */
import { FirstreadError } from '../errors.ts';
import { inflate, INFLATE_LIMITS, type InflateLimits } from './inflate.ts';
import { formatTag, TAG } from './tags.ts';
import { transferSyntaxOrUnknown, type TransferSyntax } from './transfer-syntaxes.ts';

export interface DataSetLimits {
  /** Sequences within sequences. The deepest standard template stays under 20. */
  readonly depthMax: number;
  /** Elements in all, items' elements and fragments included: an enhanced object of 2,000 frames has about 100,000. */
  readonly elementCountMax: number;
  readonly inflate: InflateLimits;
}

export const DATA_SET_LIMITS: DataSetLimits = { depthMax: 64, elementCountMax: 200_000, inflate: INFLATE_LIMITS };

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

const UNDEFINED_LENGTH = 0xffffffff;
/** VRs with a 16-bit length (PS3.5 table 7.1-2); all others, unknown ones too, have two reserved bytes and 32 bits. */
const SHORT_VRS = new Set(['AE', 'AS', 'AT', 'CS', 'DA', 'DS', 'DT', 'FL', 'FD', 'IS', 'LO', 'LT', 'PN', 'SH', 'SL', 'SS', 'ST', 'TM', 'UI', 'UL', 'US']);
const LONG_VRS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

export const isPixelData = (tag: number): boolean => tag === TAG.PixelData || tag === TAG.FloatPixelData || tag === TAG.DoubleFloatPixelData;

interface Level {
  /** Elements go to a data set or an item; a sequence takes items. */
  readonly kind: 'elements' | 'sequence';
  readonly end: number;
  readonly delimited: boolean;
  readonly explicitVr: boolean;
  readonly littleEndian: boolean;
  readonly elements: Map<number, DataElement>;
  readonly items: DataSetNode[];
}

class Walker {
  readonly remarks = new Set<string>();
  readonly root: Map<number, DataElement> = new Map();
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly limits: DataSetLimits;
  private readonly untilPixelData: boolean;
  private readonly stack: Level[] = [];
  private position = 0;
  private count = 0;

  constructor(bytes: Uint8Array, explicitVr: boolean, littleEndian: boolean, limits: DataSetLimits, untilPixelData: boolean) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.limits = limits;
    this.untilPixelData = untilPixelData;
    this.stack.push({ kind: 'elements', end: bytes.length, delimited: false, explicitVr, littleEndian, elements: this.root, items: [] });
  }

  walk(): void {
    while (this.stack.length > 0) {
      const level = this.stack[this.stack.length - 1]!;
      if (this.position >= level.end) {
        if (level.delimited) this.remarks.add('delimiter-missing');
        this.stack.pop();
      } else if (level.kind === 'sequence') this.readItem(level);
      else if (!this.readElement(level)) return;
    }
  }

  private damaged(why: string, tag?: number): FirstreadError {
    return new FirstreadError('data-set-damaged', `the data set is damaged: ${why}`, { offset: this.position, ...(tag === undefined ? {} : { tag: formatTag(tag) }) });
  }

  private tally(): void {
    if (++this.count > this.limits.elementCountMax) {
      throw new FirstreadError('data-set-over-limit', 'the data set has too many elements', { elementCountMax: this.limits.elementCountMax, offset: this.position });
    }
  }

  private push(level: Level, tag: number): void {
    // Two levels (sequence and item) for each step of nesting.
    if (this.stack.length >= 2 * this.limits.depthMax) {
      throw new FirstreadError('data-set-over-limit', 'sequences are nested too deeply', { depthMax: this.limits.depthMax, offset: this.position, tag: formatTag(tag) });
    }
    this.stack.push(level);
  }

  private readTag(at: number, littleEndian: boolean): number {
    return this.view.getUint16(at, littleEndian) * 0x10000 + this.view.getUint16(at + 2, littleEndian);
  }

  private readItem(level: Level): void {
    if (level.end - this.position < 8) {
      this.remarks.add('sequence-cut-short');
      this.position = level.end;
      return;
    }
    const tag = this.readTag(this.position, level.littleEndian);
    const length = this.view.getUint32(this.position + 4, level.littleEndian);
    if (tag === TAG.SequenceDelimitationItem) {
      this.position += 8;
      if (level.delimited) this.stack.pop();
      return;
    }
    if (tag !== TAG.Item) {
      if (!level.delimited) throw this.damaged('no item where one must be', tag);
      // A sequence whose delimiter was left out: go on in the data set around it.
      this.remarks.add('delimiter-missing');
      this.stack.pop();
      return;
    }
    this.tally();
    this.position += 8;
    const delimited = length === UNDEFINED_LENGTH;
    if (!delimited && length > level.end - this.position) throw this.damaged('an item reaches past the end', tag);
    const elements = new Map<number, DataElement>();
    level.items.push({ bytes: this.bytes, littleEndian: level.littleEndian, elements });
    this.push({ kind: 'elements', end: delimited ? level.end : this.position + length, delimited, explicitVr: level.explicitVr, littleEndian: level.littleEndian, elements, items: [] }, tag);
  }

  /** False where reading is over. */
  private readElement(level: Level): boolean {
    const start = this.position;
    const { littleEndian } = level;
    if (level.end - start < 8) {
      this.remarks.add('trailing-bytes');
      this.position = level.end;
      return true;
    }
    const tag = this.readTag(start, littleEndian);
    if (tag >= 0xfffe0000) return this.readDelimiter(level, tag);
    if (tag === 0 && this.view.getUint32(start + 4) === 0) {
      // Zero padding after the last element.
      this.remarks.add('trailing-bytes');
      this.position = level.end;
      return true;
    }
    this.tally();
    const { vr, length, valueOffset, explicitVr } = this.readVrAndLength(level, tag);
    this.position = valueOffset;
    if (this.untilPixelData && isPixelData(tag)) {
      const there = level.end - valueOffset;
      this.keep(level, { tag, vr, offset: valueOffset, length: length === UNDEFINED_LENGTH ? there : Math.min(length, there) });
      return false;
    }
    if (length === UNDEFINED_LENGTH) this.enterUndefinedLength(level, tag, vr, explicitVr);
    else if (length > level.end - valueOffset) this.keepTruncated(level, tag, vr, length);
    else if (this.isSequence(level, tag, vr, length)) {
      const items: DataSetNode[] = [];
      this.keep(level, { tag, vr, offset: valueOffset, length, items });
      this.push({ kind: 'sequence', end: valueOffset + length, delimited: false, explicitVr, littleEndian, elements: level.elements, items }, tag);
    } else {
      this.keep(level, { tag, vr, offset: valueOffset, length });
      this.position = valueOffset + length;
    }
    return true;
  }

  private readDelimiter(level: Level, tag: number): boolean {
    this.position += 8;
    if (tag === TAG.ItemDelimitationItem && level.delimited) this.stack.pop();
    else if (tag === TAG.SequenceDelimitationItem && level.delimited && this.stack.length > 1) {
      // The item's own delimiter was left out; this one ends the sequence.
      this.remarks.add('delimiter-missing');
      this.stack.pop();
      this.stack.pop();
    } else if (tag === TAG.Item) {
      // A sequence whose own element was stripped: step over the item.
      const length = this.view.getUint32(this.position - 4, level.littleEndian);
      if (length > level.end - this.position) throw this.damaged('an item outside a sequence', tag);
      this.remarks.add('stray-item');
      this.position += length;
    } else this.remarks.add('stray-delimiter');
    return true;
  }

  private readVrAndLength(level: Level, tag: number): { vr: string; length: number; valueOffset: number; explicitVr: boolean } {
    const { littleEndian } = level;
    const at = this.position;
    const implicit = { vr: '', length: this.view.getUint32(at + 4, littleEndian), valueOffset: at + 8, explicitVr: false };
    const vr = String.fromCharCode(this.bytes[at + 4]!, this.bytes[at + 5]!);
    if (!level.explicitVr) {
      const fits = implicit.length === UNDEFINED_LENGTH || implicit.length <= level.end - implicit.valueOffset;
      if (fits || !(SHORT_VRS.has(vr) || LONG_VRS.has(vr))) return implicit;
      this.remarks.add('explicit-element-in-implicit-data-set');
    }
    if (SHORT_VRS.has(vr)) return { vr, length: this.view.getUint16(at + 6, littleEndian), valueOffset: at + 8, explicitVr: true };
    if (LONG_VRS.has(vr) || /^[A-Z]{2}$/.test(vr)) {
      if (level.end - at < 12) throw this.damaged('an element is cut short', tag);
      return { vr, length: this.view.getUint32(at + 8, littleEndian), valueOffset: at + 12, explicitVr: true };
    }
    // No VR: some writers put implicit elements into explicit data sets.
    if (implicit.length <= level.end - implicit.valueOffset || implicit.length === UNDEFINED_LENGTH) {
      this.remarks.add('implicit-element-in-explicit-data-set');
      return implicit;
    }
    throw this.damaged('an element has no value representation', tag);
  }

  private enterUndefinedLength(level: Level, tag: number, vr: string, explicitVr: boolean): void {
    const offset = this.position;
    if (isPixelData(tag) || vr === 'OB' || vr === 'OW') {
      this.readFragments(level, tag, vr);
      return;
    }
    const items: DataSetNode[] = [];
    this.keep(level, { tag, vr, offset, length: level.end - offset, items });
    // UN with undefined length is a sequence in Implicit VR Little Endian (PS3.5 6.2.2 note 4, CP-246).
    const unknown = vr === 'UN';
    this.push({ kind: 'sequence', end: level.end, delimited: true, explicitVr: unknown ? false : explicitVr, littleEndian: unknown ? true : level.littleEndian, elements: level.elements, items }, tag);
  }

  private readFragments(level: Level, tag: number, vr: string): void {
    const offset = this.position;
    const fragments: ByteRange[] = [];
    let truncated = false;
    for (;;) {
      if (level.end - this.position < 8) {
        truncated = true;
        this.position = level.end;
        break;
      }
      const itemTag = this.readTag(this.position, level.littleEndian);
      const length = this.view.getUint32(this.position + 4, level.littleEndian);
      if (itemTag === TAG.SequenceDelimitationItem) {
        this.position += 8;
        break;
      }
      if (itemTag !== TAG.Item || length === UNDEFINED_LENGTH) {
        // Whatever follows cannot be told from pixel bytes.
        truncated = true;
        this.position = level.end;
        break;
      }
      this.tally();
      this.position += 8;
      const there = Math.min(length, level.end - this.position);
      fragments.push({ offset: this.position, length: there });
      this.position += there;
      truncated ||= there < length;
    }
    if (truncated) this.remarks.add('pixel-data-truncated');
    this.keep(level, { tag, vr, offset, length: this.position - offset, fragments, ...(truncated ? { truncated } : {}) });
  }

  private keepTruncated(level: Level, tag: number, vr: string, length: number): void {
    // Only pixel data at the top may be cut short: the header in front of it is whole.
    if (!isPixelData(tag) || this.stack.length > 1) throw this.damaged(`a length of ${length} reaches past the end`, tag);
    this.remarks.add('pixel-data-truncated');
    this.keep(level, { tag, vr, offset: this.position, length: level.end - this.position, truncated: true });
    this.position = level.end;
  }

  private isSequence(level: Level, tag: number, vr: string, length: number): boolean {
    if (vr === 'SQ') return true;
    if (vr !== '' || length < 8 || tag >= 0x7fe00000 || this.position + 8 > level.end) return false;
    if (this.readTag(this.position, level.littleEndian) !== TAG.Item) return false;
    const first = this.view.getUint32(this.position + 4, level.littleEndian);
    return first === UNDEFINED_LENGTH || first <= length - 8;
  }

  private keep(level: Level, element: DataElement): void {
    if (level.elements.has(element.tag)) this.remarks.add('element-twice');
    else level.elements.set(element.tag, element);
  }
}

/** A Buffer is a Uint8Array whose `slice` does not copy: nothing here may depend on which of the two came in. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Explicit VR shows as two capital letters after the first tag. */
function looksExplicit(bytes: Uint8Array): boolean {
  const vr = String.fromCharCode(bytes[4] ?? 0, bytes[5] ?? 0);
  return SHORT_VRS.has(vr) || LONG_VRS.has(vr);
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
  const walker = new Walker(plain, explicitVr, syntax.littleEndian, limits, options.untilPixelData ?? false);
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

/** PS3.5 A.5 asks for a bare RFC 1951 stream; some writers send RFC 1950 (zlib) with its two-byte header. */
function inflateDataSet(bytes: Uint8Array, limits: InflateLimits, stopAfter: number): { bytes: Uint8Array; complete: boolean } {
  const zlib = bytes.length > 2 && (bytes[0]! & 0x0f) === 8 && ((bytes[0]! << 8) | bytes[1]!) % 31 === 0;
  if (!zlib) return inflate(bytes, limits, stopAfter);
  try {
    return inflate(bytes, limits, stopAfter);
  } catch (error) {
    if (!(error instanceof FirstreadError) || error.code !== 'data-set-damaged') throw error;
    return inflate(bytes.subarray(2), limits, stopAfter);
  }
}
