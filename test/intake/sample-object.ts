/** Small objects for intake tests: a data set written byte by byte (Explicit VR Little Endian), as a device would. */
export const CR_IMAGE = '1.2.840.10008.5.1.4.1.1.1';
export const EXPLICIT_LE = '1.2.840.10008.1.2.1';

const LONG_VRS = new Set(['OB', 'OW', 'SQ', 'UN', 'UT']);

export function element(tag: number, vr: string, value: string | Uint8Array): Buffer {
  let bytes = Buffer.from(value as string);
  if (bytes.byteLength % 2 === 1) bytes = Buffer.concat([bytes, Buffer.from(vr === 'UI' || vr === 'OB' ? '\0' : ' ')]);
  const head = Buffer.alloc(LONG_VRS.has(vr) ? 12 : 8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.write(vr, 4, 'latin1');
  if (LONG_VRS.has(vr)) head.writeUInt32LE(bytes.byteLength, 8);
  else head.writeUInt16LE(bytes.byteLength, 6);
  return Buffer.concat([head, bytes]);
}

export interface SampleObject {
  readonly sopInstanceUid?: string;
  readonly sopClassUid?: string;
  readonly studyInstanceUid?: string;
  /** Bytes of pixel data. */
  readonly pixelBytes?: number;
  /** What the pixels are filled with: two objects with other fills have other content. */
  readonly fill?: number;
  /** A private element of this many bytes in front of the pixels. */
  readonly privateBytes?: number;
}

export function sampleDataSet(sample: SampleObject = {}): Buffer {
  const { sopInstanceUid = '1.2.3.4', sopClassUid = CR_IMAGE, studyInstanceUid = '1.2.3', pixelBytes = 64, fill = 7, privateBytes = 0 } = sample;
  const pixels = Buffer.alloc(pixelBytes, fill);
  // Not all alike, so that a chunk in the wrong place shows.
  for (let at = 0; at + 4 <= pixelBytes; at += 4096) pixels.writeUInt32LE(at ^ fill, at);
  return Buffer.concat([
    ...(sopClassUid === '' ? [] : [element(0x00080016, 'UI', sopClassUid)]),
    ...(sopInstanceUid === '' ? [] : [element(0x00080018, 'UI', sopInstanceUid)]),
    element(0x00080060, 'CS', 'CR'),
    ...(privateBytes === 0 ? [] : [element(0x00090010, 'LO', 'TEST'), element(0x00091001, 'OB', Buffer.alloc(privateBytes, 1))]),
    element(0x00100010, 'PN', 'Nguyen^Van A'),
    ...(studyInstanceUid === '' ? [] : [element(0x0020000d, 'UI', studyInstanceUid)]),
    element(0x7fe00010, 'OW', pixels),
  ]);
}

export function storeRequest(sopInstanceUid = '1.2.3.4', sopClassUid = CR_IMAGE) {
  return {
    affectedSopClassUid: sopClassUid,
    affectedSopInstanceUid: sopInstanceUid,
    transferSyntaxUid: EXPLICIT_LE,
    callingAeTitle: 'XRAY1',
    calledAeTitle: 'FIRSTREAD',
    remoteAddress: '10.0.0.7',
    remotePort: 50000,
    associationId: 'a1',
  };
}
