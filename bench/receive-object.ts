/**
 * The object that bench:receive sends: a DX image of 2500 × 3056, 12 of 16 bits (15.3 MB), drawn here: smooth like a
 * chest film, with noise in the low bits so that lossless coding has something to do. Explicit VR Little Endian.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeFileMeta } from '../src/dicom/part10.ts';

export type ObjectKind = 'raw' | 'jpeg-lossless';
export const OBJECT_KINDS: readonly ObjectKind[] = ['raw', 'jpeg-lossless'];

export const SOP_CLASS_UID = '1.2.840.10008.5.1.4.1.1.1.1';
/** Placeholders of a fixed length: the sender writes its own UIDs over them. */
export const SOP_INSTANCE_UID = '2.25.100000000000000000000000000000000001';
export const STUDY_INSTANCE_UID = '2.25.200000000000000000000000000000000001';
const TRANSFER_SYNTAX_UIDS: Record<ObjectKind, string> = { raw: '1.2.840.10008.1.2.1', 'jpeg-lossless': '1.2.840.10008.1.2.4.70' };
const COLUMNS = 2500;
const ROWS = 3056;

export const transferSyntaxOf = (kind: ObjectKind): string => TRANSFER_SYNTAX_UIDS[kind];

/** Writes `raw.dcm` and `jpeg-lossless.dcm` (by DCMTK's dcmcjpeg) into a folder. */
export function writeObjects(folder: string): Record<ObjectKind, string> {
  const raw = join(folder, 'raw.dcm');
  const compressed = join(folder, 'jpeg-lossless.dcm');
  const fileMeta = encodeFileMeta({ sopClassUid: SOP_CLASS_UID, sopInstanceUid: SOP_INSTANCE_UID, transferSyntaxUid: TRANSFER_SYNTAX_UIDS.raw });
  writeFileSync(raw, Buffer.concat([fileMeta, encodeDataSet(drawPixels())]));
  // +un: lossless, so it is the same instance, and the sender knows where its UIDs lie.
  execFileSync('dcmcjpeg', ['+e1', '+un', raw, compressed]);
  return { raw, 'jpeg-lossless': compressed };
}

function drawPixels(): Uint8Array {
  const pixels = new Uint16Array(COLUMNS * ROWS);
  let seed = 12345;
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0; column < COLUMNS; column++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      const lung = Math.exp(-(((Math.abs(column - COLUMNS / 2) - 550) / 420) ** 2) - ((row - ROWS / 2) / 1100) ** 2);
      pixels[row * COLUMNS + column] = 600 + 2600 * lung + (seed >>> 28);
    }
  }
  return new Uint8Array(pixels.buffer);
}

function encodeDataSet(pixels: Uint8Array): Uint8Array {
  return Buffer.concat([
    element(0x0008, 0x0016, 'UI', SOP_CLASS_UID),
    element(0x0008, 0x0018, 'UI', SOP_INSTANCE_UID),
    element(0x0008, 0x0020, 'DA', '20261121'),
    element(0x0008, 0x0060, 'CS', 'DX'),
    element(0x0010, 0x0010, 'PN', 'BENCH^RECEIVE'),
    element(0x0010, 0x0020, 'LO', 'BENCH'),
    element(0x0018, 0x0015, 'CS', 'CHEST'),
    element(0x0020, 0x000d, 'UI', STUDY_INSTANCE_UID),
    element(0x0020, 0x000e, 'UI', '2.25.300000000000000000000000000000000001'),
    element(0x0028, 0x0002, 'US', 1),
    element(0x0028, 0x0004, 'CS', 'MONOCHROME2'),
    element(0x0028, 0x0010, 'US', ROWS),
    element(0x0028, 0x0011, 'US', COLUMNS),
    element(0x0028, 0x0100, 'US', 16),
    element(0x0028, 0x0101, 'US', 12),
    element(0x0028, 0x0102, 'US', 11),
    element(0x0028, 0x0103, 'US', 0),
    element(0x7fe0, 0x0010, 'OW', pixels),
  ]);
}

/** Explicit VR Little Endian (PS3.5 §7.1.2): OW has a four-byte length after two reserved bytes, the others two. */
function element(group: number, number: number, vr: string, value: string | number | Uint8Array): Uint8Array {
  const bytes = typeof value === 'number' ? Uint8Array.of(value & 0xff, value >> 8) : typeof value === 'string' ? padded(value, vr) : value;
  const isLong = vr === 'OW';
  const header = Buffer.alloc(isLong ? 12 : 8);
  header.writeUInt16LE(group, 0);
  header.writeUInt16LE(number, 2);
  header.write(vr, 4, 'latin1');
  if (isLong) header.writeUInt32LE(bytes.length, 8);
  else header.writeUInt16LE(bytes.length, 6);
  return Buffer.concat([header, bytes]);
}

const padded = (text: string, vr: string): Uint8Array => Buffer.from(text.length % 2 === 0 ? text : text + (vr === 'UI' ? '\0' : ' '), 'latin1');
