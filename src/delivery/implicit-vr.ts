/**
 * Explicit VR Little Endian → Implicit VR Little Endian (PS3.5 §7.1, annex A.1), for our own reports only: the default
 * transfer syntax is the one that every archive must take, and some old ones take no other. The values stay as they are,
 * byte for byte; only the element headers change. Pure. Leaves out encapsulated pixel data and sequences of defined length, which
 * our writer does not make.
 */
import { FirstreadError } from '../errors.ts';

/** VRs whose explicit header has two reserved bytes and a 4-byte length. */
const LONG_VRS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);
const UNDEFINED_LENGTH = 0xffffffff;
/** Item (FFFE,E000), its end and the sequence's end: no VR in either encoding. */
const DELIMITER_GROUP = 0xfffe;
const HEADER_BYTES = 8;

/** @throws FirstreadError data-set-damaged */
export function toImplicitVr(explicit: Uint8Array): Uint8Array {
  const view = new DataView(explicit.buffer, explicit.byteOffset, explicit.byteLength);
  const implicit = new Uint8Array(explicit.byteLength);
  const written = new DataView(implicit.buffer);
  let to = 0;
  const header = (at: number, length: number): void => {
    implicit.set(explicit.subarray(at, at + 4), to);
    written.setUint32(to + 4, length, true);
    to += HEADER_BYTES;
  };
  for (let at = 0; at < explicit.byteLength; ) {
    if (at + HEADER_BYTES > explicit.byteLength) throw damaged('an element is cut short', at);
    if (view.getUint16(at, true) === DELIMITER_GROUP) {
      const length = view.getUint32(at + 4, true);
      if (length !== 0 && length !== UNDEFINED_LENGTH) throw damaged('an item of defined length', at);
      header(at, length);
      at += HEADER_BYTES;
      continue;
    }
    const vr = String.fromCharCode(explicit[at + 4]!, explicit[at + 5]!);
    const isLong = LONG_VRS.has(vr);
    const headerBytes = isLong ? 12 : HEADER_BYTES;
    if (at + headerBytes > explicit.byteLength) throw damaged('an element is cut short', at);
    const length = isLong ? view.getUint32(at + 8, true) : view.getUint16(at + 6, true);
    if (vr === 'SQ' && length !== UNDEFINED_LENGTH && length !== 0) throw damaged('a sequence of defined length', at);
    header(at, length);
    at += headerBytes;
    // What a sequence of undefined length holds follows as elements of its own.
    if (length === UNDEFINED_LENGTH) {
      if (vr !== 'SQ') throw damaged('a value of undefined length', at);
      continue;
    }
    if (at + length > explicit.byteLength) throw damaged('a value is cut short', at);
    implicit.set(explicit.subarray(at, at + length), to);
    to += length;
    at += length;
  }
  return implicit.slice(0, to);
}

function damaged(what: string, offset: number): FirstreadError {
  return new FirstreadError('data-set-damaged', what, { offset });
}
