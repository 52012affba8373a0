/**
 * Command sets (PS3.7 §6.3.1, Annex E): group 0000, Implicit VR Little Endian always, whatever the context negotiated.
 * Decodes the elements that C-STORE, C-ECHO and their kin use, inside limits; encodes requests and responses.
 * Leaves out: elements of the N-services beyond the UIDs, statuses and IDs below (storage commitment will need
 * ActionTypeID and EventTypeID; both are numbers and fit the table).
 */
import { Buffer } from 'node:buffer';
import { FirstreadError } from '../errors.ts';

export const COMMAND_FIELD = {
  cStoreRq: 0x0001,
  cStoreRsp: 0x8001,
  cEchoRq: 0x0030,
  cEchoRsp: 0x8030,
  cCancelRq: 0x0fff,
} as const;

/** Set in the command field of every response. */
export const RESPONSE_BIT = 0x8000;
/** CommandDataSetType that says "no data set follows"; any other value says that one does. */
export const NO_DATA_SET = 0x0101;

/** C-ECHO's answer. Refusals' statuses are in the catalogue of errors; those of storing come from the StoreSink. */
export const SUCCESS = 0x0000;

/** A command set is a few hundred bytes; RequestedSOPInstanceUID lists and comments included it stays far below. */
export const COMMAND_SET_MAX_BYTES = 16 * 1024;
const ELEMENTS_MAX = 64;
const ELEMENT_HEADER_BYTES = 8;
const UID_MAX_BYTES = 64;
/** ErrorComment is LO: 64 characters. */
const ERROR_COMMENT_MAX_CHARACTERS = 64;

export interface CommandSet {
  readonly commandField: number;
  readonly affectedSopClassUid?: string;
  readonly affectedSopInstanceUid?: string;
  readonly messageId?: number;
  readonly messageIdBeingRespondedTo?: number;
  readonly priority?: number;
  readonly commandDataSetType?: number;
  readonly status?: number;
  readonly errorComment?: string;
}

type Kind = 'US' | 'UI' | 'LO';

/** Element number in group 0000 → name here and VR. In ascending order: so they are encoded. */
const ELEMENTS: readonly (readonly [number, keyof CommandSet, Kind])[] = [
  [0x0002, 'affectedSopClassUid', 'UI'],
  [0x0100, 'commandField', 'US'],
  [0x0110, 'messageId', 'US'],
  [0x0120, 'messageIdBeingRespondedTo', 'US'],
  [0x0700, 'priority', 'US'],
  [0x0800, 'commandDataSetType', 'US'],
  [0x0900, 'status', 'US'],
  [0x0902, 'errorComment', 'LO'],
  [0x1000, 'affectedSopInstanceUid', 'UI'],
];

const BY_NUMBER = new Map(ELEMENTS.map(([number, name, kind]) => [number, { name, kind }]));

const malformed = (why: string, offset: number): FirstreadError => new FirstreadError('command-malformed', `command set: ${why}`, { offset });

/** @throws FirstreadError command-malformed */
export function decodeCommandSet(bytes: Uint8Array): CommandSet {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const command: Record<string, number | string> = {};
  let at = 0;
  for (let count = 0; at < buffer.length; count++) {
    if (count === ELEMENTS_MAX) throw malformed('too many elements', at);
    if (buffer.length - at < ELEMENT_HEADER_BYTES) throw malformed('ends inside an element', at);
    if (buffer.readUInt16LE(at) !== 0x0000) throw malformed('an element of another group', at);
    const number = buffer.readUInt16LE(at + 2);
    const length = buffer.readUInt32LE(at + 4);
    at += ELEMENT_HEADER_BYTES;
    if (length > buffer.length - at) throw malformed('a value longer than the set', at);
    const known = BY_NUMBER.get(number);
    if (known !== undefined && length > 0) command[known.name] = readValue(buffer, at, length, known.kind);
    at += length;
  }
  if (typeof command['commandField'] !== 'number') throw malformed('no command field', at);
  return command as unknown as CommandSet;
}

function readValue(buffer: Buffer, at: number, length: number, kind: Kind): number | string {
  if (kind === 'US') {
    if (length !== 2) throw malformed('a US value of another length', at);
    return buffer.readUInt16LE(at);
  }
  if (kind === 'UI' && length > UID_MAX_BYTES) throw malformed('a UID over 64 characters', at);
  return buffer.toString('latin1', at, at + length).replace(/[\0 ]+$/, '');
}

/** With CommandGroupLength (0000,0000) in front, which counts the bytes after itself. */
export function encodeCommandSet(command: CommandSet): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [number, name, kind] of ELEMENTS) {
    const value = command[name];
    if (value === undefined) continue;
    parts.push(encodeElement(number, encodeValue(value, kind)));
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const groupLength = Buffer.alloc(4);
  groupLength.writeUInt32LE(length);
  return Buffer.concat([encodeElement(0x0000, groupLength), ...parts]);
}

function encodeValue(value: number | string, kind: Kind): Uint8Array {
  if (kind === 'US') return Uint8Array.of(Number(value) & 0xff, Number(value) >> 8);
  const text = kind === 'LO' ? printable(String(value)) : String(value);
  const padding = kind === 'UI' ? '\0' : ' ';
  return Buffer.from(text.length % 2 === 0 ? text : text + padding, 'latin1');
}

/** The command set has no character set: other than printable ASCII, and the value separator, becomes "?". */
const printable = (text: string): string => text.slice(0, ERROR_COMMENT_MAX_CHARACTERS).replace(/[^\x20-\x5b\x5d-\x7e]/g, '?');

function encodeElement(number: number, value: Uint8Array): Uint8Array {
  const element = Buffer.alloc(ELEMENT_HEADER_BYTES + value.length);
  element.writeUInt16LE(number, 2);
  element.writeUInt32LE(value.length, 4);
  element.set(value, ELEMENT_HEADER_BYTES);
  return element;
}

/** The response to a request: its IDs and UIDs are returned, no data set follows. */
export function responseTo(request: CommandSet, status: number, errorComment?: string): CommandSet {
  return {
    ...(request.affectedSopClassUid === undefined ? {} : { affectedSopClassUid: request.affectedSopClassUid }),
    commandField: request.commandField | RESPONSE_BIT,
    messageIdBeingRespondedTo: request.messageId ?? 0,
    commandDataSetType: NO_DATA_SET,
    status,
    ...(errorComment === undefined || errorComment === '' ? {} : { errorComment }),
    ...(request.affectedSopInstanceUid === undefined ? {} : { affectedSopInstanceUid: request.affectedSopInstanceUid }),
  };
}
