/**
 * The walk over a data set's bytes (PS3.5 7.1 data elements, 7.5 sequences, A.4 fragments) that data-set.ts makes its
 * index with. A stack of its own, so that depth costs nothing; every length is checked against the bytes that are
 * there before it is used; what is tolerated leaves a remark.
 */
import { FirstreadError } from '../errors.ts';
import type { ByteRange, DataElement, DataSetLimits, DataSetNode } from './data-set.ts';
import { formatTag, isPixelData, TAG } from './tags.ts';

const UNDEFINED_LENGTH = 0xffffffff;
/** VRs with a 16-bit length (PS3.5 table 7.1-2); all others, unknown ones too, have two reserved bytes and 32 bits. */
const SHORT_VRS = new Set(['AE', 'AS', 'AT', 'CS', 'DA', 'DS', 'DT', 'FL', 'FD', 'IS', 'LO', 'LT', 'PN', 'SH', 'SL', 'SS', 'ST', 'TM', 'UI', 'UL', 'US']);
const LONG_VRS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);


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

export class DataSetWalker {
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
    // Only the picture's own: an icon or a preview in a sequence stands before it.
    if (this.untilPixelData && this.stack.length === 1 && isPixelData(tag)) {
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

/** Explicit VR shows as two capital letters after the first tag. */
export function looksExplicit(bytes: Uint8Array): boolean {
  const vr = String.fromCharCode(bytes[4] ?? 0, bytes[5] ?? 0);
  return SHORT_VRS.has(vr) || LONG_VRS.has(vr);
}
