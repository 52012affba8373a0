/**
 * One frame → stored values. Which decoder is asked is told by the bytes themselves (transfer syntaxes lie), how much
 * memory it may take by the header's arithmetic, and whether its answer can be believed by the codestream's own
 * header, its end marker and the decoder's warnings: damaged streams decode to a full-size wrong picture otherwise.
 */
import { transferSyntaxOrUnknown } from '../dicom/transfer-syntaxes.ts';
import type { PixelFrame } from '../dicom/pixel-frames.ts';
import type { PixelDescription } from '../dicom/pixel-description.ts';
import { FirstreadError } from '../errors.ts';
import { EmscriptenCodec } from './codecs/emscripten-codec.ts';
import { bareCodestream, inspectJ2k } from './codecs/j2k-stream.ts';
import { inspectJpeg, type JpegStream } from './codecs/jpeg-stream.ts';
import { NativeCodecs } from './codecs/native-codecs.ts';
import { decodeRle } from './codecs/rle.ts';
import { expand422, fitsOrOvershoots, interleavePlanes, unpackSamples, type SampleLayout, type StoredValues } from './stored-values.ts';

export interface DecodedFrame {
  readonly stored: StoredValues;
  /** The stream itself may have lost information. */
  readonly lossy: boolean;
  /** After decoding: JPEG 2000's colour transforms are undone, YBR_FULL_422 is full. */
  readonly photometricInterpretation: string;
  readonly remarks: readonly string[];
}

const native = new NativeCodecs();
const charls = new EmscriptenCodec('@cornerstonejs/codec-charls/decodewasmjs', 'JpegLSDecoder');
const openjph = new EmscriptenCodec('@cornerstonejs/codec-openjph', 'HTJ2KDecoder');

const damaged = (why: string, details: Readonly<Record<string, string | number>> = {}): FirstreadError => new FirstreadError('pixels-damaged', why, details);
const unsupported = (why: string, details: Readonly<Record<string, string | number>> = {}): FirstreadError => new FirstreadError('pixels-unsupported', why, details);

export async function decodeFrame(frame: PixelFrame, pixels: PixelDescription, transferSyntaxUid: string): Promise<DecodedFrame> {
  if (!frame.encapsulated) return decodeNative(frame.bytes, pixels, transferSyntaxUid);
  const { bytes } = frame;
  const syntax = transferSyntaxOrUnknown(transferSyntaxUid);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return inspectJpeg(bytes).process === 55 ? decodeJpegLs(bytes, pixels) : decodeJpeg(bytes, pixels);
  if ((bytes[0] === 0xff && bytes[1] === 0x4f) || (bytes[4] === 0x6a && bytes[5] === 0x50)) return decodeJ2k(bareCodestream(bytes), pixels);
  if (syntax.codec === 'rle') return decodeRleFrame(bytes, pixels);
  if (syntax.codec === 'other') throw unsupported(`pixel encoding ${syntax.name}`, { transferSyntaxUid });
  throw damaged('the pixel data does not begin with a codestream', { transferSyntaxUid });
}

function layoutOf(pixels: PixelDescription, littleEndian = true): SampleLayout {
  return { bytesPerSample: pixels.bitsAllocated === 8 ? 1 : 2, littleEndian, bitsStored: pixels.bitsStored, highBit: pixels.highBit, signed: pixels.signed, above: pixels.overlayInUnusedBits ? 'overlay' : 'unknown' };
}

function storedOf(samples: Uint8Array, pixels: PixelDescription, layout: SampleLayout): StoredValues {
  const { rows, columns, samplesPerPixel } = pixels;
  return { rows, columns, samplesPerPixel, values: unpackSamples(samples, rows * columns * samplesPerPixel, layout), bitsStored: layout.bitsStored, signed: layout.signed };
}

function decodeNative(bytes: Uint8Array, pixels: PixelDescription, transferSyntaxUid: string): DecodedFrame {
  const syntax = transferSyntaxOrUnknown(transferSyntaxUid);
  // GE's private syntax has a little endian header and big endian pixels.
  const littleEndian = syntax.littleEndian && transferSyntaxUid !== '1.2.840.113619.5.2';
  const pixelCount = pixels.rows * pixels.columns;
  let samples = bytes;
  let photometricInterpretation = pixels.photometricInterpretation;
  if (pixels.samplesPerPixel === 3 && photometricInterpretation === 'YBR_FULL_422') {
    if (pixels.bitsAllocated !== 8 || pixels.columns % 2 !== 0) throw unsupported('YBR_FULL_422 of this shape');
    samples = expand422(bytes, pixelCount);
    photometricInterpretation = 'YBR_FULL';
  } else if (pixels.samplesPerPixel === 3 && pixels.planar) samples = interleavePlanes(bytes, pixelCount, pixels.bitsAllocated === 8 ? 1 : 2);
  return { stored: storedOf(samples, pixels, layoutOf(pixels, littleEndian)), lossy: false, photometricInterpretation, remarks: [] };
}

function decodeRleFrame(bytes: Uint8Array, pixels: PixelDescription): DecodedFrame {
  const samples = decodeRle(bytes, pixels.rows * pixels.columns, pixels.samplesPerPixel, pixels.bitsAllocated === 8 ? 1 : 2);
  return { stored: storedOf(samples, pixels, layoutOf(pixels)), lossy: false, photometricInterpretation: pixels.photometricInterpretation, remarks: [] };
}

/** The codestream's own frame must be the header's frame: a finding's coordinates depend on it. */
function checkFrame(stream: { rows: number; columns: number; components: number; precision: number }, pixels: PixelDescription): void {
  if (stream.rows !== pixels.rows || stream.columns !== pixels.columns || stream.components !== pixels.samplesPerPixel) {
    throw damaged('the codestream is of another size than the header says', {
      stream: `${stream.columns}x${stream.rows}x${stream.components}`,
      header: `${pixels.columns}x${pixels.rows}x${pixels.samplesPerPixel}`,
    });
  }
  if (stream.precision < 1 || stream.precision > 16) throw unsupported('more than 16 bits per sample', { precision: stream.precision });
}

/**
 * The layout of decoded samples. Streams may be deeper than BitsStored (a 10-bit film in a 12-bit stream): then the
 * header's bits count where they fit, else the stream's own depth.
 */
function layoutOfStream(pixels: PixelDescription, precision: number, lossy: boolean): SampleLayout {
  const bytesPerSample = precision <= 8 ? 1 : 2;
  const fits = pixels.highBit < precision;
  return { bytesPerSample, littleEndian: true, signed: pixels.signed, above: lossy ? 'overshoot' : pixels.overlayInUnusedBits ? 'overlay' : 'unknown', ...(fits ? { bitsStored: pixels.bitsStored, highBit: pixels.highBit } : { bitsStored: precision, highBit: precision - 1 }) };
}

function pictureOf(pixels: PixelDescription, precision: number, signed: boolean): Parameters<NativeCodecs['decode']>[2] {
  return { columns: pixels.columns, rows: pixels.rows, bitsAllocated: precision <= 8 ? 8 : 16, bitsStored: precision, samplesPerPixel: pixels.samplesPerPixel, signed, planar: false, photometricInterpretation: pixels.photometricInterpretation };
}

function checkLength(bytes: Uint8Array, pixels: PixelDescription, precision: number): void {
  const needed = pixels.rows * pixels.columns * pixels.samplesPerPixel * (precision <= 8 ? 1 : 2);
  if (bytes.length !== needed) throw damaged('the decoder gave a picture of another size', { neededBytes: needed, decodedBytes: bytes.length });
}

/** Without EOI the stream is decoded as if it ended here: whole ones exist, and in cut ones the decoder then runs dry and warns. */
function withEnd(bytes: Uint8Array, stream: JpegStream): Uint8Array {
  if (stream.complete) return bytes.subarray(0, stream.end);
  const ended = new Uint8Array(bytes.length + 2);
  ended.set(bytes);
  ended.set([0xff, 0xd9], bytes.length);
  return ended;
}

function decodeJpeg(bytes: Uint8Array, pixels: PixelDescription): DecodedFrame {
  const stream = inspectJpeg(bytes);
  checkFrame(stream, pixels);
  if (![0, 1, 2, 3].includes(stream.process)) throw unsupported('this JPEG process', { process: stream.process });
  const lossless = stream.process === 3;
  // At least one bit a sample (lossless), six bits for each 64 (DCT): fewer bytes cannot hold the picture.
  const samples = pixels.rows * pixels.columns * pixels.samplesPerPixel;
  if (bytes.length < samples / (lossless ? 8 : 256)) throw damaged('too few bytes for the picture', { presentBytes: bytes.length });
  const decoded = native.decode('DecodeJpeg', withEnd(bytes, stream), pictureOf(pixels, stream.precision, pixels.signed));
  const complaint = decoded.warnings.find((warning) => /premature|corrupt|bad huffman|found marker/i.test(warning));
  if (complaint !== undefined) throw damaged(`JPEG: ${complaint.trim()}`);
  checkLength(decoded.bytes, pixels, stream.precision);
  const pixelCount = pixels.rows * pixels.columns;
  const interleaved = pixels.samplesPerPixel === 3 && decoded.planar ? interleavePlanes(decoded.bytes, pixelCount, stream.precision <= 8 ? 1 : 2) : decoded.bytes;
  const colour = pixels.samplesPerPixel === 3 ? (stream.storedAsRgb || lossless ? withoutSubsampling(pixels.photometricInterpretation) : 'YBR_FULL') : pixels.photometricInterpretation;
  return {
    stored: storedOf(interleaved, pixels, layoutOfStream(pixels, stream.precision, !lossless)),
    lossy: !lossless,
    photometricInterpretation: colour,
    remarks: stream.complete ? [] : ['jpeg-end-marker-missing'],
  };
}

const withoutSubsampling = (photometric: string): string => (photometric.startsWith('YBR_FULL') ? 'YBR_FULL' : photometric);

async function decodeJpegLs(bytes: Uint8Array, pixels: PixelDescription): Promise<DecodedFrame> {
  const stream = inspectJpeg(bytes);
  checkFrame(stream, pixels);
  const decoded = await charls.decode(withEnd(bytes, stream));
  checkLength(decoded.bytes, pixels, stream.precision);
  const interleaved = pixels.samplesPerPixel === 3 && decoded.interleaveMode === 0 ? interleavePlanes(decoded.bytes, pixels.rows * pixels.columns, stream.precision <= 8 ? 1 : 2) : decoded.bytes;
  return {
    stored: storedOf(interleaved, pixels, layoutOfStream(pixels, stream.precision, stream.near > 0)),
    lossy: stream.near > 0,
    photometricInterpretation: withoutSubsampling(pixels.photometricInterpretation),
    remarks: stream.complete ? [] : ['jpeg-end-marker-missing'],
  };
}

async function decodeJ2k(bytes: Uint8Array, pixels: PixelDescription): Promise<DecodedFrame> {
  const stream = inspectJ2k(bytes);
  checkFrame(stream, pixels);
  const samples = stream.highThroughput ? await decodeHtj2k(bytes, pixels, stream.precision) : decodeOpenJpeg(bytes, pixels, stream);
  checkLength(samples, pixels, stream.precision);
  clampToPrecision(samples, stream.precision, stream.signed);
  // Some encoders put signed values into an unsigned stream, or the other way round: the bits are right, and
  // PixelRepresentation says what they mean.
  const layout = { bytesPerSample: stream.precision <= 8 ? 1 : 2, littleEndian: true, bitsStored: stream.precision, highBit: stream.precision - 1, signed: pixels.signed, above: 'unknown' } as const;
  const deeper = stream.precision > pixels.bitsStored;
  const stored = storedOf(samples, pixels, deeper && staysWithin(samples, stream.precision, pixels) ? { ...layout, bitsStored: pixels.bitsStored, highBit: pixels.bitsStored - 1, above: 'overshoot' } : layout);
  const { bitsStored } = stored;
  const remarks = [...(stream.signed === pixels.signed ? [] : ['signedness-from-header']), ...(bitsStored === pixels.bitsStored ? [] : ['precision-from-codestream'])];
  return {
    stored,
    lossy: !stream.reversible,
    photometricInterpretation: pixels.samplesPerPixel === 3 && stream.multipleComponentTransform ? 'RGB' : withoutSubsampling(pixels.photometricInterpretation),
    remarks,
  };
}

/**
 * Irreversible streams overshoot at edges, and OpenJPH hands on 4096 from a 12-bit stream: cut to 12 bits, that white
 * would be black.
 */
function clampToPrecision(samples: Uint8Array, precision: number, signed: boolean): void {
  if (precision === 8 || precision === 16) return;
  const view = precision < 8 ? (signed ? new Int8Array(samples.buffer) : samples) : signed ? new Int16Array(samples.buffer) : new Uint16Array(samples.buffer);
  const low = signed ? -(2 ** (precision - 1)) : 0;
  const high = low + 2 ** precision - 1;
  for (let i = 0; i < view.length; i++) {
    if (view[i]! > high) view[i] = high;
    else if (view[i]! < low) view[i] = low;
  }
}

/** Encoders that know only whole bytes write 12-bit values as 16-bit ones: do the header's bits hold them (nearly) all? */
function staysWithin(samples: Uint8Array, precision: number, pixels: PixelDescription): boolean {
  if (!pixels.signed) return fitsOrOvershoots(precision <= 8 ? samples : new Uint16Array(samples.buffer), pixels.bitsStored);
  const values = precision <= 8 ? new Int8Array(samples.buffer) : new Int16Array(samples.buffer);
  const low = -(2 ** (pixels.bitsStored - 1));
  for (let i = 0; i < values.length; i++) if (values[i]! < low || values[i]! >= -low) return false;
  return true;
}

function decodeOpenJpeg(bytes: Uint8Array, pixels: PixelDescription, stream: { precision: number; signed: boolean }): Uint8Array {
  const decoded = native.decode('DecodeJpeg2000', bytes, pictureOf(pixels, stream.precision, stream.signed));
  const complaint = decoded.warnings.find((warning) => /truncat|corrupt|failed|expected|not enough|premature|missing/i.test(warning));
  if (complaint !== undefined) throw damaged(`JPEG 2000: ${complaint.trim()}`);
  return pixels.samplesPerPixel === 3 && decoded.planar ? interleavePlanes(decoded.bytes, pixels.rows * pixels.columns, stream.precision <= 8 ? 1 : 2) : decoded.bytes;
}

async function decodeHtj2k(bytes: Uint8Array, pixels: PixelDescription, precision: number): Promise<Uint8Array> {
  const decoded = await openjph.decode(bytes);
  const complaint = decoded.warnings.find((warning) => /error|truncat|corrupt/i.test(warning));
  if (complaint !== undefined) throw damaged(`HTJ2K: ${complaint.trim()}`);
  if (decoded.info.width !== pixels.columns || decoded.info.height !== pixels.rows || decoded.info.bitsPerSample !== precision) throw damaged('HTJ2K: the decoder gave another picture than the header says');
  return decoded.bytes;
}
