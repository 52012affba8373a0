/**
 * A-ASSOCIATE-RQ and -AC with their items and sub-items (PS3.8 §9.3.2–9.3.3, Annex D; PS3.7 Annex D.3.3).
 * Every item: type (1), reserved (1), length (2, big endian, excluding these four bytes). Lengths are checked against
 * the enclosing item's end, never against the buffer's. Unknown items are skipped, as §9.3.1 asks.
 * Leaves out: SOP Class (Common) Extended Negotiation and User Identity are read no further than their presence.
 */
import { Buffer } from 'node:buffer';
import { FirstreadError } from '../errors.ts';
import { readAeTitle } from './ae-title.ts';
import { PDU_HEADER_BYTES, PDU_TYPE } from './pdu.ts';

export const APPLICATION_CONTEXT_UID = '1.2.840.10008.3.1.1.1';

const ITEM = {
  applicationContext: 0x10,
  presentationContextRq: 0x20,
  presentationContextAc: 0x21,
  abstractSyntax: 0x30,
  transferSyntax: 0x40,
  userInformation: 0x50,
  maximumLength: 0x51,
  implementationClassUid: 0x52,
  asynchronousOperations: 0x53,
  roleSelection: 0x54,
  implementationVersion: 0x55,
  extendedNegotiation: 0x56,
  commonExtendedNegotiation: 0x57,
  userIdentity: 0x58,
} as const;

/** Presentation contexts have odd IDs from 1 to 255: no more than 128 fit. */
const CONTEXTS_MAX = 128;
/** More transfer syntaxes in one context than the standard has ever defined; bounds the work of one request. */
const TRANSFER_SYNTAXES_MAX = 128;
const UID_MAX_BYTES = 64;
const ASSOCIATE_FIXED_BYTES = 68;

export interface PresentationContext {
  readonly id: number;
  readonly abstractSyntaxUid: string;
  readonly transferSyntaxUids: readonly string[];
}

/** Result (PS3.8 Table 9-18): 0 acceptance, 1 user-rejection, 3 abstract syntax, 4 transfer syntaxes not supported. */
export interface ContextResult {
  readonly id: number;
  readonly result: number;
  readonly transferSyntaxUid: string;
}

export interface RoleSelection {
  readonly sopClassUid: string;
  readonly scuRole: boolean;
  readonly scpRole: boolean;
}

export interface UserInformation {
  /** The largest P-DATA-TF its sender can take; 0 is "no maximum". */
  readonly maximumLengthBytes: number;
  readonly implementationClassUid: string;
  readonly implementationVersion: string;
  readonly asynchronousOperations?: { readonly invoked: number; readonly performed: number };
  readonly roleSelections: readonly RoleSelection[];
}

interface AssociateCommon {
  readonly protocolVersion: number;
  /** As sent: sixteen bytes each. An acceptor returns them untouched. */
  readonly calledAeTitle: Uint8Array;
  readonly callingAeTitle: Uint8Array;
  readonly applicationContextUid: string;
  readonly userInformation: UserInformation;
}

export interface AssociateRq extends AssociateCommon {
  readonly presentationContexts: readonly PresentationContext[];
}

export interface AssociateAc extends AssociateCommon {
  readonly contextResults: readonly ContextResult[];
}

const malformed = (why: string, offset: number): FirstreadError => new FirstreadError('pdu-malformed', `A-ASSOCIATE: ${why}`, { offset });

/** Walks the items between two offsets; an item that does not fit its enclosure ends the PDU. */
function* items(body: Uint8Array, start: number, end: number): Generator<{ type: number; start: number; end: number }> {
  let at = start;
  while (at < end) {
    if (end - at < 4) throw malformed('bytes after the last item', at);
    const type = body[at]!;
    const length = (body[at + 2]! << 8) | body[at + 3]!;
    const itemEnd = at + 4 + length;
    if (itemEnd > end) throw malformed('an item longer than what holds it', at);
    yield { type, start: at + 4, end: itemEnd };
    at = itemEnd;
  }
}

/** UIDs come unpadded, but NUL- and space-padded ones are met; any other character than digits and dots is refused. */
function readUid(body: Uint8Array, start: number, end: number): string {
  let last = end;
  while (last > start && (body[last - 1] === 0x00 || body[last - 1] === 0x20)) last--;
  if (last - start > UID_MAX_BYTES) throw malformed('a UID over 64 characters', start);
  const uid = Buffer.from(body.buffer, body.byteOffset + start, last - start).toString('latin1');
  if (!/^[0-9.]+$/.test(uid)) throw malformed('a UID of other characters', start);
  return uid;
}

function readContextId(body: Uint8Array, start: number, end: number): number {
  if (end - start < 4) throw malformed('a presentation context without ID', start);
  const id = body[start]!;
  if (id % 2 === 0) throw malformed('an even presentation context ID', start);
  return id;
}

function readPresentationContext(body: Uint8Array, start: number, end: number): PresentationContext {
  const id = readContextId(body, start, end);
  let abstractSyntaxUid: string | undefined;
  const transferSyntaxUids: string[] = [];
  for (const item of items(body, start + 4, end)) {
    if (item.type === ITEM.abstractSyntax) {
      if (abstractSyntaxUid !== undefined) throw malformed('two abstract syntaxes in one context', item.start);
      abstractSyntaxUid = readUid(body, item.start, item.end);
    } else if (item.type === ITEM.transferSyntax) {
      if (transferSyntaxUids.length === TRANSFER_SYNTAXES_MAX) throw malformed('too many transfer syntaxes', item.start);
      transferSyntaxUids.push(readUid(body, item.start, item.end));
    }
  }
  if (abstractSyntaxUid === undefined) throw malformed('a context without abstract syntax', start);
  if (transferSyntaxUids.length === 0) throw malformed('a context without transfer syntax', start);
  return { id, abstractSyntaxUid, transferSyntaxUids };
}

function readContextResult(body: Uint8Array, start: number, end: number): ContextResult {
  const id = readContextId(body, start, end);
  const result = body[start + 2]!;
  let transferSyntaxUid = '';
  // Where the context is refused the transfer syntax is not significant, and may be empty.
  if (result === 0) {
    for (const item of items(body, start + 4, end)) {
      if (item.type === ITEM.transferSyntax) transferSyntaxUid = readUid(body, item.start, item.end);
    }
    if (transferSyntaxUid === '') throw malformed('an accepted context without transfer syntax', start);
  }
  return { id, result, transferSyntaxUid };
}

function readRoleSelection(body: Uint8Array, start: number, end: number): RoleSelection {
  const uidLength = end - start < 4 ? 0 : (body[start]! << 8) | body[start + 1]!;
  if (end - start !== uidLength + 4 || uidLength === 0) throw malformed('a role selection of another length', start);
  return {
    sopClassUid: readUid(body, start + 2, start + 2 + uidLength),
    scuRole: body[end - 2] === 1,
    scpRole: body[end - 1] === 1,
  };
}

function readUserInformation(body: Uint8Array, start: number, end: number): UserInformation {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  let information: UserInformation = { maximumLengthBytes: 0, implementationClassUid: '', implementationVersion: '', roleSelections: [] };
  const roleSelections: RoleSelection[] = [];
  for (const item of items(body, start, end)) {
    const length = item.end - item.start;
    if (item.type === ITEM.maximumLength || item.type === ITEM.asynchronousOperations) {
      if (length !== 4) throw malformed('a sub-item of another length than four', item.start);
    }
    if (item.type === ITEM.maximumLength) {
      information = { ...information, maximumLengthBytes: view.getUint32(item.start) };
    } else if (item.type === ITEM.implementationClassUid) {
      information = { ...information, implementationClassUid: readUid(body, item.start, item.end) };
    } else if (item.type === ITEM.implementationVersion) {
      information = { ...information, implementationVersion: readAeTitle(body.subarray(item.start, Math.min(item.end, item.start + 16))) };
    } else if (item.type === ITEM.asynchronousOperations) {
      const asynchronousOperations = { invoked: view.getUint16(item.start), performed: view.getUint16(item.start + 2) };
      information = { ...information, asynchronousOperations };
    } else if (item.type === ITEM.roleSelection) {
      if (roleSelections.length === CONTEXTS_MAX) throw malformed('too many role selections', item.start);
      roleSelections.push(readRoleSelection(body, item.start, item.end));
    }
  }
  return { ...information, roleSelections };
}

interface Sections {
  readonly common: AssociateCommon;
  readonly contexts: readonly { readonly start: number; readonly end: number }[];
}

function readSections(body: Uint8Array, contextType: number): Sections {
  if (body.length < ASSOCIATE_FIXED_BYTES) throw malformed('too short', body.length);
  let applicationContextUid: string | undefined;
  let userInformation: UserInformation | undefined;
  const contexts: { start: number; end: number }[] = [];
  for (const item of items(body, ASSOCIATE_FIXED_BYTES, body.length)) {
    if (item.type === ITEM.applicationContext) {
      if (applicationContextUid !== undefined) throw malformed('two application contexts', item.start);
      applicationContextUid = readUid(body, item.start, item.end);
    } else if (item.type === contextType) {
      if (contexts.length === CONTEXTS_MAX) throw malformed('more than 128 presentation contexts', item.start);
      contexts.push(item);
    } else if (item.type === ITEM.userInformation) {
      if (userInformation !== undefined) throw malformed('two user informations', item.start);
      userInformation = readUserInformation(body, item.start, item.end);
    }
  }
  if (applicationContextUid === undefined) throw malformed('no application context', body.length);
  if (userInformation === undefined) throw malformed('no user information', body.length);
  const common = {
    protocolVersion: (body[0]! << 8) | body[1]!,
    calledAeTitle: new Uint8Array(body.subarray(4, 20)),
    callingAeTitle: new Uint8Array(body.subarray(20, 36)),
    applicationContextUid,
    userInformation,
  };
  return { common, contexts };
}

function assertDistinctIds(contexts: readonly { readonly id: number }[]): void {
  if (new Set(contexts.map((context) => context.id)).size !== contexts.length) throw malformed('a presentation context ID twice', 0);
}

/** @throws FirstreadError pdu-malformed */
export function decodeAssociateRq(body: Uint8Array): AssociateRq {
  const { common, contexts } = readSections(body, ITEM.presentationContextRq);
  const presentationContexts = contexts.map(({ start, end }) => readPresentationContext(body, start, end));
  assertDistinctIds(presentationContexts);
  return { ...common, presentationContexts };
}

/** @throws FirstreadError pdu-malformed */
export function decodeAssociateAc(body: Uint8Array): AssociateAc {
  const { common, contexts } = readSections(body, ITEM.presentationContextAc);
  const contextResults = contexts.map(({ start, end }) => readContextResult(body, start, end));
  assertDistinctIds(contextResults);
  return { ...common, contextResults };
}

function item(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Uint8Array.of(type, 0, length >> 8, length & 0xff), ...parts]);
}

const uid = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const uint16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff);
const uint32 = (value: number): Uint8Array => Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);

function encodeUserInformation(information: UserInformation): Uint8Array {
  const { asynchronousOperations } = information;
  return item(
    ITEM.userInformation,
    item(ITEM.maximumLength, uint32(information.maximumLengthBytes)),
    item(ITEM.implementationClassUid, uid(information.implementationClassUid)),
    ...(asynchronousOperations === undefined
      ? []
      : [item(ITEM.asynchronousOperations, uint16(asynchronousOperations.invoked), uint16(asynchronousOperations.performed))]),
    ...information.roleSelections.map((role) =>
      item(ITEM.roleSelection, uint16(role.sopClassUid.length), uid(role.sopClassUid), Uint8Array.of(role.scuRole ? 1 : 0, role.scpRole ? 1 : 0)),
    ),
    item(ITEM.implementationVersion, uid(information.implementationVersion.slice(0, 16))),
  );
}

function encodeAssociate(pduType: number, pdu: AssociateCommon, contexts: readonly Uint8Array[]): Uint8Array {
  const items = Buffer.concat([item(ITEM.applicationContext, uid(pdu.applicationContextUid)), ...contexts, encodeUserInformation(pdu.userInformation)]);
  const encoded = Buffer.alloc(PDU_HEADER_BYTES + ASSOCIATE_FIXED_BYTES + items.length);
  encoded[0] = pduType;
  encoded.writeUInt32BE(encoded.length - PDU_HEADER_BYTES, 2);
  encoded.writeUInt16BE(pdu.protocolVersion, 6);
  encoded.set(pdu.calledAeTitle.subarray(0, 16), 10);
  encoded.set(pdu.callingAeTitle.subarray(0, 16), 26);
  encoded.set(items, PDU_HEADER_BYTES + ASSOCIATE_FIXED_BYTES);
  return encoded;
}

export function encodeAssociateRq(rq: AssociateRq): Uint8Array {
  const contexts = rq.presentationContexts.map((context) =>
    item(
      ITEM.presentationContextRq,
      Uint8Array.of(context.id, 0, 0, 0),
      item(ITEM.abstractSyntax, uid(context.abstractSyntaxUid)),
      ...context.transferSyntaxUids.map((syntax) => item(ITEM.transferSyntax, uid(syntax))),
    ),
  );
  return encodeAssociate(PDU_TYPE.associateRq, rq, contexts);
}

export function encodeAssociateAc(ac: AssociateAc): Uint8Array {
  const contexts = ac.contextResults.map((context) =>
    item(ITEM.presentationContextAc, Uint8Array.of(context.id, 0, context.result, 0), item(ITEM.transferSyntax, uid(context.transferSyntaxUid))),
  );
  return encodeAssociate(PDU_TYPE.associateAc, ac, contexts);
}
