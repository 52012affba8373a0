/** AE titles: sixteen bytes in the A-ASSOCIATE PDUs (PS3.8 §9.3.2, PS3.5 §6.2). */
import { Buffer } from 'node:buffer';

/**
 * The text of an AE title: leading and trailing spaces are not significant, NUL padding is met in the field, case is
 * significant. Control characters become U+FFFD, so that no configured title can be imitated by them.
 */
export function readAeTitle(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return text.replace(/^[\0 ]+|[\0 ]+$/g, '').replace(/[\x00-\x1f\x7f-\x9f]/g, '\ufffd');
}

/** Sixteen bytes, padded with spaces. */
export function encodeAeTitle(title: string): Uint8Array {
  return Buffer.from(title.padEnd(16, ' ').slice(0, 16), 'latin1');
}
