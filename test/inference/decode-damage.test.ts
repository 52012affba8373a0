/** Damaged and hostile pixel data: a coded refusal, not a wrong picture, not a trap that outlives the picture. */
import { describe, expect, test } from 'vitest';
import { encodeFrame, pixelElements, writeImage } from '../../fixtures/encode-pixels.ts';
import { writeDicom, type NaturalisedDataSet } from '../../src/dicom/write-part10.ts';
import { FirstreadError } from '../../src/errors.ts';
import { decodeInstance } from '../../src/inference/decode-frame.ts';
import { TEST_INSTANCE, testPicture } from './test-picture.ts';

const CODECS = ['5', '4.50', '4.57', '4.70', '4.80', '4.81', '4.90', '4.91', '4.201', '4.202', '4.203'].map((suffix) => `1.2.840.10008.1.2.${suffix}`);
const pictureFor = (uid: string): ReturnType<typeof testPicture> => testPicture(120, 130, uid.endsWith('.50') ? 8 : 12);

function fileWith(uid: string, fragments: readonly Uint8Array[], changes: NaturalisedDataSet = {}): Uint8Array {
  const elements = pixelElements(pictureFor(uid), '1.2.840.10008.1.2.1');
  return writeDicom({ ...TEST_INSTANCE, ...elements, PixelData: fragments, _vrMap: { PixelData: 'OB' }, ...changes }, { sopClassUid: TEST_INSTANCE.SOPClassUID, sopInstanceUid: '2.25.1', transferSyntaxUid: uid });
}

async function refusal(file: Uint8Array): Promise<string> {
  try {
    await decodeInstance(file);
    return 'decoded';
  } catch (error) {
    if (error instanceof FirstreadError) return error.code;
    throw error;
  }
}

describe.each(CODECS)('%s', (uid) => {
  const whole = encodeFrame(pictureFor(uid), uid);
  const tail = whole.slice(-2);

  test('cut anywhere, with and without an end marker put behind the cut', async () => {
    for (let tenth = 1; tenth < 10; tenth++) {
      const cut = whole.slice(0, Math.floor((whole.length * tenth) / 10));
      const ended = Uint8Array.from([...cut, ...tail]);
      expect(await refusal(fileWith(uid, [cut])), `${tenth}/10`).toBe('pixels-damaged');
      expect(await refusal(fileWith(uid, [ended])), `${tenth}/10 ended`).toBe('pixels-damaged');
    }
  });

  test('a fragment lost from the middle', async () => {
    const third = Math.floor(whole.length / 6) * 2;
    expect(await refusal(fileWith(uid, [whole.slice(0, third), whole.slice(third + 200)]))).toBe('pixels-damaged');
  });

  test('several fragments make the same picture as one', async () => {
    const half = Math.floor(whole.length / 4) * 2;
    const [one, two] = [await decodeInstance(fileWith(uid, [whole])), await decodeInstance(fileWith(uid, [whole.slice(0, half), whole.slice(half)]))];
    expect(two.image.pixels).toEqual(one.image.pixels);
  });

  test('a header that speaks of another size', async () => {
    expect(await refusal(fileWith(uid, [whole], { Rows: 121 }))).toBe('pixels-damaged');
    expect(await refusal(fileWith(uid, [whole], { Rows: 65_535, Columns: 65_535 }))).toBe('pixels-over-limit');
    expect(await refusal(fileWith(uid, [whole], { Rows: 6000, Columns: 6000 }))).toBe('pixels-damaged');
    expect(await refusal(fileWith(uid, [whole], { SamplesPerPixel: 3, PhotometricInterpretation: 'RGB' }))).toBe('pixels-damaged');
  });

  test('nothing, zeros, text', async () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(1000), new TextEncoder().encode('<html>'.repeat(100))]) {
      expect(await refusal(fileWith(uid, [bytes]))).toBe('pixels-damaged');
    }
  });

  test('after a failure the next picture is decoded as before', async () => {
    const before = await decodeInstance(fileWith(uid, [whole]));
    await refusal(fileWith(uid, [whole.slice(0, whole.length / 2)]));
    expect((await decodeInstance(fileWith(uid, [whole]))).image.pixels).toEqual(before.image.pixels);
  });
});

test('a JPEG frame header that lies about its size is refused before decoding', async () => {
  const uid = '1.2.840.10008.1.2.4.70';
  const lying = encodeFrame(pictureFor(uid), uid).slice();
  const frameHeader = lying.findIndex((byte, i) => byte === 0xff && lying[i + 1] === 0xc3);
  lying.set([0xff, 0xff, 0xff, 0xff], frameHeader + 5);
  expect(await refusal(fileWith(uid, [lying]))).toBe('pixels-damaged');
  expect(await refusal(fileWith(uid, [lying], { Rows: 65_535, Columns: 65_535 }))).toBe('pixels-over-limit');
});

test('a JPEG 2000 header with a million tiles is refused before decoding', async () => {
  const uid = '1.2.840.10008.1.2.4.90';
  const tiny = encodeFrame(pictureFor(uid), uid).slice();
  const view = new DataView(tiny.buffer);
  view.setUint32(2 + 22, 1); // XTsiz, behind SOC, SIZ, Lsiz, Rsiz and four sizes
  view.setUint32(2 + 26, 1);
  expect(await refusal(fileWith(uid, [tiny]))).toBe('pixels-over-limit');
});

test('a JPEG 2000 header with the smallest precincts on a large picture is refused before decoding', async () => {
  const uid = '1.2.840.10008.1.2.4.90';
  const frame = encodeFrame(pictureFor(uid), uid);
  const cod = frame.findIndex((byte, i) => byte === 0xff && frame[i + 1] === 0x52);
  const levels = frame[cod + 9]!;
  // Scod bit 0: precinct sizes follow; 0x00 is 1 × 1.
  const bomb = Uint8Array.from([...frame.slice(0, cod + 14), ...new Array<number>(levels + 1).fill(0), ...frame.slice(cod + 14)]);
  const view = new DataView(bomb.buffer);
  view.setUint16(cod + 2, 13 + levels);
  bomb[cod + 4] = bomb[cod + 4]! | 1;
  for (const at of [8, 12, 24, 28]) view.setUint32(at, 4000); // Xsiz, Ysiz, XTsiz, YTsiz
  expect(await refusal(fileWith(uid, [bomb], { Rows: 4000, Columns: 4000 }))).toBe('pixels-over-limit');
});

test('native pixel data that is too short, or cut by the end of the file', async () => {
  const file = writeImage(TEST_INSTANCE, pictureFor(''), '1.2.840.10008.1.2.1');
  expect(await refusal(file.slice(0, file.length - 100))).toBe('pixels-damaged');
  expect(await refusal(file.slice(0, 140))).not.toBe('decoded');
});

test.each([
  ['no pixel data', { PixelData: undefined }],
  ['32 bits allocated', { BitsAllocated: 32 }],
  ['1 bit allocated', { BitsAllocated: 1 }],
  ['two samples', { SamplesPerPixel: 2 }],
])('%s is not supported', async (_name, changes) => expect(await refusal(fileWith('1.2.840.10008.1.2.4.90', [new Uint8Array(4)], changes))).toBe('pixels-unsupported'));

test('an encoding that we do not have is named', async () => {
  expect(await refusal(fileWith('1.2.840.10008.1.2.4.110', [Uint8Array.of(0xff, 0x0a, 1, 2)]))).toBe('pixels-unsupported');
  expect(await refusal(fileWith('1.2.840.10008.1.2.4.100', [Uint8Array.of(0, 0, 1, 0xb3)]))).toBe('pixels-unsupported');
});

test('a codestream under the wrong transfer syntax is recognised by its bytes', async () => {
  const uid = '1.2.840.10008.1.2.4.90';
  const frame = encodeFrame(pictureFor(uid), uid);
  const right = await decodeInstance(fileWith(uid, [frame]));
  for (const lie of ['1.2.840.10008.1.2.4.70', '1.2.840.10008.1.2.4.201', '1.2.3.4']) expect((await decodeInstance(fileWith(lie, [frame]))).image.pixels).toEqual(right.image.pixels);
});

test('a JPEG whose end marker was left out, but nothing else, is read and remarked on', async () => {
  for (const uid of ['1.2.840.10008.1.2.4.70', '1.2.840.10008.1.2.4.80', '1.2.840.10008.1.2.4.50']) {
    const frame = encodeFrame(pictureFor(uid), uid);
    const end = frame.lastIndexOf(0xd9) - 1;
    const decoded = await decodeInstance(fileWith(uid, [frame.slice(0, end)]));
    expect(decoded.remarks).toContain('jpeg-end-marker-missing');
    expect(decoded.image.pixels).toEqual((await decodeInstance(fileWith(uid, [frame]))).image.pixels);
  }
});
