/**
 * DICOM files (PS3.10 section 7): preamble, "DICM", File Meta Information (group 0002, always Explicit VR Little
 * Endian), data set. Files in the field lack any of the first three: what can be read is read, and what had to be
 * assumed is said in `remarks`.
 */
import { FirstreadError } from '../errors.ts';
import { parseDataSet, plainBytes, type ParseOptions, type ParsedDataSet } from './data-set.ts';
import { codeString } from './element-values.ts';
import { TAG } from './tags.ts';
import { EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from './transfer-syntaxes.ts';

/** Identifies this implementation in files and associations (PS3.7 D.3.3.2); 2.25 from a fixed UUID. */
export const IMPLEMENTATION_CLASS_UID = '2.25.156842035571870463285690371125869043217';
export const IMPLEMENTATION_VERSION_NAME = 'FIRSTREAD_01';

export interface FileMeta {
  readonly transferSyntaxUid: string;
  readonly sopClassUid?: string;
  readonly sopInstanceUid?: string;
}

export interface Part10 {
  readonly meta: FileMeta;
  /** Where the data set's bytes begin in the file. */
  readonly dataSetOffset: number;
  readonly dataSet: ParsedDataSet;
  /** The transfer syntax was not written in the file. */
  readonly transferSyntaxGuessed: boolean;
  readonly remarks: readonly string[];
}

const PREAMBLE_BYTES = 128;
const latin1 = new TextDecoder('latin1');

const hasMagic = (bytes: Uint8Array, at: number): boolean => latin1.decode(bytes.subarray(at, at + 4)) === 'DICM';

export interface FileMetaInput {
  readonly transferSyntaxUid: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  /** AE title of the sender (0002,0016). */
  readonly sourceAeTitle?: string;
}

/** 128 zero bytes, "DICM" and group 0002: what goes in front of a data set's bytes to make a file of them. */
export function encodeFileMeta(input: FileMetaInput): Uint8Array {
  const elements = [
    explicitElement(0x0001, 'OB', Uint8Array.of(0, 1)),
    explicitElement(0x0002, 'UI', padded(input.sopClassUid, 0)),
    explicitElement(0x0003, 'UI', padded(input.sopInstanceUid, 0)),
    explicitElement(0x0010, 'UI', padded(input.transferSyntaxUid, 0)),
    explicitElement(0x0012, 'UI', padded(IMPLEMENTATION_CLASS_UID, 0)),
    explicitElement(0x0013, 'SH', padded(IMPLEMENTATION_VERSION_NAME, 0x20)),
    ...(input.sourceAeTitle === undefined || input.sourceAeTitle.trim() === '' ? [] : [explicitElement(0x0016, 'AE', padded(input.sourceAeTitle.trim().slice(0, 16), 0x20))]),
  ];
  const groupLength = elements.reduce((sum, element) => sum + element.length, 0);
  const lengthValue = new Uint8Array(4);
  new DataView(lengthValue.buffer).setUint32(0, groupLength, true);
  const parts = [new Uint8Array(PREAMBLE_BYTES), new TextEncoder().encode('DICM'), explicitElement(0x0000, 'UL', lengthValue), ...elements];
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    file.set(part, offset);
    offset += part.length;
  }
  return file;
}

function padded(text: string, pad: number): Uint8Array {
  const bytes = new Uint8Array(text.length + (text.length % 2)).fill(pad);
  // Group 0002 is in the default repertoire; anything else has no place in a UID or AE title.
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) < 0x80 ? text.charCodeAt(i) : 0x3f;
  return bytes;
}

function explicitElement(element: number, vr: string, value: Uint8Array): Uint8Array {
  const long = vr === 'OB';
  const bytes = new Uint8Array((long ? 12 : 8) + value.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x0002, true);
  view.setUint16(2, element, true);
  bytes[4] = vr.charCodeAt(0);
  bytes[5] = vr.charCodeAt(1);
  if (long) view.setUint32(8, value.length, true);
  else view.setUint16(6, value.length, true);
  bytes.set(value, long ? 12 : 8);
  return bytes;
}

/** Meta information from `start` on: group 0002 ends where another group begins; its length element is not trusted. */
function readMeta(bytes: Uint8Array, start: number): { meta: Partial<FileMeta>; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  while (at + 8 <= bytes.length && view.getUint16(at, true) === 0x0002) {
    const vr = latin1.decode(bytes.subarray(at + 4, at + 6));
    const long = vr === 'OB' || vr === 'UN' || vr === 'UT' || vr === 'OW' || vr === 'SQ';
    const explicit = /^[A-Z]{2}$/.test(vr);
    if (explicit && long && at + 12 > bytes.length) break;
    const length = !explicit ? view.getUint32(at + 4, true) : long ? view.getUint32(at + 8, true) : view.getUint16(at + 6, true);
    const next = at + (explicit && long ? 12 : 8) + length;
    if (next > bytes.length) throw new FirstreadError('data-set-damaged', 'the file meta information is cut short', { offset: at });
    at = next;
  }
  if (at === start) return { meta: {}, end: start };
  const group = parseDataSet(bytes.subarray(start, at), EXPLICIT_VR_LITTLE_ENDIAN, { salvage: true });
  const value = (tag: number): string | undefined => codeString(group, tag);
  const transferSyntaxUid = value(TAG.TransferSyntaxUID);
  const sopClassUid = value(TAG.MediaStorageSOPClassUID);
  const sopInstanceUid = value(TAG.MediaStorageSOPInstanceUID);
  return {
    meta: {
      ...(transferSyntaxUid === undefined ? {} : { transferSyntaxUid }),
      ...(sopClassUid === undefined ? {} : { sopClassUid }),
      ...(sopInstanceUid === undefined ? {} : { sopInstanceUid }),
    },
    end: at,
  };
}

/** The first element of a data set gives its encoding away: a low even group, and two letters or a plausible length. */
function guessTransferSyntax(bytes: Uint8Array, at: number): string | undefined {
  if (bytes.length - at < 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
  const explicit = /^[A-Z]{2}$/.test(latin1.decode(bytes.subarray(at + 4, at + 6)));
  const littleGroup = view.getUint16(0, true);
  const bigGroup = view.getUint16(0, false);
  const plausible = (group: number): boolean => group >= 0x0004 && group <= 0x0040 && group % 2 === 0;
  if (plausible(littleGroup)) {
    if (explicit) return EXPLICIT_VR_LITTLE_ENDIAN;
    return view.getUint32(4, true) <= bytes.length - at - 8 || view.getUint32(4, true) === 0xffffffff ? IMPLICIT_VR_LITTLE_ENDIAN : undefined;
  }
  return plausible(bigGroup) && explicit ? EXPLICIT_VR_BIG_ENDIAN : undefined;
}

/** Throws `not-dicom`, `data-set-damaged`, `data-set-over-limit`. */
export function readPart10(file: Uint8Array, options: ParseOptions = {}): Part10 {
  const bytes = plainBytes(file);
  const remarks: string[] = [];
  let start = 0;
  if (hasMagic(bytes, PREAMBLE_BYTES)) start = PREAMBLE_BYTES + 4;
  else {
    remarks.push('preamble-missing');
    if (hasMagic(bytes, 0)) start = 4;
  }
  const { meta, end } = readMeta(bytes, start);
  if (end === start) remarks.push('file-meta-missing');
  let { transferSyntaxUid } = meta;
  const transferSyntaxGuessed = transferSyntaxUid === undefined;
  if (transferSyntaxUid === undefined) {
    remarks.push('transfer-syntax-guessed');
    transferSyntaxUid = guessTransferSyntax(bytes, end);
    if (transferSyntaxUid === undefined) {
      if (end === start && start === 0) throw new FirstreadError('not-dicom');
      // Only meta information, or a data set of which nothing can be said.
      if (bytes.length - end >= 8) throw new FirstreadError('data-set-damaged', 'the transfer syntax is not written and cannot be recognised', { offset: end });
      transferSyntaxUid = EXPLICIT_VR_LITTLE_ENDIAN;
    }
  }
  const dataSet = parseDataSet(bytes.subarray(end), transferSyntaxUid, options);
  return { meta: { ...meta, transferSyntaxUid }, dataSetOffset: end, dataSet, transferSyntaxGuessed, remarks: [...remarks, ...dataSet.remarks] };
}
