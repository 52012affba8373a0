/**
 * Naturalised data set → bytes in Explicit VR Little Endian (PS3.5 §7.1.2), for the values that reports are made of.
 * PURE. The same bytes as dcmjs's writer, in a tenth of its time: a report is written for every film, on the hub's event
 * loop. Anything beyond plain texts, codes, numbers and sequences (pixels, private elements, values over their VR's
 * length) is left out: the answer is undefined, and write-part10.ts lets dcmjs do it.
 */
import type { NaturalisedDataSet, NaturalisedValue } from './write-part10.ts';

interface TextVr {
  readonly kind: 'text';
  readonly utf8: boolean;
  /** Values in one element are separated by a backslash. */
  readonly multiple: boolean;
  /** Longer ones are dcmjs's matter (it cuts some). */
  readonly bytesMax: number;
  readonly padding: number;
  readonly longLength: boolean;
}
interface NumberVr {
  readonly kind: 'number';
  readonly bytes: number;
  readonly fits: (value: number) => boolean;
  readonly put: (view: DataView, at: number, value: number) => void;
}

const SPACE = 0x20;
const NULL = 0;
/** Beyond it a 16-bit length does not hold, and the element would have to become UN. */
const SHORT_LENGTH_MAX = 0xfffe;

const text = (bytesMax: number, more: Partial<TextVr> = {}): TextVr => ({ kind: 'text', utf8: false, multiple: true, bytesMax, padding: SPACE, longLength: false, ...more });
const utf8 = (more: Partial<TextVr> = {}): TextVr => text(SHORT_LENGTH_MAX, { utf8: true, ...more });
const whole = (bytes: number, least: number, most: number, put: NumberVr['put']): NumberVr => ({ kind: 'number', bytes, put, fits: (value) => Number.isInteger(value) && value >= least && value <= most });

const VRS: Readonly<Record<string, TextVr | NumberVr>> = {
  AE: text(16),
  AS: text(4),
  CS: text(16),
  DA: text(8),
  DS: text(16),
  DT: text(26),
  IS: text(12),
  TM: text(14),
  UI: text(64, { padding: NULL }),
  LO: utf8(),
  SH: utf8(),
  // Several names in one element: dcmjs has a way of its own with empty ones.
  PN: utf8({ multiple: false }),
  LT: utf8({ multiple: false }),
  ST: utf8({ multiple: false }),
  UT: utf8({ multiple: false, longLength: true, bytesMax: 1024 * 1024 }),
  US: whole(2, 0, 0xffff, (view, at, value) => view.setUint16(at, value, true)),
  SS: whole(2, -0x8000, 0x7fff, (view, at, value) => view.setInt16(at, value, true)),
  UL: whole(4, 0, 0xffff_ffff, (view, at, value) => view.setUint32(at, value, true)),
  SL: whole(4, -0x8000_0000, 0x7fff_ffff, (view, at, value) => view.setInt32(at, value, true)),
  FL: { kind: 'number', bytes: 4, fits: Number.isFinite, put: (view, at, value) => view.setFloat32(at, value, true) },
  FD: { kind: 'number', bytes: 8, fits: Number.isFinite, put: (view, at, value) => view.setFloat64(at, value, true) },
};

const ITEM = 0xe000;
const ITEM_END = 0xe00d;
const SEQUENCE_END = 0xe0dd;
const UNDEFINED_LENGTH = 0xffff_ffff;
const BACKSLASH = 0x5c;
/** Content trees are a handful deep. */
const DEPTH_MAX = 32;

export type Dictionary = (keyword: string) => { readonly tag: string; readonly vr: string } | undefined;

/** Thrown and caught here. */
class NotPlain extends Error {}

/** `dataSet`: as write-part10.ts prepares it, with `_vrMap` for the VRs that the dictionary leaves open. */
export function encodePlain(dataSet: NaturalisedDataSet, dictionary: Dictionary): Uint8Array | undefined {
  const out = new Out();
  try {
    writeElements(out, dataSet, dictionary, 0);
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
  return out.bytes();
}

/** Bytes that grow. */
class Out {
  private buffer = new Uint8Array(8192);
  private view = new DataView(this.buffer.buffer);
  private at = 0;

  private reserve(byteLength: number): number {
    const { at } = this;
    if (at + byteLength > this.buffer.length) {
      const larger = new Uint8Array(Math.max(2 * this.buffer.length, at + byteLength));
      larger.set(this.buffer.subarray(0, at));
      this.buffer = larger;
      this.view = new DataView(larger.buffer);
    }
    this.at += byteLength;
    return at;
  }

  // The place first, always: making room replaces buffer and view.
  uint8(value: number): void {
    const at = this.reserve(1);
    this.view.setUint8(at, value);
  }

  uint16(value: number): void {
    const at = this.reserve(2);
    this.view.setUint16(at, value, true);
  }

  uint32(value: number): void {
    const at = this.reserve(4);
    this.view.setUint32(at, value, true);
  }

  raw(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.buffer.set(bytes, at);
  }

  number(vr: NumberVr, value: number): void {
    const at = this.reserve(vr.bytes);
    vr.put(this.view, at, value);
  }

  bytes(): Uint8Array {
    return this.buffer.slice(0, this.at);
  }
}

function writeElements(out: Out, dataSet: NaturalisedDataSet, dictionary: Dictionary, depth: number): void {
  if (depth > DEPTH_MAX) throw new NotPlain();
  const vrMap = (dataSet['_vrMap'] ?? {}) as Readonly<Record<string, string>>;
  const elements = Object.entries(dataSet)
    .filter(([keyword]) => keyword !== '_vrMap')
    .map(([keyword, value]) => {
      const entry = dictionary(keyword);
      if (entry === undefined) throw new NotPlain();
      return { tag: Number.parseInt(entry.tag.replaceAll(/[^0-9A-Fa-f]/g, ''), 16), vr: vrMap[keyword] ?? entry.vr, value };
    })
    // PS3.5 §7.1: in the order of their tags.
    .sort((a, b) => a.tag - b.tag);
  for (const { tag, vr, value } of elements) {
    out.uint16(tag >>> 16);
    out.uint16(tag & 0xffff);
    const values = Array.isArray(value) ? (value as readonly NaturalisedValue[]) : [value];
    if (vr === 'SQ') writeSequence(out, values, dictionary, depth);
    else writeValues(out, vr, values);
  }
}

function writeSequence(out: Out, items: readonly NaturalisedValue[], dictionary: Dictionary, depth: number): void {
  writeHeader(out, 'SQ', true, UNDEFINED_LENGTH);
  const mark = (element: number, length: number): void => {
    out.uint16(0xfffe);
    out.uint16(element);
    out.uint32(length);
  };
  for (const item of items) {
    if (typeof item !== 'object' || item === null || Array.isArray(item) || item instanceof ArrayBuffer || ArrayBuffer.isView(item)) throw new NotPlain();
    mark(ITEM, UNDEFINED_LENGTH);
    writeElements(out, item as NaturalisedDataSet, dictionary, depth + 1);
    mark(ITEM_END, 0);
  }
  mark(SEQUENCE_END, 0);
}

function writeHeader(out: Out, vr: string, longLength: boolean, length: number): void {
  out.uint8(vr.charCodeAt(0));
  out.uint8(vr.charCodeAt(1));
  if (!longLength) return out.uint16(length);
  out.uint16(0);
  out.uint32(length);
}

const encoder = new TextEncoder();

function writeValues(out: Out, name: string, values: readonly NaturalisedValue[]): void {
  const vr = VRS[name];
  if (vr === undefined) throw new NotPlain();
  if (vr.kind === 'number') {
    const numbers = values.map(Number);
    if (values.some((value) => typeof value !== 'number') || !numbers.every(vr.fits) || numbers.length * vr.bytes > SHORT_LENGTH_MAX) throw new NotPlain();
    writeHeader(out, name, false, numbers.length * vr.bytes);
    // + 0: there is no negative zero in a report.
    for (const value of numbers) out.number(vr, value + 0);
    return;
  }
  if (!vr.multiple && values.length > 1) throw new NotPlain();
  const encoded = values.map((value) => encodeText(vr, value));
  const length = encoded.reduce((sum, bytes) => sum + bytes.length, Math.max(0, encoded.length - 1));
  const odd = length % 2;
  if (length + odd > (vr.longLength ? vr.bytesMax : SHORT_LENGTH_MAX)) throw new NotPlain();
  writeHeader(out, name, vr.longLength, length + odd);
  for (const [at, bytes] of encoded.entries()) {
    if (at > 0) out.uint8(BACKSLASH);
    out.raw(bytes);
  }
  if (odd === 1) out.uint8(vr.padding);
}

function encodeText(vr: TextVr, value: NaturalisedValue): Uint8Array {
  if (typeof value !== 'string' && typeof value !== 'number') throw new NotPlain();
  const said = String(value);
  const bytes = encoder.encode(said);
  // A code outside of ASCII, or over its length: not ours to judge.
  if (bytes.length > vr.bytesMax || (!vr.utf8 && bytes.length !== said.length)) throw new NotPlain();
  return bytes;
}
