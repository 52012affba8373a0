/**
 * Transfer syntaxes (PS3.5 section 10 and annex A; PS3.6 table A-1): how a data set's bytes are to be read.
 * Left out: video, SMPTE and JPIP syntaxes, which are carried as sent but never decoded here.
 */
export type PixelCodec = 'native' | 'rle' | 'jpeg' | 'jpeg-ls' | 'jpeg-2000' | 'htj2k' | 'other';

export interface TransferSyntax {
  readonly uid: string;
  readonly name: string;
  readonly explicitVr: boolean;
  readonly littleEndian: boolean;
  readonly deflated: boolean;
  /** Pixel data is a sequence of fragments. */
  readonly encapsulated: boolean;
  readonly codec: PixelCodec;
  /** The encoding may lose information; false only where it cannot. */
  readonly lossy: boolean;
}

const native = (uid: string, name: string, explicitVr: boolean, littleEndian: boolean, deflated = false): TransferSyntax =>
  ({ uid, name, explicitVr, littleEndian, deflated, encapsulated: false, codec: 'native', lossy: false });

const encapsulated = (suffix: string, name: string, codec: PixelCodec, lossy: boolean): TransferSyntax =>
  ({ uid: `1.2.840.10008.1.2.${suffix}`, name, explicitVr: true, littleEndian: true, deflated: false, encapsulated: true, codec, lossy });

export const IMPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2';
export const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
export const DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1.99';
export const EXPLICIT_VR_BIG_ENDIAN = '1.2.840.10008.1.2.2';

export const TRANSFER_SYNTAXES: readonly TransferSyntax[] = [
  native(IMPLICIT_VR_LITTLE_ENDIAN, 'Implicit VR Little Endian', false, true),
  native(EXPLICIT_VR_LITTLE_ENDIAN, 'Explicit VR Little Endian', true, true),
  native(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, 'Deflated Explicit VR Little Endian', true, true, true),
  native(EXPLICIT_VR_BIG_ENDIAN, 'Explicit VR Big Endian', true, false),
  native('1.2.840.113619.5.2', 'GE Private Implicit VR Little Endian with Big Endian Pixels', false, true),
  encapsulated('5', 'RLE Lossless', 'rle', false),
  encapsulated('4.50', 'JPEG Baseline (Process 1)', 'jpeg', true),
  encapsulated('4.51', 'JPEG Extended (Processes 2 and 4)', 'jpeg', true),
  encapsulated('4.52', 'JPEG Extended (Processes 3 and 5, retired)', 'jpeg', true),
  encapsulated('4.53', 'JPEG Spectral Selection (Processes 6 and 8, retired)', 'jpeg', true),
  encapsulated('4.55', 'JPEG Full Progression (Processes 10 and 12, retired)', 'jpeg', true),
  encapsulated('4.57', 'JPEG Lossless (Process 14)', 'jpeg', false),
  encapsulated('4.70', 'JPEG Lossless, First-Order Prediction (Process 14, Selection Value 1)', 'jpeg', false),
  encapsulated('4.80', 'JPEG-LS Lossless', 'jpeg-ls', false),
  encapsulated('4.81', 'JPEG-LS Near-Lossless', 'jpeg-ls', true),
  encapsulated('4.90', 'JPEG 2000 Lossless Only', 'jpeg-2000', false),
  encapsulated('4.91', 'JPEG 2000', 'jpeg-2000', true),
  encapsulated('4.92', 'JPEG 2000 Part 2 Multi-component Lossless Only', 'other', false),
  encapsulated('4.93', 'JPEG 2000 Part 2 Multi-component', 'other', true),
  encapsulated('4.110', 'JPEG XL Lossless', 'other', false),
  encapsulated('4.111', 'JPEG XL JPEG Recompression', 'other', true),
  encapsulated('4.112', 'JPEG XL', 'other', true),
  encapsulated('4.201', 'High-Throughput JPEG 2000 Lossless Only', 'htj2k', false),
  encapsulated('4.202', 'High-Throughput JPEG 2000 with RPCL Options Lossless Only', 'htj2k', false),
  encapsulated('4.203', 'High-Throughput JPEG 2000', 'htj2k', true),
  encapsulated('8.1', 'Deflated Image Frame Compression', 'other', false),
];

const byUid = new Map(TRANSFER_SYNTAXES.map((syntax) => [syntax.uid, syntax]));

export function transferSyntax(uid: string): TransferSyntax | undefined {
  return byUid.get(uid);
}

/** Unknown syntaxes are by rule Explicit VR Little Endian and encapsulated (PS3.5 A.4): the header can still be read. */
export function transferSyntaxOrUnknown(uid: string): TransferSyntax {
  return byUid.get(uid) ?? { uid, name: 'unknown', explicitVr: true, littleEndian: true, deflated: false, encapsulated: true, codec: 'other', lossy: true };
}
