/**
 * Unique identifiers (PS3.5 section 9). New ones are 2.25.<128-bit number> (PS3.5 B.2) derived from content, so that
 * doing the same thing twice makes the same object.
 */
import { sha256 } from './sha256.ts';

/** PS3.5 9.1: at most 64 characters, digits and dots, no empty component, no leading zero. */
export function isValidUid(uid: string): boolean {
  return uid.length <= 64 && /^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+$/.test(uid);
}

/** The same parts give the same UID, in this and every later release: reports in hospitals' archives depend on it. */
export function uidFromHash(...parts: string[]): string {
  const digest = sha256(new TextEncoder().encode(parts.map((part) => `${part.length}:${part}`).join('')));
  // An RFC 9562 version 8 UUID (custom content), as PS3.5 B.2 asks for a UUID behind 2.25.
  digest[6] = (digest[6]! & 0x0f) | 0x80;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  let value = 0n;
  for (const byte of digest.subarray(0, 16)) value = (value << 8n) | BigInt(byte);
  return `2.25.${value}`;
}
