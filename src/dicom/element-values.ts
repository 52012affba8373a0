/**
 * Values out of an indexed data set (PS3.5 section 6.2). Absent, empty and unusable are all `undefined`: what a value
 * means, and whether it may be missing, is the caller's business.
 *
 * dicom-parser reads the values, element by element, from the places that our own index has found inside the bytes
 * (data-set-walker.ts: its limits are why dicom-parser does not walk hostile data itself).
 */
import dicomParser, { type ByteArrayParser, type DataSet } from 'dicom-parser';
import { decodeText, splitValues, type CharacterSet } from './character-set.ts';
import type { DataElement, DataSetNode } from './data-set.ts';

/** Header values are short; a 4 GB "patient name" is not decoded. */
export const TEXT_VALUE_MAX_BYTES = 65_536;

export function elementBytes(node: DataSetNode, tag: number): Uint8Array | undefined {
  const element = node.elements.get(tag);
  return element === undefined || element.length === 0 ? undefined : node.bytes.subarray(element.offset, element.offset + element.length);
}

export function itemsOf(node: DataSetNode, tag: number): readonly DataSetNode[] {
  return node.elements.get(tag)?.items ?? [];
}

function textBytes(node: DataSetNode, tag: number): Uint8Array | undefined {
  const element = node.elements.get(tag);
  if (element === undefined || element.items !== undefined || element.fragments !== undefined) return undefined;
  return elementBytes(node, tag)?.subarray(0, TEXT_VALUE_MAX_BYTES);
}

const trimmed = (text: string): string => text.replace(/\0/g, '').trim();

const KEY = 'x';
/** Its own types leave the class out and have only the interface. */
const { DataSet: Reader } = dicomParser as unknown as { readonly DataSet: new (numbers: ByteArrayParser, bytes: Uint8Array, elements: object) => DataSet };

/** dicom-parser's view of one element; its readers are told where it lies and how long it is. */
function readerOf(node: DataSetNode, { offset, length }: DataElement): DataSet {
  const numbers = node.littleEndian ? dicomParser.littleEndianByteArrayParser : dicomParser.bigEndianByteArrayParser;
  return new Reader(numbers, node.bytes, { [KEY]: { tag: KEY, dataOffset: offset, length } });
}

/** Values in the default repertoire (AE, CS, DA, DS, IS, TM, UI …), trimmed; empty ones stay in their place. */
export function codeStrings(node: DataSetNode, tag: number): readonly string[] {
  const element = node.elements.get(tag);
  if (element === undefined || textBytes(node, tag) === undefined) return [];
  const text = dicomParser.readFixedString(node.bytes as Buffer, element.offset, Math.min(element.length, TEXT_VALUE_MAX_BYTES));
  return text.split('\\').map(trimmed);
}

export function codeString(node: DataSetNode, tag: number): string | undefined {
  return codeStrings(node, tag)[0] || undefined;
}

/** Text as Unicode (NFC, trimmed), and whether its character set had to be guessed. */
export function textStrings(node: DataSetNode, tag: number, characterSet: CharacterSet): { values: readonly string[]; guessed: boolean } {
  const bytes = textBytes(node, tag);
  if (bytes === undefined) return { values: [], guessed: false };
  const { text, guessed } = decodeText(bytes, characterSet);
  return { values: splitValues(text).map((value) => trimmed(value).normalize('NFC')), guessed };
}

/** Whole numbers whichever way they are written: US, SS, UL, SL, IS, DS; implicit ones by length. */
export function integers(node: DataSetNode, tag: number, signed = false): readonly number[] {
  const element = node.elements.get(tag);
  if (element === undefined || elementBytes(node, tag) === undefined) return [];
  const { vr, length } = element;
  if (vr === 'IS' || vr === 'DS') return decimals(node, tag).map(Math.trunc);
  const reader = readerOf(node, element);
  if (vr === 'UL') return Array.from({ length: Math.floor(length / 4) }, (_, at) => reader.uint32(KEY, at) as number);
  if (vr === 'SL') return Array.from({ length: Math.floor(length / 4) }, (_, at) => reader.int32(KEY, at) as number);
  const asSigned = vr === 'SS' || (signed && vr !== 'US');
  return Array.from({ length: Math.floor(length / 2) }, (_, at) => (asSigned ? reader.int16(KEY, at) : reader.uint16(KEY, at)) as number);
}

export function integer(node: DataSetNode, tag: number): number | undefined {
  return integers(node, tag)[0];
}

/** DS and IS (also FD and FL, which some writers use in their place); what is not a number is dropped. */
export function decimals(node: DataSetNode, tag: number): readonly number[] {
  const element = node.elements.get(tag);
  if (element !== undefined && (element.vr === 'FD' || element.vr === 'FL')) {
    if (elementBytes(node, tag) === undefined) return [];
    const reader = readerOf(node, element);
    const values = element.vr === 'FD'
      ? Array.from({ length: Math.floor(element.length / 8) }, (_, at) => reader.double(KEY, at) as number)
      : Array.from({ length: Math.floor(element.length / 4) }, (_, at) => reader.float(KEY, at) as number);
    return values.filter(Number.isFinite);
  }
  return codeStrings(node, tag)
    .filter((text) => text !== '')
    .map((text) => Number(text.replace(',', '.')))
    .filter(Number.isFinite);
}

export function decimal(node: DataSetNode, tag: number): number | undefined {
  return decimals(node, tag)[0];
}
