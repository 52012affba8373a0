/**
 * Names of files in the spool. A file is named by a hash of who it is and what it holds, never by what a peer wrote:
 * equal objects meet in one file, different ones cannot collide, and no string from the network becomes a path.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

const FILE_KEY = /^[0-9a-f]{64}$/;

/** SHA-256 over SOP instance, transfer syntax and content, NUL between (NUL occurs in neither UID). */
export function fileKeyOf(sopInstanceUid: string, transferSyntaxUid: string, contentSha256: string): string {
  assert(FILE_KEY.test(contentSha256), 'contentSha256 is 64 hex digits');
  return createHash('sha256').update(`${sopInstanceUid}\0${transferSyntaxUid}\0${contentSha256}`).digest('hex');
}

export function isFileKey(text: string): boolean {
  return FILE_KEY.test(text);
}

/** `ab/abcd….dcm`: 256 folders keep each of them small with millions of files. */
export function relativePathOf(fileKey: string): string {
  assert(FILE_KEY.test(fileKey), 'a file key is 64 hex digits');
  return `${fileKey.slice(0, 2)}/${fileKey}.dcm`;
}

/** All first-level folder names: 00 … ff. */
export const FAN_OUT: readonly string[] = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(2, '0'));

/** Offset of (0002,0000)'s value in a Part 10 file: preamble 128, "DICM" 4, tag 4, VR "UL" 2, length 2. */
const GROUP_LENGTH_OFFSET = 140;

/** Where the data set starts in a spool file (our own writing: group length is always there and right). */
export function dataSetOffsetOf(fileHead: Uint8Array): number {
  const view = new DataView(fileHead.buffer, fileHead.byteOffset, fileHead.byteLength);
  return view.byteLength < GROUP_LENGTH_OFFSET + 4 ? view.byteLength : GROUP_LENGTH_OFFSET + 4 + view.getUint32(GROUP_LENGTH_OFFSET, true);
}
