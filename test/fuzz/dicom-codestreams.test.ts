/**
 * Mutated codestreams through the decoding pool: a picture of the announced size or a FirstreadError, and the pool is
 * fit for the next one. What a flipped bit does to a picture no decoder can tell; what it does to the process, we can.
 */
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { encodeFrame, pixelElements } from '../../fixtures/encode-pixels.ts';
import { writeDicom } from '../../src/dicom/write-part10.ts';
import { FirstreadError } from '../../src/errors.ts';
import { createDecodePool } from '../../src/inference/decode-pool.ts';
import { TEST_INSTANCE, testPicture } from '../inference/test-picture.ts';

const pool = createDecodePool({ threads: 1, deadlineMs: 5_000 });
afterAll(() => pool.close());

const SIDE = 48;
const seeds = ['5', '4.50', '4.57', '4.70', '4.80', '4.81', '4.90', '4.91', '4.201', '4.203'].map((suffix) => {
  const uid = `1.2.840.10008.1.2.${suffix}`;
  const picture = testPicture(SIDE, SIDE, suffix === '4.50' ? 8 : 12);
  return { uid, elements: pixelElements(picture, '1.2.840.10008.1.2.1'), frame: encodeFrame(picture, uid) };
});

const fileOf = ({ uid, elements }: (typeof seeds)[number], frame: Uint8Array): Uint8Array =>
  writeDicom({ ...TEST_INSTANCE, ...elements, PixelData: [frame], _vrMap: { PixelData: 'OB' } }, { sopClassUid: TEST_INSTANCE.SOPClassUID, sopInstanceUid: '2.25.1', transferSyntaxUid: uid });

/** Half of the changes go into the first 200 bytes, where the headers are. */
const change = fc.record({ inHeader: fc.boolean(), at: fc.double({ min: 0, max: 0.999999, noNaN: true }), bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }) });

test('mutated streams of every codec', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...seeds), fc.array(change, { minLength: 1, maxLength: 4 }), fc.oneof(fc.constant(1), fc.double({ min: 0.1, max: 1, noNaN: true })), async (seed, changes, keep) => {
      const frame = seed.frame.slice(0, Math.max(8, Math.floor(seed.frame.length * keep)));
      for (const { inHeader, at, bytes } of changes) {
        const offset = Math.floor(at * (inHeader ? Math.min(200, frame.length) : frame.length));
        frame.set(bytes.subarray(0, frame.length - offset), offset);
      }
      try {
        const { image } = await pool.decode(fileOf(seed, frame));
        expect(image.pixels.length).toBe(SIDE * SIDE);
        expect(image.pixels.every((pixel) => pixel <= image.maxValue)).toBe(true);
      } catch (error) {
        if (!(error instanceof FirstreadError)) throw error;
        expect(error.code).toMatch(/^(pixels-|decode-timeout)/);
      }
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 400) },
  );
  for (const seed of seeds) expect((await pool.decode(fileOf(seed, seed.frame))).image.width).toBe(SIDE);
}, 600_000);
