/**
 * Values out of an indexed data set (PS3.5 section 6.2). Absent, empty and unusable are all `undefined`: what a value
 * means, and whether it may be missing, is the caller's business.
 */
import { decodeText, splitValues, type CharacterSet } from './character-set.ts';
import type { DataElement, DataSetNode } from './data-set.ts';

const latin1 = new TextDecoder('latin1');
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

/** Values in the default repertoire (AE, CS, DA, DS, IS, TM, UI …), trimmed; empty ones stay in their place. */
export function codeStrings(node: DataSetNode, tag: number): readonly string[] {
  const bytes = textBytes(node, tag);
  return bytes === undefined ? [] : latin1.decode(bytes).split('\\').map(trimmed);
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
  const bytes = element === undefined ? undefined : elementBytes(node, tag);
  if (element === undefined || bytes === undefined) return [];
  if (element.vr === 'IS' || element.vr === 'DS') return decimals(node, tag).map(Math.trunc);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: number[] = [];
  if (element.vr === 'UL' || element.vr === 'SL') {
    for (let i = 0; i + 4 <= bytes.length; i += 4) values.push(element.vr === 'SL' ? view.getInt32(i, node.littleEndian) : view.getUint32(i, node.littleEndian));
    return values;
  }
  const asSigned = element.vr === 'SS' || (signed && element.vr !== 'US');
  for (let i = 0; i + 2 <= bytes.length; i += 2) values.push(asSigned ? view.getInt16(i, node.littleEndian) : view.getUint16(i, node.littleEndian));
  return values;
}

export function integer(node: DataSetNode, tag: number): number | undefined {
  return integers(node, tag)[0];
}

/** DS and IS (also FD and FL, which some writers use in their place); what is not a number is dropped. */
export function decimals(node: DataSetNode, tag: number): readonly number[] {
  const element: DataElement | undefined = node.elements.get(tag);
  if (element?.vr === 'FD' || element?.vr === 'FL') {
    const bytes = elementBytes(node, tag);
    if (bytes === undefined) return [];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const size = element.vr === 'FD' ? 8 : 4;
    const values: number[] = [];
    for (let i = 0; i + size <= bytes.length; i += size) values.push(size === 8 ? view.getFloat64(i, node.littleEndian) : view.getFloat32(i, node.littleEndian));
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
