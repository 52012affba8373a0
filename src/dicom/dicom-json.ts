/**
 * Data set → DICOM JSON Model (PS3.18 annex F): what /metadata and QIDO-RS answer with. Text is Unicode whatever the
 * file was written in, and (0008,0005) says so. Large values and pixel data are named by address instead of carried.
 * Left out: group 0002 and group lengths, which the model excludes; elements behind the pixel data.
 */
import { Buffer } from 'node:buffer';
import { decodeText, splitValues, type CharacterSet } from './character-set.ts';
import { isPixelData, type DataElement, type DataSetNode } from './data-set.ts';
import { codeStrings, elementBytes } from './element-values.ts';
import { characterSetOf } from './instance-header.ts';
import { personName } from './person-name.ts';
import { TAG } from './tags.ts';
import { vrOf } from './value-representation.ts';

export interface JsonElement {
  readonly vr: string;
  readonly Value?: readonly unknown[];
  readonly InlineBinary?: string;
  readonly BulkDataURI?: string;
}

export type JsonDataSet = Readonly<Record<string, JsonElement>>;

export interface DicomJsonOptions {
  /** Values longer than this are named by address. A look-up table of 12 bits has 8 KiB. */
  readonly inlineMaxBytes: number;
  /** The address of a value: its path is tags and item numbers, `00283010/0/00283006`. */
  readonly bulkDataUri: (path: string) => string;
}

const TEXT_VRS = new Set(['LO', 'LT', 'SH', 'ST', 'UC', 'UT']);
/** No backslash separates values in these. */
const SINGLE_TEXT_VRS = new Set(['LT', 'ST', 'UT', 'UR']);
const BINARY_VRS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN']);
/** Trailing blanks are padding; leading ones too but in text that stands for itself (PS3.5 table 6.2-1). */
const trimmed = (text: string, vr: string): string => (SINGLE_TEXT_VRS.has(vr) ? text.replace(/[\0 ]+$/, '') : text.replace(/\0/g, '').trim());

type NumberReader = { readonly bytes: number; readonly read: (view: DataView, at: number, littleEndian: boolean) => number | bigint };
const NUMBER_VRS: Readonly<Record<string, NumberReader>> = {
  US: { bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  SS: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  UL: { bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  SL: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  UV: { bytes: 8, read: (view, at, little) => view.getBigUint64(at, little) },
  SV: { bytes: 8, read: (view, at, little) => view.getBigInt64(at, little) },
  FL: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  FD: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
};

/** 00100010, upper case, without separators. */
export const jsonTag = (tag: number): string => tag.toString(16).padStart(8, '0').toUpperCase();

export function toDicomJson(dataSet: DataSetNode, options: DicomJsonOptions): JsonDataSet {
  return { ...nodeJson(dataSet, dataSet, characterSetOf(dataSet), '', options), [jsonTag(TAG.SpecificCharacterSet)]: { vr: 'CS', Value: ['ISO_IR 192'] } };
}

function nodeJson(node: DataSetNode, root: DataSetNode, characterSet: CharacterSet, path: string, options: DicomJsonOptions): JsonDataSet {
  const json: Record<string, JsonElement> = {};
  for (const element of [...node.elements.values()].sort((a, b) => a.tag - b.tag)) {
    const { tag } = element;
    if ((tag & 0xffff) === 0 || tag === TAG.SpecificCharacterSet || tag >>> 16 <= 0x0002) continue;
    json[jsonTag(tag)] = elementJson(node, element, root, characterSet, `${path}${jsonTag(tag)}`, options);
  }
  return json;
}

function elementJson(node: DataSetNode, element: DataElement, root: DataSetNode, characterSet: CharacterSet, path: string, options: DicomJsonOptions): JsonElement {
  const vr = vrOf(element, root);
  if (vr === 'SQ') {
    const items = (element.items ?? []).map((item, at) => nodeJson(item, root, ownCharacterSet(item) ?? characterSet, `${path}/${at}/`, options));
    return items.length === 0 ? { vr } : { vr, Value: items };
  }
  if (isPixelData(element.tag) || element.fragments !== undefined) return { vr: vr === 'UN' ? 'OW' : vr, BulkDataURI: options.bulkDataUri(path) };
  const bytes = elementBytes(node, element.tag);
  if (bytes === undefined) return { vr };
  if (bytes.length > options.inlineMaxBytes) return { vr, BulkDataURI: options.bulkDataUri(path) };
  if (BINARY_VRS.has(vr)) return { vr, InlineBinary: Buffer.from(littleEndianBytes(bytes, vr, node.littleEndian)).toString('base64') };
  const values = valuesOf(node, element, bytes, vr, characterSet);
  return values.every((value) => value === null) ? { vr } : { vr, Value: values };
}

/** An item may declare its own set (PS3.3 C.12.1.1.2); without a declaration the one around it holds. */
function ownCharacterSet(item: DataSetNode): CharacterSet {
  const terms = codeStrings(item, TAG.SpecificCharacterSet);
  return terms.length === 0 ? undefined : { terms };
}

function valuesOf(node: DataSetNode, element: DataElement, bytes: Uint8Array, vr: string, characterSet: CharacterSet): readonly unknown[] {
  const number = NUMBER_VRS[vr];
  if (number !== undefined) return numbersOf(bytes, number, node.littleEndian);
  if (vr === 'AT') {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: bytes.length >> 2 }, (_, at) => jsonTag(view.getUint16(4 * at, node.littleEndian) * 0x10000 + view.getUint16(4 * at + 2, node.littleEndian)));
  }
  if (vr === 'PN') return splitValues(decodeText(bytes, characterSet).text).map(personName);
  const text = TEXT_VRS.has(vr) ? decodeText(bytes, characterSet).text : vr === 'UR' ? decodeText(bytes, undefined).text : undefined;
  if (text !== undefined) return (SINGLE_TEXT_VRS.has(vr) ? [text] : splitValues(text)).map((value) => trimmed(value, vr).normalize('NFC') || null);
  return codeStrings(node, element.tag).map((value) => (value === '' ? null : vr === 'DS' || vr === 'IS' ? decimalOrText(value) : value));
}

/** A number where it is one; what is written otherwise stays as it is (PS3.18 table F.2.3-1 allows both). */
function decimalOrText(value: string): number | string {
  const number = Number(value);
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value) && Number.isFinite(number) ? number : value;
}

function numbersOf(bytes: Uint8Array, { bytes: size, read }: NumberReader, littleEndian: boolean): readonly (number | string)[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, at) => {
    const value = read(view, at * size, littleEndian);
    if (typeof value === 'bigint') return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);
    // JSON has no such numbers; the standard spells them (PS3.18 F.2.3).
    return Number.isFinite(value) ? value : Number.isNaN(value) ? 'NaN' : value > 0 ? 'inf' : '-inf';
  });
}

const WORD_BYTES: Readonly<Record<string, number>> = { OW: 2, OL: 4, OF: 4, OD: 8, OV: 8 };

/** InlineBinary and bulk data are little endian (PS3.18 F.2.7). */
export function littleEndianBytes(bytes: Uint8Array, vr: string, littleEndian: boolean): Uint8Array {
  const size = WORD_BYTES[vr];
  if (littleEndian || size === undefined) return bytes;
  const turned = bytes.slice();
  for (let at = 0; at + size <= turned.length; at += size) turned.subarray(at, at + size).reverse();
  return turned;
}
