/** A small DX image without sequences, so that what a peer re-encodes comes out byte for byte: for transfer tests. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeFileMeta } from '../../src/dicom/part10.ts';

export const SOP_CLASS_UID = '1.2.840.10008.5.1.4.1.1.1.1';
export const SOP_INSTANCE_UID = '2.25.4711';

function element(tag: string, vr: string, value: string | number | Uint8Array): Uint8Array {
  const bytes = typeof value === 'number' ? Uint8Array.of(value & 0xff, value >> 8)
    : typeof value === 'string' ? Buffer.from(value.length % 2 === 0 ? value : value + (vr === 'UI' ? '\0' : ' '), 'latin1')
    : value;
  const isLong = vr === 'OW' || vr === 'UN';
  const header = Buffer.alloc(isLong ? 12 : 8);
  header.writeUInt16LE(Number.parseInt(tag.slice(0, 4), 16), 0);
  header.writeUInt16LE(Number.parseInt(tag.slice(4), 16), 2);
  header.write(vr, 4, 'latin1');
  if (isLong) header.writeUInt32LE(bytes.length, 8);
  else header.writeUInt16LE(bytes.length, 6);
  return Buffer.concat([header, bytes]);
}

/** 64 × 48, 12 of 16 bits, Explicit VR Little Endian, a private element among the others. */
export function writeImage(folder: string): string {
  const pixels = new Uint16Array(64 * 48).map((_, index) => (index * 37) % 4096);
  const dataSet = Buffer.concat([
    element('00080016', 'UI', SOP_CLASS_UID),
    element('00080018', 'UI', SOP_INSTANCE_UID),
    element('00080060', 'CS', 'DX'),
    element('00090010', 'LO', 'FIRSTREAD TEST'),
    element('00091001', 'LO', 'kept as sent'),
    element('00100010', 'PN', 'TEST^TRANSFER'),
    element('00100020', 'LO', 'T1'),
    element('0020000d', 'UI', '2.25.4712'),
    element('0020000e', 'UI', '2.25.4713'),
    element('00280002', 'US', 1),
    element('00280004', 'CS', 'MONOCHROME2'),
    element('00280010', 'US', 48),
    element('00280011', 'US', 64),
    element('00280100', 'US', 16),
    element('00280101', 'US', 12),
    element('00280102', 'US', 11),
    element('00280103', 'US', 0),
    element('7fe00010', 'OW', new Uint8Array(pixels.buffer)),
  ]);
  const path = join(folder, 'explicit-little.dcm');
  writeFileSync(path, Buffer.concat([encodeFileMeta({ sopClassUid: SOP_CLASS_UID, sopInstanceUid: SOP_INSTANCE_UID, transferSyntaxUid: '1.2.840.10008.1.2.1' }), dataSet]));
  return path;
}

/** The image in every transfer syntax that DCMTK can write losslessly for it: transfer syntax UID → file. */
export function convertImage(path: string, folder: string): Map<string, string> {
  const converters: readonly (readonly [string, string, readonly string[]])[] = [
    ['1.2.840.10008.1.2', 'dcmconv', ['+ti']],
    ['1.2.840.10008.1.2.2', 'dcmconv', ['+tb']],
    ['1.2.840.10008.1.2.1.99', 'dcmconv', ['+td']],
    ['1.2.840.10008.1.2.5', 'dcmcrle', ['+un']],
    ['1.2.840.10008.1.2.4.57', 'dcmcjpeg', ['+el', '+un']],
    ['1.2.840.10008.1.2.4.70', 'dcmcjpeg', ['+e1', '+un']],
    ['1.2.840.10008.1.2.4.80', 'dcmcjpls', ['+un']],
  ];
  const files = new Map([['1.2.840.10008.1.2.1', path]]);
  for (const [transferSyntaxUid, program, options] of converters) {
    const to = join(folder, `${transferSyntaxUid}.dcm`);
    execFileSync(program, [...options, path, to]);
    files.set(transferSyntaxUid, to);
  }
  return files;
}
