/** A drawn chest as a Part 10 file, explicit VR little endian, uncompressed: enough of DX for the decoder. */
import { encodeFileMeta } from '../../src/dicom/part10.ts';
import type { GrayImage } from '../../src/inference/gray-image.ts';

const LONG = new Set(['OB', 'OW', 'SQ', 'UN', 'UT']);

function element(group: number, number: number, vr: string, value: Uint8Array): Buffer {
  const padded = value.length % 2 === 0 ? Buffer.from(value) : Buffer.concat([value, Buffer.from(vr === 'UI' ? [0] : [32])]);
  const head = Buffer.alloc(LONG.has(vr) ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(number, 2);
  head.write(vr, 4, 'latin1');
  if (LONG.has(vr)) head.writeUInt32LE(padded.length, 8);
  else head.writeUInt16LE(padded.length, 6);
  return Buffer.concat([head, padded]);
}

const text = (group: number, number: number, vr: string, value: string): Buffer => element(group, number, vr, Buffer.from(value, 'latin1'));
const us = (group: number, number: number, value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return element(group, number, 'US', bytes);
};

export function wrapAsDx(image: GrayImage, { sopInstanceUid = '2.25.77', photometric = 'MONOCHROME2' } = {}): Uint8Array {
  const bits = image.pixels instanceof Uint16Array ? 16 : 8;
  const stored = Math.ceil(Math.log2(image.maxValue + 1));
  const sopClassUid = '1.2.840.10008.5.1.4.1.1.1.1';
  return Buffer.concat([
    encodeFileMeta({ transferSyntaxUid: '1.2.840.10008.1.2.1', sopClassUid, sopInstanceUid, sourceAeTitle: 'TEST' }),
    text(0x0008, 0x0016, 'UI', sopClassUid),
    text(0x0008, 0x0018, 'UI', sopInstanceUid),
    text(0x0008, 0x0060, 'CS', 'DX'),
    text(0x0018, 0x0015, 'CS', 'CHEST'),
    text(0x0018, 0x5101, 'CS', 'PA'),
    text(0x0020, 0x000d, 'UI', '2.25.78'),
    us(0x0028, 0x0002, 1),
    text(0x0028, 0x0004, 'CS', photometric),
    us(0x0028, 0x0010, image.height),
    us(0x0028, 0x0011, image.width),
    text(0x0028, 0x0030, 'DS', '0.2\\0.2'),
    us(0x0028, 0x0100, bits),
    us(0x0028, 0x0101, stored),
    us(0x0028, 0x0102, stored - 1),
    us(0x0028, 0x0103, 0),
    element(0x7fe0, 0x0010, bits === 16 ? 'OW' : 'OB', new Uint8Array(image.pixels.buffer, image.pixels.byteOffset, image.pixels.byteLength)),
  ]);
}
