import { describe, expect, test } from 'vitest';
import { pixelElements, writeImage, type PixelSource } from '../../fixtures/encode-pixels.ts';
import { TRANSFER_SYNTAXES } from '../../src/dicom/transfer-syntaxes.ts';
import { writeDicom, type NaturalisedDataSet } from '../../src/dicom/write-part10.ts';
import { decodeInstance } from '../../src/inference/decode-frame.ts';
import { comparePixels } from '../../src/inference/stored-values.ts';
import { TEST_INSTANCE, testPicture } from './test-picture.ts';

const EXPLICIT = '1.2.840.10008.1.2.1';
const FILE = { sopInstanceUid: TEST_INSTANCE.SOPInstanceUID, sopClassUid: TEST_INSTANCE.SOPClassUID };

/** A native file whose Image Pixel module is `source`'s with `changes` on top. */
const nativeFile = (source: PixelSource, changes: NaturalisedDataSet = {}): Uint8Array =>
  writeDicom({ ...TEST_INSTANCE, ...pixelElements(source, EXPLICIT), ...changes }, FILE);

const source = (bitsStored: number, values: readonly number[], signed = false): PixelSource => {
  const array = bitsStored <= 8 ? Uint8Array.from(values) : signed ? Int16Array.from(values) : Uint16Array.from(values);
  return { rows: 1, columns: values.length, bitsStored, signed, values: array };
};

const REVERSIBLE = TRANSFER_SYNTAXES.filter(({ lossy, codec, uid }) => !lossy && codec !== 'other' && uid.startsWith('1.2.840.10008'));

describe('every reversible transfer syntax gives the stored values back to the bit', () => {
  test.each(REVERSIBLE.map(({ uid, name }) => [name, uid] as const))('%s', async (_name, uid) => {
    for (const [bits, signed] of [[8, false], [10, false], [12, false], [16, false], [12, true], [16, true]] as const) {
      const picture = testPicture(61, 47, bits, signed);
      const decoded = await decodeInstance(writeImage(TEST_INSTANCE, picture, uid), { keepStored: true, hash: true });
      const native = await decodeInstance(writeImage(TEST_INSTANCE, picture, EXPLICIT), { keepStored: true, hash: true });
      expect(Array.from(decoded.stored!.values), `${bits} ${signed}`).toEqual(Array.from(picture.values));
      expect(decoded).toMatchObject({ lossy: false, decodePath: `${uid} full`, bitsStored: bits, rawHash: native.rawHash });
      expect(decoded.image.pixels).toEqual(native.image.pixels);
      expect(decoded.image.maxValue).toBe(2 ** bits - 1);
    }
  });
  test('there are as many as the standard has', () => expect(REVERSIBLE.length).toBe(11));
});

test('12 bits of overshoot at hard edges stay white (HTJ2K, irreversible)', async () => {
  const picture = testPicture(64, 64, 12);
  picture.values.forEach((_, i) => (picture.values[i] = ((i >> 3) ^ (i >> 9)) & 1 ? 4095 : 0));
  for (const uid of ['1.2.840.10008.1.2.4.203', '1.2.840.10008.1.2.4.91']) {
    const { stored, lossy } = await decodeInstance(writeImage(TEST_INSTANCE, picture, uid, { rate: 8 }), { keepStored: true });
    expect(lossy).toBe(true);
    picture.values.forEach((value, i) => expect(Math.abs(stored!.values[i]! - value)).toBeLessThan(2048));
  }
});

describe('stored bits', () => {
  test('bits above the stored ones (overlays) are dropped, the sign is extended', async () => {
    const words = source(16, [0xf123, 0x0fff, 0x1000]);
    expect([...(await decodeInstance(nativeFile(words, { BitsStored: 12, HighBit: 11 }))).image.pixels]).toEqual([0x123, 0xfff, 0]);
    const slightly = source(16, [...new Array<number>(200).fill(5), 0x1001]);
    const overlay = { _vrMap: { PixelData: 'OW', OverlayBitPosition: 'US' }, OverlayBitPosition: 12 };
    expect((await decodeInstance(nativeFile(slightly, { BitsStored: 12, HighBit: 11, ...overlay }))).image.pixels.at(-1)).toBe(1);
    const signed = await decodeInstance(nativeFile(words, { BitsStored: 12, HighBit: 11, PixelRepresentation: 1 }), { keepStored: true });
    expect([...signed.stored!.values]).toEqual([0x123, -1, 0]);
  });

  test('a lossy encoder\'s overshoot above the stored bits is white, not black', async () => {
    const slightly = source(16, [...new Array<number>(200).fill(5), 0x1001]);
    expect((await decodeInstance(nativeFile(slightly, { BitsStored: 12, HighBit: 11 }))).image.pixels.at(-1)).toBe(0xfff);
    // The encoder writes 12 bits as a 16-bit stream, whose near-lossless values may go above 4095.
    const edges = testPicture(40, 40, 12);
    const { stored } = await decodeInstance(writeImage(TEST_INSTANCE, edges, '1.2.840.10008.1.2.4.81'), { keepStored: true });
    expect(Math.max(...stored!.values)).toBe(4095);
    edges.values.forEach((value, i) => expect(Math.abs(stored!.values[i]! - value)).toBeLessThanOrEqual(2));
  });

  test('values that do not begin at bit 0', async () => {
    const { stored } = await decodeInstance(nativeFile(source(16, [0xfff0, 0x1230]), { BitsStored: 12, HighBit: 15 }), { keepStored: true });
    expect([...stored!.values]).toEqual([0xfff, 0x123]);
  });

  test('impossible BitsStored and HighBit are corrected, and said', async () => {
    const { bitsStored, remarks } = await decodeInstance(nativeFile(source(16, [1, 2]), { BitsStored: 0, HighBit: 99 }));
    expect(bitsStored).toBe(16);
    expect(remarks).toEqual(['bits-stored-corrected', 'high-bit-corrected']);
  });

  test('signed values begin at 0 in the picture', async () => {
    const { image } = await decodeInstance(nativeFile(source(12, [-2048, -1, 0, 2047], true)));
    expect([...image.pixels]).toEqual([0, 2047, 2048, 4095]);
  });
});

describe('polarity and Modality LUT', () => {
  test('MONOCHROME1 is turned over', async () => {
    const { image, photometricInterpretation } = await decodeInstance(nativeFile(source(12, [0, 1, 4095]), { PhotometricInterpretation: 'MONOCHROME1' }));
    expect([...image.pixels]).toEqual([4095, 4094, 0]);
    expect(photometricInterpretation).toBe('MONOCHROME1');
  });

  test('a falling rescale turns it over, too; both together do not', async () => {
    const falling = { RescaleSlope: '-1', RescaleIntercept: '4095' };
    expect([...(await decodeInstance(nativeFile(source(12, [0, 100]), falling))).image.pixels]).toEqual([4095, 3995]);
    expect([...(await decodeInstance(nativeFile(source(12, [0, 100]), { ...falling, PhotometricInterpretation: 'MONOCHROME1' }))).image.pixels]).toEqual([0, 100]);
  });

  test('a Modality LUT sequence is applied value by value, values outside it take its ends', async () => {
    const lut = { ModalityLUTSequence: [{ LUTDescriptor: [3, 10, 8], ModalityLUTType: 'US', LUTData: [5, 50, 200], _vrMap: { LUTDescriptor: 'US', LUTData: 'US' } }] };
    const { image } = await decodeInstance(nativeFile(source(12, [0, 10, 11, 12, 4000]), lut));
    expect([...image.pixels]).toEqual([5, 5, 50, 200, 200]);
    expect(image.maxValue).toBe(255);
  });

  test('padding is black, in both polarities, unless it is most of the film', async () => {
    const values = [4095, 4095, 100, 200, 300];
    const padding = { PixelPaddingValue: 4095 };
    expect([...(await decodeInstance(nativeFile(source(12, values), padding))).image.pixels]).toEqual([0, 0, 100, 200, 300]);
    const turned = await decodeInstance(nativeFile(source(12, [0, 0, 100, 200, 300]), { PixelPaddingValue: 0, PhotometricInterpretation: 'MONOCHROME1' }));
    expect([...turned.image.pixels]).toEqual([0, 0, 3995, 3895, 3795]);
    const most = await decodeInstance(nativeFile(source(12, [7, 7, 7, 7, 300]), { PixelPaddingValue: 7 }));
    expect(most.remarks).toEqual(['pixel-padding-ignored']);
    expect([...most.image.pixels]).toEqual([7, 7, 7, 7, 300]);
    const range = await decodeInstance(nativeFile(source(12, [1, 2, 3, 4, 5]), { PixelPaddingValue: 2, PixelPaddingRangeLimit: 3 }));
    expect([...range.image.pixels]).toEqual([1, 0, 0, 4, 5]);
  });

  test('spacing: calibrated before detector', async () => {
    const at = { ImagerPixelSpacing: ['0.15', '0.16'] };
    expect((await decodeInstance(nativeFile(source(12, [1, 2]), at))).image).toMatchObject({ spacingMm: [0.15, 0.16], spacingAtDetector: true });
    const calibrated = (await decodeInstance(nativeFile(source(12, [1, 2]), { ...at, PixelSpacing: ['0.14', '0.14'] }))).image;
    expect(calibrated.spacingMm).toEqual([0.14, 0.14]);
    expect(calibrated.spacingAtDetector).toBeUndefined();
  });
});

describe('colour as grey', () => {
  const rgb: PixelSource = { rows: 1, columns: 2, bitsStored: 8, samplesPerPixel: 3, values: Uint8Array.of(255, 0, 0, 10, 20, 30) };
  test('RGB by pixel and by plane', async () => {
    expect([...(await decodeInstance(nativeFile(rgb))).image.pixels]).toEqual([76, 18]);
    const planes = { ...rgb, values: Uint8Array.of(255, 10, 0, 20, 0, 30) };
    expect([...(await decodeInstance(nativeFile(planes, { PlanarConfiguration: 1 }))).image.pixels]).toEqual([76, 18]);
  });

  test('YBR_FULL is its first sample', async () => {
    expect([...(await decodeInstance(nativeFile(rgb, { PhotometricInterpretation: 'YBR_FULL' }))).image.pixels]).toEqual([255, 10]);
  });

  test('PALETTE COLOR through its tables', async () => {
    const table = (data: number[]): ArrayBuffer => Uint16Array.from(data).buffer;
    const palette = { PhotometricInterpretation: 'PALETTE COLOR', RedPaletteColorLookupTableDescriptor: [2, 0, 16], GreenPaletteColorLookupTableDescriptor: [2, 0, 16], BluePaletteColorLookupTableDescriptor: [2, 0, 16], RedPaletteColorLookupTableData: table([0, 0xff00]), GreenPaletteColorLookupTableData: table([0, 0xff00]), BluePaletteColorLookupTableData: table([0x8000, 0xff00]) };
    expect([...(await decodeInstance(nativeFile(source(8, [0, 1]), palette))).image.pixels]).toEqual([14, 255]);
  });
});

test('several frames: the first one, and said', async () => {
  const two = source(8, [1, 2, 3, 4]);
  const { image, remarks, numberOfFrames } = await decodeInstance(nativeFile(two, { Columns: 2, NumberOfFrames: 2 }));
  expect([...image.pixels]).toEqual([1, 2]);
  expect(numberOfFrames).toBe(2);
  expect(remarks).toEqual(['first-frame-of-several']);
});

test('comparePixels: re-encodings are the same picture, others are not', async () => {
  const picture = testPicture(40, 40, 12);
  const stored = async (uid: string): Promise<NonNullable<Awaited<ReturnType<typeof decodeInstance>>['stored']>> => (await decodeInstance(writeImage(TEST_INSTANCE, picture, uid), { keepStored: true })).stored!;
  const native = await stored(EXPLICIT);
  expect(comparePixels(native, await stored('1.2.840.10008.1.2.4.90'))).toMatchObject({ same: true, differenceMax: 0 });
  expect(comparePixels(native, await stored('1.2.840.10008.1.2.4.81'))).toMatchObject({ same: false, differenceMax: 2 });
  expect(comparePixels(native, { ...native, columns: 20 })).toMatchObject({ same: false, differenceMax: Infinity });
});
